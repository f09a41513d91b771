/**
 * The guard of every route that needs a key: finds the key, asks the store, compares what it grants with what the
 * route's class demands.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { couldBeKey, presentedKey, type Presented } from './credentials.js'
import { guessing, type Guesses } from '../keys/guesses.js'
import { allows, scopeFor, type AccessClass } from '../access/scopes.js'
import { sessionToken } from '../http/session-cookie.js'
import { admitSession, asksForModels, noModels, refuseSession, type SessionOptions } from './session.js'
import { asksForPage, sendToSignIn } from './sign-in.js'
import { countCall, noteStanding } from './rate-limit.js'
import { seen } from './seen.js'
import type { Standing } from '../keys/limits/allowance.js'
import type { Limits } from '../keys/limits/local.js'
import { lacks, StoreBusyError, StoreUnavailableError, type Caller, type KeyVerifier, type Lack, type Verdict } from '../keys/contract.js'
import { errors, FacadeError, toFacadeError, unauthenticated, unavailable } from '../core/errors.js'
import { accountPrefix } from '../keys/key.js'
import { unknownId } from '../access/matcher.js'
import { sendError } from '../http/answer/send-error.js'
import type { Judgement } from '../http/access.js'
import { toGateway } from '../http/context.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key it came with, good or ended. */
    caller: Caller | undefined
    /**
     * What vouches for the request: a key that stood in a header, or the session in a cookie. A cookie comes by itself with every call of a
     * browser: pages of other origins write by a header alone.
     */
    keyIn: 'header' | 'cookie' | undefined
  }
}

interface Options {
  readonly verifier: KeyVerifier
  /** Counts the keys that were refused. */
  readonly guesses: Guesses
}

interface GuardOptions extends Options, SessionOptions {
  /** Counts the requests of keys that have a limit. */
  readonly limits: Limits
}

/** What is tried to let a request in. */
interface Attempt {
  readonly told: Judgement | undefined
  /** The key that was presented; undefined: a session was. */
  readonly key: string | undefined
  /** What else is asked for once the scopes suffice. */
  readonly admit?: (needed: AccessClass) => FacadeError | undefined
}

export default fp<GuardOptions>(async (app, { verifier, guesses, limits, ...session }) => {
  app.decorateRequest('caller')
  app.decorateRequest('keyIn')
  app.decorateRequest('standing')
  // An open route by forgetting is not possible: what says nothing does not start.
  app.addHook('onRoute', route => {
    if (route.config?.access === undefined) throw new Error(`The guarded route ${route.url} has no access class`)
  })

  const conclude = (reply: FastifyReply, refusal: FacadeError | undefined, done: () => void): void => {
    if (refusal === undefined) done()
    else if (refusal.reason === 'scope' && asksForModels(reply.request)) void reply.send(noModels)
    else sendError(reply, counted(refusal, reply.request, guesses))
  }

  /** Of a key that has a limit. What is refused costs a call, too; it was judged first, so that the log names what is over the limit. */
  const concludeLimited = (reply: FastifyReply, caller: Caller, refusal: FacadeError | undefined, done: () => void): void => {
    const { request } = reply
    const standing = countCall(request, caller, limits)
    const note = (found: Standing): void => conclude(reply, noteStanding(request, found) ?? refusal, done)
    if (standing instanceof Promise) standing.then(note).catch(error => sendError(reply, toFacadeError(error)))
    else note(standing)
  }

  const settle = (reply: FastifyReply, verdict: Verdict, attempt: Attempt, done: () => void): void => {
    const { request } = reply
    if (!verdict.valid || verdict.caller.ratePerHour === undefined) conclude(reply, judge(request, verdict, attempt), done)
    else concludeLimited(reply, verdict.caller, judgeOrCatch(request, verdict, attempt), done)
  }

  const trySession = (reply: FastifyReply, token: string, told: Judgement | undefined, done: () => void): void => {
    const { request } = reply
    request.keyIn = 'cookie'
    const attempt: Attempt = { told, key: undefined, admit: needed => admitSession(request, token, needed, session) }
    hear(reply, () => session.sessions.verify(token, request.context.address), verdict => {
      if (verdict !== undefined && (verdict.valid || lacks(verdict.reason))) settle(reply, verdict, attempt, done)
      else refuseSession(request, reply, verdict)
    })
  }

  app.addHook('onRequest', (request, reply, done) => {
    const told = early(request)
    request.operation = told?.operation
    if (told?.class === 'public') { done(); return }
    const { context } = request
    const presented = presentedKey(context.head, toGateway(context))
    // A good key is all that is looked at, whatever cookie comes beside it
    const token = context.head.cookie.length > 0 && isNoKey(presented) ? sessionToken(context.head.cookie) : undefined
    if (token !== undefined) trySession(reply, token, told, done)
    else if (presented.kind === 'conflict') sendError(reply, twoKeys(presented.headers))
    else if (presented.kind === 'key') {
      request.keyIn = 'header' // presentedKey reads nothing else
      const { key } = presented
      hear(reply, () => verifier.verify(key, context.address), verdict => settle(reply, verdict, { told, key }, done))
    } else if (asksForPage(request)) sendToSignIn(request, reply)
    else sendError(reply, unauthenticated('no_key'))
  })
}, { name: 'authenticate' })

/** Goes on with what is said of a key or a session, at once where it is known at once; answers where it cannot be said. */
function hear<T> (reply: FastifyReply, ask: () => T | Promise<T>, then: (answer: T) => void): void {
  try {
    const answer = ask()
    if (answer instanceof Promise) answer.then(then).catch(error => sendError(reply, storeFault(error)))
    else then(answer)
  } catch (error) {
    sendError(reply, storeFault(error))
  }
}

/** Nothing was presented that could be a key: proxies that sign people in put a token of their own beside the session. */
function isNoKey (presented: Presented): boolean {
  return presented.kind === 'none' || (presented.kind === 'key' && !couldBeKey(presented.key))
}

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
    message: `Two different API keys were presented, in ${headers.join(' and ')}: send only one.`,
    reason: 'two_keys'
  })
}

/** Notes the caller and the operation; gives the refusal, if there is one. */
function judge (request: FastifyRequest, verdict: Verdict, { told, key, admit }: Attempt): FacadeError | undefined {
  request.caller = verdict.caller
  if (!verdict.valid) {
    return lacks(verdict.reason)
      ? withoutMeans(verdict.reason)
      : unauthenticated(verdict.reason, key === undefined ? undefined : seen(request.context.head, key, verdict.reason))
  }
  const judgement = told ?? judged(request)
  request.operation = judgement.operation
  const needed = judgement.class
  if (allows(verdict.caller.scopes, needed)) return admit?.(needed)
  // MLflow's client falls back to an older API on this code alone.
  if (request.operation?.name === unknownId) {
    return new FacadeError('notFound', {
      message: 'The facade does not know this MLflow endpoint: only administrators may call it.',
      reason: 'unknown_operation'
    })
  }
  return needed === 'blocked'
    ? new FacadeError('forbidden', { message: 'This MLflow endpoint is disabled here.', reason: 'blocked' })
    : new FacadeError('forbidden', {
      message: `This needs the scope ${scopeFor(needed) ?? needed}, which ${lacking(verdict.caller, needed)}.`,
      reason: 'scope'
    })
}

export function withoutMeans (reason: Lack): FacadeError {
  return new FacadeError('forbidden', { message: lackTexts[reason], reason })
}

const lackTexts: Readonly<Record<Lack, string>> = {
  balance: 'The account of this API key has no balance.',
  roles: 'The token is valid, but none of its claims stands for a role here: ask whoever runs this server (OIDC_ROLES).'
}

function lacking ({ session, keyId }: Caller, needed: AccessClass): string {
  const isAccount = keyId.startsWith(accountPrefix)
  if (session !== true) return isAccount ? 'no role of the token\'s account gives' : 'the API key does not have'
  if (needed === 'admin') return 'no session has: send an API key that has it in a header'
  return isAccount
    ? 'no role of your account gives: ask whoever runs this server'
    : 'the key that you signed in with does not have: sign out, and in again with one that has it'
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
    if (verdict !== undefined && !lacks(verdict.reason)) guesses.count(context.address, performance.now())
    return undefined
  } catch {
    return undefined
  }
}

/** Counts a refused key, after the store was asked: a good key is never refused for its address. @returns what to answer */
export function counted (refusal: FacadeError, { context: { address } }: FastifyRequest, guesses: Guesses): FacadeError {
  const waitMs = refusal.kind === errors.unauthenticated ? guesses.count(address, performance.now()) : 0
  return waitMs === 0 ? refusal : tooManyGuesses(waitMs)
}

function tooManyGuesses (waitMs: number): FacadeError {
  return new FacadeError('rateLimited', {
    message: 'Too many API keys from this address were refused, including this one. Try again after the time in Retry-After.',
    reason: guessing,
    headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) }
  })
}

/** What is answered where a key or a session cannot be judged. */
export function storeFault (error: unknown): FacadeError {
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
