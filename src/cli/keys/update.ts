/** `keys update`: changes what a key may do. */
import { splitList, toExpiry, toGrantedScopes, toLine, toRate, toWorkspaces } from '../../keys/key-input.js'
import type { KeyChanges } from '../../keys/contract.js'
import { parse, printJson, UsageError, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { tellAudit } from './audit.js'
import { noSuchKey, oneKey, onKey } from './arguments.js'
import { details, toJson } from './print.js'

export const update: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.update })
  const named = await oneKey(positionals, false, io)
  const { scopes, workspace } = values
  if (workspace !== undefined && values['all-workspaces']) throw new UsageError('--workspace and --all-workspaces contradict each other: use one.')
  const changes: KeyChanges = {
    ...(values.name === undefined ? {} : { name: toLine('name', values.name) }),
    ...(scopes === undefined ? {} : { scopes: toGrantedScopes(scopes.flatMap(splitList)) }),
    ...(values.expires === undefined ? {} : { expiresAt: values.expires === 'never' ? undefined : toExpiry(values.expires, Date.now()) }),
    ...(values['all-workspaces'] ? { workspaces: [] } : workspace === undefined ? {} : { workspaces: toWorkspaces(workspace) }),
    ...(values.rate === undefined ? {} : { ratePerHour: toRate(values.rate) })
  }
  if (Object.keys(changes).length === 0) throw new UsageError('update needs at least one option that says what to change.')
  const config = readConfig(io)
  const record = await onKey(config, io, named, (store, keyId) => store.update(keyId, changes))
  if (record === undefined) return noSuchKey(io)
  await tellAudit(io, config, 'update', { id: record.keyId, name: record.name, changes: Object.keys(changes).join(',') })
  if (values.json) printJson(io, toJson(record))
  else io.stdout.write(details(record))
  return 0
}
