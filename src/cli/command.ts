/** What every command of the command line is: a usage text and a function of arguments and streams. Their table is `commands.ts`. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Io } from '../core/io.js'
import { UserError } from '../core/user-error.js'
import { unknownOption, unknownWord } from './suggest.js'

export interface Command {
  /** The full usage text, printed by `--help`. */
  readonly usage: string
  /** The usage of what it can be told to do, by its name: printed by `COMMAND NAME --help`. */
  readonly actions?: Readonly<Record<string, string>>
  /** Runs it and gives the exit code: 0 fine, 1 findings or failure, 2 wrong usage or configuration. */
  readonly run: (args: string[], io: Io) => Promise<number> | number
}

/** The options of one command, by name. */
export type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>

/** A command that can be told to do several things has the options of each. */
export type Words = { readonly options: Options } | { readonly actions: Readonly<Record<string, Options>> }

export interface Row {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly words: () => Words | Promise<Words>
  /** A command is loaded when it is run: what the others need costs half a second. */
  readonly load: () => Promise<Command>
}

/** Wrong usage or input: one clear sentence for stderr, exit code 2. */
export class UsageError extends UserError {
  override readonly exitCode = 2
}

/** `parseArgs` of Node whose complaints are usage errors that say what may have been meant. */
export function parse<T extends ParseArgsConfig> (config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const [, unknown] = /^Unknown option '(-{1,2}[^']*)'/s.exec(message) ?? []
    if (unknown !== undefined) throw new UsageError(unknownOption(unknown, Object.keys(config.options ?? {})))
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') throw new UsageError('This takes options only, and no other argument.')
    throw new UsageError(message)
  }
}

/** What a command is told to do. @throws UsageError where it is none of the known ones */
export function actionOf<T> (command: string, name: string | undefined, actions: Readonly<Record<string, T>>): T {
  const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action !== undefined) return action
  const known = Object.keys(actions)
  const problem = name === undefined || name.startsWith('-') ? '' : `${unknownWord(`"${command}" command`, name, known)} `
  throw new UsageError(`${problem}${command} needs one of ${known.join(', ')}.`)
}

/** The one form in which every command prints JSON. */
export function printJson (io: Io, value: unknown): void {
  io.stdout.write(JSON.stringify(value, null, 2) + '\n')
}
