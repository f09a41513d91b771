/** A store that answers later and tells all who have it open of each change, as a database behind a network does. */
import { setImmediate as turn } from 'node:timers/promises'
import { KeyKnownError, LastAdminError } from '../../src/keys/conflicts.js'
import { StoreUnavailableError, type Care, type Imported, type KeyPage, type KeyQuery, type KeyRecord, type KeyRow, type KeyStore, type StoredForm } from '../../src/keys/contract.js'
import { hashKey } from '../../src/keys/key.js'
import { changed, disabled, enabled, importedRow, losesAdmin, mayManage, newRow, revoked, rotated, stateOf, toIssued, toRecord, toVerdict } from '../../src/keys/records.js'
import { createVerdictCache } from '../../src/keys/verdict-cache.js'
import type { StoreSubject } from './store-subject.js'

type Rows = ReadonlyMap<string, KeyRow>

interface Server {
  /** By id; replaced as a whole when a transaction ends well. */
  rows: Rows
  isDown: boolean
  statements: number
  /** The end of the transaction that runs last. */
  last: Promise<unknown>
  readonly listeners: Set<(row: KeyRow) => void>
}

export function openServer (): StoreSubject {
  const server: Server = { rows: new Map(), isDown: false, statements: 0, last: Promise.resolve(), listeners: new Set() }
  const clock = { at: Date.parse('2027-01-01') }
  return {
    store: connect(server, () => clock.at),
    another: async () => connect(server, () => clock.at),
    clock,
    passSecond: async () => { clock.at += 1000 },
    fail: async () => { server.isDown = true },
    statements: () => server.statements
  }
}

async function ask<T> (server: Server, statement: (rows: Rows) => T): Promise<T> {
  server.statements++
  await turn()
  if (server.isDown) throw new StoreUnavailableError('The key server cannot be reached.')
  return statement(server.rows)
}

/** Does all of the work on rows of its own, one transaction after the other, or none of it; then tells of what has changed. */
async function transact<T> (server: Server, work: (rows: Map<string, KeyRow>) => T | Promise<T>): Promise<T> {
  const run = async (): Promise<T> => {
    const rows = new Map(await ask(server, rows => rows))
    const result = await work(rows)
    const told = [...rows.values()].filter(row => server.rows.get(row.id) !== row).concat([...server.rows.values()].filter(({ id }) => !rows.has(id)))
    server.rows = rows
    for (const row of told) for (const listener of server.listeners) listener(row)
    return result
  }
  const result = server.last.then(run)
  server.last = result.catch(() => {})
  return await result
}

function put (rows: Map<string, KeyRow>, row: KeyRow): KeyRow {
  if (!/^[0-9a-f]{64}$/.test(row.hash)) throw new StoreUnavailableError('The key server refuses a row.')
  rows.set(row.id, row)
  return row
}

function pageIn (rows: readonly KeyRow[], { state, owner, name, hint = '', after, limit }: KeyQuery, at: number): KeyPage {
  const isAfter = (record: KeyRecord): boolean => after === undefined || record.createdAt > after.createdAt || (record.createdAt === after.createdAt && record.keyId > after.keyId)
  const found = rows.map(toRecord)
    .filter(record => (state === undefined || stateOf(record, at) === state) && (owner === undefined || record.userId === owner))
    .filter(record => (name === undefined || record.name === name) && record.hint.includes(hint) && isAfter(record))
    .sort((one, other) => one.createdAt - other.createdAt || (one.keyId < other.keyId ? -1 : 1))
  const last = found.length > limit ? found[limit - 1] : undefined
  return { records: found.slice(0, limit), next: last === undefined ? undefined : { createdAt: last.createdAt, keyId: last.keyId } }
}

/** Takes the rows whose keys are not known; a successor is named only where it is there. */
function take (rows: Map<string, KeyRow>, offered: readonly KeyRow[]): Imported {
  const known = new Set([...rows.values()].map(({ hash }) => hash))
  const fresh = offered.filter(({ hash }) => !known.has(hash))
  const ids = new Set([...rows.keys(), ...fresh.map(({ id }) => id)])
  for (const row of fresh) put(rows, { ...row, replaced_by: row.replaced_by !== null && ids.has(row.replaced_by) ? row.replaced_by : null })
  return { imported: fresh.length, known: offered.length - fresh.length }
}

function connect (server: Server, now: () => number): KeyStore {
  const forms = new Set<StoredForm>([...server.rows.values()].map(({ form }) => form))
  const cache = createVerdictCache({
    ask: async (_key, _address, hash) => await ask(server, rows => toVerdict([...rows.values()].find(row => row.hash === hash))),
    holds: form => forms.has(form) || forms.has('unknown')
  }, { cacheMs: Infinity, staleMs: 600_000, keepUnknown: true, collectUsed: true, now })
  const listener = (row: KeyRow): void => {
    forms.add(row.form)
    cache.invalidate(row.id)
  }
  server.listeners.add(listener)
  const alter = async (id: string, change: (row: KeyRow, at: number) => KeyRow, care?: Care): Promise<KeyRecord | undefined> =>
    await transact(server, rows => {
      const row = rows.get(id)
      if (row === undefined) return undefined
      const next = change(row, now())
      const others = [...rows.values()].map(toRecord).filter(record => record.keyId !== id && stateOf(record, now()) === 'live' && mayManage(record))
      if (care?.keepsAdmin === true && losesAdmin(row, next, now()) && others.length === 0) throw new LastAdminError()
      return toRecord(put(rows, next))
    })
  return {
    verify: cache.verify,
    recall: cache.recall,
    check: async () => { await ask(server, () => undefined) },
    close: async () => {
      server.listeners.delete(listener)
      await transact(server, rows => {
        for (const [id, at] of cache.takeUsed()) {
          const row = rows.get(id)
          if (row !== undefined) put(rows, { ...row, last_used_at: at })
        }
      })
    },
    create: async key => await transact(server, rows => {
      const made = newRow(key, now())
      put(rows, made.row)
      return toIssued(made)
    }),
    createFirst: async (key, keep) => await transact(server, rows => {
      if (rows.size > 0) return undefined
      const made = newRow(key, now())
      put(rows, made.row)
      keep(made.key)
      return toIssued(made)
    }),
    list: async () => await ask(server, rows => [...rows.values()].map(toRecord)),
    page: async query => await ask(server, rows => pageIn([...rows.values()], query, now())),
    show: async id => await ask(server, rows => rows.has(id) ? toRecord(rows.get(id) as KeyRow) : undefined),
    find: async key => await ask(server, rows => [...rows.values()].filter(({ hash }) => hash === hashKey(key)).map(toRecord)[0]),
    update: async (id, changes, care) => await alter(id, (row, at) => changed(row, changes, at), care),
    disable: async (id, reason, care) => await alter(id, (row, at) => disabled(row, reason, at), care),
    enable: async id => await alter(id, enabled),
    prune: async revokedBefore => await transact(server, rows => {
      const gone = [...rows.values()].slice(0, -1).filter(({ revoked_at: at }) => at !== null && at < revokedBefore)
      for (const { id } of gone) rows.delete(id)
      for (const row of rows.values()) if (row.replaced_by !== null && !rows.has(row.replaced_by)) put(rows, { ...row, replaced_by: null })
      return gone.length
    }),
    revoke: async (id, reason, care) => await alter(id, (row, at) => revoked(row, reason, at), care),
    rotate: async (id, overlapMs, latest) => await transact(server, rows => {
      const row = rows.get(id)
      if (row === undefined) return undefined
      const { next, old } = rotated(row, { overlapMs, latest }, now())
      put(rows, next.row)
      put(rows, old)
      return toIssued(next)
    }),
    import: async (keys, onKnown) => await transact(server, rows => {
      const taken = take(rows, keys.map(key => importedRow(key, now())))
      if (onKnown === 'refuse' && taken.known > 0) throw new KeyKnownError(taken.known)
      return taken
    }),
    dump: async () => await ask(server, rows => [...rows.values()]),
    restore: async dumped => await transact(server, rows => take(rows, dumped))
  }
}
