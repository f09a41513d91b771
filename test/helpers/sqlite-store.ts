/** A key store in a file of its own, with a clock that tests can move. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { openSqlite, type SqliteOptions } from '../../src/keys/stores/sqlite/store.js'
import type { KeyStore, NewKey } from '../../src/keys/contract.js'

/** A key that may read. */
export const reading: NewKey = { name: 'test', userId: 'u1', environment: 'live', scopes: new Set(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined }

/** A store with a clock that stands still unless a test moves it. */
export function openFile (t: Test, options?: SqliteOptions): { readonly store: KeyStore, readonly file: string, readonly clock: { at: number }, readonly reads: () => number } {
  let searches = 0
  const clock = { at: Date.parse('2027-01-01') }
  const file = join(t.testdir(), 'keys.db')
  const store = openSqlite(file, { now: () => clock.at, onSearch: () => searches++, ...options })
  let closed = false
  const close = async (): Promise<void> => {
    if (!closed) await store.close()
    closed = true
  }
  t.teardown(close)
  return { store: { ...store, close }, file, clock, reads: () => searches }
}
