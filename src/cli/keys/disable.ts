/** `keys disable` and `keys enable`: refuse a key for a while. */
import { toLine } from '../../keys/key-input.js'
import { parse, printJson, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { keyNamed, tellAudit } from './audit.js'
import { noSuchKey, oneKey, onKey } from './arguments.js'
import { time, toJson } from './print.js'

export const disable: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.disable })
  const reason = values.reason === undefined ? undefined : toLine('reason', values.reason)
  const named = await oneKey(positionals, false, io)
  const config = readConfig(io)
  const record = await onKey(config, io, named, (store, keyId) => store.disable(keyId, reason))
  if (record === undefined) return noSuchKey(io)
  await tellAudit(io, config, 'disable', keyNamed(record))
  if (values.json) printJson(io, toJson(record))
  else io.stdout.write(`${record.keyId} is disabled since ${time(record.disabledAt)}; "keys enable" ends that.\n`)
  return 0
}

export const enable: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.enable })
  const named = await oneKey(positionals, false, io)
  const config = readConfig(io)
  const record = await onKey(config, io, named, (store, keyId) => store.enable(keyId))
  if (record === undefined) return noSuchKey(io)
  await tellAudit(io, config, 'enable', keyNamed(record))
  if (values.json) printJson(io, toJson(record))
  else io.stdout.write(`${record.keyId} is enabled.\n`)
  return 0
}
