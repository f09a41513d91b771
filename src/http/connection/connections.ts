/** The open connections: how many requests of each are under way at once, and which of them no longer take what is written to them. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { FacadeError } from '../../core/errors.js'
import { createActiveSet, type Slotted } from '../../core/active-set.js'
import { belowTls, isTls } from './tls.js'

/**
 * A client may pipeline any number of requests (RFC 9112, section 9.3.2), and Node reads them as they come; each can
 * hold a file, a connection to MLflow and an answer.
 */
const inFlightMax = 8
/**
 * One read of a socket can hold two thousand requests more, and Node makes them all at once: 2.3 MiB that would stay
 * for as long as the first ones take.
 */
const waitingMax = 64
/** From so many on the socket is read no more. Before that it is, since only so is it noticed that the caller has left. */
const pausedFrom = 32
/** As long as nginx waits between two writes (`send_timeout`). */
export const stallMs = 60_000
const lookEveryMs = 2000

interface Connection<T> extends Slotted {
  readonly socket: Socket
  /** What its requests are known by that are under way: a few at most, so that looking for one is nothing. */
  readonly inFlight: T[]
  /** What was read beyond that, before the socket was paused. */
  readonly waiting: Array<readonly [IncomingMessage, ServerResponse]>
  paused: boolean
  /** Bytes that were written and bytes that the system has yet to take, at the last look; and since when they stand (0: nothing waits). */
  written: number
  queued: number
  stillSince: number
}

export interface Connections<T> {
  /** Looks after the connections of a server, and hands its requests on a few at a time. */
  watch: (server: Server) => void
  /** A request of that connection is under way; and no longer is. */
  began: (socket: Socket, request: T) => void
  ended: (socket: Socket, request: T) => void
  /** What is under way on a connection. */
  inFlight: (socket: Socket) => readonly T[]
  /** Ends the connections without a request: Node does not count those as idle that were opened ahead and never used. */
  closeIdle: () => void
  /** Ends all of them. */
  closeAll: () => void
  /** Looks no more. */
  stop: () => void
}

interface Options<T> {
  /** How long a connection may take nothing of what is written to it. */
  readonly stallMs: number
  /** A connection has closed, with what was under way on it. @param cause why we closed it */
  readonly onClose: (inFlight: readonly T[], cause: FacadeError | undefined) => void
}

export function createConnections<T> ({ stallMs, onClose }: Options<T>): Connections<T> {
  const open = createActiveSet<Connection<T>>()
  const ofSocket = new Map<Socket, Connection<T>>()
  const servers: Server[] = []
  /** What has yet to become a connection over TLS. */
  const handshakes = new Set<Socket>()
  let handle: RequestListener = () => {}
  const clock = setInterval(() => {
    const now = performance.now()
    for (const connection of [...open.items]) {
      if (stands(connection, now, stallMs)) cut(connection, new FacadeError('timeout', { reason: 'output_stalled' }))
    }
  }, Math.min(lookEveryMs, stallMs / 4)).unref()

  return {
    watch (server) {
      servers.push(server)
      handle = server.listeners('request')[0] as RequestListener
      server.removeAllListeners('request')
      server.on('request', arrive)
      if (!isTls(server)) {
        server.on('connection', accept)
        return
      }
      server.on('connection', (socket: Socket) => {
        handshakes.add(socket)
        socket.once('close', () => handshakes.delete(socket))
      })
      server.on('secureConnection', socket => {
        handshakes.delete(belowTls(socket) ?? socket)
        accept(socket)
      })
    },
    began (socket, request) {
      ofSocket.get(socket)?.inFlight.push(request)
    },
    ended (socket, request) {
      const connection = ofSocket.get(socket)
      const index = connection?.inFlight.indexOf(request) ?? -1
      if (connection === undefined || index === -1) return
      connection.inFlight.splice(index, 1)
      if (connection.waiting.length > 0) advance(connection)
    },
    inFlight: socket => ofSocket.get(socket)?.inFlight ?? [],
    closeIdle () {
      for (const server of servers) server.closeIdleConnections()
      for (const { socket } of [...open.items]) if (socket.bytesRead === 0) socket.destroy()
      endHandshakes()
    },
    closeAll () {
      for (const server of servers) server.closeAllConnections()
      endHandshakes()
    },
    stop: () => clearInterval(clock)
  }

  function endHandshakes (): void {
    for (const socket of [...handshakes]) socket.destroy()
  }

  function accept (socket: Socket): void {
    const connection: Connection<T> = { slot: -1, socket, inFlight: [], waiting: [], paused: false, written: 0, queued: 0, stillSince: 0 }
    open.add(connection)
    ofSocket.set(socket, connection)
    socket.on('resume', () => { if (connection.paused) pause(socket) }) // Node resumes for reasons of its own
    socket.once('close', () => close(connection, undefined))
  }

  /** Once a connection, not once a request: a close listener on every response doubles the collector's work (measured with --trace-gc). */
  function close (connection: Connection<T>, cause: FacadeError | undefined): void {
    if (!open.remove(connection)) return
    ofSocket.delete(connection.socket)
    connection.waiting.length = 0
    onClose(connection.inFlight.splice(0), cause)
  }

  function arrive (request: IncomingMessage, response: ServerResponse): void {
    const connection = ofSocket.get(request.socket)
    if (request.socket.destroyed) return // within this very read
    if (connection === undefined || (connection.inFlight.length < inFlightMax && connection.waiting.length === 0)) {
      handle(request, response)
      return
    }
    if (connection.waiting.length === waitingMax) {
      cut(connection, new FacadeError('rateLimited', { reason: 'pipelined' }))
      return
    }
    if (connection.waiting.push([request, response]) < pausedFrom) return
    connection.paused = true
    pause(request.socket)
  }

  function cut (connection: Connection<T>, cause: FacadeError): void {
    stopParsing(connection.socket)
    connection.socket.destroy()
    close(connection, cause)
  }

  function advance (connection: Connection<T>): void {
    const { socket, waiting, inFlight } = connection
    for (let room = inFlightMax - inFlight.length; room > 0; room--) {
      const next = waiting.shift()
      if (next !== undefined && socket.writable) handle(...next)
    }
    // Not before the last one has gone on: its body may be what has to be read.
    if (!connection.paused || waiting.length > 0) return
    connection.paused = false
    socket.resume()
  }
}

/**
 * Node's server takes the socket's handle for itself and stops it on the event alone, which is not emitted for a stream
 * that counts as paused already.
 */
function pause (socket: Socket): void {
  socket.pause()
  socket.emit('pause')
}

/**
 * Node goes on making requests of what was read, and holds them until the socket has closed, which is not before all that can be read of
 * other sockets was read: 500 MiB for a hundred of them. 2 is what its own parser is told for an upgrade: there is no more HTTP to come.
 */
function stopParsing (socket: Socket): void {
  const { parser } = socket as Socket & { parser?: { onIncoming: (() => number) | null } | null }
  if (parser !== undefined && parser !== null) parser.onIncoming = () => 2
}

/** Whether output waits that has not moved for so long. Partial progress of one large write shows in the handle only. */
function stands (connection: Connection<unknown>, now: number, stallMs: number): boolean {
  const { socket } = connection
  if (socket.writableLength === 0) {
    connection.stillSince = 0
    return false
  }
  const written = socket.bytesWritten - socket.writableLength
  const queued = (socket as Socket & { _handle?: { readonly writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0
  if (connection.stillSince === 0 || written !== connection.written || queued !== connection.queued) {
    connection.written = written
    connection.queued = queued
    connection.stillSince = now
    return false
  }
  return now - connection.stillSince > stallMs
}
