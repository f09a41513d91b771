/** The key store in a SQLite file: its SQL. What a row means and what becomes of it says `records.ts`. */
import { KeyKnownError, LastAdminError } from '../../conflicts.js'
import type { Care, KeyRecord, KeyRow, KeyStore, KeyVerifier } from '../../contract.js'
import { hashKey, type KeyForm } from '../../key.js'
import { StoreProblem, type Report } from '../../listeners.js'
import { otherAdmin, pageOrder, select, toPage } from '../../listing.js'
import {
  changed, changingColumns, disabled, enabled, importedRow, keyColumns, losesAdmin, newRow, revoked, rotated, storedForms, toIssued,
  toRecord, toVerdict
} from '../../records.js'
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
    ...look(database, now),
    ...manage(database, now)
  }
}

type Looks = Pick<KeyStore, 'list' | 'page' | 'show' | 'find' | 'dump'>

function look (database: Database, now: () => number): Looks {
  return {
    list: async () => database.read(all).map(toRecord),
    page: async query => database.read(sql => {
      const { where, values } = select(query, place, now())
      const text = `SELECT * FROM keys WHERE ${where} ORDER BY ${pageOrder} LIMIT ${place(values.length + 1)}`
      return toPage(sql(text).all(...values, query.limit + 1) as KeyRow[], query.limit)
    }),
    show: async id => database.read(sql => recordOf(find(sql, id))),
    find: async key => database.read(sql => recordOf(findByHash(sql, hashKey(key)))),
    dump: async () => database.read(all)
  }
}

/** What those do who manage keys. */
function manage (database: Database, now: () => number): Omit<KeyStore, keyof KeyVerifier | keyof Looks> {
  type Turn = (row: KeyRow, at: number) => KeyRow
  const alter = (sql: Sql, id: string, change: Turn, { keepsAdmin = false }: Care = {}): KeyRecord | undefined => {
    const [row, at] = [find(sql, id), now()]
    if (row === undefined) return undefined
    const next = change(row, at)
    if (keepsAdmin && losesAdmin(row, next, at) && !hasOtherAdmin(sql, id, at)) throw new LastAdminError()
    return toRecord(update(sql, row, next))
  }

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
    update: async (id, changes, care) => database.write(sql => alter(sql, id, (row, at) => changed(row, changes, at), care)),
    disable: async (id, reason, care) => database.insist(sql => alter(sql, id, (row, at) => disabled(row, reason, at), care)),
    enable: async id => database.write(sql => alter(sql, id, enabled)),
    prune: async revokedBefore => database.write(sql => {
      sql('PRAGMA defer_foreign_keys = ON').run()
      const gone = sql('DELETE FROM keys WHERE revoked_at < ? AND rowid < (SELECT max(rowid) FROM keys)').run(revokedBefore).changes
      sql(withoutLost).run()
      return Number(gone)
    }),
    revoke: async (id, reason, care) => database.insist(sql => alter(sql, id, (row, at) => revoked(row, reason, at), care)),
    rotate: async (id, overlapMs, latest) => database.insist(sql => {
      const row = find(sql, id)
      if (row === undefined) return undefined
      const { next, old } = rotated(row, { overlapMs, latest }, now())
      insert(sql, next.row)
      update(sql, row, old)
      return toIssued(next)
    }),
    import: async (keys, onKnown) => database.write(sql => {
      const imported = keys.filter(key => insert(sql, importedRow(key, now()), 'ON CONFLICT (hash) DO NOTHING')).length
      const known = keys.length - imported
      if (onKnown === 'refuse' && known > 0) throw new KeyKnownError(known)
      return { imported, known }
    }),
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

/** How a numbered parameter is written. */
function place (number: number): string {
  return `?${number}`
}

function hasOtherAdmin (sql: Sql, id: string, at: number): boolean {
  const { where, values } = otherAdmin(id, place, at)
  return sql(`SELECT 1 FROM keys WHERE ${where} LIMIT 1`).get(...values) !== undefined
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
