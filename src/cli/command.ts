/** What every command of the command line is: a name, a usage text and a function of arguments and streams. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Io } from '../core/io.js'
import { UserError } from '../core/user-error.js'

export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The full usage text, printed by `--help` and under a usage error. */
  readonly usage: string
  /** Runs it and gives the exit code: 0 fine, 1 findings or failure, 2 wrong usage or configuration. */
  readonly run: (args: string[], io: Io) => Promise<number> | number
}

/** Wrong usage or input: one clear sentence for stderr, exit code 2. */
export class UsageError extends UserError {
  override readonly exitCode = 2
}

/** `parseArgs` of Node whose complaints are usage errors. */
export function parse<T extends ParseArgsConfig> (config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The one form in which every command prints JSON. */
export function printJson (io: Io, value: unknown): void {
  io.stdout.write(JSON.stringify(value, null, 2) + '\n')
}
