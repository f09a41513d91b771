/**
 * What undici's connections to MLflow need beyond undici 7. An answer that ends while its caller is slow ends the process, or is cut
 * (nodejs/undici#5360; mended in undici 8, which needs Node 22). And after a 500 a connection is not used again (`lastStatus`).
 */
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import { lastStatus } from './client/framing.js'

/** What of undici's parser the cure touches (lib/dispatcher/client-h1.js of 7.30). */
interface Parser {
  readonly ptr: number | null
  readonly llhttp: { llhttp_resume: (ptr: number) => void }
  paused: boolean
  shouldKeepAlive: boolean
  statusCode: number
  onMessageComplete: () => unknown
  execute: (chunk: Buffer) => void
}

const nothing = Buffer.alloc(0)

/**
 * A connector whose sockets end with a `lastStatus`, and let undici's parser read on to the end when MLflow has closed its
 * side. Without that a parser that waits for its caller fails an assertion within a socket event; and where MLflow would have
 * kept the connection (uvicorn closes it after 5 s), an answer that had arrived whole is taken for a broken one. What is left to
 * read is no more than the socket holds.
 */
export function createConnector (options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options)
  return (target, callback) => connect(target, (...result) => {
    const [error, socket] = result
    if (error === null) {
      for (const [event, listener] of listeners) socket.prependListener(event, listener) // before undici's own
      socket.prependOnceListener('readable', endWithLastStatus) // undici's parser is there by then
    }
    callback(...result)
  })
}

const listeners = [['end', readOn], ['close', readOn], ['error', readOnAndFail]] as const

function endWithLastStatus (this: Socket): void {
  const parser = parserOf(this)
  if (parser === undefined) return
  const { onMessageComplete } = parser
  parser.onMessageComplete = function () {
    if (this.statusCode === lastStatus) this.shouldKeepAlive = false
    return onMessageComplete.call(this)
  }
}

function readOn (this: Socket): void {
  const parser = parserOf(this)
  if (parser === undefined || !parser.paused || parser.ptr === null) return
  let chunk: Buffer | null
  do {
    proceed(parser)
    chunk = this.read() as Buffer | null
    parser.execute(chunk ?? nothing)
  } while (parser.paused && chunk !== null)
  if (parser.paused) proceed(parser) // a body that only the end of the connection ends: undici does that next
}

/**
 * A reset within a body is a fault, even where nothing but the end of the connection would end it: undici takes that for
 * its end. Right behind bytes, libuv tells of a reset as of an end (POLLHUP after a short read), and nobody can know
 * better.
 */
function readOnAndFail (this: Socket): void {
  readOn.call(this)
  const parser = parserOf(this)
  if (parser !== undefined) parser.shouldKeepAlive = true
}

function proceed (parser: Parser): void {
  if (parser.ptr === null) return
  parser.llhttp.llhttp_resume(parser.ptr)
  parser.paused = false
}

function parserOf (socket: Socket): Parser | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser')
  return symbol === undefined ? undefined : (socket as unknown as Record<symbol, Parser | null>)[symbol] ?? undefined
}
