/** One connection of our own client: one request at a time, and none any more once anything about it is odd. */
import { connect, type Socket, type TcpNetConnectOpts, type IpcNetConnectOpts } from 'node:net'
import { errors } from 'undici'
import type { PooledRequest } from '../pooled.js'
import { AnswerReader, type AnswerSink } from './reader.js'
import { whole } from './request.js'

/** Where connections go. */
export type Target = Pick<TcpNetConnectOpts, 'host' | 'port'> | Pick<IpcNetConnectOpts, 'path'>

/** Who has connections. */
export interface Holder {
  /** It can carry a request. */
  onFree: (connection: Connection) => void
  /** It cannot any more. @param isTheirs whether the server ended or broke it */
  onGone: (connection: Connection, isTheirs: boolean) => void
}

/** uvicorn closes a connection after 5 s of silence; reusing one at that moment would be a lost request. */
export const keepAliveMs = 4000
export const connectTimeoutMs = 5000
const tcpKeepAliveMs = 60_000 // as undici's

/**
 * All connections read into this one: what is kept of it is copied before a read returns, so a caller that takes nothing holds as much at
 * most. Large answers cost a read, a copy and a write for each filling: a GiB takes three quarters of the processor time that it takes
 * with 64 KiB.
 */
const buffer = Buffer.allocUnsafeSlow(256 * 1024)

/** A class, as its reader is: what it is told of an answer, it is told of every read. */
export class Connection implements AnswerSink {
  /** While it is free: when it is too old to be used, in milliseconds of the monotonic clock. */
  expiresAt = 0
  private readonly holder: Holder
  private readonly socket: Socket
  private readonly late: NodeJS.Timeout
  private readonly reader = new AnswerReader(this)
  private request: PooledRequest | undefined
  private connected = false
  private paused = false
  private gone = false
  // Made once for a connection, not for each request: a request uses them before its end alone.
  private readonly abort = (error: Error = new errors.RequestAbortedError()): void => this.fail(error)
  private readonly resume = (): void => {
    if (!this.paused || this.gone) return
    this.paused = false
    this.socket.resume()
  }

  /** Opens it for a request that may be gone when it is open. */
  constructor (target: Target, holder: Holder, request: PooledRequest, head: string) {
    this.holder = holder
    this.request = request
    const onread = { buffer, callback: (length: number) => this.read(length) }
    this.socket = connect({ ...target as TcpNetConnectOpts, onread, noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs })
    this.late = setTimeout(() => this.fail(new errors.ConnectTimeoutError('MLflow did not take the connection in time')), connectTimeoutMs)
    this.socket
      .once('connect', () => {
        clearTimeout(this.late)
        this.connected = true
        this.request = undefined
        if (request.endedAt === 0) this.send(request, head)
        else holder.onFree(this)
      })
      .on('error', error => this.fail(error, true))
      .on('end', () => this.endOfBytes())
      .on('close', () => this.fail(new errors.SocketError('closed'), true))
  }

  /** Sends a request on a connection that is free. */
  send (request: PooledRequest, head: string): void {
    const { outgoing: { method }, body } = request
    this.request = request
    this.reader.begin(method)
    try {
      request.onConnect(this.abort)
      if (this.gone) return
      if (body === null) this.socket.write(head, 'latin1')
      else this.socket.write(whole(head, body as Buffer))
      if (body !== null) request.onBodySent(body as Buffer)
      request.onRequestSent()
    } catch (error) {
      this.fail(error as Error)
    }
  }

  /** Ends it, and what it carries. @param isTheirs whether the server did so, or gave reason to */
  fail (error: Error, isTheirs: boolean = false): void {
    if (this.gone) return
    const { request } = this
    this.leave(isTheirs)
    request?.onError(error)
  }

  onHead (status: number, fields: string[]): void {
    if (this.request?.onHeaders(status, fields, this.resume) === false) this.paused = true
  }

  onBody (bytes: Buffer, from: number, to: number): void {
    const chunk = Buffer.allocUnsafe(to - from)
    bytes.copy(chunk, 0, from, to)
    if (this.request?.onData(chunk) === false) this.paused = true
  }

  onEnd (keep: boolean): void {
    const { request, socket, reader } = this
    this.request = undefined
    this.paused = false
    if (keep && socket.writableLength === 0) {
      this.expiresAt = performance.now() + Math.min(keepAliveMs, reader.keepAliveMs)
      this.holder.onFree(this)
    } else this.leave(false)
    request?.onComplete()
  }

  /** What a read brings is handed on whole, also to who wants no more: it is no more than the buffer holds. */
  private read (length: number): boolean {
    if (this.request === undefined) this.fail(new errors.SocketError('bytes that nobody asked for'), true)
    try {
      this.reader.read(buffer, length)
    } catch (error) {
      this.fail(error as Error, true)
    }
    return !this.paused
  }

  private endOfBytes (): void {
    try {
      if (!this.reader.end()) this.fail(new errors.SocketError('other side closed'), true)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  private leave (isTheirs: boolean): void {
    this.gone = true
    this.request = undefined
    this.reader.stop()
    clearTimeout(this.late)
    this.socket.destroy()
    this.holder.onGone(this, isTheirs && this.connected)
  }
}
