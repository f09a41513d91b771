/**
 * `hokusai-mlflow keys`: issues, lists, changes, ends, imports and moves the keys of a store of our own. A key is
 * printed once, to stdout, when it is made.
 */
import { KeyInputError } from '../keys/key-input.js'
import { actionOf, UsageError, type Command } from './command.js'
import { disable, enable } from './keys/disable.js'
import { importKeys } from './keys/import.js'
import { create, rotate } from './keys/issue.js'
import { find, list, show } from './keys/look.js'
import { migrate } from './keys/migrate.js'
import { prune, revoke } from './keys/revoke.js'
import { update } from './keys/update.js'
import { actionUsages, keysUsage } from './keys/usage.js'
import type { keysOptions } from './options.js'

const actions: Readonly<Record<keyof typeof keysOptions, Command['run']>> =
  { create, list, show, find, update, disable, enable, revoke, rotate, prune, import: importKeys, migrate }

export const keys: Command = {
  usage: keysUsage,
  actions: actionUsages,
  async run ([name, ...rest], io) {
    const action = actionOf('keys', name, actions)
    try {
      return await action(rest, io)
    } catch (error) {
      throw error instanceof KeyInputError ? new UsageError(error.message) : error
    }
  }
}
