/** The key store in a SQLite file: its rows, and what is done to them. */
import { openDatabase, type Database, type Sql } from './database.js'
import { createId, environmentOf, formOf, generateKey, hashKey, hintOf, type Environment } from '../../key.js'
import { createLookup } from '../../lookup.js'
import { toScopes } from '../../../access/scopes.js'
import { KeyEndedError, type IssuedKey, type KeyRecord, type KeyStore, type NewKey, type Report } from '../../contract.js'

export interface SqliteOptions {
  readonly report?: Report
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
  /** Told of each search for a key in the file, which known and malformed keys must not cause. */
  readonly onSearch?: () => void
}

const flushMs = 10_000

/** Opens the store, and makes its file where there is none. @throws StoreUnavailableError */
export function openSqlite (file: string, { report, now = Date.now, onSearch }: SqliteOptions = {}): KeyStore {
  const lookup = createLookup({
    find: hash => {
      onSearch?.()
      const row = database.read(sql => sql('SELECT * FROM keys WHERE hash = ?').get(hash))
      return row === undefined ? undefined : toRecord(row as Row)
    },
    forms: () => database.read(formsIn)
  })
  const database = openDatabase(file, lookup.forget, now)
  const flush = (): void => writeUsed(database, lookup.takeUsed(), report)
  const timer = setInterval(() => {
    flush()
    database.refill()
  }, flushMs).unref()

  return {
    verify: key => {
      database.watch()
      return lookup.verify(key, now())
    },
    check: async () => { database.read(formsIn) },
    close: async () => {
      clearInterval(timer)
      flush()
      database.close()
    },
    create: async key => database.write(sql => issue(sql, key, now())),
    createFirst: async (key, keep) => database.write(sql => {
      if (sql('SELECT 1 FROM keys LIMIT 1').get() !== undefined) return undefined
      const issued = issue(sql, key, now())
      keep(issued.key)
      return issued
    }),
    list: async () => database.read(sql => (sql('SELECT * FROM keys ORDER BY created_at, rowid').all() as Row[]).map(toRecord)),
    show: async id => database.read(sql => recordOf(sql, id)),
    revoke: async (id, reason) => database.insist(sql => {
      sql('UPDATE keys SET revoked_at = ?, revoke_reason = ? WHERE id = ? AND revoked_at IS NULL').run(now(), reason ?? null, id)
      return recordOf(sql, id)
    }),
    rotate: async (id, overlapMs) => database.insist(sql => rotate(sql, id, overlapMs, now())),
    import: async keys => database.write(sql => {
      const rows = keys.map(key => newRow(key, key, now()))
      const imported = rows.filter(row => insert(sql, row, 'ON CONFLICT (hash) DO NOTHING')).length
      return { imported, known: keys.length - imported }
    })
  }
}

function issue (sql: Sql, grants: NewKey, at: number): IssuedKey {
  const key = generateKey(grants.environment)
  const row = newRow(grants, { key }, at)
  insert(sql, row)
  return { key, record: toRecord(row) }
}

function rotate (sql: Sql, id: string, overlapMs: number, at: number): IssuedKey | undefined {
  const row = find(sql, id)
  if (row === undefined) return undefined
  const old = toRecord(row)
  if (old.revokedAt !== undefined) throw new KeyEndedError('The key is revoked: create a new one.')
  if (old.expiresAt !== undefined && at >= old.expiresAt) throw new KeyEndedError('The key has expired: create a new one.')
  // The expiry it was made with, not the end of an earlier overlap.
  const issued = issue(sql, { ...old, environment: old.environment === 'test' ? 'test' : 'live', expiresAt: row.expires_at ?? undefined }, at)
  if (overlapMs > 0) sql('UPDATE keys SET replaced_by = ?, overlap_until = min(coalesce(overlap_until, ?2), ?2) WHERE id = ?').run(issued.record.keyId, at + overlapMs, id)
  else sql('UPDATE keys SET replaced_by = ?, revoked_at = ?, revoke_reason = ? WHERE id = ?').run(issued.record.keyId, at, 'rotated', id)
  return issued
}

/** A full disk or another writer must not stop requests: what could not be written is told of, and written when the key is used again. */
function writeUsed (database: Database, used: ReadonlyMap<string, number>, report: Report | undefined): void {
  if (used.size === 0) return
  try {
    database.jot(sql => {
      const update = sql('UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?')
      for (const [id, at] of used) update.run(at, id)
    })
  } catch (error) {
    report?.(new Error('The last-used times of keys cannot be written.', { cause: error }))
  }
}

/** One row of `keys`: times in milliseconds since 1970, lists as JSON. */
interface Row {
  readonly id: string
  readonly hash: string
  readonly hint: string
  readonly form: string
  readonly environment: Environment
  readonly user_id: string
  readonly name: string
  readonly scopes: string
  readonly workspaces: string
  readonly rate_per_hour: number | null
  readonly created_at: number
  readonly expires_at: number | null
  readonly overlap_until: number | null
  readonly last_used_at: number | null
  readonly revoked_at: number | null
  readonly revoke_reason: string | null
  readonly replaced_by: string | null
}

function newRow (grants: Omit<NewKey, 'environment'>, from: { readonly key: string } | { readonly hash: string }, createdAt: number): Row {
  // Of a key known by its hash alone neither the form nor the first characters can be told.
  const seen = 'key' in from
    ? { hash: hashKey(from.key), hint: hintOf(from.key), form: formOf(from.key), environment: environmentOf(from.key) }
    : { hash: from.hash, hint: '…', form: 'unknown', environment: 'other' as const }
  return {
    ...seen,
    id: createId(),
    user_id: grants.userId,
    name: grants.name,
    scopes: JSON.stringify([...grants.scopes]),
    workspaces: JSON.stringify(grants.workspaces),
    rate_per_hour: grants.ratePerHour ?? null,
    created_at: createdAt,
    expires_at: grants.expiresAt ?? null,
    overlap_until: null,
    last_used_at: null,
    revoked_at: null,
    revoke_reason: null,
    replaced_by: null
  }
}

function toRecord (row: Row): KeyRecord {
  const ends = [row.expires_at, row.overlap_until].filter(end => end !== null)
  return {
    keyId: row.id,
    userId: row.user_id,
    name: row.name,
    hint: row.hint,
    environment: row.environment,
    scopes: toScopes(JSON.parse(row.scopes) as string[]),
    workspaces: JSON.parse(row.workspaces) as string[],
    ratePerHour: row.rate_per_hour ?? undefined,
    expiresAt: ends.length === 0 ? undefined : Math.min(...ends),
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    revokeReason: row.revoke_reason ?? undefined,
    replacedBy: row.replaced_by ?? undefined
  }
}

/** Whether the row went in; the parameters carry the names of the columns. */
function insert (sql: Sql, row: Row, onConflict: string = ''): boolean {
  const columns = Object.keys(row)
  return sql(`INSERT INTO keys (${columns.join(', ')}) VALUES (${columns.map(column => `:${column}`).join(', ')}) ${onConflict}`).run({ ...row }).changes === 1
}

function find (sql: Sql, id: string): Row | undefined {
  return sql('SELECT * FROM keys WHERE id = ?').get(id) as Row | undefined
}

function recordOf (sql: Sql, id: string): KeyRecord | undefined {
  const row = find(sql, id)
  return row === undefined ? undefined : toRecord(row)
}

function formsIn (sql: Sql): ReadonlySet<string> {
  // One step into the index for each form, however many keys there are.
  const one = sql('SELECT 1 FROM keys WHERE form = ? LIMIT 1')
  return new Set(['sealed', 'broken', 'platform', 'foreign', 'unknown'].filter(form => one.get(form) !== undefined))
}
