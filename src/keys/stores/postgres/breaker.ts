/** Keeps callers from waiting for a server that is known not to answer: one of them looks, the others are told at once. */

export interface Breaker {
  /** @throws the last failure, while nobody has to look again */
  readonly admit: () => void
  readonly succeeded: () => void
  readonly failed: (error: Error) => void
  /** Somebody waited in vain, perhaps behind others and not for the server: no failure where it was well, one more where it was not. */
  readonly undecided: (error: Error) => void
}

const leastMs = 100
const mostMs = 1000

/** @param now a clock that is never set, in milliseconds */
export function createBreaker (now: () => number = () => performance.now()): Breaker {
  let failure: { readonly error: Error, readonly waitMs: number, readonly at: number, isLooking: boolean } | undefined
  const failed = (error: Error): void => {
    // Several fail of one outage: only who looked again makes the wait longer.
    const waitMs = failure === undefined ? leastMs : failure.isLooking ? Math.min(mostMs, failure.waitMs * 2) : failure.waitMs
    failure = { error, waitMs, at: now(), isLooking: false }
  }
  return {
    admit: () => {
      if (failure === undefined) return
      if (failure.isLooking || now() - failure.at < failure.waitMs) throw failure.error
      failure.isLooking = true
    },
    succeeded: () => { failure = undefined },
    failed,
    undecided: error => { if (failure !== undefined) failed(error) }
  }
}
