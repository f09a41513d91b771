/** What an audit event says. The names stay: they are the same in files, in PostgreSQL and in answers (docs/audit.md). */
import { randomBytes } from 'node:crypto'
import type { AccessClass } from '../access/scopes.js'

export const outcomes = ['allowed', 'refused', 'failed'] as const

/** `failed`: it was let through and did not end well; whether MLflow did it all the same is not known. */
export type AuditOutcome = typeof outcomes[number]

/** What a call names, by the names of its own fields. */
export type Resource = Readonly<Record<string, string>>

/** An event as it is noticed. */
export interface AuditFields {
  /** When the call ended, ISO 8601 in UTC. */
  readonly time: string
  readonly request_id?: string | undefined
  /** The first characters of the key. */
  readonly key?: string | undefined
  readonly key_id?: string | undefined
  readonly user?: string | undefined
  readonly address?: string | undefined
  /** The caller was known by the session of a browser. */
  readonly session?: true | undefined
  readonly method?: string | undefined
  readonly operation: string
  readonly class?: AccessClass | undefined
  readonly resource?: Resource | undefined
  readonly workspace?: string | undefined
  readonly status?: number | undefined
  readonly outcome: AuditOutcome
  /** A reason of the register. */
  readonly reason?: string | undefined
  /** How many calls it stands for; absent: one. */
  readonly count?: number | undefined
}

/** An event as it is kept. */
export interface AuditEvent extends AuditFields {
  /** Counts the events of a source from 1, those that are lost too. */
  readonly seq: number
  /** The process that numbered it, by a name of this start. */
  readonly source: string
}

/** Says where events are missing, and how many (`count`). */
export const gapOperation = 'audit.gap'

/** A name for a process, unlike that of any other start. */
export function newSource (): string {
  return randomBytes(6).toString('base64url')
}

/** A line of JSON, with its end. */
export function lineOf ({ seq, source, ...fields }: AuditEvent): string {
  return `${JSON.stringify({ type: 'audit', seq, source, ...fields })}\n`
}

/** Undefined: it is none. */
export function readLine (line: string): AuditEvent | undefined {
  try {
    const { type, ...event } = JSON.parse(line) as { readonly type?: unknown } & AuditEvent
    const isEvent = type === 'audit' && typeof event.operation === 'string' && typeof event.outcome === 'string' &&
      typeof event.time === 'string' && !Number.isNaN(Date.parse(event.time))
    return isEvent ? event : undefined
  } catch {
    return undefined
  }
}
