/** `/login` and `/logout`: a key for a session, and the end of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { counted, storeFault, withoutMeans } from '../auth/authenticate.js'
import { foreignCall } from '../auth/own-page.js'
import { isSecure, type SessionOptions } from '../auth/session.js'
import { safeNext, signInPath, signOutPath } from '../auth/sign-in.js'
import { FacadeError, unauthenticated } from '../core/errors.js'
import { sendError } from '../http/answer/send-error.js'
import { publicOrigin } from '../http/client-address.js'
import { clearSession, sessionToken, setSession } from '../http/session-cookie.js'
import { lacks, type Caller, type KeyVerifier } from '../keys/contract.js'
import type { People } from '../keys/people/people.js'
import type { Guesses } from '../keys/guesses.js'
import { isJwt } from '../keys/key.js'
import type { Sessions } from '../keys/sessions/sessions.js'
import { takeForms } from './forms.js'
import { peopleRoutes, sendOnward } from './people.js'
import { pageSchema, signInSchema, signOutSchema } from './sign-in-schemas.js'
import { signInHeaders, signInHtml } from './sign-in-page.js'

interface Options extends SessionOptions {
  /** Who signs in at the identity provider, where there is one. */
  readonly people: People | undefined
  readonly verifier: KeyVerifier
  readonly guesses: Guesses
}

interface SignInForm {
  readonly key: string
  readonly next?: string
}

export default async function signIn (app: FastifyInstance, options: Options): Promise<void> {
  const { sessions, maxMs, people } = options
  const sendPage = pageOf(people?.name)
  takeForms(app)

  app.get(signInPath, { schema: pageSchema, config: { operation: 'sign_in_page' } }, (request, reply) => {
    return sendPage(reply, 200, (request.query as { readonly next?: string }).next)
  })

  app.post(signInPath, { schema: signInSchema, config: { operation: 'sign_in' } }, async (request, reply) => {
    const { key, next } = request.body as SignInForm
    const entered = await enter(request, key.trim(), options)
    if (entered instanceof FacadeError) return refuse(request, reply, entered, next, sendPage)
    return leave(reply, setSession(entered, isSecure(request, options), maxMs), safeNext(next))
  })

  app.post(signOutPath, { schema: signOutSchema, config: { operation: 'sign_out' } }, async (request, reply) => {
    const foreign = foreignCall(request, options)
    if (foreign !== undefined) throw foreign
    const token = sessionToken(request.context.head.cookie)
    const forget = clearSession(isSecure(request, options))
    const onward = token === undefined ? undefined : await people?.leave(token, `${publicOrigin(request, options.publicUrl)}/`)
    if (onward !== undefined) return sendOnward(reply.header('set-cookie', forget), onward, people?.name ?? '')
    if (token !== undefined) await sessions.end(token).catch(error => { throw storeFault(error) })
    return leave(reply, forget, '/')
  })

  peopleRoutes(app, { ...options, refuse: (request, reply, error, next) => refuse(request, reply, error, next, sendPage) })
}

/** Checks the key. @returns the cookie of the session that begins, or why none does */
async function enter (request: FastifyRequest, key: string, options: Options): Promise<string | FacadeError> {
  const { verifier, guesses, sessions, people: _, ...page } = options
  const foreign = foreignCall(request, page)
  if (foreign !== undefined) return foreign
  try {
    if (isJwt(key)) return counted(unauthenticated('malformed'), request, guesses) // a token of a program begins no session
    const verdict = await verifier.verify(key, request.context.address)
    request.caller = verdict.caller
    if (!verdict.valid && lacks(verdict.reason)) return withoutMeans(verdict.reason)
    if (!verdict.valid) return counted(unauthenticated(verdict.reason), request, guesses)
    const begun = await sessions.begin(key, verdict.caller)
    const before = sessionToken(request.context.head.cookie)
    if (before !== undefined) await sessions.end(before) // only now: nobody is signed out by a sign-in that fails
    return begun
  } catch (error) {
    return storeFault(error)
  }
}

/** People get the page again, with what was wrong; programs get JSON like everywhere. */
function refuse (
  request: FastifyRequest,
  reply: FastifyReply,
  error: FacadeError,
  next: string | undefined,
  sendPage: SendPage
): FastifyReply {
  if (request.headers.accept?.includes('text/html') !== true) {
    sendError(reply, error)
    return reply
  }
  request.refusal = { reason: error.reason, status: error.kind.status, cause: error.cause }
  const { kind: { status }, headers } = error
  return sendPage(reply.headers(headers), status, next, status === 401 && error.reason !== 'sign_in' ? invalid : error.message)
}

const invalid = 'This key is not valid. Check that it was copied whole, and that it has not expired or been revoked.'

function leave (reply: FastifyReply, cookie: string, location: string): FastifyReply {
  return reply.code(303).headers({ 'set-cookie': cookie, location }).send()
}

type SendPage = (reply: FastifyReply, status: number, next: string | undefined, problem?: string) => FastifyReply

function pageOf (provider: string | undefined): SendPage {
  return (reply, status, next, problem) => {
    return reply.code(status).headers(signInHeaders).type('text/html; charset=utf-8').send(signInHtml(safeNext(next), problem, provider))
  }
}

/** Who has signed in in the browser that a request comes from; nobody, where that cannot be told. */
export function signedInBy (sessions: Sessions): (request: FastifyRequest) => Promise<Caller | undefined> {
  return async ({ context: { head, address } }) => {
    const token = sessionToken(head.cookie)
    if (token === undefined) return undefined
    try {
      const verdict = await sessions.verify(token, address)
      return verdict?.valid === true ? verdict.caller : undefined
    } catch {
      return undefined
    }
  }
}
