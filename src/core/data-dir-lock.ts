/**
 * Keeps a second process out of DATA_DIR. The lock is SQLite's own on an empty database: the kernel gives it back when its
 * process ends, however it ends, so it never goes stale, and the length of the path does not matter (it does for a socket).
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import sqlite from '@photostructure/sqlite'
import { ConfigError } from './settings/config.js'
import { tighten } from './folder.js'
import { UserError } from './user-error.js'

/** DATA_DIR is in use or cannot be used: one sentence for people. */
export class DataDirError extends UserError {}

export interface DataDirLock {
  /** Why others of this machine may reach into the folder, as a sentence; undefined: they may not. */
  readonly exposed: string | undefined
  release: () => void
}

/** A lock that nobody refers to would go with its database object when memory is cleaned up. */
const held = new Set<Database>()

type Database = InstanceType<typeof sqlite.DatabaseSync>

/**
 * Takes the folder for this process, makes it where it is missing, and shuts it to others: whoever can open the lock
 * could keep us out. Commands that manage keys do without the lock: the key store has locks of its own.
 * @throws DataDirError, or ConfigError where there is a file of that name
 */
export function lockDataDir (folder: string): DataDirLock {
  let db: Database | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const exposed = tighten(folder)
    const file = join(folder, 'lock.db')
    closeSync(openSync(file, 'a', 0o600)) // before SQLite makes it, for everyone
    db = new sqlite.DatabaseSync(file)
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE') // nothing is written, so there is no journal to leave behind
    const taken = db
    held.add(taken)
    return {
      exposed,
      release () {
        if (held.delete(taken)) taken.close()
      }
    }
  } catch (error) {
    db?.close()
    throw explain(error, folder)
  }
}

function explain (error: unknown, folder: string): DataDirError | ConfigError {
  const { code, message = '' } = error as NodeJS.ErrnoException
  if (/locked|busy/i.test(message)) {
    return new DataDirError(`Another process uses DATA_DIR (${folder}): stop it, or set DATA_DIR to a different folder.`, {
      cause: error
    })
  }
  if (code === 'EEXIST' || code === 'ENOTDIR') return new ConfigError([`DATA_DIR (${folder}) is not a folder`])
  const why = code?.startsWith('E') === true && code !== 'ERR_SQLITE_ERROR' ? code : message
  return new DataDirError(
    `DATA_DIR (${folder}) cannot be used (${why}): give this process's user write access, or set DATA_DIR to another folder.`,
    { cause: error }
  )
}
