/** The key store in a SQLite file: its SQL. What a row means and what becomes of it says `records.ts`. */
import { StoreProblem, type KeyRecord, type KeyRow, type KeyStore, type KeyVerifier, type Report } from '../../contract.js'
import { hashKey, type KeyForm } from '../../key.js'
import { changed, changingColumns, importedRow, keyColumns, newRow, revoked, rotated, storedForms, toIssued, toRecord, toVerdict } from '../../records.js'
import { createVerdictCache } from '../../verdict-cache.js'
import { openDatabase, type Database, type Sql } from './database.js'
import { openSessionRows } from './sessions.js'

export interface SqliteOptions {
  readonly report?: Report
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
  /** Told of each statement, of which known and malformed keys must not cause any. */
  readonly onStatement?: (sql: string) => void
}

const flushMs = 10_000

/** Opens the store, and makes its file where there is none. @throws StoreUnavailableError */
export function openSqlite (file: string, { report, now = Date.now, onStatement }: SqliteOptions = {}): KeyStore {
  const forms = createForms(() => database.read(formsIn))
  const cache = createVerdictCache({
    ask: (_key, _address, hash) => toVerdict(database.read(sql => findByHash(sql, hash))),
    holds: forms.holds
  }, { cacheMs: Infinity, staleMs: 0, keepUnknown: true, collectUsed: true, now }) // the file tells of changes, and is there or gone
  const changed = (): void => {
    cache.invalidate()
    forms.changed()
  }
  const database = openDatabase(file, { changed, now, onStatement })
  const flush = (): void => writeUsed(database, cache.takeUsed(), report)
  const timer = setInterval(() => {
    flush()
    database.refill()
  }, flushMs).unref()

  return {
    verify: (key, address) => {
      database.watch()
      return cache.verify(key, address)
    },
    sessions: openSessionRows(database, hash => {
      database.watch()
      return cache.verifyHash(hash)
    }),
    check: async () => { database.read(formsIn) },
    close: async () => {
      clearInterval(timer)
      flush()
      database.close()
    },
    ...manage(database, now)
  }
}

/** What those do who manage keys. */
function manage (database: Database, now: () => number): Omit<KeyStore, keyof KeyVerifier> {
  return {
    create: async key => database.write(sql => {
      const made = newRow(key, now())
      insert(sql, made.row)
      return toIssued(made)
    }),
    createFirst: async (key, keep) => database.write(sql => {
      if (sql('SELECT 1 FROM keys LIMIT 1').get() !== undefined) return undefined
      const made = newRow(key, now())
      insert(sql, made.row)
      keep(made.key)
      return toIssued(made)
    }),
    list: async () => database.read(all).map(toRecord),
    show: async id => database.read(sql => recordOf(find(sql, id))),
    find: async key => database.read(sql => recordOf(findByHash(sql, hashKey(key)))),
    update: async (id, changes) => database.write(sql => {
      const row = find(sql, id)
      return recordOf(row === undefined ? undefined : update(sql, row, changed(row, changes, now())))
    }),
    prune: async revokedBefore => database.write(sql => {
      sql('PRAGMA defer_foreign_keys = ON').run()
      const gone = sql('DELETE FROM keys WHERE revoked_at < ? AND rowid < (SELECT max(rowid) FROM keys)').run(revokedBefore).changes
      sql(withoutLost).run()
      return Number(gone)
    }),
    revoke: async (id, reason) => database.insist(sql => {
      const row = find(sql, id)
      return recordOf(row === undefined ? undefined : update(sql, row, revoked(row, reason, now())))
    }),
    rotate: async (id, overlapMs) => database.insist(sql => {
      const row = find(sql, id)
      if (row === undefined) return undefined
      const { next, old } = rotated(row, overlapMs, now())
      insert(sql, next.row)
      update(sql, row, old)
      return toIssued(next)
    }),
    import: async keys => database.write(sql => {
      const imported = keys.filter(key => insert(sql, importedRow(key, now()), 'ON CONFLICT (hash) DO NOTHING')).length
      return { imported, known: keys.length - imported }
    }),
    dump: async () => database.read(all),
    restore: async rows => database.write(sql => {
      sql('PRAGMA defer_foreign_keys = ON').run() // until the end of the transaction: a key comes before the one that took its place
      const imported = rows.filter(row => insert(sql, row, 'ON CONFLICT DO NOTHING')).length
      // What took its place may be held here already, under another id.
      sql(withoutLost).run()
      return { imported, known: rows.length - imported }
    })
  }
}

/** A full disk or another writer must not stop requests: what could not be written is told of, and written when the key is used again. */
function writeUsed (database: Database, used: ReadonlyMap<string, number>, report: Report | undefined): void {
  if (used.size === 0) return
  try {
    database.writeBestEffort(sql => {
      const statement = sql('UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?')
      for (const [id, at] of used) statement.run(at, id)
    })
  } catch (error) {
    report?.(new StoreProblem('last_used', 'The last-used times of keys cannot be written.', error))
  }
}

/** No key is replaced by one that is not there. */
const withoutLost = 'UPDATE keys SET replaced_by = NULL WHERE replaced_by NOT IN (SELECT id FROM keys)'

const insertion = `INSERT INTO keys (${keyColumns.join(', ')}) VALUES (${keyColumns.map(column => `:${column}`).join(', ')})`

const alteration = `UPDATE keys SET ${changingColumns.map(column => `${column} = :${column}`).join(', ')} WHERE id = :id`

/** Whether the row went in; the parameters carry the names of the columns. */
function insert (sql: Sql, row: KeyRow, onConflict: string = ''): boolean {
  const values = Object.fromEntries(keyColumns.map(column => [column, row[column]]))
  return sql(`${insertion} ${onConflict}`).run(values).changes === 1
}

/** Writes what has become of a row. */
function update (sql: Sql, from: KeyRow, to: KeyRow): KeyRow {
  if (from === to) return to
  sql(alteration).run(Object.fromEntries(['id' as const, ...changingColumns].map(column => [column, to[column]])))
  return to
}

function all (sql: Sql): readonly KeyRow[] {
  return sql('SELECT * FROM keys ORDER BY created_at, rowid').all() as KeyRow[]
}

function find (sql: Sql, id: string): KeyRow | undefined {
  return sql('SELECT * FROM keys WHERE id = ?').get(id) as KeyRow | undefined
}

function findByHash (sql: Sql, hash: string): KeyRow | undefined {
  return sql('SELECT * FROM keys WHERE hash = ?').get(hash) as KeyRow | undefined
}

function recordOf (row: KeyRow | undefined): KeyRecord | undefined {
  return row === undefined ? undefined : toRecord(row)
}

interface Forms {
  readonly holds: (form: KeyForm) => boolean
  readonly changed: () => void
}

/**
 * The forms of keys that the store holds: one of a form that nobody made or imported needs no look. Few keys are ever deleted, so after a
 * change only a form that was missing is looked for again.
 */
function createForms (read: () => ReadonlySet<string>): Forms {
  let held: ReadonlySet<string> = new Set()
  let isOld = true
  const has = (form: KeyForm): boolean => held.has(form) || held.has('unknown')
  return {
    holds: form => {
      if (!isOld || has(form)) return has(form)
      held = read()
      isOld = false
      return has(form)
    },
    changed: () => { isOld = true }
  }
}

function formsIn (sql: Sql): ReadonlySet<string> {
  // One step into the index for each form, however many keys there are.
  const values = storedForms.map(form => `('${form}')`)
  const rows = sql(`SELECT column1 AS form FROM (VALUES ${values.join(', ')}) WHERE EXISTS (SELECT 1 FROM keys WHERE form = column1)`).all()
  return new Set(rows.map(row => (row as { form: string }).form))
}
