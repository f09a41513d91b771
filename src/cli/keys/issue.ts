/** `keys create` and `keys rotate`: what makes a new key. */
import {
  splitList, toDurationMs, toExpiry, toGrantedScopes, toLine, toRate, toUserId, toWorkspaces, userIdFrom
} from '../../keys/key-input.js'
import { parse, UsageError, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { tellAudit } from './audit.js'
import { issuedForm, noSuchKey, oneKey, onKey } from './arguments.js'
import { printIssued } from './print.js'
import { withStore } from './store.js'

export const create: Command['run'] = async (args, io) => {
  const { values } = parse({ args, options: keysOptions.create })
  const form = issuedForm(values)
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
  const issued = await withStore(config, io, 'make', store => store.create(key))
  printIssued(io, config, form, issued)
  await tellAudit(io, config, 'create', { id: issued.record.keyId, name, user: key.userId })
  if (key.workspaces.length === 0) return 0
  const { workspaceNote } = await import('./workspaces.js') // which brings all that speaks with MLflow
  const note = await workspaceNote(config.upstream)
  if (note !== undefined) io.stderr.write(`${note}\n`)
  return 0
}

export const rotate: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.rotate })
  const named = await oneKey(positionals, false, io)
  const form = issuedForm(values)
  const overlapMs = values.overlap === undefined ? 0 : toDurationMs(values.overlap)
  const config = readConfig(io)
  const issued = await onKey(config, io, named, (store, keyId) => store.rotate(keyId, overlapMs))
  if (issued === undefined) return noSuchKey(io)
  printIssued(io, config, form, issued)
  await tellAudit(io, config, 'rotate', { id: issued.record.keyId, name: issued.record.name, user: issued.record.userId })
  return 0
}
