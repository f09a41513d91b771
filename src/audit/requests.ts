/** Which ended requests are events: refused calls, and calls that change something. */
import type { FastifyRequest } from 'fastify'
import { unknownId } from '../access/matcher.js'
import type { Reason } from '../core/reasons.js'
import { classOf } from '../http/access.js'
import type { RequestEndListener, RequestRecord } from '../http/records.js'
import { collapse } from './collapse.js'
import type { AuditFields, AuditOutcome } from './event.js'
import { redaction, resourceOf } from './resource.js'
import type { AuditRecorder } from './trail.js'

/** Reasons for which a call that was let through did not end well: nobody refused it. */
const failures: ReadonlySet<Reason> = new Set<Reason>([
  'internal', 'answer_cut', 'output_stalled', 'upload_idle', 'spool_full', 'spool_failed', 'platform_identity', 'upstream_busy', 'upstream_not_ready',
  'upstream_silent', 'upstream_refused', 'upstream_reset', 'upstream_tls', 'upstream_head', 'upstream_protocol', 'upstream_status', 'upstream_timeout',
  'upstream_idle'
])

/** They search by POST, and are for administrators since jobs are. */
const searches: ReadonlySet<string> = new Set(['searchJobs', 'searchPromptOptimizationJobs'])

export interface RequestAudit {
  readonly listener: RequestEndListener
  /** Passes on what was held; what comes later passes at once. */
  readonly close: () => void
}

/** Makes events of ended requests. A call that is neither refused nor changes anything costs two comparisons. */
export function auditRequests ({ record }: Pick<AuditRecorder, 'record'>): RequestAudit {
  const flood = collapse(record)
  let take = flood.take
  return {
    listener (ended, request) {
      if (ended.refusal === undefined && !changesState(request)) return
      const outcome = outcomeOf(ended)
      if (outcome === 'refused') take(fieldsOf(ended, request, outcome))
      else if (changesState(request)) record(fieldsOf(ended, request, outcome))
    },
    close () {
      flood.flush()
      take = record
    }
  }
}

/** Whether a call would change something, or spend something, by its operation. */
function changesState (request: FastifyRequest | undefined): boolean {
  const match = request?.operation?.match
  if (match === undefined) return request !== undefined && changesOurs(request)
  switch (match.class) {
    case 'write': return true
    case 'public':
    case 'ui':
    case 'read': return request?.audited?.changes === true
    // A call of a model spends money; what nobody knows may do anything
    default: return match.id === unknownId || (!isSafe(request) && !searches.has(match.id))
  }
}

/** Of the facade's own endpoints, by their methods; what goes on to the platform is not ours to tell of. */
function changesOurs (request: FastifyRequest): boolean {
  const { operation } = request.routeOptions.config ?? {}
  return request.audited?.changes ?? (operation !== undefined && request.operation === undefined && !isSafe(request))
}

/** RFC 9110, section 9.2.1. */
function isSafe (request: FastifyRequest | undefined): boolean {
  const method = request?.raw.method
  return method === 'GET' || method === 'HEAD'
}

function outcomeOf ({ refusal, status }: RequestRecord): AuditOutcome {
  if (refusal !== undefined) return failures.has(refusal) ? 'failed' : 'refused'
  return status >= 400 ? 'failed' : 'allowed'
}

function fieldsOf (ended: RequestRecord, request: FastifyRequest | undefined, outcome: AuditOutcome): AuditFields {
  const { requestId, caller, address, method, operation, status, refusal } = ended
  return {
    time: new Date().toISOString(),
    request_id: requestId,
    key: caller?.hint,
    key_id: caller?.keyId,
    user: caller?.userId,
    address,
    session: caller?.session,
    method,
    operation: request?.audited?.operation ?? operation,
    class: request === undefined ? undefined : classOf(request),
    resource: request === undefined ? undefined : resourceOf(request),
    workspace: request === undefined ? undefined : workspaceOf(request),
    status,
    outcome,
    reason: refusal
  }
}

/** The one that the request names, or the only one that its key may use. */
function workspaceOf ({ context: { head }, caller }: FastifyRequest): string | undefined {
  const named = head.workspace[0] ?? (caller?.workspaces.length === 1 ? caller.workspaces[0] : undefined)
  return named === undefined ? undefined : redaction(head)(named)
}
