/** Requests that a session vouches for: what is asked of them beyond what is asked of a key. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessClass } from '../access/scopes.js'
import { FacadeError } from '../core/errors.js'
import { sendError } from '../http/answer/send-error.js'
import { publicProtocol } from '../http/client-address.js'
import { setSession } from '../http/session-cookie.js'
import type { Verdict } from '../keys/contract.js'
import type { Sessions } from '../keys/sessions/sessions.js'
import { foreignCall, needsOwnPage, type OwnPageOptions } from './own-page.js'
import { asksForPage, sendToSignIn, signInPath } from './sign-in.js'

export interface SessionOptions extends OwnPageOptions {
  readonly sessions: Sessions
  /** How long a cookie is kept, milliseconds. */
  readonly maxMs: number
}

/** Answers a request whose session has ended: people sign in again. */
export function refuseSession (request: FastifyRequest, reply: FastifyReply, verdict: Verdict | undefined): void {
  request.caller = verdict?.caller
  if (asksForPage(request)) {
    sendToSignIn(request, reply)
    return
  }
  const reason = verdict === undefined || verdict.valid ? 'session' : verdict.reason
  const message = `The session has ended: sign in again at ${signInPath}, or send an API key in a header.`
  sendError(reply, new FacadeError('unauthenticated', { reason, message }))
}

/**
 * What a request with a good session, whose scopes suffice, has to show besides: that it comes from a page of ours. Then its cookie is
 * renewed where that is due, but on no file that caches share.
 */
export function admitSession (
  request: FastifyRequest,
  token: string,
  needed: AccessClass,
  { sessions, maxMs, ...page }: SessionOptions
): FacadeError | undefined {
  const foreign = needsOwnPage(request, needed) ? foreignCall(request, page) : undefined
  if (foreign !== undefined || needed === 'ui') return foreign
  const renewed = sessions.renew(token)
  if (renewed !== undefined) request.context.responseHeaders.push('set-cookie', setSession(renewed, isSecure(request, page), maxMs))
  return undefined
}

/** What MLflow says where it knows no deployments server ("Pretend an empty gateway service is running": handlers.py, 2.22 to 3.18). */
export const noModels = { endpoints: [] } as const

/**
 * Whether it is a page of MLflow's that lists the models behind a deployments server. They all do so, whatever the key, and show a
 * refusal to whoever looks at their runs: who may not call models is shown none instead.
 */
export function asksForModels ({ caller, operation }: FastifyRequest): boolean {
  return caller?.session === true && operation?.name === 'serveGatewayProxyGet'
}

/** Whether the browser came over HTTPS, so that its cookie need never travel in clear. */
export function isSecure (request: FastifyRequest, { publicUrl }: Pick<OwnPageOptions, 'publicUrl'>): boolean {
  return publicProtocol(request, undefined) === 'https' || publicUrl?.protocol === 'https:'
}
