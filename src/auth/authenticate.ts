/** The guard of every route that needs a key: finds the key, asks the store, compares what it grants with what the route's class demands. */
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { presentedKey } from './credentials.js'
import { guessing, type Guesses } from '../keys/guesses.js'
import { allows, scopeFor, type AccessClass } from '../access/scopes.js'
import { seen } from './seen.js'
import { StoreBusyError, StoreUnavailableError, type Caller, type KeyVerifier, type Verdict } from '../keys/contract.js'
import { errors, FacadeError, toFacadeError, unauthenticated, unavailable } from '../core/errors.js'
import { unknownId } from '../access/matcher.js'
import { refuse } from '../http/send-error.js'
import { toGateway, type Visit } from '../http/context.js'

/** What a route demands where that depends on the request. */
export interface Access {
  /** What can be told in constant time, which is all that a caller without a good key may cause. */
  readonly early: (request: FastifyRequest) => AccessClass | undefined
  /** The class of every other request; asked for once the key is known to be good. */
  readonly judged: (request: FastifyRequest) => AccessClass
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route of the guarded block demands. */
    access?: AccessClass | Access
  }
}

interface Options {
  readonly verifier: KeyVerifier
  /** Counts the keys that were refused. */
  readonly guesses: Guesses
}

export default fp<Options>(async (app, { verifier, guesses }) => {
  // An open route by forgetting is not possible: what says nothing does not start.
  app.addHook('onRoute', route => {
    if (route.config?.access === undefined) throw new Error(`The guarded route ${route.url} has no access class`)
  })

  /** The store was asked first: a good key is never refused for its address. */
  const refuseKey = (reply: FastifyReply, refusal: FacadeError): void => {
    const waitMs = refusal.kind === errors.unauthenticated ? guesses.count(reply.request.visit.address, performance.now()) : 0
    refuse(reply, waitMs === 0 ? refusal : tooManyGuesses(waitMs))
  }

  const guard: onRequestHookHandler = (request, reply, done) => {
    let needed: AccessClass | undefined
    try { needed = early(request) } catch (error) { refuse(reply, toFacadeError(error)); return }
    if (needed === 'public') { done(); return }
    const presented = presentedKey(request.visit.head, toGateway(request.visit))
    if (presented.kind === 'conflict') { refuse(reply, new FacadeError('badRequest', { message: `Two different API keys were presented, in ${presented.headers.join(' and ')}: send one.`, reason: 'two_keys' })); return }
    if (presented.kind === 'none') { refuse(reply, unauthenticated('no_key')); return }
    request.visit.keyIn = 'header' // presentedKey reads nothing else
    const settle = (verdict: Verdict): void => {
      const refusal = judge(request, verdict, needed, presented.key)
      if (refusal === undefined) done()
      else refuseKey(reply, refusal)
    }
    try {
      const verdict = verifier.verify(presented.key, request.visit.address)
      if (verdict instanceof Promise) verdict.then(settle).catch(error => refuse(reply, storeFault(error)))
      else settle(verdict)
    } catch (error) {
      refuse(reply, storeFault(error))
    }
  }
  app.addHook('onRequest', guard)
}, { name: 'guard' })

/** What can be told before the key is looked at. */
function early (request: FastifyRequest): AccessClass | undefined {
  const { access = 'admin' } = request.routeOptions.config
  return typeof access === 'string' ? access : access.early(request)
}

function judged (request: FastifyRequest): AccessClass {
  const { access = 'admin' } = request.routeOptions.config
  return typeof access === 'string' ? access : access.judged(request)
}

/** Notes the caller; gives the refusal, if there is one. */
function judge (request: FastifyRequest, verdict: Verdict, told: AccessClass | undefined, key: string): FacadeError | undefined {
  const { visit } = request
  visit.caller = verdict.caller
  if (!verdict.valid) {
    return verdict.reason === 'balance'
      ? new FacadeError('forbidden', { message: 'The account of this API key has no balance.', reason: 'balance' })
      : unauthenticated(verdict.reason, seen(visit.head, key))
  }
  const needed = told ?? judged(request)
  if (allows(verdict.caller.scopes, needed)) return undefined
  // MLflow's client falls back to an older API on this code alone.
  if (visit.match?.id === unknownId) return new FacadeError('notFound', { message: 'This endpoint of MLflow is not known to the facade: it is for administrators.', reason: 'unknown_operation' })
  return needed === 'blocked'
    ? new FacadeError('forbidden', { message: 'This endpoint of MLflow is switched off here.', reason: 'blocked' })
    : new FacadeError('forbidden', { message: `This needs the scope ${scopeFor(needed) ?? needed}, which the API key does not have.`, reason: 'scope' })
}

/**
 * Whose call it was, for the record: also of a redirect, which asks for no key but mostly comes with one. A refused one is a guess like any
 * other, and no auth service is asked: its validations are for those who want something. Never fails.
 */
export async function callerOf (visit: Visit, { verifier, guesses }: Options): Promise<Caller | undefined> {
  const { caller, refusal, address } = visit
  if (caller !== undefined || refusal !== undefined) return caller
  const presented = presentedKey(visit.head, toGateway(visit))
  if (presented.kind !== 'key') return undefined
  try {
    const verdict = verifier.recall === undefined ? await verifier.verify(presented.key, address) : verifier.recall(presented.key)
    if (verdict?.valid === true) return verdict.caller
    if (verdict !== undefined && verdict.reason !== 'balance') guesses.count(address, performance.now())
    return undefined
  } catch {
    return undefined
  }
}

function tooManyGuesses (waitMs: number): FacadeError {
  return new FacadeError('rateLimited', { message: 'Too many API keys that came from this address were refused, this one too. Try again after the time in Retry-After.', reason: guessing, headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) } })
}

function storeFault (error: unknown): FacadeError {
  if (error instanceof StoreBusyError) return new FacadeError('rateLimited', { message: error.message, reason: 'store_busy', headers: { 'retry-after': String(error.retryAfterSeconds) } })
  if (error instanceof StoreUnavailableError) return unavailable('API keys cannot be checked at the moment. Try again.', 'store_unavailable', error)
  return toFacadeError(error)
}
