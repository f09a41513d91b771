/** What is asked of the events that are kept, and what comes back. */
import type { AuditEvent, AuditOutcome } from '../event.js'

export interface AuditFilter {
  /** Milliseconds since 1970: from this moment, and before that one. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Its id, or its hint with or without the ellipsis. */
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly operation?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  readonly reason?: string | undefined
}

/** How much is given at once, and where to go on. */
export interface AuditWindow {
  readonly max: number
  /** What came with the page before. */
  readonly token?: string | undefined
  /** Bytes of files that are looked through at most; then a page may hold fewer events than there are. */
  readonly scanMaxBytes?: number
}

/** Events, the newest first. */
export interface AuditPage {
  readonly events: readonly AuditEvent[]
  /** For the next page; undefined: there is no more. */
  readonly next: string | undefined
  /** Lines that are no events. */
  readonly skipped: number
}

export interface AuditReader {
  /** @throws PageTokenError; UserError where what is kept cannot be read */
  readonly read: (filter: AuditFilter, window: AuditWindow) => Promise<AuditPage>
  readonly close: () => Promise<void>
}

/** The token is none that an earlier page came with. */
export class PageTokenError extends Error {
  override readonly name = 'PageTokenError'
}

export function matches (event: AuditEvent, { since, until, key, user, operation, outcome, reason }: AuditFilter): boolean {
  const at = Date.parse(event.time)
  return (since === undefined || at >= since) &&
    (until === undefined || at < until) &&
    (key === undefined || event.key_id === key || hintsOf(key).includes(event.key ?? '')) &&
    (user === undefined || event.user === user) &&
    (operation === undefined || event.operation === operation) &&
    (outcome === undefined || event.outcome === outcome) &&
    (reason === undefined || event.reason === reason)
}

/** The spellings of a hint. */
export function hintsOf (given: string): readonly string[] {
  return [given, `${given}…`]
}
