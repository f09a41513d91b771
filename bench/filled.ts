/** Stores of our own with few and with very many keys. */
import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import sqlite from '@photostructure/sqlite'
import type { Stage } from '../scripts/cleanup.js'
import { toScopes } from '../src/access/scopes.js'
import { readStoreUrl } from '../src/core/settings/config.js'
import { openStore } from '../src/keys/open.js'
import { channel } from '../src/keys/stores/postgres/migrate.js'
import { startPostgres, urlOf } from '../test/helpers/postgres.js'
import { BenchError } from './machine.js'
import { say, type Stand } from './stand.js'
import { whole } from './report.js'

export interface FilledStore {
  readonly name: 'SQLite' | 'PostgreSQL'
  /** How many. */
  readonly keys: number
  readonly url: string
  /** DATA_DIR of a facade on it. */
  readonly folder: string
  /** A key of the store. */
  readonly keyAt: (index: number) => string
  /** Lets every facade know that any key may have changed; resolves when it does. */
  readonly change: () => Promise<void>
  /** Process groups of its server. */
  readonly serverGroups: () => readonly number[]
}

/** A facade looks whether the file has changed at most every 250 ms. */
const noticedMs = 300
/** On loopback; what the facade does about it is over then, too. */
const heardMs = 20

/** Stores with each of these numbers of keys, of both kinds; those of one kind stand together, the fewest keys first. */
export async function openKeyStores (stage: Pick<Stage, 'teardown'>, { scratch }: Pick<Stand, 'scratch'>, sizes: readonly number[]): Promise<readonly FilledStore[]> {
  const stores: FilledStore[] = []
  for (const keys of sizes) {
    const folder = mkdtempSync(join(scratch, 'sqlite-'))
    const file = join(folder, 'keys.db')
    await fill('SQLite', `sqlite:${file}`, keys)
    stores.push({ name: 'SQLite', keys, url: `sqlite:${file}`, folder, keyAt, change: changeOf(stage, file), serverGroups: () => [] })
  }
  const postgres = await startPostgres(stage)
  process.once('exit', () => { void postgres.kill() }) // whatever ends the benchmark
  // As a server has it unless told otherwise, but for what it would do at a time of its own.
  postgres.configure(['shared_buffers = 128MB', 'autovacuum = off'])
  await postgres.kill()
  await postgres.start()
  for (const keys of sizes) {
    const folder = mkdtempSync(join(scratch, 'postgres-'))
    const database = await postgres.createDatabase()
    const url = urlOf(postgres.port, database)
    await fill('PostgreSQL', url, keys)
    await postgres.query(database, 'VACUUM ANALYZE')
    const change = async (): Promise<void> => {
      await postgres.query(database, `SELECT pg_notify('${channel}', '')`)
      await delay(heardMs)
    }
    stores.push({ name: 'PostgreSQL', keys, url, folder, keyAt, change, serverGroups: postgres.groups })
  }
  await postgres.query('postgres', 'CHECKPOINT')
  return stores
}

/** A writer beside the facade, as commands are. */
function changeOf (stage: Pick<Stage, 'teardown'>, file: string): () => Promise<void> {
  const db = new sqlite.DatabaseSync(file)
  stage.teardown(() => db.close())
  db.exec('PRAGMA busy_timeout = 5000')
  // Something new: SQLite does not write what is there already.
  const touch = db.prepare('UPDATE keys SET last_used_at = coalesce(last_used_at, 0) + 1 WHERE rowid = 1')
  return async () => {
    touch.run()
    await delay(noticedMs)
  }
}

const keyAt = (index: number): string => `a-key-of-the-benchmark-${index}`

const batch = 50_000

/** By their hashes, as keys of another system come. */
async function fill (name: string, url: string, count: number): Promise<void> {
  say(`${name}: ${whole(count)} keys are made`)
  const store = readStoreUrl(url, () => '')
  if (store === undefined) throw new BenchError(`${name} has no URL.`)
  const keys = await openStore({ store, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' })
  const common = { name: 'bench', userId: 'bench', scopes: toScopes(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined }
  for (let from = 0; from < count; from += batch) {
    await keys.import(Array.from({ length: Math.min(batch, count - from) }, (_, index) => {
      return { ...common, hash: createHash('sha256').update(keyAt(from + index)).digest('hex') }
    }))
  }
  await keys.close()
}
