/** What the commands share: the world as they see it, the options they are given, and the error of wrong usage. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { RuleSet } from '../model.js'

/** The world as a command sees it; a caller of its own can pass other streams. */
export interface Io {
  /** Data only, so that it can be piped. */
  readonly stdout: { write: (text: string) => unknown, readonly isTTY?: boolean }
  /** Everything else: notes and errors. */
  readonly stderr: { write: (text: string) => unknown, readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a program that takes in these commands adds to them. */
export interface Setting {
  /** How the commands are called, such as `alb-rules`: for the usage text. */
  readonly program: string
  /** Hosts that point at the load balancer: they make the best examples where the rules are about their domain. */
  readonly hosts: readonly string[]
  /** What `export` prints where no file is named. */
  readonly own?: OwnRules
}

export interface OwnRules {
  readonly rules: () => RuleSet
  /** Why each rule is there, by priority. */
  readonly reasons: ReadonlyMap<string, string>
}

/** Runs a command and gives the exit code: 0 fine, 1 findings or failure, 2 wrong usage.
 *  @throws UsageError */
export type Run = (args: string[], io: Io, setting: Setting) => Promise<number> | number

/** Wrong usage or input: one clear sentence for stderr, exit code 2. */
export class UsageError extends Error {}

/** `parseArgs` of Node whose complaints are usage errors. */
export function parse<T extends ParseArgsConfig> (config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The one form in which every command prints JSON. */
export function jsonText (value: unknown): string {
  return JSON.stringify(value, null, 2) + '\n'
}

export function printJson (io: Io, value: unknown): void {
  io.stdout.write(jsonText(value))
}
