/** A store as its contract suite holds it: opened fresh for each promise, with a clock that tests move. */
import type { Test } from 'tap'
import type { KeyStore, NewKey } from '../../src/keys/contract.js'

/** A key that may read. */
export const reading: NewKey = {
  name: 'test',
  userId: 'u1',
  environment: 'live',
  scopes: new Set(['mlflow:read']),
  workspaces: [],
  ratePerHour: undefined,
  expiresAt: undefined
}

export interface StoreSubject {
  readonly store: KeyStore
  /** Opens the same keys once more, as another process would. */
  readonly another: () => Promise<KeyStore>
  /** The clock of all that were opened; stands still unless a test moves it. */
  readonly clock: { at: number }
  /** Lets a second pass, within which what others did to keys is noticed. */
  readonly passSecond: () => Promise<void>
  /** Makes what holds the keys fail. */
  readonly fail: () => Promise<void>
  /** Statements that the store has run so far. */
  readonly statements: () => number
}

/** Opens a fresh store each time, which is ended with the test. */
export type Open = (t: Test) => Promise<StoreSubject>
