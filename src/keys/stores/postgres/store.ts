/** The key store in PostgreSQL: its SQL, and when what is remembered counts. What a row means and what becomes of it says `records.ts`. */
import pg from 'pg'
import type { PostgresAddress } from '../../../core/settings/postgres-url.js'
import type { Imported, KeyRow, KeyStore, KeyVerifier, StoreListeners } from '../../contract.js'
import { hashKey, type KeyForm } from '../../key.js'
import { changed as changedRow, changingColumns, importedRow, keyColumns, newRow, revoked, rotated, storedForms, toIssued, toRecord, toVerdict } from '../../records.js'
import { shareCheck } from '../../shared-check.js'
import { createVerdictCache } from '../../verdict-cache.js'
import { connectionOptions, longMs, openDatabase, type Database, type Sql } from './database.js'
import { openLink } from './link.js'
import { migrate } from './migrate.js'
import { openSessionRows } from './sessions.js'
import { collectUses } from './uses.js'

export interface PostgresOptions extends StoreListeners {
  /** How long after it was last seen valid a key stays so while the server does not answer, milliseconds. */
  readonly staleMs: number
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
  /** Told of each statement but the beats of the link. */
  readonly onStatement?: (text: string) => void
}

/** When more keys than this change at once, it is cheaper to ask about all again than to look for each of them. */
const changesMax = 100
/** While changes are not told of, what the server says of a key counts so long. */
const doubtfulMs = 250

/** Opens the store, and makes its tables where there are none. @throws StoreUnavailableError */
export async function openPostgres (address: PostgresAddress, options: PostgresOptions): Promise<KeyStore> {
  const { staleMs, report, onLink, now = Date.now, onStatement } = options
  const database = openDatabase(address, onStatement)
  try {
    await migrate(database)
  } catch (error) {
    await database.close()
    throw error
  }
  const forms = new Set<string>()
  const cache = createVerdictCache({
    ask: async (_key, _address, hash) => toVerdict((await database.sql<KeyRow>(byHash, [hash])).rows[0]),
    holds: form => holds(forms, form) || !link.isCertain()
  }, { cacheMs: Infinity, staleMs, keepUnknown: true, collectUsed: true, now })

  /** As the triggers of `migrate.ts` tell of it. */
  function change (payload: string): void {
    if (payload.startsWith('+')) forms.add(payload.slice(1))
    cache.invalidate(payload === '' ? undefined : payload)
  }

  const told = gather(payloads => {
    const isMuch = payloads.size > changesMax
    if (isMuch) cache.invalidate()
    for (const payload of payloads) if (!isMuch || payload.startsWith('+')) change(payload)
  })
  const link = await openLink({
    makeClient: () => new pg.Client(connectionOptions(address)),
    resume: async client => {
      onStatement?.(formsHeld)
      for (const { form } of (await client.query<{ form: string }>(formsHeld)).rows) forms.add(form)
      database.noteAnswer()
      cache.invalidate()
    },
    onChange: (payload, processId) => {
      if (!database.owns(processId)) told(payload) // our own changes are known as soon as they are made
    },
    onState: lost => {
      cache.invalidate()
      onLink?.(lost)
    }
  })
  const uses = collectUses(database.sql, cache.takeUsed, report)
  let doubtedAt = -Infinity

  function doubt (): void {
    if (link.isCertain() || performance.now() - doubtedAt < doubtfulMs) return
    doubtedAt = performance.now()
    cache.invalidate()
  }

  return {
    verify: (key, address) => {
      doubt()
      return cache.verify(key, address)
    },
    recall: cache.recall,
    sessions: openSessionRows(database, hash => {
      doubt()
      return cache.verifyHash(hash)
    }),
    check: shareCheck(async () => { await database.sql(any) }, now),
    close: async () => {
      await uses.close()
      link.close()
      await database.close()
    },
    ...manage(database, now, change)
  }
}

/** What those do who manage keys. @param changed told of each change, in the terms of the triggers */
function manage (database: Database, now: () => number, changed: (payload: string) => void): Omit<KeyStore, keyof KeyVerifier> {
  /** Where the connection breaks at the end, it may have been done: what was known of the keys does not count in any case. */
  async function change<T> (payloads: readonly string[], work: (sql: Sql) => Promise<T>, ms?: number): Promise<T> {
    try {
      return await database.transact(async ({ sql }) => await work(sql), ms)
    } finally {
      for (const payload of payloads) changed(payload)
    }
  }

  const take = async (rows: readonly KeyRow[], onConflict: string): Promise<Imported> => {
    const imported = await change(addedBy(rows), async sql => await takeOver(sql, rows, onConflict), longMs)
    return { imported, known: rows.length - imported }
  }
  const all = async (): Promise<readonly KeyRow[]> =>
    await database.transact(async ({ sql }) => (await sql<KeyRow>(oldestFirst)).rows, longMs)

  return {
    create: async key => {
      const made = newRow(key, now())
      await change([ours], async sql => await insert(sql, [made.row]))
      return toIssued(made)
    },
    createFirst: async (key, keep) => {
      if ((await database.sql(any)).rows.length > 0) return undefined
      const made = newRow(key, now())
      return await change([ours], async sql => {
        await sql('LOCK TABLE hokusai_mlflow.keys IN SHARE ROW EXCLUSIVE MODE') // which lets nobody else write, and all read
        if ((await sql(any)).rows.length > 0) return undefined
        await insert(sql, [made.row])
        keep(made.key)
        return toIssued(made)
      })
    },
    list: async () => (await all()).map(toRecord),
    show: async id => (await database.sql<KeyRow>(byId, [id])).rows.map(toRecord)[0],
    find: async key => (await database.sql<KeyRow>(byHash, [hashKey(key)])).rows.map(toRecord)[0],
    update: async (id, changes) => await change([id], async sql => {
      const row = await lock(sql, id)
      return row === undefined ? undefined : toRecord(await update(sql, row, changedRow(row, changes, now())))
    }),
    prune: async revokedBefore => await change([''], async sql => {
      await sql('SET CONSTRAINTS ALL DEFERRED')
      const { count } = await sql(`DELETE FROM hokusai_mlflow.keys
        WHERE revoked_at < $1 AND position < (SELECT max(position) FROM hokusai_mlflow.keys)`, [revokedBefore])
      await sql(withoutLost)
      return count
    }, longMs),
    revoke: async (id, reason) => await change([id], async sql => {
      const row = await lock(sql, id)
      return row === undefined ? undefined : toRecord(await update(sql, row, revoked(row, reason, now())))
    }),
    rotate: async (id, overlapMs) => await change([id, ours], async sql => {
      const row = await lock(sql, id)
      if (row === undefined) return undefined
      const { next, old } = rotated(row, overlapMs, now())
      await insert(sql, [next.row])
      await update(sql, row, old)
      return toIssued(next)
    }),
    import: async keys => await take(keys.map(key => importedRow(key, now())), 'ON CONFLICT (hash) DO NOTHING'),
    dump: all,
    restore: async rows => await take(rows, 'ON CONFLICT DO NOTHING')
  }
}

const columns = keyColumns.join(', ')
const byHash = `SELECT ${columns} FROM hokusai_mlflow.keys WHERE hash = $1`
const byId = `SELECT ${columns} FROM hokusai_mlflow.keys WHERE id = $1`
const oldestFirst = `SELECT ${columns} FROM hokusai_mlflow.keys ORDER BY created_at, position`
const any = 'SELECT 1 FROM hokusai_mlflow.keys LIMIT 1'
// One step into the index for each form, however many keys there are.
const formsHeld = `SELECT form FROM (VALUES ${storedForms.map(form => `('${form}')`).join(', ')}) AS forms (form)
  WHERE EXISTS (SELECT 1 FROM hokusai_mlflow.keys AS k WHERE k.form = forms.form)`

/** Rows that go over at once: a megabyte. */
const batchRows = 2000

/** No key is replaced by one that is not there. */
const withoutLost = `UPDATE hokusai_mlflow.keys AS k SET replaced_by = NULL
  WHERE replaced_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM hokusai_mlflow.keys WHERE id = k.replaced_by)`

/** How many of the rows went in. */
async function insert (sql: Sql, rows: readonly KeyRow[], onConflict: string = ''): Promise<number> {
  const given = `SELECT ${columns} FROM jsonb_populate_recordset(NULL::hokusai_mlflow.keys, $1)`
  const text = `INSERT INTO hokusai_mlflow.keys (${columns}) ${given} ${onConflict}`
  let inserted = 0
  for (let start = 0; start < rows.length; start += batchRows) {
    inserted += (await sql(text, [JSON.stringify(rows.slice(start, start + batchRows))])).count
  }
  return inserted
}

/** Takes the rows whose keys are not known. @returns how many that were */
async function takeOver (sql: Sql, rows: readonly KeyRow[], onConflict: string): Promise<number> {
  await sql('SET CONSTRAINTS ALL DEFERRED') // a key comes before the one that took its place
  const count = await insert(sql, rows, onConflict)
  // What took its place may be held here already, under another id.
  await sql(withoutLost)
  return count
}

/** A key that nobody else changes until the end of the transaction. */
async function lock (sql: Sql, id: string): Promise<KeyRow | undefined> {
  return (await sql<KeyRow>(`${byId} FOR UPDATE`, [id])).rows[0]
}

/** Writes what has become of a row. */
async function update (sql: Sql, from: KeyRow, to: KeyRow): Promise<KeyRow> {
  if (from === to) return to
  const changes = changingColumns.map((column, index) => `${column} = $${index + 2}`)
  await sql(`UPDATE hokusai_mlflow.keys SET ${changes.join(', ')} WHERE id = $1`, [to.id, ...changingColumns.map(column => to[column])])
  return to
}

/** What is told of a key that we have made. */
const ours = '+sealed'

function addedBy (rows: readonly KeyRow[]): string[] {
  return [...new Set(rows.map(({ form }) => `+${form}`))]
}

/**
 * Only keys that were revoked long ago are ever deleted, so a form that was there may be taken to stay. One of our own making may have
 * been made by another replica just now, before that was told of.
 */
function holds (forms: ReadonlySet<string>, form: KeyForm): boolean {
  return form === 'sealed' || forms.has(form) || forms.has('unknown')
}

/** Hands on together what comes in one piece of input. */
function gather (take: (payloads: ReadonlySet<string>) => void): (payload: string) => void {
  let waiting = new Set<string>()
  return payload => {
    if (waiting.size === 0) {
      queueMicrotask(() => {
        const taken = waiting
        waiting = new Set()
        take(taken)
      })
    }
    waiting.add(payload)
  }
}
