/** What is set on Node's HTTP server, and the answers to heads that never become a request. */
import { randomUUID } from 'node:crypto'
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import type { TlsIdentity } from '../../core/settings/tls-identity.js'
import { errorBody, FacadeError, type ErrorName } from '../../core/errors.js'
import { plainAddress } from '../client-address.js'
import type { RequestContext } from '../context.js'
import { isWhole, ownHeaders } from '../answer/early-response.js'
import type { Records } from '../records.js'
import { isTls, tlsOptions } from './tls.js'

/** Heads up to 80 KiB pass (MLflow 3.x takes queries of 70 KB); Node counts a little more than the bytes of the head. */
const headMaxBytes = 84 * 1024
const headTimeoutMs = 60_000

export const serverOptions = {
  // Requests have no logger of their own: one line a request, ours. reply-from would write more, with addresses.
  logger: false,
  requestIdHeader: false,
  return503OnClosing: false,
  forceCloseConnections: 'idle',
  bodyLimit: 64 * 1024, // of the JSON that endpoints of ours take: what goes to MLflow is a stream, and bounded elsewhere
  // Nothing is turned into what a schema asks for, nor left out.
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true, allowUnionTypes: true } },
  requestTimeout: 0, // uploads may take hours; silence within them is watched
  keepAliveTimeout: 75_000, // longer than the 60 s of an ALB, which would else send into a closing connection
  routerOptions: { maxParamLength: headMaxBytes },
  // Node would answer a request without Host by itself, without a body; validate.ts does.
  http: { requireHostHeader: false, maxHeaderSize: headMaxBytes, headersTimeout: headTimeoutMs, connectionsCheckingInterval: 5000 }
} as const

/**
 * Makes Node's server as Fastify would; with a factory it makes no second one for the other family of `localhost`,
 * which nobody here would watch.
 */
export function serverFactory (
  tls: TlsIdentity | undefined,
  prepare: (server: Server) => void
): NonNullable<FastifyServerOptions['serverFactory']> {
  return handler => {
    const { http } = serverOptions
    const server = tls === undefined ? createServer(http, handler) : createTlsServer({ ...http, ...tlsOptions(tls) }, handler)
    server.keepAliveTimeout = serverOptions.keepAliveTimeout
    server.requestTimeout = serverOptions.requestTimeout
    prepare(server)
    return server
  }
}

/** What Node would do by itself, past all hooks. */
export function takeOver (server: Server, answerBroken: ReturnType<typeof answerBrokenHead>): void {
  server.maxHeadersCount = 0 // beyond a count Node drops headers in silence, a Content-Length too; the size of the head is bounded
  if (isTls(server)) {
    // Node would take it for a broken head, and an answer in clear text goes nowhere
    server.removeAllListeners('tlsClientError')
    server.on('tlsClientError', (_error, socket) => socket.destroy())
  }
  // Node would answer 417 without a body; an expectation that is not known may be ignored (RFC 9110, section 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  // And it would close the connection of a CONNECT without a word.
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {}) // Node has taken its own listeners off: a reset while we answer would end the process
    socket.on('drain', () => (socket as NodeSocket)._httpMessage?.emit('drain')) // and large answers to requests before it would stop
    answerBroken(new Error('CONNECT'), socket as Socket)
  })
}

const kinds: Readonly<Record<string, ErrorName>> = {
  HPE_HEADER_OVERFLOW: 'headTooLarge',
  ERR_HTTP_REQUEST_TIMEOUT: 'slowRequest'
}

/** So much is read of a connection whose end is on its way. */
const brokenMaxBytes = 64 * 1024
/** A head that took too long while we did not read it gets so long to arrive, once we do. */
const lateHeadMs = 1000

const ownLines = ownHeaders.map((part, index) => part + (index % 2 === 0 ? ': ' : '\r\n')).join('')

/** What Node knows of a connection, under names of its own. */
type NodeSocket = Socket & {
  /** The answer whose turn it is: those of pipelined requests wait behind it. */
  readonly _httpMessage?: ServerResponse | null
  readonly parser?: { readonly incoming: IncomingMessage | null, onIncoming: ((...given: unknown[]) => unknown) | null } | null
}

/** Where the answers to what is broken are recorded. */
interface Brokenness {
  readonly refused: Records['refused']
  /** The requests of a connection that are under way. */
  readonly openOn: (socket: Socket) => readonly RequestContext[]
}

/**
 * Answers what Node's parser refused: no request came of it, so there are no hooks, and the connection ends. Requests before it on the same
 * connection are answered first (RFC 9112, section 9.3.2): what is written past them would be taken for the answer to the oldest.
 */
export function answerBrokenHead (recordOf: Brokenness): (error: NodeJS.ErrnoException, socket: Socket) => void {
  /** By connection: how much had been read of it when it broke. */
  const ending = new WeakMap<Socket, number>()
  const waiting = new WeakMap<Socket, { readonly error: NodeJS.ErrnoException, readonly read: number }>()
  /** Lets the socket's last answer out; a caller that goes on sending reads nothing any more. */
  const end = (socket: Socket, answer: string): void => {
    waiting.delete(socket)
    ending.set(socket, socket.bytesRead)
    socket.end(answer)
    setTimeout(() => socket.destroy(), 1000).unref()
  }
  const answer = (error: NodeJS.ErrnoException, socket: Socket): void => {
    const message = (socket as NodeSocket)._httpMessage ?? undefined
    if (message?.headersSent !== true) end(socket, refusal(error, socket, recordOf))
    else if (isWhole(message)) end(socket, '')
    else socket.destroy() // an answer that has begun must not get another one into its midst
  }
  const waitFor = (before: ServerResponse, error: NodeJS.ErrnoException, socket: NodeSocket): void => {
    const goOn = (): void => {
      if (socket.writableEnded || socket.destroyed || waiting.get(socket)?.error !== error) return
      const next = unanswered(socket)
      if (next === undefined) answer(error, socket)
      else waitFor(next, error, socket)
    }
    before.once('close', isLate(error) ? () => { setTimeout(goOn, lateHeadMs).unref() } : goOn)
  }
  return (error, socket) => {
    const since = ending.get(socket)
    // Node tells of each further read
    if (since !== undefined && error.code !== 'ECONNRESET' && socket.bytesRead - since <= brokenMaxBytes) return
    if (since !== undefined || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const known = waiting.get(socket)
    if (known !== undefined && !isLate(known.error)) {
      if (socket.bytesRead - known.read > brokenMaxBytes) socket.destroy()
      return
    }
    const before = unanswered(socket)
    if (before === undefined) {
      answer(error, socket)
      return
    }
    waiting.set(socket, { error, read: socket.bytesRead })
    // The head has become one after all
    if (isLate(error)) onNextRequest(socket, () => { if (waiting.get(socket)?.error === error) waiting.delete(socket) })
    waitFor(before, error, socket)
  }
}

/** Node's check of how long a head has been under way, which also counts the time in which we do not read. */
function isLate ({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ERR_HTTP_REQUEST_TIMEOUT'
}

/** Calls back once, when the parser has made a request of what it is reading. */
function onNextRequest ({ parser }: NodeSocket, then: () => void): void {
  const onIncoming = parser?.onIncoming
  if (parser === undefined || parser === null || typeof onIncoming !== 'function') return
  parser.onIncoming = (...given) => {
    parser.onIncoming = onIncoming
    then()
    return onIncoming(...given)
  }
}

/** The answer that has to be out before what is broken has its turn; not the answer to a request whose own body is what broke. */
function unanswered (socket: NodeSocket): ServerResponse | undefined {
  const message = socket._httpMessage ?? undefined
  const last = socket.parser?.incoming
  return message !== undefined && message.req === last && !last.complete ? undefined : message
}

/** The answer, and its record: that of the request whose body broke, or one of its own. */
function refusal (error: NodeJS.ErrnoException, socket: NodeSocket, { refused, openOn }: Brokenness): string {
  const problem = new FacadeError(kinds[error.code ?? ''] ?? 'badRequest', { reason: 'malformed' })
  const { kind: { status }, reason } = problem
  const open = openOn(socket).find(({ request }) => request.raw === socket.parser?.incoming)
  const requestId = open?.id ?? randomUUID()
  const body = errorBody(problem, requestId)
  if (open === undefined) { refused({ requestId, status, address: plainAddress(socket.remoteAddress ?? ''), refusal: reason, protocolError: error.code ?? error.message }) } else if (error.code !== 'HPE_INVALID_EOF_STATE') open.request.refusal = { reason, status, cause: error } // else the caller left
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`
  ].join('\r\n')
  return `${head}\r\n${ownLines}x-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`
}
