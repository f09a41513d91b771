/** What the commands about keys read from their arguments. */
import { UsageError } from '../command.js'
import type { Io } from '../../core/io.js'
import type { IssuedForm } from './print.js'

/** The one key that a command is about. @throws UsageError */
export function oneId ([id, ...more]: readonly string[]): string {
  if (id === undefined || more.length > 0) throw new UsageError('This needs one key ID; "keys list" shows them.')
  return id
}

/** @throws UsageError */
export function issuedForm (values: { readonly json: boolean, readonly export: boolean }): IssuedForm {
  if (values.json && values.export) throw new UsageError('--json and --export are two forms of the same: use one.')
  return values.json ? 'json' : values.export ? 'shell' : 'text'
}

/** The id is not repeated: a whole key may have been given in its place. @returns the exit code */
export function noSuchKey (io: Io): number {
  io.stderr.write('No key has this ID; "keys list" shows them.\n')
  return 1
}
