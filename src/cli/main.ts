#!/usr/bin/env node
/** The command line: finds the command, runs it, and turns what it throws into a sentence and an exit code. */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UserError } from '../core/user-error.js'
import { version } from '../core/version.js'
import { UsageError, type Command } from './command.js'
import { commands } from './commands.js'
import { type Io } from '../core/io.js'
import { takeEnvFiles } from './environment.js'
import { unknownWord } from './suggest.js'

/** What is there besides the table. */
const ownWords = ['help', 'version']

const overview = `Usage: hokusai-mlflow COMMAND [OPTIONS]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  help COMMAND, COMMAND --help   what a command does and takes
  version, --version             the version
  --env-file FILE                with any command: settings that the environment
                                 does not have, as lines of NAME=VALUE

Exit codes: 0 fine, 1 findings or failure, 2 wrong usage or configuration.
`

/** Runs the command line. @returns the exit code */
export async function main (args: readonly string[], io: Io): Promise<number> {
  try {
    const { rest, env } = takeEnvFiles(args, io.env)
    return await dispatch(rest, { ...io, env })
  } catch (error) {
    return complain(error, [], io)
  }
}

async function dispatch (args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args
  if (name === 'version' || name === '--version') {
    io.stdout.write(`${version}\n`)
    return 0
  }
  if (name === undefined) {
    io.stderr.write(overview)
    return 2
  }
  if (name === '--help' || name === '-h' || name === 'help') return await help(rest, io)
  const row = commands.find(candidate => candidate.name === name)
  if (row === undefined) return unknownCommand(name, io)
  if (rest.includes('--help') || rest.includes('-h')) return await help(args, io)
  const command = await row.load()
  try {
    return await command.run(rest, io)
  } catch (error) {
    return complain(error, [name, ...actionIn(command, rest)], io)
  }
}

/** The usage of the command, and of what it is told to do, that the words name; without any, the list of commands. */
async function help (words: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = words.filter(word => !word.startsWith('-'))
  if (name === undefined || ownWords.includes(name)) {
    io.stdout.write(overview)
    return 0
  }
  const row = commands.find(candidate => candidate.name === name)
  if (row === undefined) return unknownCommand(name, io)
  const command = await row.load()
  const [action] = actionIn(command, rest)
  io.stdout.write(`${(action === undefined ? undefined : command.actions?.[action]) ?? command.usage}\n`)
  return 0
}

function actionIn ({ actions = {} }: Command, [first]: readonly string[]): [] | [string] {
  return first !== undefined && Object.hasOwn(actions, first) ? [first] : []
}

function unknownCommand (name: string, io: Io): number {
  io.stderr.write(`${unknownWord('command', name, [...commands.map(row => row.name), ...ownWords])}\nSee: hokusai-mlflow --help\n`)
  return 2
}

/** Only what is a fault of ours shows a stack. */
function complain (error: unknown, words: readonly string[], io: Io): number {
  if (error instanceof UserError) {
    io.stderr.write(`${error.message}\n`)
    if (error instanceof UsageError) io.stderr.write(`See: ${['hokusai-mlflow', ...words].join(' ')} --help\n`)
    return error.exitCode
  }
  io.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  return 1
}

// Run as a program, also through the link that npm makes; not when a test imports it.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // A full disk or a reader that has gone ends no server: its own log goes past these streams. A reader that has had enough, such as
  // head, is no failure; what a command could not print for another reason is one.
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') process.exitCode ||= 1 })
  const { stdout, stderr, env } = process
  const code = await main(process.argv.slice(2), { stdout, stderr, env, stdin: () => process.stdin })
  // A server goes on running; anything else may have to flush what it printed first.
  if (code !== 0) process.exitCode = code
}
