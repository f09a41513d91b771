/** `hokusai-mlflow keys migrate`: takes all keys of one store of our own over into another one, by their hashes. */
import { readFileSync } from 'node:fs'
import { readStoreUrl, type KeysConfig, type StoreConfig } from '../../core/settings/config.js'
import type { Io } from '../../core/io.js'
import { settings } from '../../core/settings/settings.js'
import type { Imported, KeyRow, KeyStore } from '../../keys/contract.js'
import { openStore, openStoreToLeave, storeKind } from '../../keys/open.js'
import { parse, printJson, UsageError } from '../command.js'
import { readConfig } from '../environment.js'
import { keysOptions } from '../options.js'
import { tellAudit } from './audit.js'

/** What is held stays as it is, so that it can be done again: for keys that were made meanwhile. @returns the exit code */
export async function migrate (args: string[], io: Io): Promise<number> {
  const { values: { from, to, json, 'dry-run': dryRun } } = parse({ args, options: keysOptions.migrate })
  if (from === undefined && to === undefined) {
    throw new UsageError('migrate needs --from, --to or both; if you omit one, it is KEYS_URL.')
  }
  const own = readConfig(io)
  const [source, target] = [configFor('--from', from, io), configFor('--to', to, io)]
  if (!await storeKind(source).exists()) throw new UsageError('There is no key store at --from.')
  const rows = await using(openStoreToLeave(source), async store => await store.dump())
  const { imported: moved, known } = dryRun
    ? compare(rows, await storeKind(target).exists() ? await using(openStore(target), async store => await store.dump()) : [])
    : await using(openStore(target), async store => await store.restore(rows))
  if (!dryRun) await tellAudit(io, own, 'migrate', { keys: String(moved), from: storeKind(source).address, to: storeKind(target).address })
  if (json) printJson(io, { moved, known, total: rows.length, dryRun })
  else io.stdout.write(`${moved} ${dryRun ? 'would move' : 'moved'}, ${known} already known, ${rows.length} in total.\n`)
  return 0
}

/** What `restore` would say. */
function compare (rows: readonly KeyRow[], held: readonly KeyRow[]): Imported {
  const taken = new Set(held.flatMap(({ id, hash }) => [id, hash]))
  const known = rows.filter(({ id, hash }) => taken.has(id) || taken.has(hash)).length
  return { imported: rows.length - known, known }
}

async function using<T> (opening: Promise<KeyStore>, work: (store: KeyStore) => Promise<T>): Promise<T> {
  const store = await opening
  return await work(store).finally(store.close)
}

function configFor (option: '--from' | '--to', url: string | undefined, io: Io): KeysConfig {
  const store = url === undefined ? readConfig(io).keys.store : readOption(option, url)
  const config = { store, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' } as const
  if (storeKind(config).managed) return config
  const named = url === undefined ? 'KEYS_URL' : option
  throw new UsageError(`${named} is an auth service, which manages its own keys: none can be copied from or to it.`)
}

/** The URL may hold a password, and is not repeated. */
function readOption (option: string, url: string): StoreConfig {
  const store = readStoreUrl(url, path => {
    try { return readFileSync(path, 'utf8') } catch (error) {
      throw new UsageError(`${option}: cannot read the file of sslrootcert (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`)
    }
  })
  if (store === undefined) throw new UsageError(`${option} is not valid: it must be ${settings.KEYS_URL.allowed}.`)
  return store
}
