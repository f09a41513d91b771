/** The configuration as commands get it: from their environment, the files that `--env-file` names, and this machine's files. */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Config, loadConfig } from '../core/settings/config.js'
import type { Io } from '../core/io.js'
import { UsageError } from './command.js'

/** @throws ConfigError */
export function readConfig (io: Pick<Io, 'env'>): Config {
  return loadConfig(io.env, path => readFileSync(path, 'utf8'))
}

const option = '--env-file'

/** The arguments without each `--env-file FILE`, and the environment with what the files hold. @throws UsageError */
export function takeEnvFiles (args: readonly string[], env: Io['env']): { readonly rest: readonly string[], readonly env: Io['env'] } {
  const rest: string[] = []
  const files: string[] = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    if (arg.startsWith(`${option}=`)) files.push(arg.slice(option.length + 1))
    else if (arg === option) files.push(args[++index] ?? '')
    else rest.push(arg)
  }
  if (files.length === 0) return { rest: args, env }
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')) // an empty variable counts as unset
  return { rest, env: Object.assign({}, ...files.map(readEnvFile), given) as Io['env'] }
}

/** Lines of NAME=VALUE, as Node reads them: quotes, comments and `export` are allowed. What is in the file is never shown. */
function readEnvFile (file: string): Record<string, string | undefined> {
  if (file === '') throw new UsageError(`${option} needs a file.`)
  const values = parseEnv(readText(file))
  if (Object.keys(values).some(name => !/^[A-Za-z_]\w*$/.test(name))) throw new UsageError(`${file} has a line that is not NAME=VALUE.`)
  return values
}

/** A file that an argument names. @throws UsageError */
export function readText (file: string): string {
  return readBytes(file).toString()
}

/** The same, whatever it holds. @param from a descriptor to read in place of it. @throws UsageError */
export function readBytes (file: string, from: string | number = file): Buffer {
  try {
    return readFileSync(from)
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`)
  }
}
