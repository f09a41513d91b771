/** What an answer shows about the key that it was for: pure, so that planted answers show that it can say no. */

/** A key as the drill knows it; times are milliseconds of the drill's own monotonic clock. */
export interface DrillKey {
  readonly text: string
  /** When the store had said that it is there. */
  readonly madeAt: number
  /** When its end was asked for; nothing is known of it from then until `endedAt`. */
  endingAt: number | undefined
  /** When the store had said that it has ended. Infinity: nobody knows whether it has. */
  endedAt: number | undefined
}

/** One call, from its first byte sent to its answer. */
export interface Call {
  /** The key was served by this facade before. */
  readonly wasSeen: boolean
  readonly sentAt: number
  readonly status: number
}

/** What the contract promises of a store. */
export interface Term {
  /** Within so long an end counts (section 6.1). */
  readonly revokedWithinMs: number
}

export type Verdict = 'served' | 'refused' | 'unavailable' | 'limited' | 'violation' | 'open'

/**
 * - `served`: 2xx for a key that is good, or whose end may not have arrived yet
 * - `refused`: 401 for a key that has ended
 * - `unavailable`: 503, or 502 and 504 of what stands behind
 * - `limited`: 429
 * - `open`: the key was ending, so either answer is right
 * - `violation`: a good key refused, also by an outage where it was served before (KEYS_STALE_SECONDS), or an ended one served too long after
 */
export function judge (key: Pick<DrillKey, 'endingAt' | 'endedAt'>, { sentAt, status, wasSeen }: Call, { revokedWithinMs }: Term): Verdict {
  if (status >= 500 || status === 429) {
    if (wasSeen && key.endingAt === undefined) return 'violation'
    return status === 429 ? 'limited' : 'unavailable'
  }
  const isServed = status >= 200 && status < 300
  if (key.endingAt === undefined) return isServed ? 'served' : 'violation'
  if (key.endedAt === undefined || sentAt < key.endedAt + revokedWithinMs) return isServed || status === 401 ? 'open' : 'violation'
  return status === 401 ? 'refused' : 'violation'
}
