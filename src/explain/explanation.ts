/** What would become of a request, in words that log, errors and documents use, too. */
import type { FastifyRequest } from 'fastify'
import type { AccessClass, Scope } from '../access/scopes.js'
import { allows, scopeFor } from '../access/scopes.js'
import type { Reason } from '../core/reasons.js'
import { classOf } from '../http/access.js'
import type { Verdict } from '../keys/contract.js'
import type { Layout } from '../mlflow/layout.js'
import type { PooledRequest } from '../mlflow/pooled.js'

/** What MLflow would have got. */
export type Sent = Pick<PooledRequest, 'outgoing' | 'headers'>

/** What was seen when the request was rehearsed. */
export interface Rehearsed {
  readonly verdict: Verdict | undefined
  /** Undefined: it was refused before anything could route it. */
  readonly request?: FastifyRequest | undefined
  /** Undefined: nothing would be sent to MLflow. */
  readonly sent?: Sent | undefined
  readonly answer: { readonly status: number, readonly location: string | undefined, readonly body: Buffer }
  readonly layout: Layout | undefined
}

export const outcomes = ['forwarded', 'answered', 'redirected', 'refused'] as const

export interface Explanation {
  /** `answered`: by an endpoint of the facade's own, which was not run. */
  readonly outcome: typeof outcomes[number]
  /** Of a refusal or a redirect; null: MLflow or the endpoint decides. */
  readonly status: number | null
  readonly reason: Reason | null
  /** What the caller would read of a refusal. */
  readonly message: string | null
  readonly location: string | null
  /** MLflow's operation, or the facade's own. */
  readonly operation: string | null
  readonly class: AccessClass | null
  /** The scope that the class asks for; null: none decides. */
  readonly needs: Scope | null
  readonly key: ExplainedKey | null
  readonly limit: { readonly per_hour: number, readonly remaining: number, readonly next_seconds: number } | null
  /** The workspace that MLflow would be told. */
  readonly workspace: string | null
  /** What MLflow would get. */
  readonly mlflow: { readonly method: string, readonly path: string, readonly version: string | null } | null
}

interface ExplainedKey {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly scopes: readonly Scope[]
  /** Whether they cover the class; null: it is not known. */
  readonly suffices: boolean | null
  readonly workspaces: readonly string[]
  readonly permissions: readonly string[]
}

export function explained ({ method }: { readonly method: string }, rehearsed: Rehearsed): Explanation {
  const { request, sent, answer: { status, location } } = rehearsed
  const needed = request === undefined ? undefined : classOf(request)
  const refusal = sent === undefined ? refusalIn(rehearsed) : undefined
  const isRedirect = sent === undefined && status >= 300 && status < 400
  return {
    outcome: sent !== undefined ? 'forwarded' : refusal !== undefined ? 'refused' : isRedirect ? 'redirected' : 'answered',
    status: refusal !== undefined || isRedirect ? status : null,
    reason: refusal?.reason ?? null,
    message: refusal?.message ?? null,
    location: isRedirect ? location ?? null : null,
    operation: request?.operation?.name ?? request?.routeOptions.config?.operation ?? null,
    class: needed ?? null,
    needs: needed === undefined ? null : scopeFor(needed) ?? null,
    key: keyIn(rehearsed, needed),
    limit: limitIn(request),
    workspace: sent === undefined ? null : headerOf(sent, 'x-mlflow-workspace') ?? null,
    mlflow: sent === undefined ? null : { method, path: sent.outgoing.path, version: rehearsed.layout?.version ?? null }
  }
}

/** An answer of the facade's own that is an error; whatever could not even be routed is malformed. */
function refusalIn ({ request, answer: { status, body } }: Rehearsed): { readonly reason: Reason, readonly message: string } | undefined {
  if (status < 400) return undefined
  const { message = '' } = JSON.parse(body.toString() || '{}') as { readonly message?: string }
  return { reason: request?.refusal?.reason ?? 'malformed', message }
}

function keyIn ({ verdict }: Rehearsed, needed: AccessClass | undefined): ExplainedKey | null {
  const caller = verdict?.caller
  if (caller === undefined) return null
  return {
    id: caller.keyId,
    name: caller.name,
    owner: caller.userId,
    scopes: [...caller.scopes],
    suffices: needed === undefined ? null : allows(caller.scopes, needed),
    workspaces: caller.workspaces,
    permissions: caller.permissions?.texts ?? []
  }
}

function limitIn (request: FastifyRequest | undefined): Explanation['limit'] {
  const { standing, caller } = request ?? {}
  if (standing === undefined || caller?.ratePerHour === undefined) return null
  return { per_hour: caller.ratePerHour, remaining: standing.remaining, next_seconds: Math.ceil(standing.nextMs / 1000) }
}

function headerOf ({ headers }: Sent, name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
  return at === -1 ? undefined : headers[at + 1]
}
