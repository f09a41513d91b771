/** `hokusai-mlflow legacy`: who still uses old paths, and has to move before they end. */
import { readUsage, usageFile, type Usage } from '../legacy/usage.js'
import { parse, printJson, type Command } from './command.js'
import { type Io } from '../core/io.js'
import { readConfig } from './environment.js'
import { options } from './options.js'
import { printTable, relative } from './table.js'

export const legacy: Command = {
  usage: `Usage: hokusai-mlflow legacy [--wide] [--json]

Lists the keys and kinds of clients that called an old path, such as
/api/mlflow/…, how often, and when last. The counts are those of the facade that
uses DATA_DIR, up to ten seconds old; every replica keeps its own.
Calls without a valid key are redirects that were not followed with one.

  --wide  everything, with exact times, on a terminal too; a pipe gets it anyway
  --json  {"since", "sunset", "uses": [{"keyId", "name", "userId", "client",
          "calls", "firstAt", "lastAt"}]}, latest first

Exit codes: 0 fine, 1 the counts cannot be read, 2 wrong usage or configuration.`,
  run (args, io) {
    const { values } = parse({ args, options: options.legacy })
    const config = readConfig(io)
    const sunset = config.legacy.sunsetAt?.toISOString().slice(0, 10) ?? null
    const usage = read(usageFile(config.dataDir), io)
    if (usage === 'unreadable') return 1
    const uses = [...usage?.uses ?? []].sort((one, other) => one.lastAt < other.lastAt ? 1 : -1)
    if (values.json) printJson(io, { since: usage?.since ?? null, sunset, uses })
    else if (uses.length === 0) {
      io.stderr.write(
        `No use of an old path is known${usage === undefined ? ': DATA_DIR has no counts yet' : ` since ${usage.since}`}.\n`
      )
    } else {
      const now = Date.now()
      printTable(io, [
        { head: 'KEY', cell: ({ keyId }) => keyId ?? '-' },
        { head: 'OWNER', cell: ({ userId }) => userId ?? '-', brief: null },
        { head: 'CLIENT', cell: ({ client }) => client, elastic: true },
        { head: 'CALLS', cell: ({ calls }) => String(calls) },
        { head: 'FIRST', cell: ({ firstAt }) => firstAt, brief: null },
        { head: 'LAST', cell: ({ lastAt }) => lastAt, brief: ({ lastAt }) => relative(Date.parse(lastAt), now) },
        { head: 'NAME', cell: ({ name }) => name ?? 'no valid key', elastic: true }
      ], uses, values.wide)
      io.stderr.write(
        `\nCounted since ${usage?.since}. ${sunset === null ? 'LEGACY_SUNSET is not set: old paths have no end date.' : `Old paths end on ${sunset}.`}\n`
      )
    }
    return 0
  }
}

function read (file: string, io: Io): Usage | undefined | 'unreadable' {
  try {
    return readUsage(file)
  } catch (error) {
    io.stderr.write(`The counts of old paths in DATA_DIR cannot be read: ${(error as Error).message}\n`)
    return 'unreadable'
  }
}
