/** `hokusai-mlflow audit`: the audit events that are kept. */
import { outcomes, type AuditEvent, type AuditOutcome } from '../audit/event.js'
import { momentAllowed, momentOf } from '../audit/read/moment.js'
import { openAuditReader, unkept } from '../audit/read/open.js'
import type { AuditFilter } from '../audit/read/query.js'
import type { Io } from '../core/io.js'
import { reasons } from '../core/reasons.js'
import { nearest } from '../core/settings/settings.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { readConfig } from './environment.js'
import { options } from './options.js'
import { printTable, relative } from './table.js'

const limitMax = 100_000

export const audit: Command = {
  usage: `Usage: hokusai-mlflow audit [OPTIONS]

Lists audit events, the newest first: refused calls, and calls and commands that
change something (docs/audit.md). Reads the files or the PostgreSQL that
AUDIT_LOG names; what goes to standard output is where the server's log is kept.

  --since 1h       from this moment: a duration ago (s, m, h, d, w), or a time
  --until 10m      before this moment
  --key ID|HINT    of this key
  --user ID        of this user
  --operation NAME, --outcome allowed|refused|failed, --reason NAME
                   only these
  --limit N        how many at most; default: ${options.audit.limit.default}
  --wide           everything, with exact times, on a terminal too
  --json           {"events": […], "skipped"}; skipped: lines that are no events

Exit codes: 0 fine, 1 the events cannot be read, 2 wrong usage or configuration,
also where none are kept that could be read.`,
  async run (args, io) {
    const { values } = parse({ args, options: options.audit })
    const filter = filterFrom(values)
    const max = Number(/^\d{1,6}$/.exec(values.limit)?.[0])
    if (!(max >= 1 && max <= limitMax)) throw new UsageError(`--limit must be a whole number from 1 to ${limitMax}.`)
    const config = readConfig(io)
    const reader = await openAuditReader(config.audit)
    if (reader === undefined) {
      io.stderr.write(`${unkept(config.audit)}\n`)
      return 2
    }
    try {
      const { events, skipped, next } = await reader.read(filter, { max })
      if (values.json) printJson(io, { events, skipped })
      else print(io, events, values.wide)
      if (skipped > 0) io.stderr.write(skipped === 1 ? '1 line is no audit event, and was skipped.\n' : `${skipped} lines are no audit events, and were skipped.\n`)
      if (next !== undefined) io.stderr.write('There are more: raise --limit, or narrow the search.\n')
      return 0
    } finally {
      await reader.close()
    }
  }
}

type Given = Readonly<Partial<Record<'since' | 'until' | 'key' | 'user' | 'operation' | 'outcome' | 'reason', string>>>

/** @throws UsageError */
function filterFrom ({ since, until, outcome, reason, ...same }: Given): AuditFilter {
  if (outcome !== undefined && !isOutcome(outcome)) throw new UsageError(`--outcome must be one of ${outcomes.join(', ')}.`)
  if (reason !== undefined && !Object.hasOwn(reasons, reason)) {
    throw new UsageError(`No reason has this name: did you mean ${nearest(reason.slice(0, 100), Object.keys(reasons))}?`)
  }
  const now = Date.now()
  return { ...same, outcome, reason, since: momentIn('--since', since, now), until: momentIn('--until', until, now) }
}

function isOutcome (given: string): given is AuditOutcome {
  return outcomes.some(outcome => outcome === given)
}

/** @throws UsageError */
function momentIn (option: string, given: string | undefined, now: number): number | undefined {
  if (given === undefined) return undefined
  const at = momentOf(given, now)
  if (at === undefined) throw new UsageError(`${option} must be ${momentAllowed}.`)
  return at
}

function print (io: Io, events: readonly AuditEvent[], wide: boolean): void {
  if (events.length === 0) {
    io.stderr.write('No audit event fits.\n')
    return
  }
  const now = Date.now()
  printTable(io, [
    { head: 'TIME', cell: ({ time }) => time, brief: ({ time }) => relative(Date.parse(time), now) },
    { head: 'OUTCOME', cell: ({ outcome }) => outcome },
    { head: 'OPERATION', cell: ({ operation }) => operation, elastic: true },
    { head: 'USER', cell: ({ user }) => shown(user), elastic: true },
    { head: 'KEY', cell: event => shown(event.key_id) },
    { head: 'ADDRESS', cell: ({ address }) => shown(address), brief: null },
    { head: 'STATUS', cell: ({ status }) => String(status ?? '-'), brief: null },
    { head: 'REASON', cell: ({ reason }) => reason ?? '-' },
    { head: 'COUNT', cell: ({ count = 1 }) => String(count), brief: null },
    { head: 'RESOURCE', cell: ({ resource = {} }) => Object.entries(resource).map(([name, value]) => `${name}=${shown(value)}`).join(' ') || '-', elastic: true },
    { head: 'REQUEST', cell: event => event.request_id ?? '-', brief: null }
  ], events, wide)
}

/** Without what a terminal would obey: callers chose some of these texts. */
function shown (text: string = '-'): string {
  return /\p{C}/u.test(text) ? JSON.stringify(text) : text
}
