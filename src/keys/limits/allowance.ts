/**
 * The generic cell rate algorithm (ITU-T I.371) for the calls of a key, as pure functions: a burst at once, then one call each interval.
 * All that is kept of a key is one number: how far ahead the time lies at which everything it has used is paid off.
 */

/** What a rate comes to. */
export interface Allowance {
  /** Calls at once, when none was made for long. */
  readonly burst: number
  /** Until one more. */
  readonly intervalMs: number
}

/** Where a key stands with its allowance. */
export interface Standing {
  readonly allowance: Allowance
  /** Whether the call that was asked about is within it; of a mere look always true. */
  readonly isAllowed: boolean
  /** Calls that may be made at once. */
  readonly remaining: number
  /** Until there is one more of them; 0: all are there. */
  readonly nextMs: number
}

const hourMs = 3_600_000
/** As many calls an hour as `--rate` takes; an auth service may say any number. */
const rateMax = 1e9
/** Longer than any service runs: numbers stay within what clocks and header fields hold. */
const intervalMaxMs = 365 * 86_400_000
/** Clocks and doubles are no finer: who comes this much early is in time. */
export const toleranceMs = 0.001

/** As many calls at once as an hour has; of less than one an hour one. */
export function allowanceOf (ratePerHour: number): Allowance {
  const rate = Math.min(ratePerHour, rateMax)
  return { burst: Math.max(1, Math.floor(rate)), intervalMs: Math.min(hourMs / rate, intervalMaxMs) }
}

/** What is owed when nothing is left: never more, so that a clock that was set back locks nobody out for longer than one interval. */
export function mostOwedMs ({ burst, intervalMs }: Allowance): number {
  return burst * intervalMs
}

/**
 * Counts a call, unless it is beyond the allowance: then it costs nothing, so that whoever keeps on calling is not locked out for ever.
 * @param owedMs what is owed before it
 */
export function spend (owedMs: number, allowance: Allowance): { readonly isAllowed: boolean, readonly owedMs: number } {
  const owed = Math.min(Math.max(0, owedMs), mostOwedMs(allowance))
  const isAllowed = owed + allowance.intervalMs <= mostOwedMs(allowance) + toleranceMs
  return { isAllowed, owedMs: isAllowed ? owed + allowance.intervalMs : owed }
}

/** @param owedMs what is owed after the call, or at the moment where there was none */
export function standing (owedMs: number, allowance: Allowance, isAllowed: boolean): Standing {
  const { burst, intervalMs } = allowance
  const freeMs = mostOwedMs(allowance) - Math.max(0, owedMs)
  const remaining = Math.max(0, Math.min(burst, Math.floor((freeMs + toleranceMs) / intervalMs)))
  return { allowance, isAllowed, remaining, nextMs: remaining === burst ? 0 : Math.max(0, (remaining + 1) * intervalMs - freeMs) }
}
