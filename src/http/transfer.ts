/** A request that goes on to a server behind, as the edge sees it. */
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

export interface Transfer {
  /** Monotonic milliseconds: begin, first byte of the answer, end; 0 while it did not happen. */
  readonly beganAt: number
  readonly firstByteAt: number
  readonly endedAt: number
  /** Of the answer; 0 while there is none. */
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** What goes out of the request's body: whole where it was small, or had to be judged. */
  readonly body: Readable | Buffer | null
  /** What broke it. */
  readonly failure: Error | undefined
  readonly response: ServerResponse
  /** Ends it from our side; harmless where it has ended. */
  cancel: (error: Error) => void
}

declare module 'fastify' {
  interface FastifyRequest {
    transfer: Transfer | undefined
  }
}

/** The caller closed the connection before the answer was through: 499 in the log, nobody to answer to. */
export class CallerLeftError extends Error {
  constructor () { super('the caller left') }
}
