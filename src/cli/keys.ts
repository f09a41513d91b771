/**
 * `hokusai-mlflow keys`: issue, list, revoke, rotate, import and migrate the keys of a store of our own. A key is
 * printed once, to stdout, when it is made.
 */
import { readFileSync } from 'node:fs'
import {
  KeyInputError, splitList, toDurationMs, toExpiry, toGrantedScopes, toLine, toRate, toUserId, toWorkspaces, userIdFrom
} from '../keys/key-input.js'
import { type IssuedKey, type KeyRecord, type KeyStore } from '../keys/contract.js'
import { openStore } from '../keys/open.js'
import type { Config } from '../core/settings/config.js'
import { mount } from '../core/public-paths.js'
import { originFor } from '../core/origin.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { type Io } from '../core/io.js'
import { readConfig } from './environment.js'
import { parseKeyFile } from './keys/file.js'
import { migrate } from './keys/migrate.js'
import { workspaceNote } from './keys/workspaces.js'
import { printTable } from './table.js'

export const keys: Command = {
  name: 'keys',
  summary: 'create, list, revoke, rotate, import and migrate API keys',
  usage: `Usage: hokusai-mlflow keys create --name NAME [OPTIONS]
       hokusai-mlflow keys list
       hokusai-mlflow keys show ID
       hokusai-mlflow keys revoke ID [--reason TEXT]
       hokusai-mlflow keys rotate ID [--overlap 24h]
       hokusai-mlflow keys import FILE
       hokusai-mlflow keys migrate --from URL --to URL [--dry-run]

Works on the key store of the configuration (KEYS_URL), also while the server runs.
Keys of an auth service are managed there.

create
  --name NAME        what people call the key
  --user ID          whom MLflow is told of; default: the name
  --scopes A,B       mlflow:read, mlflow:write (includes read), mlflow:gateway,
                     mlflow:admin (everything); default: mlflow:read,mlflow:write;
                     an empty list grants nothing
  --expires 90d      a duration (s, m, h, d, w) or a date; default: never
  --workspace NAME   the only workspace it may use; can be repeated; default: all
  --rate 60/hour     calls an hour: as many at once, then one after the other, 429
                     beyond; none: no limit; default: KEYS_DEFAULT_RATE
  --env live|test    prefix of the key; default: live

revoke ends a key within a second. rotate replaces a key by a new one with the
same grants and expiry; the old one ends at once, or after --overlap.

import takes JSON lines, a JSON array, or CSV with a header line. Fields: key
(20 characters at least) or key_hash (its SHA-256 in hexadecimal); user_id, name,
scopes, workspaces, rate_per_hour, expires_at, is_admin. Without scopes a key gets
those of create. One bad line and nothing is imported.

migrate takes all keys of one store over into another, sqlite:FILE or postgres://…
(docs/scaling.md): by their hashes, with ids, times and ends. What the other holds
already stays as it is there. --from or --to that is left out is KEYS_URL, which
may hold a password that other users of the machine must not see.

  --dry-run          only count; nothing is written

  --json             print JSON, on each of these commands`,
  async run (args, io) {
    const [name = '', ...rest] = args
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (action === undefined) throw new UsageError(`keys needs one of ${Object.keys(actions).join(', ')}.`)
    try {
      return await action(rest, io)
    } catch (error) {
      throw error instanceof KeyInputError ? new UsageError(error.message) : error
    }
  }
}

const actions: Readonly<Record<string, Command['run']>> = {
  async create (args, io) {
    const { values } = parse({
      args,
      options: {
        name: { type: 'string' },
        user: { type: 'string' },
        scopes: { type: 'string', multiple: true },
        expires: { type: 'string' },
        workspace: { type: 'string', multiple: true },
        rate: { type: 'string' },
        env: { type: 'string', default: 'live' },
        json: { type: 'boolean', default: false }
      }
    })
    if (values.name === undefined) throw new UsageError('A key needs a --name.')
    if (values.env !== 'live' && values.env !== 'test') throw new UsageError('--env is live or test.')
    const name = toLine('name', values.name)
    const config = readConfig(io)
    const key = {
      name,
      userId: values.user === undefined ? userIdFrom(name) : toUserId(values.user),
      environment: values.env,
      scopes: toGrantedScopes((values.scopes ?? ['mlflow:read,mlflow:write']).flatMap(splitList)),
      workspaces: toWorkspaces(values.workspace ?? []),
      ratePerHour: values.rate === undefined ? config.defaultRate : toRate(values.rate),
      expiresAt: values.expires === undefined ? undefined : toExpiry(values.expires, Date.now())
    } as const
    printIssued(io, config, values.json, await withStore(config, io, store => store.create(key)))
    const note = key.workspaces.length === 0 ? undefined : await workspaceNote(config.upstream)
    if (note !== undefined) io.stderr.write(`${note}\n`)
    return 0
  },

  async list (args, io) {
    const { values: { json } } = parse({ args, options: { json: { type: 'boolean', default: false } } })
    const records = await withStore(readConfig(io), io, store => store.list())
    if (json) printJson(io, records.map(toJson))
    else printRecords(io, records)
    return 0
  },

  async show (args, io) {
    const { id, values } = parseWithId(args, {})
    const record = await withStore(readConfig(io), io, store => store.show(id))
    if (record === undefined) return noSuchKey(io)
    if (values['json'] === true) printJson(io, toJson(record))
    else io.stdout.write(details(record))
    return 0
  },

  async revoke (args, io) {
    const { id, values } = parseWithId(args, { reason: { type: 'string' } })
    const reason = typeof values['reason'] === 'string' ? toLine('reason', values['reason']) : undefined
    const record = await withStore(readConfig(io), io, store => store.revoke(id, reason))
    if (record === undefined) return noSuchKey(io)
    if (values['json'] === true) printJson(io, toJson(record))
    else io.stdout.write(`${record.keyId} is revoked since ${time(record.revokedAt)}.\n`)
    return 0
  },

  async rotate (args, io) {
    const { id, values } = parseWithId(args, { overlap: { type: 'string' } })
    const overlapMs = typeof values['overlap'] === 'string' ? toDurationMs(values['overlap']) : 0
    const config = readConfig(io)
    const issued = await withStore(config, io, store => store.rotate(id, overlapMs))
    if (issued === undefined) return noSuchKey(io)
    printIssued(io, config, values['json'] === true, issued)
    return 0
  },

  async import (args, io) {
    const {
      values: { json },
      positionals: [file, ...more]
    } = parse({ args, allowPositionals: true, options: { json: { type: 'boolean', default: false } } })
    if (file === undefined || more.length > 0) throw new UsageError('import needs one FILE.')
    const parsed = parseKeyFile(readText(file))
    const result = await withStore(readConfig(io), io, store => store.import(parsed))
    if (json) printJson(io, result)
    else io.stdout.write(`${result.imported} imported, ${result.known} known already.\n`)
    return 0
  },

  migrate
}

/** The arguments of a command about one key. */
function parseWithId (
  args: string[],
  options: Readonly<Record<string, { readonly type: 'string' }>>
): { readonly id: string; readonly values: Readonly<Record<string, unknown>> } {
  const {
    values,
    positionals: [id, ...more]
  } = parse({ args, allowPositionals: true, options: { ...options, json: { type: 'boolean' } } })
  if (id === undefined || more.length > 0) throw new UsageError('This needs one key ID; keys list shows them.')
  return { id, values }
}

async function withStore<T> (config: Config, io: Io, work: (store: KeyStore) => Promise<T>): Promise<T> {
  const store = await openStore(config.keys, { report: problem => io.stderr.write(`${problem.message}\n`) })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

function readText (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`)
  }
}

/** The id is not repeated: a whole key may have been given in its place. */
function noSuchKey (io: Io): number {
  io.stderr.write('No key has this ID; keys list shows them.\n')
  return 1
}

/** The only place that prints a key. */
function printIssued (io: Io, config: Config, json: boolean, { key, record }: IssuedKey): void {
  const uri = originFor(config) + mount
  if (json) {
    printJson(io, { key, ...toJson(record), trackingUri: uri })
    return
  }
  io.stderr.write(`${record.keyId} (${record.name}) was made. This is the only time its key is shown.\n`)
  io.stdout.write(`${key}\nexport MLFLOW_TRACKING_URI=${uri}\nexport MLFLOW_TRACKING_TOKEN=${key}\n`)
}

function stateOf ({ revokedAt, expiresAt }: KeyRecord): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= Date.now() ? 'expired' : 'active'
}

function time (at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}

/** A record as it is printed and as scripts read it: times in ISO 8601, null where there is nothing. */
function toJson (record: KeyRecord): Readonly<Record<string, unknown>> {
  return {
    id: record.keyId,
    name: record.name,
    userId: record.userId,
    hint: record.hint,
    environment: record.environment,
    state: stateOf(record),
    scopes: [...record.scopes],
    workspaces: record.workspaces,
    ratePerHour: record.ratePerHour ?? null,
    createdAt: time(record.createdAt),
    expiresAt: time(record.expiresAt) ?? null,
    lastUsedAt: time(record.lastUsedAt) ?? null,
    revokedAt: time(record.revokedAt) ?? null,
    revokeReason: record.revokeReason ?? null,
    replacedBy: record.replacedBy ?? null
  }
}

function details (record: KeyRecord): string {
  return Object.entries(toJson(record)).map(([name, value]) => `${name.padEnd(14)}${String(value ?? '') || '-'}\n`).join('')
}

function printRecords (io: Io, records: readonly KeyRecord[]): void {
  printTable(
    io,
    ['ID', 'KEY', 'STATE', 'SCOPES', 'EXPIRES', 'LAST USED', 'NAME'],
    records.map(record => [
      record.keyId,
      record.hint,
      stateOf(record),
      [...record.scopes].join(',') || '-',
      time(record.expiresAt) ?? '-',
      time(record.lastUsedAt) ?? '-',
      record.name
    ])
  )
}
