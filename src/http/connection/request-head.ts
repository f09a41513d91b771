/** The head of a request, read once: what may pass, and what the facade reads itself. */
import { remembering } from '../../core/remembering.js'

/** What is done with a request header. */
type Action =
  | 'pass'
  | 'drop'
  | 'host'
  | 'authorization'
  | 'apiKey'
  | 'gatewayKey'
  | 'cookie'
  | 'workspace'
  | 'origin'
  | 'traceparent'
  | 'tracestate'
  | 'connection'
  | 'length'
  | 'encoding'
  | 'forwarded'

const actions: Readonly<Record<string, Action>> = {
  host: 'host',
  authorization: 'authorization',
  'x-api-key': 'apiKey',
  'x-goog-api-key': 'gatewayKey',
  'api-key': 'gatewayKey',
  cookie: 'cookie',
  'x-mlflow-workspace': 'workspace',
  origin: 'origin',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  connection: 'connection',
  'content-length': 'length',
  'transfer-encoding': 'encoding',
  forwarded: 'forwarded'
}

/** What belongs to one hop (RFC 9110, section 7.6.1); `expect` is answered by Node. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect'
])

/**
 * Besides what belongs to one hop: what would let a caller speak for us, change the request behind our back,
 * or do what only MLflow does towards itself (`x-mlflow-guardrail-bypass`).
 */
const dropped = new Set([
  ...hopByHop,
  'x-request-id',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-mlflow-authorization',
  'x-mlflow-guardrail-bypass'
])

function actionOf (name: string): Action {
  // WSGI folds underscores and dashes into one name (PEP 3333), so a spelling with underscores of a header that means
  // something to us is a forgery of it.
  const dashed = name.toLowerCase().replaceAll('_', '-')
  const action =
    actions[dashed] ??
    (dashed.startsWith('x-forwarded-') ? 'forwarded' : dropped.has(dashed) || dashed.startsWith('x-hokusai-') ? 'drop' : 'pass')
  return name.includes('_') && action !== 'pass' ? 'drop' : action
}

const lookUp = remembering(actionOf)

/** A request head, read once. */
export interface RequestHead {
  /** Name, value, name, value: what may pass as it came. */
  readonly pass: readonly string[]
  /** How many Host headers came. */
  readonly hosts: number
  readonly authorization: string[]
  readonly apiKey: string[]
  /** `x-goog-api-key` and `api-key`, keys on the LLM gateway alone. */
  readonly gatewayKey: readonly string[]
  readonly cookie: string[]
  readonly workspace: string[]
  readonly origin: string | undefined
  /** As the caller sent it, where it is well formed (W3C Trace Context, section 3.2). */
  readonly traceparent: string | undefined
  readonly tracestate: readonly string[]
  readonly contentLength: string | undefined
  readonly transferEncoding: string | undefined
  /** Headers came that only a load balancer should set. */
  readonly forwarded: boolean
}

const wellFormedTrace = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

/** Reads the raw headers of a request (Node's `rawHeaders`) in one pass. */
export function readHead (raw: readonly string[]): RequestHead {
  const pass: string[] = []
  let hosts = 0
  const found: Partial<Record<Action, string[]>> = {}
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    const action = lookUp(name)
    if (action === 'pass') pass.push(name, value)
    else if (action === 'host') hosts++
    else if (action !== 'drop') (found[action] ??= []).push(value)
  }
  const traceparent = found.traceparent?.length === 1 ? found.traceparent[0] : undefined
  return {
    pass: found.connection === undefined ? pass : withoutNamed(pass, found.connection),
    hosts,
    authorization: found.authorization ?? [],
    apiKey: found.apiKey ?? [],
    gatewayKey: found.gatewayKey ?? [],
    cookie: found.cookie ?? [],
    workspace: found.workspace ?? [],
    origin: found.origin?.join(', '),
    traceparent: traceparent !== undefined && wellFormedTrace.test(traceparent) ? traceparent : undefined,
    tracestate: found.tracestate ?? [],
    contentLength: found.length?.[0],
    transferEncoding: found.encoding?.join(', '),
    forwarded: found.forwarded !== undefined
  }
}

export function hasBody ({ contentLength, transferEncoding }: Pick<RequestHead, 'contentLength' | 'transferEncoding'>): boolean {
  return transferEncoding !== undefined || Number(contentLength ?? 0) > 0
}

/** Takes out what `Connection` names. */
export function withoutNamed (headers: string[], connection: readonly string[]): string[] {
  const single = connection.length === 1 ? connection[0] : undefined
  if (single === 'keep-alive' || single === 'close' || single === 'Keep-Alive') return headers
  const named = new Set(connection.join(',').toLowerCase().split(',').map(token => token.trim()))
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!named.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}
