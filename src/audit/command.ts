/** Events of commands that change keys: kept in the same place as those of calls, where that is not standard output. */
import { userInfo } from 'node:os'
import type { AuditConfig } from '../core/settings/audit-settings.js'
import type { Resource } from './event.js'
import { fileProblem } from './open.js'
import { openFileSink } from './sinks/file.js'
import { problemOf } from './tables.js'
import { openTrail } from './trail.js'

/**
 * Writes one event, in the name of the operating system's user.
 * @returns why it could not be written, as a sentence; undefined: it is there, or none is kept
 */
export async function auditCommand ({ place, ...limits }: AuditConfig, operation: string, resource: Resource): Promise<string | undefined> {
  if (place.kind === 'off' || place.kind === 'stdout') return undefined
  let problem = place.kind === 'file' ? fileProblem(place.file) : undefined
  if (problem !== undefined) return `${problem}.`
  const note = (found: Error | undefined): void => { problem = found === undefined ? undefined : problemOf(found) }
  const sink = place.kind === 'file'
    ? openFileSink(place.file, limits, note)
    : (await import('./sinks/postgres.js')).openPostgresSink(place.address, undefined, note)
  const trail = openTrail(sink, { onEvent: () => {}, onLoss: () => {} })
  trail.record({ time: new Date().toISOString(), user: userName(), operation, resource, outcome: 'allowed' })
  await trail.close()
  return problem
}

/** A user without an entry in the system's list has a number only. */
function userName (): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
