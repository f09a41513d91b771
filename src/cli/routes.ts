/** `hokusai-mlflow routes`: the commands of the package alb-rules, with what is known of the platform: its hosts and its own rules. */
import { readFileSync } from 'node:fs'
import { commandOptions, readRules, runCommand, usageOf, UsageError as RulesUsageError, type Setting } from 'alb-rules'
import { shipped } from '../core/version.js'
import { actionOf, parse, UsageError, type Command } from './command.js'

/** deploy/alb/platform.json: what rules as AWS prints them have no place for. */
interface Platform {
  readonly hosts: readonly string[]
  readonly reasons: Readonly<Record<string, string>>
}

function readShipped (path: string): string {
  return readFileSync(shipped(path), 'utf8')
}

/** Read when a command runs, so that the server's start does not wait for it. */
function setting (): Setting {
  const { hosts, reasons } = JSON.parse(readShipped('deploy/alb/platform.json')) as Platform
  return { program, hosts, own: { rules: ownRules, reasons: new Map(Object.entries(reasons)) } }
}

function ownRules (): ReturnType<typeof readRules> {
  return readRules(readShipped('deploy/alb/after.json'))
}

const program = 'hokusai-mlflow routes'

export const routes: Command = {
  usage: usageOf({ program, hasOwn: true }),
  async run (args, io) {
    const [name, ...rest] = args
    parse({ args: rest, allowPositionals: true, options: actionOf('routes', name, commandOptions) }) // for what it says of a mistyped one
    try {
      return await runCommand(args, io, setting())
    } catch (error) {
      throw error instanceof RulesUsageError ? new UsageError(error.message) : error
    }
  }
}
