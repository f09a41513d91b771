/** `keys update`: changes what a key may do. */
import { splitList, toKeyChanges } from '../../keys/key-input.js'
import { parse, printJson, UsageError, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { tellAudit } from './audit.js'
import { noSuchKey, oneKey, onKey } from './arguments.js'
import { details, noteEnd, toJson } from './print.js'

export const update: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.update })
  const named = await oneKey(positionals, false, io)
  const { name, owner, scopes, workspace, allow, rate, expires } = values
  if (workspace !== undefined && values['all-workspaces']) throw new UsageError('--workspace and --all-workspaces contradict each other: use one.')
  const workspaces = values['all-workspaces'] ? [] : workspace
  const isUnbound = allow?.includes('none') ?? false
  if (isUnbound && allow !== undefined && allow.length > 1) throw new UsageError('--allow none and other permissions contradict each other: use one.')
  const permissions = isUnbound ? [] : allow
  const config = readConfig(io)
  const wishes = { name, owner, scopes: scopes?.flatMap(splitList), workspaces, permissions, rate, expires }
  const changes = toKeyChanges(wishes, config, Date.now())
  if (Object.keys(changes).length === 0) throw new UsageError('update needs at least one option that says what to change.')
  const record = await onKey(config, io, named, (store, keyId) => store.update(keyId, changes))
  if (record === undefined) return noSuchKey(io)
  await tellAudit(io, config, 'update', { id: record.keyId, name: record.name, changes: Object.keys(changes).join(',') })
  if (values.json) printJson(io, toJson(record))
  else io.stdout.write(details(record))
  if (expires === 'never') noteEnd(io, changes.expiresAt)
  return 0
}
