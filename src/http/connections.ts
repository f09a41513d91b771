/** The open connections: how many requests of each are under way at once, and which of them no longer take what is written to them. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { FacadeError } from '../core/errors.js'
import { createRoster, type Placed } from '../core/active-set.js'

/** A client may pipeline any number of requests (RFC 9112, section 9.3.2), and Node reads them as they come; each can hold a file, a connection to MLflow and an answer. */
const inFlightMax = 8
/** One read of a socket can hold two thousand requests more, and Node makes them all at once: 2.3 MiB that would stay for as long as the first ones take. */
const waitingMax = 64
/** As long as nginx waits between two writes (`send_timeout`). */
export const stallMs = 60_000
const lookEveryMs = 2000

interface Connection extends Placed {
  readonly socket: Socket
  inFlight: number
  /** What was read beyond that, before the socket was paused. */
  readonly waiting: Array<readonly [IncomingMessage, ServerResponse]>
  /** Bytes that were written and bytes that the system has yet to take, at the last look; and since when they stand (0: nothing waits). */
  written: number
  queued: number
  stillSince: number
}

export interface Connections {
  /** Looks after the connections of a server, and hands its requests on a few at a time. */
  watch: (server: Server) => void
  /** A request of that connection is under way; and is so no more. */
  began: (socket: Socket) => void
  ended: (socket: Socket) => void
  close: () => void
}

interface Options {
  /** How long a connection may take nothing of what is written to it. */
  readonly stallMs: number
  /** We have closed a connection, and why. */
  readonly onCut: (socket: Socket, cause: FacadeError) => void
}

export function createConnections ({ stallMs, onCut }: Options): Connections {
  const open = createRoster<Connection>()
  const ofSocket = new Map<Socket, Connection>()
  let handle: RequestListener = () => {}
  const clock = setInterval(() => {
    const now = performance.now()
    for (const connection of [...open.items]) {
      if (stands(connection, now, stallMs)) cut(connection, new FacadeError('timeout', { reason: 'output_stalled' }))
    }
  }, Math.min(lookEveryMs, stallMs / 4)).unref()

  return {
    watch (server) {
      handle = server.listeners('request')[0] as RequestListener
      server.removeAllListeners('request')
      server.on('request', arrive)
      server.on('connection', accept)
    },
    began (socket) {
      const connection = ofSocket.get(socket)
      if (connection !== undefined) connection.inFlight++
    },
    ended (socket) {
      const connection = ofSocket.get(socket)
      if (connection === undefined) return
      connection.inFlight--
      if (connection.waiting.length > 0) advance(connection)
    },
    close: () => clearInterval(clock)
  }

  function accept (socket: Socket): void {
    const connection: Connection = { place: -1, socket, inFlight: 0, waiting: [], written: 0, queued: 0, stillSince: 0 }
    open.add(connection)
    ofSocket.set(socket, connection)
    socket.on('resume', () => { if (connection.waiting.length > 0) pause(socket) }) // Node resumes for reasons of its own
    socket.once('close', () => {
      open.remove(connection)
      ofSocket.delete(socket)
      connection.waiting.length = 0
    })
  }

  function arrive (request: IncomingMessage, response: ServerResponse): void {
    const connection = ofSocket.get(request.socket)
    if (request.socket.destroyed) return // within this very read
    if (connection === undefined || (connection.inFlight < inFlightMax && connection.waiting.length === 0)) {
      handle(request, response)
      return
    }
    if (connection.waiting.length === waitingMax) {
      cut(connection, new FacadeError('rateLimited', { reason: 'pipelined' }))
      return
    }
    connection.waiting.push([request, response])
    pause(request.socket)
  }

  function cut ({ socket, waiting }: Connection, cause: FacadeError): void {
    waiting.length = 0
    stopParsing(socket)
    socket.destroy()
    onCut(socket, cause)
  }

  function advance ({ socket, waiting, inFlight }: Connection): void {
    for (let room = inFlightMax - inFlight; room > 0; room--) {
      const next = waiting.shift()
      if (next !== undefined && socket.writable) handle(...next)
    }
    // Not before the last one has gone on: its body may be what has to be read.
    if (waiting.length === 0) socket.resume()
  }
}

/** Node's server takes the socket's handle for itself and stops it on the event alone, which is not emitted for a stream that counts as paused already. */
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
function stands (connection: Connection, now: number, stallMs: number): boolean {
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
