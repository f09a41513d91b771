/** What a route says of a request for the audit trail, beyond what everybody can tell from its operation. */
import type { FastifyRequest } from 'fastify'

export interface Audited {
  /** In place of the route's own. */
  readonly operation?: string
  /** What the call is about, by names of fields; never a key. */
  readonly resource?: Readonly<Record<string, string>>
  /** Whether it changes something, where method and class do not say so. */
  readonly changes?: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    audited: Audited | undefined
  }
}

/** Says it; what was said before stays where nothing else is said. */
export function sayForAudit (request: FastifyRequest, audited: Audited): void {
  request.audited = { ...request.audited, ...audited }
}
