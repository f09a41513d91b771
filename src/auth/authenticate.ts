/**
 * The guard of every route that needs a key: finds the key, asks the store, compares what it grants with what the
 * route's class demands.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { presentedKey } from './credentials.js'
import { guessing, type Guesses } from '../keys/guesses.js'
import { allows, scopeFor } from '../access/scopes.js'
import { countCall, noteStanding } from './rate-limit.js'
import { seen } from './seen.js'
import type { Standing } from '../keys/limits/allowance.js'
import type { Limits } from '../keys/limits/local.js'
import { StoreBusyError, StoreUnavailableError, type Caller, type KeyVerifier, type Verdict } from '../keys/contract.js'
import { errors, FacadeError, toFacadeError, unauthenticated, unavailable } from '../core/errors.js'
import { unknownId } from '../access/matcher.js'
import { sendError } from '../http/answer/send-error.js'
import type { Judgement } from '../http/access.js'
import { toGateway } from '../http/context.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key it came with, good or ended. */
    caller: Caller | undefined
    /**
     * Where the key stood that was tried. What comes by itself with every call of a browser, as a cookie does, is no header here:
     * pages of other origins write by this alone.
     */
    keyIn: 'header' | undefined
  }
}

interface Options {
  readonly verifier: KeyVerifier
  /** Counts the keys that were refused. */
  readonly guesses: Guesses
}

interface GuardOptions extends Options {
  /** Counts the requests of keys that have a limit. */
  readonly limits: Limits
}

export default fp<GuardOptions>(async (app, { verifier, guesses, limits }) => {
  app.decorateRequest('caller')
  app.decorateRequest('keyIn')
  app.decorateRequest('standing')
  // An open route by forgetting is not possible: what says nothing does not start.
  app.addHook('onRoute', route => {
    if (route.config?.access === undefined) throw new Error(`The guarded route ${route.url} has no access class`)
  })

  const conclude = (reply: FastifyReply, refusal: FacadeError | undefined, done: () => void): void => {
    if (refusal === undefined) done()
    else refuseKey(reply, refusal)
  }

  /** Of a key that has a limit. What is refused costs a call, too; it was judged first, so that the log names what is over the limit. */
  const concludeLimited = (reply: FastifyReply, caller: Caller, refusal: FacadeError | undefined, done: () => void): void => {
    const { request } = reply
    const standing = countCall(request, caller, limits)
    const note = (found: Standing): void => conclude(reply, noteStanding(request, found) ?? refusal, done)
    if (standing instanceof Promise) standing.then(note).catch(error => sendError(reply, toFacadeError(error)))
    else note(standing)
  }

  /** The store was asked first: a good key is never refused for its address. */
  const refuseKey = (reply: FastifyReply, refusal: FacadeError): void => {
    const waitMs = refusal.kind === errors.unauthenticated ? guesses.count(reply.request.context.address, performance.now()) : 0
    sendError(reply, waitMs === 0 ? refusal : tooManyGuesses(waitMs))
  }

  app.addHook('onRequest', (request, reply, done) => {
    const told = early(request)
    request.operation = told?.operation
    if (told?.class === 'public') { done(); return }
    const { context } = request
    const presented = presentedKey(context.head, toGateway(context))
    if (presented.kind !== 'key') {
      sendError(reply, presented.kind === 'none' ? unauthenticated('no_key') : twoKeys(presented.headers))
      return
    }
    request.keyIn = 'header' // presentedKey reads nothing else
    const settle = (verdict: Verdict): void => {
      if (!verdict.valid || verdict.caller.ratePerHour === undefined) conclude(reply, judge(request, verdict, told, presented.key), done)
      else concludeLimited(reply, verdict.caller, judgeOrCatch(request, verdict, told, presented.key), done)
    }
    try {
      const verdict = verifier.verify(presented.key, context.address)
      if (verdict instanceof Promise) verdict.then(settle).catch(error => sendError(reply, storeFault(error)))
      else settle(verdict)
    } catch (error) {
      sendError(reply, storeFault(error))
    }
  })
}, { name: 'authenticate' })

/** What can be told before the key is looked at. */
function early (request: FastifyRequest): Judgement | undefined {
  const { access = 'admin' } = request.routeOptions.config
  return typeof access === 'string' ? { class: access } : access.early(request)
}

function judged (request: FastifyRequest): Judgement {
  const { access = 'admin' } = request.routeOptions.config
  return typeof access === 'string' ? { class: access } : access.judged(request)
}

function twoKeys (headers: readonly string[]): FacadeError {
  return new FacadeError('badRequest', {
    message: `Two different API keys were presented, in ${headers.join(' and ')}: send one.`,
    reason: 'two_keys'
  })
}

/** Notes the caller and the operation; gives the refusal, if there is one. */
function judge (request: FastifyRequest, verdict: Verdict, told: Judgement | undefined, key: string): FacadeError | undefined {
  request.caller = verdict.caller
  if (!verdict.valid) {
    return verdict.reason === 'balance'
      ? new FacadeError('forbidden', { message: 'The account of this API key has no balance.', reason: 'balance' })
      : unauthenticated(verdict.reason, seen(request.context.head, key))
  }
  const judgement = told ?? judged(request)
  request.operation = judgement.operation
  const needed = judgement.class
  if (allows(verdict.caller.scopes, needed)) return undefined
  // MLflow's client falls back to an older API on this code alone.
  if (request.operation?.name === unknownId) {
    return new FacadeError('notFound', {
      message: 'This endpoint of MLflow is not known to the facade: it is for administrators.',
      reason: 'unknown_operation'
    })
  }
  return needed === 'blocked'
    ? new FacadeError('forbidden', { message: 'This endpoint of MLflow is switched off here.', reason: 'blocked' })
    : new FacadeError('forbidden', {
      message: `This needs the scope ${scopeFor(needed) ?? needed}, which the API key does not have.`,
      reason: 'scope'
    })
}

/** As `judge`; a request that cannot be judged is refused like any other. */
function judgeOrCatch (...given: Parameters<typeof judge>): FacadeError | undefined {
  try {
    return judge(...given)
  } catch (error) {
    return toFacadeError(error)
  }
}

/**
 * Whose call it was, for the record: also of a redirect, which asks for no key but mostly comes with one. A refused one is a guess like any
 * other, and no auth service is asked: its validations are for those who want something. Never fails.
 */
export async function callerOf ({ caller, refusal, context }: FastifyRequest, { verifier, guesses }: Options): Promise<Caller | undefined> {
  if (caller !== undefined || refusal !== undefined) return caller
  const presented = presentedKey(context.head, toGateway(context))
  if (presented.kind !== 'key') return undefined
  try {
    const verdict = verifier.recall === undefined ? await verifier.verify(presented.key, context.address) : verifier.recall(presented.key)
    if (verdict?.valid === true) return verdict.caller
    if (verdict !== undefined && verdict.reason !== 'balance') guesses.count(context.address, performance.now())
    return undefined
  } catch {
    return undefined
  }
}

function tooManyGuesses (waitMs: number): FacadeError {
  return new FacadeError('rateLimited', {
    message: 'Too many API keys that came from this address were refused, this one too. Try again after the time in Retry-After.',
    reason: guessing,
    headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) }
  })
}

function storeFault (error: unknown): FacadeError {
  if (error instanceof StoreBusyError) {
    return new FacadeError('rateLimited', {
      message: error.message,
      reason: 'store_busy',
      headers: { 'retry-after': String(error.retryAfterSeconds) }
    })
  }
  if (error instanceof StoreUnavailableError) {
    return unavailable('API keys cannot be checked at the moment. Try again.', 'store_unavailable', error)
  }
  return toFacadeError(error)
}
