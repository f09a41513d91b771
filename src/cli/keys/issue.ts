/** `keys create` and `keys rotate`: what makes a new key. */
import { latestEnd, splitList, toDurationMs, toNewKey } from '../../keys/key-input.js'
import { parse, UsageError, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { keyNamed, tellAudit } from './audit.js'
import { issuedForm, noSuchKey, oneKey, onKey } from './arguments.js'
import { noteEnd, printIssued } from './print.js'
import { withStore } from './store.js'

export const create: Command['run'] = async (args, io) => {
  const { values } = parse({ args, options: keysOptions.create })
  const form = issuedForm(values)
  if (values.name === undefined) throw new UsageError('A key needs a --name.')
  if (values.expires === 'never') throw new UsageError('"never" is not an expiry here: leave --expires out.')
  if (values.env !== 'live' && values.env !== 'test') throw new UsageError('--env must be live or test.')
  const { name, user: owner, scopes, workspace: workspaces, allow: permissions, rate, expires } = values
  const config = readConfig(io)
  const wishes = { name, owner, scopes: scopes?.flatMap(splitList), workspaces, permissions, rate, expires }
  const key = toNewKey(wishes, values.env, config, Date.now())
  const issued = await withStore(config, io, 'make', store => store.create(key))
  printIssued(io, config, form, issued)
  if (expires === undefined) noteEnd(io, key.expiresAt)
  await tellAudit(io, config, 'create', keyNamed(issued.record))
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
  const latest = latestEnd(config, Date.now())
  let rotated = ''
  const issued = await onKey(config, io, named, (store, keyId) => {
    rotated = keyId
    return store.rotate(keyId, overlapMs, latest)
  })
  if (issued === undefined) return noSuchKey(io)
  printIssued(io, config, form, issued)
  if (issued.record.expiresAt === latest) noteEnd(io, latest)
  await tellAudit(io, config, 'rotate', { ...keyNamed(issued.record), id: rotated, new_id: issued.record.keyId })
  return 0
}
