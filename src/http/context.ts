/**
 * What the edge knows of a request since its head is there. Who learns more on its way adds a decorator of its own: see
 * `records.ts`, which reads them all.
 */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Match } from '../access/matcher.js'
import type { Slotted } from '../core/active-set.js'
import { readHead, type RequestHead } from './connection/request-head.js'
import { readTarget, type Target } from './target.js'

export interface RequestContext extends Slotted {
  readonly request: FastifyRequest
  readonly id: string
  /** The id is one of ours, not a load balancer's. */
  readonly hasOwnId: boolean
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number
  /** The caller's address, as far as it can be believed. */
  readonly address: string
  readonly target: Target
  readonly head: RequestHead
  /** Headers of ours that every response to this request carries: name, value, name, value. */
  readonly responseHeaders: string[]
  /** The span of the request, where spans are made. */
  trace: RequestTrace | undefined
}

/** The span of a request, and of its call to MLflow. */
export interface RequestTrace {
  /** Of the trace, where it is sampled: what leads from a log line or a metric to it. */
  readonly sampledId: string | undefined
  /** The request goes on to MLflow: begins the span of that, and gives the `traceparent` that MLflow is sent (W3C Trace Context). */
  readonly toUpstream: () => string
}

/** What a request is for, told once by whoever classifies it. */
export interface RequestOperation {
  /** For log and metrics; never a caller's path. */
  readonly name: string
  /** The path below the mount, as it is judged and forwarded; empty outside MLflow. */
  readonly path: string
  /** What the table says of it; undefined outside MLflow. */
  readonly match: Match | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext
    operation: RequestOperation | undefined
  }
  interface FastifyContextConfig {
    /** Name of the operation of an endpoint of ours, for log and metrics. */
    operation?: string
  }
}

/** @param url the target as it came: the router may be shown another. @param requestId one of a trusted peer's */
export function createContext (request: FastifyRequest, url: string, address: string, requestId: string | undefined): RequestContext {
  const id = requestId ?? randomUUID()
  return {
    slot: -1,
    request,
    id,
    hasOwnId: requestId === undefined,
    startedAt: performance.now(),
    address,
    target: readTarget(url),
    head: readHead(request.raw.rawHeaders),
    responseHeaders: ['x-request-id', id],
    trace: undefined
  }
}

/** What is no operation of MLflow's, under the name that log and metrics know. */
export function operationOutside (name: string): RequestOperation {
  return { name, path: '', match: undefined }
}

const gatewayPath = /^\/(?:api\/)?mlflow\/gateway\//

/** Whether a request is for MLflow's LLM gateway, told from the plain spelling of its path alone: it is asked before the path is judged. */
export function toGateway ({ target }: RequestContext): boolean {
  return gatewayPath.test(target.path)
}
