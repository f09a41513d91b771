/** `/login/oidc` and `/login/callback`: to the identity provider and back, and the page that ends the session there. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { counted, withoutMeans } from '../auth/authenticate.js'
import { isSecure, type SessionOptions } from '../auth/session.js'
import { awayPath, callbackPath, safeNext } from '../auth/sign-in.js'
import { FacadeError, toFacadeError, unavailable } from '../core/errors.js'
import { UserError } from '../core/user-error.js'
import { sayForAudit } from '../http/audited.js'
import { publicOrigin } from '../http/client-address.js'
import { sessionToken, setSession, setTransaction, transactionIn } from '../http/session-cookie.js'
import { lacks, StoreUnavailableError } from '../keys/contract.js'
import type { Guesses } from '../keys/guesses.js'
import type { People } from '../keys/people/people.js'
import { escape, pageHeaders, pageHtml } from './page.js'
import { awaySchema, callbackSchema } from './sign-in-schemas.js'

interface Options extends SessionOptions {
  readonly people: People | undefined
  readonly guesses: Guesses
  /** Answers with the sign-in page, or JSON. */
  readonly refuse: (request: FastifyRequest, reply: FastifyReply, error: FacadeError, next: string | undefined) => FastifyReply
}

export function peopleRoutes (app: FastifyInstance, options: Options): void {
  const { people, guesses, sessions, maxMs, refuse, publicUrl } = options
  const forget = (request: FastifyRequest): string => setTransaction('', callbackPath, isSecure(request, options), 0)

  app.get(awayPath, { schema: awaySchema, exposeHeadRoute: false, config: { operation: 'sign_in_at_provider' } }, async (request, reply) => {
    const { next } = request.query as { readonly next?: string }
    try {
      const { url, cookie, keptMs } = await known(people).begin(publicOrigin(request, publicUrl) + callbackPath, safeNext(next))
      return reply.code(303).headers({ 'set-cookie': setTransaction(cookie, callbackPath, isSecure(request, options), keptMs), location: url.href }).send()
    } catch (error) {
      return refuse(request, reply, refusalOf(error), next)
    }
  })

  app.get(callbackPath, { schema: callbackSchema, exposeHeadRoute: false, config: { operation: 'sign_in_callback' } }, async (request, reply) => {
    const { head: { cookie }, target: { query } } = request.context
    try {
      const { verdict, token, next } = await known(people).finish(query, transactionIn(cookie))
      request.caller = verdict.caller
      if (!verdict.valid) throw lacks(verdict.reason) ? withoutMeans(verdict.reason) : new FacadeError('unauthenticated', { reason: verdict.reason })
      const before = sessionToken(cookie)
      if (before !== undefined) await sessions.end(before)
      sayForAudit(request, { changes: true }) // a GET that begins a session
      return reply.code(303).headers({ 'set-cookie': [setSession(token, isSecure(request, options), maxMs), forget(request)], location: next }).send()
    } catch (error) {
      request.context.responseHeaders.push('set-cookie', forget(request))
      return refuse(request, reply, counted(refusalOf(error), request, guesses), undefined)
    }
  })
}

function known (people: People | undefined): People {
  if (people === undefined) throw new FacadeError('notFound', { message: 'There is no identity provider to sign in at: use an API key.', reason: 'notFound' })
  return people
}

function refusalOf (error: unknown): FacadeError {
  if (error instanceof FacadeError) return error
  if (error instanceof StoreUnavailableError) return unavailable('Nobody can sign in at the identity provider at the moment. Try again.', 'store_unavailable', error)
  if (!(error instanceof UserError)) return toFacadeError(error)
  return new FacadeError('unauthenticated', { message: `${error.message} Try again.`, reason: 'sign_in', cause: error.cause })
}

const script = "location.replace(document.querySelector('#onward').href)"
const onwardHeaders = pageHeaders([script])

/** A form may lead to no other origin (`form-action`), but a page may go there. */
export function sendOnward (reply: FastifyReply, onward: URL, provider: string): FastifyReply {
  const body = `<h1>You are signed out</h1>
<p>You are signed out here. <a id="onward" href="${escape(onward.href)}">Sign out of ${escape(provider)}, too</a></p>`
  const html = pageHtml({ title: 'Signed out', body, scriptAtEnd: script }, true)
  return reply.code(200).headers(onwardHeaders).type('text/html; charset=utf-8').send(html)
}
