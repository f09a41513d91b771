/** What is known of one request, gathered on its way through the hooks and read by the log line and the metrics at its end. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Caller } from '../keys/contract.js'
import type { Exchange } from '../proxy/exchange.js'
import { readHead, type RequestHead } from './request-head.js'
import type { Match } from '../access/matcher.js'
import { readTarget, type Target } from './target.js'
import { mount } from '../core/mount.js'
import type { Use } from './bounds.js'
import type { Placed } from '../core/active-set.js'

export interface Visit extends Placed {
  readonly request: IncomingMessage
  readonly id: string
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number
  /** The caller's address, as far as it can be believed. */
  readonly address: string
  readonly target: Target
  readonly head: RequestHead
  /** Headers of ours that every answer to this request carries: name, value, name, value. */
  readonly headers: string[]
  /** Name of the operation for log and metrics; never a caller's path. */
  operation: string
  /** The path below the mount, as it is judged and forwarded. */
  path: string
  /** What the table says of it; undefined outside MLflow. */
  match: Match | undefined
  /** The new path, where it came by an old one. */
  legacy: string | undefined
  caller: Caller | undefined
  /** Where the key stood that the guard tried. What comes by itself with every call of a browser, as a cookie does, is no header here: pages of other origins write by this alone. */
  keyIn: 'header' | undefined
  /** What its key has under way, while this request counts among it; and whether as a transfer. */
  use: Use | undefined
  isTransfer: boolean
  /** The key was tried, and why it was refused. */
  refusal: string | undefined
  /** Status of an answer of ours that was written whole, though it may linger; 0: none. */
  answered: number
  /** What broke, for the log only. */
  failure: unknown
  exchange: Exchange | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    visit: Visit
  }
}

/** Begins the record of a request. @param url its target as it came: the router may be shown another */
export function arrive (request: IncomingMessage, url: string, address: string, requestId: string | undefined): Visit {
  const id = requestId ?? randomUUID()
  return {
    place: -1,
    request,
    id,
    startedAt: performance.now(),
    address,
    target: readTarget(url),
    head: readHead(request.rawHeaders),
    headers: ['x-request-id', id],
    operation: 'none',
    path: '',
    match: undefined,
    legacy: undefined,
    caller: undefined,
    keyIn: undefined,
    use: undefined,
    isTransfer: false,
    refusal: undefined,
    answered: 0,
    failure: undefined,
    exchange: undefined
  }
}

const gatewayRoot = `${mount}/gateway/`

/** Whether a request is for MLflow's LLM gateway, told from the plain spelling of its path alone: it is asked before the path is judged. */
export function toGateway ({ legacy, target }: Visit): boolean {
  return (legacy ?? target.path).startsWith(gatewayRoot)
}
