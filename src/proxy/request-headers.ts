/** Header rules of both directions: what of a request reaches MLflow, and what of its answer reaches the caller. Repeated headers and their order survive. */
import { createHash } from 'node:crypto'
import { mount } from '../http/target.js'

/** What is done with a request header. */
type Action = 'pass' | 'drop' | 'host' | 'authorization' | 'apiKey' | 'gatewayKey' | 'cookie' | 'workspace' | 'origin' | 'traceparent' | 'tracestate' | 'connection' | 'length' | 'encoding' | 'forwarded'

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
export const hopByHop: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'http2-settings', 'expect'])

/**
 * Besides what belongs to one hop: what would let a caller speak for us, change the request behind our back,
 * or do what only MLflow does towards itself (`x-mlflow-guardrail-bypass`).
 */
const dropped = new Set([...hopByHop, 'x-request-id', 'x-real-ip', 'x-original-url', 'x-rewrite-url', 'x-http-method', 'x-http-method-override', 'x-method-override', 'x-mlflow-authorization', 'x-mlflow-guardrail-bypass'])

function actionOf (name: string): Action {
  // WSGI folds underscores and dashes into one name (PEP 3333), so a spelling with underscores of a header that means something to us is a forgery of it.
  const dashed = name.toLowerCase().replaceAll('_', '-')
  const action = actions[dashed] ?? (dashed.startsWith('x-forwarded-') ? 'forwarded' : dropped.has(dashed) || dashed.startsWith('x-hokusai-') ? 'drop' : 'pass')
  return name.includes('_') && action !== 'pass' ? 'drop' : action
}

/** So many names are kept, of at most so many characters: 64 KB, whatever callers invent. */
const keptNames = 1000
const keptLength = 64

/** Keeps what is read from names: the same few spellings come again and again. When it is full it begins anew, so that invented names keep no real one out. */
export function remembering<T> (read: (name: string) => T): (name: string) => T {
  const kept = new Map<string, T>()
  return name => {
    let value = kept.get(name)
    if (value === undefined) {
      value = read(name)
      if (name.length > keptLength) return value
      if (kept.size === keptNames) kept.clear()
      kept.set(name, value)
    }
    return value
  }
}

const lookUp = remembering(actionOf)

/** A request head, read once. */
export interface RequestHead {
  /** Name, value, name, value: what may pass as it came. */
  readonly pass: string[]
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

/** What we say of a request to MLflow. */
export interface Identity {
  readonly host: string
  readonly authorization: string | undefined
  readonly requestId: string
  /** Undefined where the operation needs no key. */
  readonly userId: string | undefined
  readonly keyId: string | undefined
  readonly workspace: string | undefined
  /** The caller's origin, where it is not ours. */
  readonly origin: string | undefined
  readonly clientAddress: string
  readonly publicProtocol: string
  readonly publicHost: string
}

/** The headers of the request to MLflow, in undici's flat form. */
export function outgoing (head: RequestHead, identity: Identity): string[] {
  const headers = needed(head, identity)
  headers.push('x-request-id', identity.requestId, 'x-forwarded-for', identity.clientAddress, 'x-forwarded-proto', identity.publicProtocol, 'x-forwarded-prefix', mount)
  if (identity.publicHost !== '') headers.push('x-forwarded-host', identity.publicHost)
  if (head.traceparent === undefined) headers.push('traceparent', newTrace(identity.requestId))
  if (identity.authorization !== undefined) headers.push('authorization', identity.authorization)
  if (identity.userId !== undefined) headers.push('x-hokusai-user-id', headerText(identity.userId))
  if (identity.keyId !== undefined) headers.push('x-hokusai-api-key-id', headerText(identity.keyId))
  return headers
}

/**
 * The headers of a request to MLflow's LLM gateway, which hands what it gets on to the provider of the model (its passthrough and proxy routes, 3.9 to 3.17):
 * so it is not told who calls, from where, by which id. Our own credentials go into the header that MLflow takes off before the provider, or nowhere.
 * @param hidesCredentials whether this MLflow has that header
 */
export function outgoingToGateway (head: RequestHead, identity: Identity, hidesCredentials: boolean): string[] {
  const headers = needed(head, identity)
  if (identity.authorization !== undefined && hidesCredentials) headers.push('x-mlflow-authorization', identity.authorization)
  return headers
}

/** What the caller sent, and without which MLflow could not answer. */
function needed (head: RequestHead, identity: Identity): string[] {
  const headers = head.pass
  headers.push('host', identity.host)
  if (head.contentLength !== undefined) headers.push('content-length', head.contentLength)
  if (head.traceparent !== undefined) {
    headers.push('traceparent', head.traceparent)
    for (const state of head.tracestate) headers.push('tracestate', state)
  }
  if (identity.workspace !== undefined) headers.push('x-mlflow-workspace', identity.workspace)
  if (identity.origin !== undefined) headers.push('origin', identity.origin)
  return headers
}

const traceId = /^[\da-f]{16}(?!0{16})[\da-f]{16}$/

/** A trace of our own, not sampled; its id is the request id, so that a trace leads to the log line. An id that a load balancer gave may have any form. */
function newTrace (requestId: string): string {
  const plain = requestId.replaceAll('-', '')
  const id = traceId.test(plain) ? plain : createHash('sha256').update(requestId).digest('hex').slice(0, 32)
  return `00-${id}-${id.slice(16)}-00`
}

/** An id of another system as a header value: what cannot stand there is percent-encoded. */
function headerText (id: string): string {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(id) ? id : encodeURIComponent(id)
}

const withheld = new Set([...hopByHop, 'x-request-id', 'set-cookie'])

/**
 * What of an answer belongs to one hop; cookies, which would land on our origin; and the request id, which is ours. So is what pages of other origins may do:
 * MLflow would let those of localhost in, with cookies.
 */
function isWithheld (name: string): boolean {
  return withheld.has(name) || name.startsWith('access-control-')
}

/** MLflow's answer as the caller gets it. */
export interface AnswerHead {
  /** Name, value, name, value. */
  readonly headers: string[]
  /** Value of Content-Length, or -1 where there is none. */
  readonly length: number
  readonly contentType: string | undefined
}

/**
 * Reads the raw headers of MLflow's answer (undici's flat list of buffers).
 * @param location maps a Location of MLflow to a public one
 * @param isHeld whether a header, by its name in lower case, does not pass
 */
export function incoming (raw: readonly Buffer[], location: (value: string) => string, isHeld: (name: string) => boolean = isWithheld): AnswerHead {
  const headers: string[] = []
  let length = -1
  let contentType: string | undefined
  const connection: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? ''
    const value = raw[index + 1]?.toString('latin1') ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection') connection.push(value)
    if (isHeld(lower)) continue
    if (lower === 'content-length') length = Number(value)
    else if (lower === 'content-type') contentType = value
    headers.push(name, lower === 'location' ? location(value) : value)
  }
  return { headers: connection.length === 0 ? headers : withoutNamed(headers, connection), length, contentType }
}
