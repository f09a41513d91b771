/** A key store in a file of its own, with a clock that tests can move. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { openSqlite, type SqliteOptions } from '../../src/keys/stores/sqlite/store.js'
import type { KeyStore } from '../../src/keys/contract.js'
import type { StoreSubject } from './store-subject.js'

export { reading } from './store-subject.js'

interface SqliteSubject extends StoreSubject {
  readonly file: string
  /** Searches for a key in the file. */
  readonly reads: () => number
}

/** A store with a clock that stands still unless a test moves it. */
export function openFile (t: Test, options?: SqliteOptions): SqliteSubject {
  const clock = { at: Date.parse('2027-01-01') }
  const folder = existsSync(t.testdirName) ? t.testdirName : t.testdir() // which empties it: a test may open two
  const file = join(mkdtempSync(join(folder, 'store-')), 'keys.db')
  const statements: string[] = []
  const open = (more?: SqliteOptions): KeyStore => {
    const store = openSqlite(file, { now: () => clock.at, ...more })
    let closed = false
    const close = async (): Promise<void> => {
      if (!closed) await store.close()
      closed = true
    }
    t.teardown(close)
    return { ...store, close }
  }
  return {
    store: open({ onStatement: sql => statements.push(sql), ...options }),
    another: async () => open(),
    file,
    clock,
    passSecond: async () => { clock.at += 1000 },
    fail: async () => {
      for (const path of [file, `${file}-wal`, `${file}-shm`]) rmSync(path)
      writeFileSync(file, 'x'.repeat(8192))
    },
    statements: () => statements.length,
    reads: () => statements.filter(sql => sql.includes('WHERE hash')).length
  }
}
