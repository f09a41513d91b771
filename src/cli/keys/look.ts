/** `keys list` and `keys show`: what there is. */
import { parse, printJson, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { noSuchKey, oneId } from './arguments.js'
import { details, printRecords, toJson } from './print.js'
import { withStore } from './store.js'

export const list: Command['run'] = async (args, io) => {
  const { values: { json, wide } } = parse({ args, options: keysOptions.list })
  const records = await withStore(readConfig(io), io, 'refuse', store => store.list())
  if (json) printJson(io, records.map(toJson))
  else printRecords(io, records, wide)
  return 0
}

export const show: Command['run'] = async (args, io) => {
  const { values: { json }, positionals } = parse({ args, allowPositionals: true, options: keysOptions.show })
  const id = oneId(positionals)
  const record = await withStore(readConfig(io), io, 'refuse', store => store.show(id))
  if (record === undefined) return noSuchKey(io)
  if (json) printJson(io, toJson(record))
  else io.stdout.write(details(record))
  return 0
}
