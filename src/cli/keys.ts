/**
 * `hokusai-mlflow keys`: issue, list, revoke, rotate, import and migrate the keys of a store of our own. A key is
 * printed once, to stdout, when it is made.
 */
import { readFileSync } from 'node:fs'
import {
  KeyInputError, splitList, toDurationMs, toExpiry, toGrantedScopes, toLine, toRate, toUserId, toWorkspaces, userIdFrom
} from '../keys/key-input.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { type Io } from '../core/io.js'
import { readConfig } from './environment.js'
import { parseKeyFile } from './keys/file.js'
import { migrate } from './keys/migrate.js'
import { details, printIssued, printRecords, time, toJson, type IssuedForm } from './keys/print.js'
import { withStore } from './keys/store.js'
import { workspaceNote } from './keys/workspaces.js'

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

Works on the configured key store (KEYS_URL), even while the server runs, and
says on stderr which one that is. create, import and migrate make a store where
there is none. Keys of an auth service are managed there.

create
  --name NAME        a name for people to recognise the key by
  --user ID          the user that MLflow sees; default: the name
  --scopes A,B       mlflow:read, mlflow:write (includes read), mlflow:gateway,
                     mlflow:admin (everything); default: mlflow:read,mlflow:write;
                     an empty list grants no access
  --expires 90d      a duration (s, m, h, d, w) or a date; default: never
  --workspace NAME   the only workspace it may use; can be repeated; default: all
  --rate 60/hour     calls per hour: that many at once, then one at a time, 429
                     beyond; none: no limit; default: KEYS_DEFAULT_RATE
  --env live|test    prefix of the key; default: live
  --export           print lines for a shell, also with rotate:
                     eval "$(hokusai-mlflow keys create --name NAME --export)"

create and rotate print the key alone to stdout, and the lines to paste to stderr.
revoke takes effect within a second. rotate replaces a key with a new one that
has the same grants and expiry; the old one ends at once, or after --overlap.

import takes JSON lines, a JSON array, or CSV with a header line. Fields: key
(at least 20 characters) or key_hash (its SHA-256 in hexadecimal); user_id, name,
scopes, workspaces, rate_per_hour, expires_at, is_admin. A key without scopes gets
the defaults of create. If any line is invalid, nothing is imported.

migrate copies all keys of one store to another, sqlite:FILE or postgres://…
(docs/scaling.md), by their hashes, with ids, times, expiry and revocations. Keys
that the target already has are left unchanged. If you omit --from or --to, it is
KEYS_URL, which keeps a password off the command line, where others can see it.

  --dry-run          only count; write nothing

  --json             print JSON, with every command`,
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
        export: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false }
      }
    })
    const form = toForm(values)
    if (values.name === undefined) throw new UsageError('A key needs a --name.')
    if (values.env !== 'live' && values.env !== 'test') throw new UsageError('--env must be live or test.')
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
    printIssued(io, config, form, await withStore(config, io, 'make', store => store.create(key)))
    const note = key.workspaces.length === 0 ? undefined : await workspaceNote(config.upstream)
    if (note !== undefined) io.stderr.write(`${note}\n`)
    return 0
  },

  async list (args, io) {
    const { values: { json } } = parse({ args, options: { json: { type: 'boolean', default: false } } })
    const records = await withStore(readConfig(io), io, 'refuse', store => store.list())
    if (json) printJson(io, records.map(toJson))
    else printRecords(io, records)
    return 0
  },

  async show (args, io) {
    const { id, values } = parseWithId(args, {})
    const record = await withStore(readConfig(io), io, 'refuse', store => store.show(id))
    if (record === undefined) return noSuchKey(io)
    if (values['json'] === true) printJson(io, toJson(record))
    else io.stdout.write(details(record))
    return 0
  },

  async revoke (args, io) {
    const { id, values } = parseWithId(args, { reason: { type: 'string' } })
    const reason = typeof values['reason'] === 'string' ? toLine('reason', values['reason']) : undefined
    const record = await withStore(readConfig(io), io, 'refuse', store => store.revoke(id, reason))
    if (record === undefined) return noSuchKey(io)
    if (values['json'] === true) printJson(io, toJson(record))
    else io.stdout.write(`${record.keyId} was revoked at ${time(record.revokedAt)}.\n`)
    return 0
  },

  async rotate (args, io) {
    const { id, values } = parseWithId(args, { overlap: { type: 'string' }, export: { type: 'boolean' } })
    const form = toForm(values)
    const overlapMs = typeof values['overlap'] === 'string' ? toDurationMs(values['overlap']) : 0
    const config = readConfig(io)
    const issued = await withStore(config, io, 'refuse', store => store.rotate(id, overlapMs))
    if (issued === undefined) return noSuchKey(io)
    printIssued(io, config, form, issued)
    return 0
  },

  async import (args, io) {
    const {
      values: { json },
      positionals: [file, ...more]
    } = parse({ args, allowPositionals: true, options: { json: { type: 'boolean', default: false } } })
    if (file === undefined || more.length > 0) throw new UsageError('import needs one FILE.')
    const parsed = parseKeyFile(readText(file))
    const result = await withStore(readConfig(io), io, 'make', store => store.import(parsed))
    if (json) printJson(io, result)
    else io.stdout.write(`${result.imported} imported, ${result.known} already known.\n`)
    return 0
  },

  migrate
}

/** The arguments of a command about one key. */
function parseWithId (
  args: string[],
  options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>
): { readonly id: string; readonly values: Readonly<Record<string, unknown>> } {
  const {
    values,
    positionals: [id, ...more]
  } = parse({ args, allowPositionals: true, options: { ...options, json: { type: 'boolean' } } })
  if (id === undefined || more.length > 0) throw new UsageError('This needs one key ID; "keys list" shows them.')
  return { id, values }
}

function toForm (values: { readonly json?: unknown, readonly export?: unknown }): IssuedForm {
  if (values.json === true && values.export === true) throw new UsageError('--json and --export are two forms of the same: use one.')
  return values.json === true ? 'json' : values.export === true ? 'shell' : 'text'
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
  io.stderr.write('No key has this ID; "keys list" shows them.\n')
  return 1
}
