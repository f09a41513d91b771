#!/usr/bin/env node
/** The command line: finds the command, runs it, and turns what it throws into a sentence and an exit code. */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UserError } from '../core/user-error.js'
import { version } from '../core/version.js'
import { UsageError, type Command } from './command.js'
import { type Io } from '../core/io.js'
import { doctor } from './doctor.js'
import { keys } from './keys.js'
import { legacy } from './legacy.js'
import { openapi } from './openapi.js'
import { routes } from './routes.js'
import { start } from './start.js'
import { verify } from './verify.js'

const commands: readonly Command[] = [start, keys, doctor, openapi, routes, verify, legacy]

const overview = `Usage: hokusai-mlflow COMMAND [OPTIONS]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

Options:
  --help     show this text, or a command's
  --version  show the version

Exit codes: 0 fine, 1 findings or failure, 2 wrong usage or configuration.
`

/** Runs the command line. @returns the exit code */
export async function main (args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args
  if (name === '--version') {
    io.stdout.write(`${version}\n`)
    return 0
  }
  const command = commands.find(candidate => candidate.name === name)
  if (command === undefined) {
    const asked = name === '--help' || name === '-h' || name === 'help'
    if (!asked && name !== undefined) io.stderr.write(`There is no command "${name}".\n\n`)
    io[asked ? 'stdout' : 'stderr'].write(overview)
    return asked ? 0 : 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(`${command.usage}\n`)
    return 0
  }
  try {
    return await command.run(rest, io)
  } catch (error) {
    return complain(error, command, io)
  }
}

/** Only what is a fault of ours shows a stack. */
function complain (error: unknown, command: Command, io: Io): number {
  if (error instanceof UserError) {
    io.stderr.write(`${error.message}\n`)
    if (error instanceof UsageError) io.stderr.write(`See: hokusai-mlflow ${command.name} --help\n`)
    return error.exitCode
  }
  io.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  return 1
}

// Run as a program, also through the link that npm makes; not when a test imports it.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // A full disk or a reader that has gone ends no server: its own log goes past these streams. What a command could not print is a failure.
  process.stderr.on('error', () => {})
  process.stdout.on('error', () => { process.exitCode ||= 1 })
  const code = await main(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr, env: process.env })
  // A server goes on running; anything else may have to flush what it printed first.
  if (code !== 0) process.exitCode = code
}
