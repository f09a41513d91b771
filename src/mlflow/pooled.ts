/** What the connections to MLflow know of a request: enough to send it, to hand its answer on and to give it up. */
import type { Readable } from 'node:stream'
import type { Waiting } from './turns.js'

/** How long things may take, in milliseconds. */
export interface Patience {
  /** Until MLflow's first byte after the request was sent whole. */
  readonly timeoutMs: number
  /** Silence within a transfer, in either direction. */
  readonly idleTimeoutMs: number
  /** Waiting for a connection. */
  readonly turnMs: number
}

/** Names and values of an answer in turns: undici's as buffers, our own client's as text (latin1). */
export type RawHeaders = ReadonlyArray<Buffer | string>

/** A request to the server behind, and the handler of its answer as undici calls it. */
export interface PooledRequest extends Waiting {
  readonly outgoing: { readonly method: string, readonly path: string }
  /** In undici's flat form. */
  readonly headers: string[]
  readonly body: Readable | Buffer | null
  /** Cancels it when it was silent for too long. */
  judgeSilence: (now: number, patience: Patience) => void
  onConnect: (abort: (error?: Error) => void) => void
  onBodySent: (chunk: Buffer | number) => void
  onRequestSent: () => void
  /** Interim answers come by here, too. @returns false: no more for now, until `resume` is called. So does `onData` */
  onHeaders: (status: number, raw: RawHeaders, resume: () => void) => boolean
  onData: (chunk: Buffer) => boolean
  onComplete: () => void
  onError: (error: Error) => void
}
