/** The SQLite file of the keys: opened safely, watched for what other processes do to it, its failures named. Knows no key. */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import sqlite, { type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite'
import { migrate } from './migrate.js'
import { openReserve } from './reserve.js'
import { StoreUnavailableError } from '../../contract.js'

/** A statement, prepared once for each connection. */
export type Sql = (text: string) => StatementSyncInstance

export interface Database {
  /** Calls `changed` if another process has written since; cheap enough for every request. @throws StoreUnavailableError */
  readonly watch: () => void
  /** @throws StoreUnavailableError */
  readonly read: <T>(work: (sql: Sql) => T) => T
  /** Does all of the work or none of it, as the only writer. @throws StoreUnavailableError */
  readonly write: <T>(work: (sql: Sql) => T) => T
  /** As `write`, and on a full disk with the space that is set aside for it: for what ends a key. @throws StoreUnavailableError */
  readonly insist: <T>(work: (sql: Sql) => T) => T
  /** Sets that space aside again, where the disk has got room. */
  readonly refill: () => void
  /** Writes what may get lost: gives up at once where another process writes, and does not wait for the disk. */
  readonly writeBestEffort: (work: (sql: Sql) => void) => void
  readonly close: () => void
}

interface DatabaseOptions {
  /** Called when the file has been written, by this process or another one. */
  readonly changed: () => void
  /** The clock, milliseconds. */
  readonly now: () => number
  /** Told of each statement before it runs. */
  readonly onStatement?: ((sql: string) => void) | undefined
}

interface Connection {
  readonly db: DatabaseSyncInstance
  readonly sql: Sql
  /** Another number whenever another connection has committed. */
  readonly version: () => number
  /** Whether the path leads to another file now, such as one restored from a backup, or to none. */
  readonly isReplaced: () => boolean
}

/** How long a write by another process may go unseen. */
const watchMs = 250
// Readers in WAL mode hardly ever wait, and a wait stops the whole process.
const readWaitMs = 100
const writeWaitMs = 5000

/** Opens the file, and makes it where there is none. @throws StoreUnavailableError */
export function openDatabase (file: string, { changed, now, onStatement }: DatabaseOptions): Database {
  const reserve = openReserve(file)
  let connection = reserve.draw(() => connect(file, 'create', onStatement))
  reserve.refill()
  let watchedAt = -Infinity
  let seen: number | undefined
  let failure: StoreUnavailableError | undefined
  /** A read has failed since the connection was made. */
  let suspect = false

  function look (): StoreUnavailableError | undefined {
    try {
      if (suspect || failure !== undefined || connection.isReplaced()) {
        const next = reserve.draw(() => connect(file, 'existing', onStatement))
        connection.db.close()
        connection = next
        suspect = false
        seen = undefined
      }
      const version = connection.version()
      if (version !== seen) changed()
      seen = version
      return undefined
    } catch (error) {
      return toUnavailable(error)
    }
  }

  function watch (): void {
    const at = now()
    // Not only greater: a clock may be set back.
    if (Math.abs(at - watchedAt) >= watchMs) {
      watchedAt = at
      failure = look()
    }
    if (failure !== undefined) throw failure
  }

  function attempt<T> (work: (connection: Connection) => T, failed: () => void): T {
    watch()
    try {
      return work(connection)
    } catch (error) {
      if (!isSqliteError(error)) throw error
      failed()
      throw toUnavailable(error)
    }
  }

  function write<T> (work: (sql: Sql) => T): T {
    // Another writer or a full disk is nothing that reads need to suffer from.
    const result = attempt(({ db, sql }) => transact(db, () => work(sql), writeWaitMs), () => {})
    changed() // the version stays the same for what the connection itself writes
    return result
  }

  return {
    watch,
    read: work => attempt(({ sql }) => work(sql), () => { suspect = true }),
    write,
    insist: work => {
      const result = reserve.draw(() => write(work))
      checkpoint(connection.db, 'PASSIVE') // the side file is then written from its beginning again, instead of growing
      return result
    },
    refill: reserve.refill,
    writeBestEffort: work => writeBestEffort(connection.db, () => work(connection.sql)),
    close: () => close(connection.db)
  }
}

function connect (file: string, mode: 'create' | 'existing', onStatement: DatabaseOptions['onStatement']): Connection {
  let db: DatabaseSyncInstance | undefined
  try {
    if (mode === 'create') {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      // Made before SQLite does, which would let everyone read it; its side files get the same mode.
      closeSync(openSync(file, 'a', 0o600))
    }
    const { ino } = statSync(file)
    db = new sqlite.DatabaseSync(file, { timeout: writeWaitMs })
    db.exec('PRAGMA journal_mode = WAL')
    migrate(db)
    db.exec(`PRAGMA busy_timeout = ${readWaitMs}`)
    const sql = statementsOf(db, onStatement)
    return {
      db,
      sql,
      version: () => (sql('PRAGMA data_version').get() as { data_version: number }).data_version,
      isReplaced: () => statSync(file, { throwIfNoEntry: false })?.ino !== ino
    }
  } catch (error) {
    db?.close()
    throw toUnavailable(error)
  }
}

function statementsOf (db: DatabaseSyncInstance, onStatement: DatabaseOptions['onStatement']): Sql {
  const statements = new Map<string, StatementSyncInstance>()
  return text => {
    onStatement?.(text)
    const statement = statements.get(text) ?? db.prepare(text)
    statements.set(text, statement)
    return statement
  }
}

/**
 * The binding ends a connection only when its statements are collected, so what is in the side file is moved over by
 * hand: a copy of the file alone is then whole.
 */
function close (db: DatabaseSyncInstance): void {
  checkpoint(db, 'TRUNCATE')
  db.close()
}

/** Moves what is in the side file over. A file that is gone or broken has nothing to be kept, and on a full disk it stays where it is. */
function checkpoint (db: DatabaseSyncInstance, mode: 'PASSIVE' | 'TRUNCATE'): void {
  try { db.exec(`PRAGMA wal_checkpoint(${mode})`) } catch { /* as said */ }
}

function transact<T> (db: DatabaseSyncInstance, work: () => T, waitMs: number): T {
  db.exec(`PRAGMA busy_timeout = ${waitMs}`)
  try {
    db.exec('BEGIN IMMEDIATE')
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk has rolled back by itself already.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  } finally {
    db.exec(`PRAGMA busy_timeout = ${readWaitMs}`)
  }
}

function writeBestEffort (db: DatabaseSyncInstance, work: () => void): void {
  db.exec('PRAGMA synchronous = NORMAL')
  try {
    transact(db, work, 0)
  } finally {
    db.exec('PRAGMA synchronous = FULL')
  }
}

/** The failure in words that may be shown to anyone, so without a path; what SQLite or the file system said stands behind. */
function toUnavailable (error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error
  const { errstr, code, message } = error as { errstr?: string, code?: string, message?: string }
  return new StoreUnavailableError(`The key database cannot be used: ${errstr ?? code ?? message ?? 'unknown failure'}.`, { cause: error })
}

function isSqliteError (error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR'
}
