/** Who is told of what happens to a store beside requests. */
import type { StoreUnavailableError } from './contract.js'

/** What went wrong beside requests, and of what: the label of the metric that counts it. */
export class StoreProblem extends Error {
  override readonly name = 'StoreProblem'
  readonly what: 'last_used'
  constructor (what: StoreProblem['what'], message: string, cause: unknown) {
    super(message, { cause })
    this.what = what
  }
}

/** Told of what goes wrong beside requests, such as last-used times that cannot be written. */
export type Report = (problem: StoreProblem) => void

/** Who is told of what happens beside requests. */
export interface StoreListeners {
  readonly report?: Report | undefined
  /** The link over which the store tells of changes is lost, with why, or back (undefined): once each time. */
  readonly onLink?: ((lost: StoreUnavailableError | undefined) => void) | undefined
}
