/** What the commands about keys read from their arguments: which key is meant, and in which form a new one is printed. */
import { UsageError } from '../command.js'
import type { Io } from '../../core/io.js'
import type { Config } from '../../core/settings/config.js'
import { UserError } from '../../core/user-error.js'
import type { KeyRecord, KeyStore } from '../../keys/contract.js'
import type { IssuedForm } from './print.js'
import { readKey } from './secret.js'
import { withStore } from './store.js'

/** Which key a command is about: as words name it, or by its own text. */
export type Named = { readonly word: string } | { readonly key: string }

/** @param byKey reads the key itself. @throws UsageError */
export async function oneKey ([word, ...more]: readonly string[], byKey: boolean, io: Io): Promise<Named> {
  if (byKey && word === undefined) return { key: await readKey(io) }
  if (byKey) throw new UsageError('--key reads the key from standard input or asks for it: give no ID beside it.')
  if (word === undefined || more.length > 0) throw new UsageError('This needs one key, by its ID, hint or name; "keys list" shows them.')
  return { word }
}

/** Several keys have the name or the hint. */
export class SeveralKeysError extends UserError {}

/** The one key that is meant; an ID goes before a hint, and both before a name. @throws SeveralKeysError */
export async function findKey (store: KeyStore, named: Named): Promise<KeyRecord | undefined> {
  if ('key' in named) return await store.find(named.key)
  const { word } = named
  const byId = await store.show(word)
  if (byId !== undefined) return byId
  const records = await store.list()
  const hints = records.filter(({ hint }) => hint !== '…' && (hint === word || hint === `${word}…`))
  const found = hints.length > 0 ? hints : records.filter(({ name }) => name === word)
  if (found.length > 1) {
    throw new SeveralKeysError(`${found.length} keys are called that; name one by its ID: ${found.map(({ keyId }) => keyId).join(', ')}`)
  }
  return found[0]
}

/** Works on the one key that is meant, in the configured store. Undefined: there is none. @throws SeveralKeysError, as `withStore` */
export async function onKey<T> (
  config: Config,
  io: Io,
  named: Named,
  work: (store: KeyStore, keyId: string) => Promise<T | undefined>
): Promise<T | undefined> {
  return await withStore(config, io, 'refuse', async store => {
    const found = await findKey(store, named)
    return found === undefined ? undefined : await work(store, found.keyId)
  })
}

/** @throws UsageError */
export function issuedForm (values: { readonly json: boolean, readonly export: boolean }): IssuedForm {
  if (values.json && values.export) throw new UsageError('--json and --export are two forms of the same: use one.')
  return values.json ? 'json' : values.export ? 'shell' : 'text'
}

/** What was given is not repeated: a whole key may have been given in its place. @returns the exit code */
export function noSuchKey (io: Io): number {
  io.stderr.write('No key has this ID, hint or name; "keys list" shows them, and "keys find --key" finds one by itself.\n')
  return 1
}
