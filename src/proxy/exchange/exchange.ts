/**
 * One request to MLflow, or to the platform, and its answer: undici's handler on one side, Node's response on the
 * other, bytes handed on as they come.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { begin, finish, linger, unread } from '../../http/answer/early-response.js'
import { CallerLeftError, type Transfer } from '../../http/transfer.js'
import type { Patience, PooledRequest, RawHeaders } from '../../mlflow/pooled.js'
import { FacadeError, sentence, toFacadeError, unavailable } from '../../core/errors.js'
import { followDrain, unfollowDrain, type Source } from './drained.js'
import { hold, type Held } from './held.js'
import type { AnswerHead } from '../headers/response-headers.js'
import { handedOn } from './gc.js'
import { CutUploadError } from '../request-body.js'

/** Answers up to this size are handed on in one write with their head. */
const smallMaxBytes = 64 * 1024

/** What is sent to MLflow. */
export interface Outgoing {
  readonly method: string
  /** Path and query, as MLflow gets them. */
  readonly path: string
  /** Static prefix of MLflow, as the path was made. */
  readonly prefix: string
}

/** Where exchanges go to and come back from; one for all of them. */
export interface Supervisor {
  /** What stands behind, as messages name it within a sentence. */
  readonly name: string
  /** The head of an answer as the caller gets it. */
  readonly head: (raw: RawHeaders, outgoing: Outgoing) => AnswerHead
  /** The answer can be written (null), or there is none to come. */
  readonly onReady: (exchange: Exchange, error: Error | null) => void
  readonly onEnd: (exchange: Exchange) => void
}

/** How reply-from is told of an answer. */
export type Done = (error: Error | null, answer?: unknown) => void

/**
 * A class, where the rest is functions: undici calls its methods for every chunk, and methods on a prototype spare
 * ten closures a request. It speaks undici's handler interface of raw headers, which keeps order, case and repeats.
 *
 * No closure is made for one exchange and kept in it: V8's young collection then lets whole requests live on until the
 * next full one. Measured with `--trace-gc-nvp`: a quarter of all that is allocated, instead of a hundredth.
 */
export class Exchange implements PooledRequest, Transfer, Held, Source {
  slot = -1
  readonly reply: FastifyReply
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly outgoing: Outgoing
  /** Set when it is sent. */
  done: Done | undefined
  /** Set before it is sent; headers in undici's flat form. */
  headers: string[] = []
  body: Readable | Buffer | null = null
  status = 0
  bytesIn = 0
  bytesOut = 0
  /** Monotonic milliseconds: begin, first byte of the answer, end; 0 while it did not happen. */
  readonly beganAt = performance.now()
  /** Since when it waits for a connection to MLflow; 0: it does not. And whether it has one. */
  waitingSince = 0
  hasTurn = false
  firstByteAt = 0
  endedAt = 0

  private readonly supervisor: Supervisor
  private answer: AnswerHead | undefined
  private small: Buffer[] | undefined
  private abort: ((error?: Error) => void) | undefined
  private resume: (() => void) | undefined
  private sentWhole = false
  /** The head of MLflow's answer is out, before its body was whole. */
  private begun = false
  private bytesRead = 0
  private activeAt = this.beganAt
  failure: Error | undefined

  constructor (reply: FastifyReply, outgoing: Outgoing, supervisor: Supervisor) {
    this.reply = reply
    this.request = reply.request.raw
    this.response = reply.raw
    this.outgoing = outgoing
    this.supervisor = supervisor
  }

  /** Ends it from our side: the caller left, a timer ran out, its key was revoked. */
  cancel (error: Error): void {
    if (this.endedAt !== 0) return
    this.failure = error
    if (this.abort !== undefined) {
      this.abort(error)
      return
    }
    if (this.body instanceof Readable) this.body.destroy() // undici has not got it
    this.onError(error)
  }

  /** Ends it by whatever was thrown on the way to sending it. */
  fail (thrown: unknown): void {
    this.cancel(thrown instanceof CutUploadError ? thrown : toFacadeError(thrown))
  }

  /** Cancels it when it was silent for too long. */
  judgeSilence (now: number, patience: Patience): void {
    if (this.waitingSince !== 0) {
      if (now - this.waitingSince > patience.turnMs) {
        this.cancel(unavailable(`All connections to ${this.supervisor.name} are in use. Try again.`, 'upstream_busy'))
      }
      return
    }
    const { bytesRead } = this.request.socket
    if (!this.sentWhole && bytesRead !== this.bytesRead) { // a body that is gathered or spooled moves, too
      this.bytesRead = bytesRead
      this.activeAt = now
    }
    const waiting = this.sentWhole && this.firstByteAt === 0
    if (now - this.activeAt <= (waiting ? patience.timeoutMs : patience.idleTimeoutMs)) return
    if (this.owesBody()) this.cancel(new FacadeError('slowRequest', { message: 'The body did not arrive in time.', reason: 'upload_idle' }))
    else {
      this.cancel(
        new FacadeError('timeout', {
          message: sentence(`${this.supervisor.name} did not answer in time.`),
          reason: waiting ? 'upstream_timeout' : 'upstream_idle'
        })
      )
    }
  }

  /** Whether it is the caller that is silent: the body is not whole, and nothing of it waits for MLflow to take it. */
  private owesBody (): boolean {
    return (
      this.done === undefined ||
      (!this.sentWhole && !this.request.complete && !(this.body instanceof Readable && this.body.readableLength > 0))
    )
  }

  onConnect (abort: (error?: Error) => void): void {
    this.abort = abort
    this.activeAt = performance.now()
    if (this.failure !== undefined) abort(this.failure)
  }

  onBodySent (chunk: Buffer | number): void {
    const bytes = typeof chunk === 'number' ? chunk : chunk.length
    this.bytesIn += bytes
    handedOn(bytes)
    this.activeAt = performance.now()
  }

  onRequestSent (): void {
    this.sentWhole = true
    this.activeAt = performance.now()
  }

  onHeaders (status: number, raw: RawHeaders, resume: () => void): boolean {
    if (status >= 100 && status < 105) return true // interim answers are the business of this hop; nobody has defined further ones
    this.firstByteAt = this.activeAt = performance.now()
    if (status < 200 || status > 599) {
      this.abort?.(
        new FacadeError('badGateway', {
          message: sentence(`${this.supervisor.name} answered with an invalid HTTP status.`),
          reason: 'upstream_status'
        })
      )
      return true
    }
    this.status = status
    this.answer = this.supervisor.head(raw, this.outgoing)
    // Without a length the end is not in sight; then every chunk goes on as it comes (SSE).
    const bodiless = this.outgoing.method === 'HEAD' || status === 204 || status === 304
    this.resume = resume
    if (bodiless || (this.answer.length >= 0 && this.answer.length <= smallMaxBytes)) {
      this.small = []
      hold(this)
    } else this.stream()
    return true
  }

  get holding (): boolean {
    return this.small !== undefined && this.endedAt === 0
  }

  letOut (): void {
    const { small = [] } = this
    this.small = undefined
    this.stream()
    for (const chunk of small) if (this.begun) this.response.write(chunk)
  }

  onData (chunk: Buffer): boolean {
    if (this.endedAt !== 0 || chunk.length === 0) return true // undici resumes with an empty one
    this.activeAt = performance.now()
    this.bytesOut += chunk.length
    if (this.small !== undefined) return this.small.push(chunk) > 0
    handedOn(chunk.length)
    if (!this.begun || this.response.destroyed) return true // what is written then is raised as an error, where nobody listens
    return this.response.write(chunk)
  }

  onComplete (): void {
    if (this.endedAt !== 0) return
    this.end()
    if (this.small !== undefined) this.supervisor.onReady(this, null)
    else if (this.begun && unread(this.request)) linger(this.request, this.response)
    else if (this.begun) this.response.end()
  }

  onError (error: Error): void {
    if (this.endedAt !== 0) return
    if (this.status === 304 && (error as NodeJS.ErrnoException).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
      this.onComplete() // the length of a 304 is what a GET would have (RFC 9110, section 8.6); undici waits for so much
      return
    }
    this.failure ??= error
    this.end()
    if (this.begun) this.response.destroy(this.failure) // a cut answer is a broken connection, never a short 200
    else if (!this.request.socket.destroyed) this.supervisor.onReady(this, this.failure)
  }

  /** What reply-from calls on an answer that nobody waits for any more. */
  destroy (): void {
    this.cancel(new CallerLeftError())
  }

  /** Writes MLflow's head, and the whole answer where it is small. */
  writeAnswer (extra: readonly string[]): void {
    const headers = this.answer?.headers ?? []
    headers.push(...extra)
    if (this.small !== undefined) {
      finish(this.request, this.response, this.status, headers, this.small.length === 1 ? this.small[0] : Buffer.concat(this.small))
      return
    }
    if (unread(this.request)) headers.push('connection', 'close')
    this.begun = begin(this.request, this.response, this.status, headers)
    if (this.begun) this.response.flushHeaders()
    else this.cancel(new CallerLeftError())
  }

  /** MLflow may go on sending. */
  goOn (): void {
    if (this.endedAt === 0 && !this.request.socket.destroyed) this.resume?.()
  }

  /** Lets the head out; the body follows as it comes. */
  private stream (): void {
    followDrain(this.response, this)
    this.supervisor.onReady(this, null)
  }

  private end (): void {
    this.endedAt = performance.now()
    if (this.begun) unfollowDrain(this.response)
    this.supervisor.onEnd(this)
  }
}
