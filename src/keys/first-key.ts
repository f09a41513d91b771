/** The first admin key: a new store would otherwise let nobody in who could make keys over HTTP. */
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyRecord, KeyStore } from './contract.js'

export interface FirstKey {
  readonly record: KeyRecord
  /** Where the key was written; undefined: it was shown on the terminal. */
  readonly file: string | undefined
}

/**
 * Makes one key with all rights if the store has never held any, else does nothing. The key itself is shown on the terminal
 * or written to `admin-key` in the data folder, and not returned, so that it cannot end in a log.
 * @throws StoreUnavailableError, or the file system's error; then no key has been made
 */
export async function ensureFirstKey (
  store: KeyStore,
  dataDir: string,
  terminal: { readonly write: (text: string) => unknown, readonly isTTY?: boolean }
): Promise<FirstKey | undefined> {
  const file = terminal.isTTY === true ? undefined : firstKeyFile(dataDir)
  const issued = await store.createFirst({
    name: 'first admin key',
    userId: 'admin',
    environment: 'live',
    scopes: new Set(['mlflow:admin']),
    workspaces: [],
    ratePerHour: undefined,
    expiresAt: undefined
  }, key => {
    if (file === undefined) { terminal.write(`The first API key. It may do everything, and is shown only this once:\n\n  export MLFLOW_TRACKING_TOKEN=${key}\n`) } else writeSecret(file, `${key}\n`)
  })
  return issued === undefined ? undefined : { record: issued.record, file }
}

/** Where the key is written when there is no terminal. */
export function firstKeyFile (dataDir: string): string {
  return join(dataDir, 'admin-key')
}

/** Since when it lies there; undefined: it does not. */
export function firstKeySince (dataDir: string): Date | undefined {
  return statSync(firstKeyFile(dataDir), { throwIfNoEntry: false })?.mtime
}

/** A file that was there, perhaps readable for others or a link, is not written into but replaced. */
function writeSecret (file: string, text: string): void {
  rmSync(file, { force: true })
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
}
