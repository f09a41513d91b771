/** What is set on Node's HTTP server, and the answers to heads that never become a request. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { errorBody, FacadeError, type ErrorName } from '../core/errors.js'
import type { Metrics } from '../core/metrics.js'
import { isWhole, ownHeaders } from './early-response.js'

/** Heads up to 80 KiB pass (MLflow 3.x takes queries of 70 KB); Node counts a little more than the bytes of the head. */
const headMaxBytes = 84 * 1024
const headTimeoutMs = 60_000

export const serverOptions = {
  // Requests have no logger of their own: one line a request, ours. reply-from would write more, with addresses.
  logger: false,
  requestIdHeader: false,
  return503OnClosing: false,
  forceCloseConnections: 'idle',
  bodyLimit: Number.MAX_SAFE_INTEGER, // bodies are streams and are never parsed here
  requestTimeout: 0, // uploads may take hours; silence within them is watched
  keepAliveTimeout: 75_000, // longer than the 60 s of an ALB, which would else send into a closing connection
  routerOptions: { maxParamLength: headMaxBytes },
  // Node would answer a request without Host by itself, without a body; entry.ts does.
  http: { requireHostHeader: false, maxHeaderSize: headMaxBytes, headersTimeout: headTimeoutMs, connectionsCheckingInterval: 5000 }
} as const

/** The open connections, for whoever closes the server: Node does not count as idle those that were opened ahead and never used. */
export function openSockets (server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  server.on('connection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

/** What Node would do by itself, past all hooks. */
export function takeOver (server: Server, answerBroken: ReturnType<typeof answerBrokenHead>): void {
  server.maxHeadersCount = 0 // beyond a count Node drops headers in silence, a Content-Length too; the size of the head is bounded
  // Node would answer 417 without a body; an expectation that is not known may be ignored (RFC 9110, section 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  // And it would close the connection of a CONNECT without a word.
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {}) // Node has taken its own listener off: a reset while we answer would end the process
    answerBroken(new Error('CONNECT'), socket as Socket)
  })
}

const kinds: Readonly<Record<string, ErrorName>> = {
  HPE_HEADER_OVERFLOW: 'headTooLarge',
  ERR_HTTP_REQUEST_TIMEOUT: 'slowRequest'
}

/** So much is read of a connection whose end is on its way. */
const brokenMaxBytes = 64 * 1024

const ownLines = ownHeaders.map((part, index) => part + (index % 2 === 0 ? ': ' : '\r\n')).join('')

/** Answers what Node's parser refused: no request came of it, so there are no hooks, and the connection ends. */
export function answerBrokenHead (log: Logger, metrics: Metrics): (error: NodeJS.ErrnoException, socket: Socket) => void {
  const ending = new WeakMap<Socket, number>()
  /** Lets the socket's last answer out; a caller that goes on sending reads nothing any more. */
  const end = (socket: Socket, answer: string): void => {
    ending.set(socket, socket.bytesRead)
    socket.end(answer)
    setTimeout(() => socket.destroy(), 1000).unref()
  }
  return (error, socket) => {
    const since = ending.get(socket)
    if (since !== undefined && error.code !== 'ECONNRESET' && socket.bytesRead - since <= brokenMaxBytes) return // Node tells of each further read
    const message = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage
    // An answer that has begun must not get another one into its midst.
    const begun = message?.headersSent === true
    if (message !== undefined && begun && since === undefined && socket.writable && isWhole(message)) {
      end(socket, '')
      return
    }
    if (error.code === 'ECONNRESET' || !socket.writable || begun) {
      socket.destroy()
      return
    }
    const problem = new FacadeError(kinds[error.code ?? ''] ?? 'badRequest', { reason: 'malformed' })
    const requestId = randomUUID()
    const body = errorBody(problem, requestId)
    log.info({ request_id: requestId, operation: 'none', status: problem.kind.status, address: socket.remoteAddress, refusal: problem.reason, error: error.code }, 'request')
    metrics.refusals.inc({ reason: problem.reason })
    end(socket, `HTTP/1.1 ${problem.kind.status} ${STATUS_CODES[problem.kind.status] ?? ''}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${ownLines}x-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`)
  }
}
