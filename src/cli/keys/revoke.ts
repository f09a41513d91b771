/** `keys revoke` and `keys prune`: end a key, and forget those that ended long ago. */
import { toDurationMs, toLine, toTime } from '../../keys/key-input.js'
import { parse, printJson, UsageError, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { keyNamed, tellAudit } from './audit.js'
import { noSuchKey, oneKey, onKey } from './arguments.js'
import { time, toJson } from './print.js'
import { withStore } from './store.js'

export const revoke: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.revoke })
  const reason = values.reason === undefined ? undefined : toLine('reason', values.reason)
  const config = readConfig(io)
  const named = await oneKey(positionals, values.key, io)
  const record = await onKey(config, io, named, (store, keyId) => store.revoke(keyId, reason))
  if (record === undefined) return noSuchKey(io)
  await tellAudit(io, config, 'revoke', keyNamed(record))
  if (values.json) printJson(io, toJson(record))
  else io.stdout.write(`${record.keyId} was revoked at ${time(record.revokedAt)}.\n`)
  return 0
}

export const prune: Command['run'] = async (args, io) => {
  const { values } = parse({ args, options: keysOptions.prune })
  const given = values['revoked-before']
  if (given === undefined) throw new UsageError('prune needs --revoked-before, such as 90d or 2027-06-30.')
  const before = /^\d{4}-/.test(given) ? toTime(given) : Date.now() - toDurationMs(given)
  const config = readConfig(io)
  const pruned = await withStore(config, io, 'refuse', store => store.prune(before))
  await tellAudit(io, config, 'prune', { keys: String(pruned), revoked_before: new Date(before).toISOString() })
  if (values.json) printJson(io, { pruned })
  else io.stdout.write(`${pruned} ${pruned === 1 ? 'key' : 'keys'} forgotten.\n`)
  return 0
}
