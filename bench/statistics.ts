/** What is said of many measurements in one number. */

/** The middle value; of an even number the mean of the two in the middle. */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (upper + lower) / 2
}

/** The least value that so many per cent of all do not exceed (nearest rank); NaN of none. */
export function percentile (sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.max(Math.ceil(sorted.length * percent / 100), 1) - 1] ?? Number.NaN
}

/**
 * How many times less of it one side takes than a base: the median over the rounds of the ratio within a round, so that what
 * slows the whole machine cancels out. Undefined where a round lacks either.
 */
export function ratioOfRounds (own: ReadonlyArray<number | undefined>, base: ReadonlyArray<number | undefined>): number | undefined {
  const ratios = own.map((value, round) => (base[round] ?? Number.NaN) / (value ?? Number.NaN))
  return ratios.length === 0 || ratios.some(Number.isNaN) ? undefined : median(ratios)
}
