/** The accounting of an open loop: when each request is meant to be sent, and what its latency is, counted from then. */
import { percentile } from './statistics.js'

/** Requests at a fixed rate, whatever becomes of them. Times are milliseconds of one clock. */
export class Schedule {
  /** Requests that are meant to be sent in all. */
  readonly total: number
  readonly endMs: number
  readonly #startMs: number
  readonly #intervalMs: number
  #taken = 0

  constructor (startMs: number, requestsPerSecond: number, seconds: number) {
    this.#startMs = startMs
    this.#intervalMs = 1000 / requestsPerSecond
    this.total = Math.floor(requestsPerSecond * seconds)
    this.endMs = startMs + seconds * 1000
  }

  /** Whether the next request is meant to be under way by now. */
  isDue (nowMs: number): boolean {
    return this.#taken < this.total && this.#next() <= nowMs
  }

  /** @returns when the next request was meant to be sent, which is behind the clock where all connections were taken */
  take (): number {
    const intendedMs = this.#next()
    this.#taken++
    return intendedMs
  }

  /** Ends it. @returns when those were meant to be sent that were not */
  abandon (): readonly number[] {
    const left: number[] = []
    while (this.#taken < this.total) left.push(this.take())
    return left
  }

  #next (): number {
    return this.#startMs + this.#taken * this.#intervalMs
  }
}

export interface Latencies {
  readonly offered: number
  readonly answered: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/**
 * Latencies of all that was offered. What was not answered counts with the time that it has waited so far: to leave it out would
 * make a peer look fast that stands still (coordinated omission).
 * @param answeredMs from the intended time to the last byte of the answer
 * @param waitingSinceMs intended times of those without an answer
 */
export function summarize (answeredMs: readonly number[], waitingSinceMs: readonly number[], nowMs: number): Latencies {
  const all = Float64Array.from([...answeredMs, ...waitingSinceMs.map(since => nowMs - since)]).sort()
  const [p50Ms, p99Ms, maxMs] = [percentile(all, 50), percentile(all, 99), percentile(all, 100)]
  return { offered: all.length, answered: answeredMs.length, p50Ms, p99Ms, maxMs }
}
