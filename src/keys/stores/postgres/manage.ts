/** What those do with the keys in PostgreSQL who manage them: its SQL. What a row means and what becomes of it says `records.ts`. */
import { KeyKnownError, LastAdminError } from '../../conflicts.js'
import type { Care, Imported, KeyRecord, KeyRow, KeyStore, KeyVerifier } from '../../contract.js'
import { hashKey } from '../../key.js'
import { otherAdmin, pageOrder, select, toPage } from '../../listing.js'
import {
  changed as changedRow, changingColumns, disabled, enabled, importedRow, keyColumns, losesAdmin, newRow, revoked, rotated, storedForms,
  toIssued, toRecord
} from '../../records.js'
import { longMs, type Database, type Sql } from './database.js'

/** Does work as a transaction, and says which keys it has changed, in the terms of the triggers. */
type Change = <T>(payloads: readonly string[], work: (sql: Sql) => Promise<T>, ms?: number) => Promise<T>

type Managed = Omit<KeyStore, keyof KeyVerifier>

/** @param changed told of each change, in the terms of the triggers */
export function manage (database: Database, now: () => number, changed: (payload: string) => void): Managed {
  /** Where the connection breaks at the end, it may have been done: what was known of the keys does not count in any case. */
  const change: Change = async (payloads, work, ms) => {
    try {
      return await database.transact(async ({ sql }) => await work(sql), ms)
    } finally {
      for (const payload of payloads) changed(payload)
    }
  }
  return { ...look(database, now), ...bring(database, now, change), ...alter(now, change) }
}

function look (database: Database, now: () => number): Pick<Managed, 'list' | 'page' | 'show' | 'find' | 'dump'> {
  const all = async (): Promise<readonly KeyRow[]> =>
    await database.transact(async ({ sql }) => (await sql<KeyRow>(oldestFirst)).rows, longMs)
  return {
    list: async () => (await all()).map(toRecord),
    page: async query => {
      const { where, values } = select(query, place, now())
      const text = `SELECT ${columns} FROM hokusai_mlflow.keys WHERE ${where} ORDER BY ${pageOrder} LIMIT ${place(values.length + 1)}`
      return toPage((await database.sql<KeyRow>(text, [...values, query.limit + 1])).rows, query.limit)
    },
    show: async id => (await database.sql<KeyRow>(byId, [id])).rows.map(toRecord)[0],
    find: async key => (await database.sql<KeyRow>(byHash, [hashKey(key)])).rows.map(toRecord)[0],
    dump: all
  }
}

/** What brings new keys. */
function bring (
  database: Database,
  now: () => number,
  change: Change
): Pick<Managed, 'create' | 'createFirst' | 'rotate' | 'import' | 'restore'> {
  const take = async (rows: readonly KeyRow[], onConflict: string, onKnown?: 'refuse'): Promise<Imported> => {
    const imported = await change(addedBy(rows), async sql => {
      const count = await takeOver(sql, rows, onConflict)
      if (onKnown === 'refuse' && count < rows.length) throw new KeyKnownError(rows.length - count)
      return count
    }, longMs)
    return { imported, known: rows.length - imported }
  }

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
    rotate: async (id, overlapMs, latest) => await change([id, ours], async sql => {
      const row = await lock(sql, id)
      if (row === undefined) return undefined
      const { next, old } = rotated(row, { overlapMs, latest }, now())
      await insert(sql, [next.row])
      await update(sql, row, old)
      return toIssued(next)
    }),
    import: async (keys, onKnown) => await take(keys.map(key => importedRow(key, now())), 'ON CONFLICT (hash) DO NOTHING', onKnown),
    restore: async rows => await take(rows, 'ON CONFLICT DO NOTHING')
  }
}

/** What becomes of keys that are there. */
function alter (now: () => number, change: Change): Pick<Managed, 'update' | 'disable' | 'enable' | 'revoke' | 'prune'> {
  const turn = async (
    id: string,
    into: (row: KeyRow, at: number) => KeyRow,
    { keepsAdmin = false }: Care = {}
  ): Promise<KeyRecord | undefined> => await change([id], async sql => {
    // Two that take the way in from each other go one after the other: the second one sees what the first has done.
    if (keepsAdmin) await sql('SELECT pg_advisory_xact_lock($1)', [adminsLockId])
    const row = await lock(sql, id)
    if (row === undefined) return undefined
    const at = now()
    const next = into(row, at)
    if (keepsAdmin && losesAdmin(row, next, at) && !await hasOtherAdmin(sql, id, at)) throw new LastAdminError()
    return toRecord(await update(sql, row, next))
  })

  return {
    update: async (id, changes, care) => await turn(id, (row, at) => changedRow(row, changes, at), care),
    disable: async (id, reason, care) => await turn(id, (row, at) => disabled(row, reason, at), care),
    enable: async id => await turn(id, enabled),
    revoke: async (id, reason, care) => await turn(id, (row, at) => revoked(row, reason, at), care),
    prune: async revokedBefore => await change([''], async sql => {
      await sql('SET CONSTRAINTS ALL DEFERRED')
      const { count } = await sql(`DELETE FROM hokusai_mlflow.keys
        WHERE revoked_at < $1 AND position < (SELECT max(position) FROM hokusai_mlflow.keys)`, [revokedBefore])
      await sql(withoutLost)
      return count
    }, longMs)
  }
}

/** Any number will do that nobody else locks in the same database: one more than that of `migrate.ts`. */
const adminsLockId = 5_201_917_232

/** How a numbered parameter is written. */
function place (number: number): string {
  return `$${number}`
}

async function hasOtherAdmin (sql: Sql, id: string, at: number): Promise<boolean> {
  const { where, values } = otherAdmin(id, place, at)
  return (await sql(`SELECT 1 FROM hokusai_mlflow.keys WHERE ${where} LIMIT 1`, values)).rows.length > 0
}

const columns = keyColumns.join(', ')
export const byHash = `SELECT ${columns} FROM hokusai_mlflow.keys WHERE hash = $1`
const byId = `SELECT ${columns} FROM hokusai_mlflow.keys WHERE id = $1`
const oldestFirst = `SELECT ${columns} FROM hokusai_mlflow.keys ORDER BY created_at, position`
export const any = 'SELECT 1 FROM hokusai_mlflow.keys LIMIT 1'
// One step into the index for each form, however many keys there are.
export const formsHeld = `SELECT form FROM (VALUES ${storedForms.map(form => `('${form}')`).join(', ')}) AS forms (form)
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
