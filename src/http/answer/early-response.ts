/** Writing an answer while the request's body may still be under way. Every head that is not Fastify's goes through `begin`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How much of an unread body is taken, and how long: a caller that is refused may otherwise pour in gigabytes. */
const drainMaxBytes = 64 * 1024
const drainMaxMs = 1000

/** A body that has not arrived whole yet. */
export function unread (request: IncomingMessage): boolean {
  return !request.complete && (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0)
}

/** Whether an answer can still be given: none has begun, and its socket is there. */
export function unanswered (request: IncomingMessage, response: ServerResponse): boolean {
  return !response.headersSent && !response.destroyed && !request.socket.destroyed
}

/**
 * Writes the head of an answer, once: a second one would be an error thrown where nobody catches it, in a timer or an event of a socket.
 * A head that Node does not take breaks the connection.
 * @returns whether it was written; where not, nothing more may be written
 */
export function begin (request: IncomingMessage, response: ServerResponse, status: number, headers: string[]): boolean {
  if (!unanswered(request, response)) return false
  try {
    response.writeHead(status, headers)
    return true
  } catch (error) {
    response.destroy(error as Error)
    return false
  }
}

/** Heads of answers of our own: a browser takes none for anything but what it says it is, and nobody keeps one. */
export const ownHeaders = ['x-content-type-options', 'nosniff', 'cache-control', 'no-store'] as const

/**
 * Writes a whole answer of our own. A small body that is still under way is read first, so that the connection can go on: who is refused
 * comes back. So is the beginning of a chunked one, which may be small.
 */
export function finishOwn (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: string[],
  body: Buffer | undefined
): void {
  if (isSmall(request)) drain(request, () => finish(request, response, status, headers, body))
  else finish(request, response, status, headers, body)
}

/**
 * Writes a whole answer. Where the request's body is still under way, the answer goes out at once and says
 * `Connection: close`; then the socket lingers, so that the caller can read it (a reset could overtake it).
 */
export function finish (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: string[],
  body: Buffer | undefined
): void {
  const early = unread(request)
  if (early && !headers.includes('connection')) headers.push('connection', 'close')
  if (!begin(request, response, status, headers)) return
  if (!early) {
    endWith(response, body?.toString('latin1') ?? '')
    return
  }
  if (body === undefined || body.length === 0) response.flushHeaders()
  else response.write(body)
  linger(request, response)
}

/** What Node knows of a response, under names of its own. */
type NodeResponse = ServerResponse & {
  readonly _header: string | null
  _headerSent: boolean
  readonly socket: (Socket & { readonly _httpMessage?: ServerResponse | null }) | null
}

/**
 * Ends a response with head and body in one string. Node's `end(body)` makes two parts of it, the second one empty, and
 * hands them to the system as a vector, which takes more than twice the time. So the string goes to the socket directly,
 * where it is this response's turn.
 */
function endWith (response: ServerResponse, body: string): void {
  const { _header: head, _headerSent: headSent, socket } = response as NodeResponse
  if (socket?._httpMessage !== response || typeof head !== 'string' || headSent) {
    response.end(body, 'latin1')
    return
  }
  (response as NodeResponse)._headerSent = true
  socket.write(head + body, 'latin1')
  response.end()
}

const lingering = new WeakSet<ServerResponse>()

/** The answer is written whole, though it may not have ended. */
export function isWhole (response: ServerResponse): boolean {
  return response.writableEnded || lingering.has(response)
}

/** Takes a little more of the request's body, then ends response and socket. */
export function linger (request: IncomingMessage, response: ServerResponse): void {
  lingering.add(response)
  drain(request, () => response.end())
}

/** Whether a body that is under way may end within what is taken of it. A coding that is not chunked never ends. */
function isSmall (request: IncomingMessage): boolean {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers
  return unread(request) && (coding === undefined ? Number(length) <= drainMaxBytes : coding.toLowerCase() === 'chunked')
}

/** Takes so much of a request's body, for so long, or until it ends or is cut. */
export function drain (request: IncomingMessage, then: () => void): void {
  let taken = 0
  const stop = (): void => {
    clearTimeout(timer)
    request.off('data', take).off('end', stop).off('close', stop)
    then()
  }
  const take = (chunk: Buffer): void => {
    taken += chunk.length
    if (taken > drainMaxBytes) stop()
  }
  const timer = setTimeout(stop, drainMaxMs)
  request.on('data', take).once('end', stop).once('close', stop)
  request.resume()
}
