/** Writing an answer while the request's body may still be under way. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** How much of an unread body is taken, and how long, before the socket ends: a caller that is refused may otherwise pour in gigabytes. */
const drainMaxBytes = 64 * 1024
const drainMaxMs = 1000

/** A body that has not arrived whole yet. */
export function unread (request: IncomingMessage): boolean {
  return !request.complete && (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0)
}

/**
 * Writes a whole answer. Where the request's body is still under way, the answer goes out at once and says
 * `Connection: close`; then the socket lingers, so that the caller can read it (a reset could overtake it).
 */
export function finish (request: IncomingMessage, response: ServerResponse, status: number, headers: string[], body: Buffer | undefined): void {
  const early = unread(request)
  if (early && !headers.includes('connection')) headers.push('connection', 'close')
  response.writeHead(status, headers)
  if (!early) {
    // As one string with its head: a single write of the socket, where a buffer would make two.
    response.end(body?.toString('latin1'), 'latin1')
    return
  }
  if (body === undefined || body.length === 0) response.flushHeaders()
  else response.write(body)
  linger(request, response)
}

/** Takes a little more of the request's body, then ends response and socket. */
export function linger (request: IncomingMessage, response: ServerResponse): void {
  let taken = 0
  const end = (): void => {
    clearTimeout(timer)
    request.off('data', take)
    response.end()
  }
  const take = (chunk: Buffer): void => {
    taken += chunk.length
    if (taken > drainMaxBytes) end()
  }
  const timer = setTimeout(end, drainMaxMs)
  request.on('data', take)
  request.once('end', end)
  request.resume()
}
