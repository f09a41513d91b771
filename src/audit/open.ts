/** Opens the trail of a process: the sink that AUDIT_LOG names, what is numbered on the way there, and who hears of it. */
import { closeSync, openSync, statSync } from 'node:fs'
import type { Logger } from 'pino'
import type { AuditConfig } from '../core/settings/audit-settings.js'
import { ConfigError } from '../core/settings/config.js'
import type { Metrics } from '../core/telemetry/metrics.js'
import { openFileSink } from './sinks/file.js'
import type { AuditSink, OnProblem } from './sink.js'
import { problemOf } from './tables.js'
import { openTrail, type AuditTrail } from './trail.js'

interface Ears {
  readonly log: Logger
  readonly metrics: Metrics
  /** Writes a line to standard output, beside the log. @returns whether there was room */
  readonly write: (line: string) => boolean
}

/** Undefined: AUDIT_LOG is off. @throws ConfigError where a file cannot be written, ever */
export async function openAudit (config: AuditConfig, { log, metrics, write }: Ears): Promise<AuditTrail | undefined> {
  const sink = await openSink(config, write, problem => {
    if (problem === undefined) log.info('audit events are written again')
    else log.error({ error: problemOf(problem) }, 'audit events cannot be written: they wait, and are lost when too many do')
  })
  if (sink === undefined) return undefined
  return openTrail(sink, {
    onEvent: ({ outcome }) => metrics.auditEvents.inc({ outcome }),
    onLoss: count => metrics.auditEventsDropped.inc(count)
  })
}

async function openSink (config: AuditConfig, write: Ears['write'], tell: OnProblem): Promise<AuditSink | undefined> {
  const { place } = config
  switch (place.kind) {
    case 'off': return undefined
    case 'stdout': return { take: (_event, line) => write(line), close: async () => {} }
    case 'file': {
      const problem = fileProblem(place.file)
      if (problem !== undefined) throw new ConfigError([problem])
      return openFileSink(place.file, config, tell)
    }
    case 'postgres': {
      const { openPostgresSink } = await import('./sinks/postgres.js')
      return openPostgresSink(place.address, config.retentionMs, tell)
    }
  }
}

/** A disk that is full now may have room later; all else that keeps a file from being opened is a matter of settings. */
const passing: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE'])

/** Why no events can be appended to a file, as a sentence; undefined: they can. Makes the file where there is none. */
export function fileProblem (file: string): string | undefined {
  try {
    closeSync(openSync(file, 'a+', 0o600))
    return statSync(file).isFile() ? undefined : `AUDIT_LOG names ${file}, which is no regular file`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return passing.has(code) ? undefined : `AUDIT_LOG names ${file}, which cannot be written (${code ?? 'unknown'})`
  }
}
