/**
 * The SQLite database of an MLflow of our own. It is made and upgraded as a new file that then takes its place, so that
 * no end in between leaves half a schema.
 */
import { linkSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import sqlite from '@photostructure/sqlite'
import { run, type Surroundings } from './command.js'
import { freeBytes } from './environment.js'
import { compareVersions, mlflows } from '../versions.js'
import type { PinnedMlflow } from './pinned.js'
import { brokenDatabase, failedUpgrade, fullDiskForCopy, newerDatabase, olderDatabase, type LocalMlflowError } from './problem.js'

/** Relative to MLflow's working folder: a path in a database URL would have to be escaped for SQLAlchemy and for Alembic. */
export const databaseName = 'mlflow.db'
const nextName = 'mlflow.db.next'

/** Schema of the database in a folder, `unknown` where the file is no database of MLflow's, undefined where there is none. */
export function schemaIn (folder: string): string | undefined {
  const file = join(folder, databaseName)
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined
  const db = new sqlite.DatabaseSync(file)
  try {
    db.exec('PRAGMA busy_timeout = 2000') // an MLflow that runs may be writing
    const row = db.prepare('SELECT version_num FROM alembic_version').get() as { version_num: string } | undefined
    return row?.version_num ?? 'unknown'
  } catch {
    return 'unknown'
  } finally {
    db.close()
  }
}

/** Why MLflow cannot be started on the database in a folder as it is, for people; undefined where it can, or where there is none yet. */
export function databaseFault (folder: string, release: PinnedMlflow, allowUpgrade: boolean = false): LocalMlflowError | undefined {
  const found = schemaIn(folder)
  if (found === undefined || found === release.schema) return undefined
  if (found === 'unknown') return brokenDatabase()
  const newer = mlflows.find(({ version, schema }) => schema === found && compareVersions(version, release.version) > 0)
  if (newer !== undefined) return newerDatabase(newer.version, release)
  return allowUpgrade ? undefined : olderDatabase(found, release)
}

/**
 * Makes an empty database.
 * @throws LocalMlflowError
 */
export async function createDatabase (folder: string, python: string, around: Surroundings, keep: (output: string) => void): Promise<void> {
  clear(folder)
  await upgrade(python, around, keep)
  renameSync(join(folder, nextName), join(folder, databaseName))
}

/**
 * Upgrades a copy and puts it in the place of the database, which becomes the backup. MLflow must not be running.
 * @returns the name of the backup
 * @throws LocalMlflowError; the database is then as it was
 */
export async function upgradeDatabase (
  folder: string,
  python: string,
  release: PinnedMlflow,
  around: Surroundings,
  keep: (output: string) => void
): Promise<string> {
  const file = join(folder, databaseName)
  const backups = join(folder, 'backups')
  mkdirSync(backups, { recursive: true, mode: 0o700 })
  clear(folder)
  const wanted = statSync(file).size
  const free = freeBytes(folder)
  if (free < wanted) throw fullDiskForCopy(free, wanted)
  const found = schemaIn(folder) ?? 'unknown'
  copy(file, join(folder, nextName))
  await upgrade(python, around, keep)
  const backup = `mlflow-${found}-before-${release.version}-${new Date().toISOString().replace(/[:.]/g, '')}.db`
  linkSync(file, join(backups, backup)) // so that there is a database at every moment
  renameSync(join(folder, nextName), file)
  return backup
}

/** `VACUUM INTO` copies a consistent state, with what a journal still holds. */
function copy (file: string, target: string): void {
  const db = new sqlite.DatabaseSync(file)
  try {
    db.prepare('VACUUM INTO ?').run(target)
  } finally {
    db.close()
  }
}

function clear (folder: string): void {
  for (const side of ['', '-journal', '-wal', '-shm']) rmSync(join(folder, nextName + side), { force: true })
}

/** MLflow's own command, which also fills an empty database (3.17.2, 3.18.0). */
async function upgrade (python: string, around: Surroundings, keep: (output: string) => void): Promise<void> {
  const { code, output } = await run(python, ['-m', 'mlflow', 'db', 'upgrade', `sqlite:///${nextName}`], around)
  keep(output)
  if (code !== 0) throw failedUpgrade()
}
