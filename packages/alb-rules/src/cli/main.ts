#!/usr/bin/env node
/** The program `alb-rules`: runs a command, and turns what it throws into a sentence and an exit code. */
import { readFileSync } from 'node:fs'
import { UsageError } from './command.js'
import { runCommand } from './commands.js'
import { usageOf } from './usage.js'

const program = 'alb-rules'

async function main (args: string[]): Promise<number> {
  const [name] = args
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usageOf({ program, hasOwn: false })}\n`)
    return 0
  }
  if (name === '--version') {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    process.stdout.write(`${version}\n`)
    return 0
  }
  try {
    return await runCommand(args, process, { program, hosts: [] })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\nSee: ${program} --help\n`)
    return 2
  }
}

// A reader that has had enough, such as head, is no failure; what could not be printed for another reason is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') process.exitCode = 1 })
process.stderr.on('error', () => {})
// What was printed may still have to be flushed.
const code = await main(process.argv.slice(2))
if (code !== 0) process.exitCode = code
