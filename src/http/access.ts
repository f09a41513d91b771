/** What a route demands of a key: said by the route, asked for by the check of keys. */
import type { FastifyRequest } from 'fastify'
import type { AccessClass } from '../access/scopes.js'
import type { RequestOperation } from './context.js'

/** What a request is for, and what that demands. */
export interface Judgement {
  readonly class: AccessClass
  /** Undefined: the route's own. */
  readonly operation?: RequestOperation
}

/** What a route demands where that depends on the request. Both change nothing. */
export interface Access {
  /** What can be told in constant time, which is all that a caller without a good key may cause; undefined: nothing. */
  readonly early: (request: FastifyRequest) => Judgement | undefined
  /** Of every other request; asked for once the key is known to be good. @throws FacadeError where the request cannot be judged */
  readonly judged: (request: FastifyRequest) => Judgement
}

/** The class of what a request is for, as far as it is known: by its operation of MLflow, or by its route. */
export function classOf ({ operation, routeOptions }: FastifyRequest): AccessClass | undefined {
  const { access } = routeOptions.config ?? {}
  return operation?.match?.class ?? (typeof access === 'string' ? access : undefined)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route of the guarded block demands. */
    access?: AccessClass | Access
  }
}
