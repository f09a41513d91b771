/** Counts work, so that hostile patterns end with a clear limit instead of never. */

export interface Budget {
  /** @throws LimitReached when the work allowed is used up */
  readonly spend: (steps: number) => void
}

/** A question was given up because it takes more work than is allowed. */
export class LimitReached extends Error {}

/** @param questionMax steps between two calls of `begin`
 *  @param allMax steps in all */
export function createBudget (questionMax: number, allMax: number): Budget & { readonly begin: () => boolean } {
  let all = 0
  let question = 0
  return {
    /** False where nothing is left to spend. */
    begin () {
      question = 0
      return all <= allMax
    },
    spend (steps) {
      all += steps
      question += steps
      if (question > questionMax || all > allMax) throw new LimitReached('this takes more work than is allowed')
    }
  }
}
