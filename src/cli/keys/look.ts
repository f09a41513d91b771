/** `keys list`, `keys show` and `keys find`: what there is. */
import type { Io } from '../../core/io.js'
import type { KeyRecord } from '../../keys/contract.js'
import { parse, printJson, UsageError, type Command } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { findKey, noSuchKey, oneKey } from './arguments.js'
import { details, printRecords, stateWord, stateWords, toJson } from './print.js'
import { readKey } from './secret.js'
import { withStore } from './store.js'

/** By what a list can be sorted; keys that lack it come last. */
const orders = {
  created: ({ createdAt }: KeyRecord) => createdAt,
  expires: ({ expiresAt }: KeyRecord) => expiresAt ?? Infinity,
  used: ({ lastUsedAt }: KeyRecord) => -(lastUsedAt ?? -Infinity),
  name: ({ name }: KeyRecord) => name.toLowerCase()
} as const

const states = Object.fromEntries(Object.values(stateWords).map(word => [word, word]))

export const list: Command['run'] = async (args, io) => {
  const { values: { json, wide, ...asked } } = parse({ args, options: keysOptions.list })
  const order = choose('--sort', asked.sort, orders)
  const state = asked.state === undefined ? undefined : choose('--state', asked.state, states)
  const all = await withStore(readConfig(io), io, 'refuse', store => store.list())
  const records = all
    .filter(record => (state === undefined || stateWord(record) === state) && (asked.user === undefined || record.userId === asked.user))
    .sort((one, other) => compare(order(one), order(other)))
  print(io, records, { json, wide })
  noteDoubles(io, all)
  return 0
}

export const show: Command['run'] = async (args, io) => {
  const { values: { json }, positionals } = parse({ args, allowPositionals: true, options: keysOptions.show })
  const named = await oneKey(positionals, false, io)
  const record = await withStore(readConfig(io), io, 'refuse', async store => await findKey(store, named))
  if (record === undefined) return noSuchKey(io)
  if (json) printJson(io, toJson(record))
  else io.stdout.write(details(record))
  return 0
}

export const find: Command['run'] = async (args, io) => {
  const { values, positionals: [text, ...more] } = parse({ args, allowPositionals: true, options: keysOptions.find })
  if (more.length > 0 || (text === undefined) !== values.key || text === '') {
    throw new UsageError('find needs one TEXT, or --key to read a key from standard input or to ask for it.')
  }
  const config = readConfig(io)
  const key = values.key ? await readKey(io) : undefined
  const records = await withStore(config, io, 'refuse', async store => {
    if (key === undefined) return (await store.list()).filter(record => isAbout(record, (text ?? '').toLowerCase()))
    const found = await store.find(key)
    return found === undefined ? [] : [found]
  })
  if (records.length === 0) return noSuchKey(io)
  print(io, records, values)
  return 0
}

/** An ID or a hint from its beginning, a name or an owner anywhere. */
function isAbout ({ keyId, hint, name, userId }: KeyRecord, text: string): boolean {
  const begins = [keyId, hint].some(word => word !== '…' && word.toLowerCase().startsWith(text))
  return begins || [name, userId].some(word => word.toLowerCase().includes(text))
}

function print (io: Io, records: readonly KeyRecord[], { json, wide }: { readonly json: boolean, readonly wide: boolean }): void {
  if (json) printJson(io, records.map(toJson))
  else printRecords(io, records, wide)
}

/** Of two active keys of one name nobody can tell which one is in use; one that is being replaced is meant to be beside the other. */
function noteDoubles (io: Io, records: readonly KeyRecord[]): void {
  const byName = new Map<string, string[]>()
  for (const record of records) {
    if (stateWord(record) === 'active' && record.replacedBy === undefined) byName.set(record.name, [...byName.get(record.name) ?? [], record.keyId])
  }
  for (const [name, ids] of byName) {
    if (ids.length > 1) io.stderr.write(`${ids.length} active keys have the name "${name}": ${ids.join(', ')}. Rename or revoke what is not needed.\n`)
  }
}

function choose<T> (option: string, given: string, choices: Readonly<Record<string, T>>): T {
  const choice = Object.hasOwn(choices, given) ? choices[given] : undefined
  if (choice === undefined) throw new UsageError(`${option} is one of ${Object.keys(choices).join(', ')}.`)
  return choice
}

function compare (one: string | number, other: string | number): number {
  return one < other ? -1 : one > other ? 1 : 0
}
