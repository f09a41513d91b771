/** The first admin key: a new store would otherwise let nobody in who could make keys over HTTP. */
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyRecord, KeyStore } from './contract.js'

export interface FirstKey {
  readonly record: KeyRecord
  /** Where the key was written; undefined: it is for the terminal. */
  readonly file: string | undefined
  /** The key for the terminal, the first time it is asked for; a function, so that it cannot end in a log. */
  readonly take: () => string | undefined
}

/**
 * Makes one key with all rights if the store has never held any, else does nothing. The key itself is kept for the terminal
 * or written to `admin-key` in the data folder.
 * @throws StoreUnavailableError, or the file system's error; then no key has been made
 */
export async function ensureFirstKey (
  store: KeyStore,
  dataDir: string,
  terminal: { readonly isTTY?: boolean }
): Promise<FirstKey | undefined> {
  const file = terminal.isTTY === true ? undefined : firstKeyFile(dataDir)
  let kept: string | undefined
  const issued = await store.createFirst({
    name: 'first admin key',
    userId: 'admin',
    environment: 'live',
    scopes: new Set(['mlflow:admin']),
    workspaces: [],
    ratePerHour: undefined,
    expiresAt: undefined
  }, key => {
    if (file === undefined) kept = key
    else writeSecret(file, `${key}\n`)
  })
  const take = (): string | undefined => {
    const key = kept
    kept = undefined
    return key
  }
  return issued === undefined ? undefined : { record: issued.record, file, take }
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
