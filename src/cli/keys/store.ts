/** The key store as commands use it: opened for one piece of work, and named, so that nobody wonders whose keys these are. */
import { join, resolve } from 'node:path'
import type { Io } from '../../core/io.js'
import type { Config } from '../../core/settings/config.js'
import { UserError } from '../../core/user-error.js'
import { StoreNotOursError, type KeyStore } from '../../keys/contract.js'
import { openStore, storeKind } from '../../keys/open.js'

/** A command that makes no store was run where none is: more often the wrong folder than a new set-up. */
export class NoStoreError extends UserError {
  override readonly exitCode = 2
  override readonly name = 'NoStoreError'
}

/**
 * Opens the configured store, tells stderr which one it is, and closes it after the work.
 * @param missing what to do where there is none yet: only commands that add keys make one
 * @throws NoStoreError, StoreNotOursError, StoreUnavailableError
 */
export async function withStore<T> (
  config: Config,
  io: Io,
  missing: 'make' | 'refuse',
  work: (store: KeyStore) => Promise<T>
): Promise<T> {
  const kind = storeKind(config.keys)
  if (!kind.managed) throw new StoreNotOursError()
  if (missing === 'refuse' && !await kind.exists()) {
    throw new NoStoreError(`There is no key store here (${placeOf(config)}). Run this where the facade runs, or set DATA_DIR or KEYS_URL as it does; ` +
      '"keys create" makes a store.')
  }
  io.stderr.write(`Key store: ${kind.address}\n`)
  const store = await openStore(config.keys, { report: problem => io.stderr.write(`${problem.message}\n`) })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** The setting that says where the store is, with its value. */
function placeOf ({ keys, dataDir }: Config): string {
  const { store } = keys
  const isDefault = store.kind === 'sqlite' && store.file === join(dataDir, 'keys.db')
  return isDefault ? `DATA_DIR=${resolve(dataDir)}` : `KEYS_URL=${storeKind(keys).address}`
}
