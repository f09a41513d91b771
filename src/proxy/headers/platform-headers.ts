/** Header rules of what is passed on to the platform and back: everything, but for what belongs to one hop, and what only we say. */
import { withoutSession } from '../../http/session-cookie.js'
import { incoming, type AnswerHead } from './response-headers.js'
import { hopByHop, withoutNamed } from '../../http/connection/request-head.js'
import type { RawHeaders } from '../../mlflow/pooled.js'

/** Headers that we set, or that would name another path than the one that was judged. */
const ours = new Set(['host', 'content-length', 'forwarded', 'x-request-id', 'x-real-ip', 'x-original-url', 'x-rewrite-url'])

/** What we say of a request. */
export interface Sender {
  readonly requestId: string
  /** Host header, as the caller sent it. */
  readonly host: string
  readonly contentLength: string | undefined
  readonly clientAddress: string
  readonly publicProtocol: string
  readonly publicHost: string
}

/** The headers of a request to the platform, in undici's flat form; the caller's keep their order, case and repeats. */
export function passedOn (raw: readonly string[], sender: Sender): string[] {
  const headers = ['host', sender.host]
  const connection: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection') connection.push(value)
    else if (lower === 'cookie') {
      const cookies = withoutSession(value)
      if (cookies !== undefined) headers.push(name, cookies)
    } else if (!hopByHop.has(lower) && !isOurs(lower)) headers.push(name, value)
  }
  const kept = connection.length === 0 ? headers : withoutNamed(headers, connection)
  kept.push('x-request-id', sender.requestId, 'x-forwarded-for', sender.clientAddress, 'x-forwarded-proto', sender.publicProtocol)
  if (sender.publicHost !== '') kept.push('x-forwarded-host', sender.publicHost)
  if (sender.contentLength !== undefined) kept.push('content-length', sender.contentLength)
  return kept
}

/** WSGI folds underscores and dashes into one name (PEP 3333), so their spellings with underscores are forgeries. */
function isOurs (lower: string): boolean {
  const dashed = lower.replaceAll('_', '-')
  return ours.has(dashed) || dashed.startsWith('x-forwarded-') || dashed.startsWith('x-hokusai-')
}

function isWithheld (lower: string): boolean {
  return lower === 'x-request-id' || hopByHop.has(lower)
}

/** The platform's answer as the caller gets it: its cookies and CORS headers too. */
export function passedBack (raw: RawHeaders): AnswerHead {
  return incoming(raw, value => value, isWithheld)
}
