/** `keys revoke`: ends a key. */
import { toLine } from '../../keys/key-input.js'
import { parse, printJson, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { noSuchKey, oneId } from './arguments.js'
import { time, toJson } from './print.js'
import { withStore } from './store.js'

export const revoke: Command['run'] = async (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: keysOptions.revoke })
  const id = oneId(positionals)
  const reason = values.reason === undefined ? undefined : toLine('reason', values.reason)
  const record = await withStore(readConfig(io), io, 'refuse', store => store.revoke(id, reason))
  if (record === undefined) return noSuchKey(io)
  if (values.json) printJson(io, toJson(record))
  else io.stdout.write(`${record.keyId} was revoked at ${time(record.revokedAt)}.\n`)
  return 0
}
