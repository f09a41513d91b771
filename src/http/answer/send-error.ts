/** The one place where an error of ours becomes bytes. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import { errorBody, type FacadeError } from '../../core/errors.js'
import type { Reason } from '../../core/reasons.js'
import { toGateway } from '../context.js'
import { sessionToken } from '../session-cookie.js'
import { finishOwn, ownHeaders, unanswered } from './early-response.js'

/** An error that the facade answered. */
export interface Refusal {
  readonly reason: Reason
  readonly status: number
  /** For the log only. */
  readonly cause: unknown
}

declare module 'fastify' {
  interface FastifyRequest {
    refusal: Refusal | undefined
  }
}

/**
 * Answers a request with an error, whether or not its body was read; nothing happens where it has an answer already, or
 * nobody waits for one.
 */
export function sendError (reply: FastifyReply, error: FacadeError): void {
  const { request } = reply
  const { raw, context } = request
  if (!unanswered(raw, reply.raw)) return
  const { status } = error.kind
  request.refusal = { reason: error.reason, status, cause: error.cause }
  reply.hijack()
  const body = Buffer.from(errorBody(error, context.id, toGateway(context)))
  const headers = ['content-type', 'application/json', 'content-length', String(body.length), ...ownHeaders]
  if (status === 401) headers.push(...challengesFor(raw, sessionToken(context.head.cookie) !== undefined))
  headers.push(...Object.entries(error.headers).flat(), ...context.responseHeaders)
  finishOwn(raw, reply.raw, status, headers, raw.method === 'HEAD' ? undefined : body)
}

const bearer = ['www-authenticate', 'Bearer']
const bearerAndBasic = [...bearer, 'www-authenticate', 'Basic realm="MLflow"']

/**
 * How to authenticate (RFC 9110, section 11.6.1; one field for each challenge, since many clients read no list). Basic
 * is what wget, `curl --anyauth`, Java's Authenticator and Python's handlers wait for before they send the key that they
 * were given. A browser would open its dialog over a page whose script is refused, so such a call is not offered Basic;
 * a navigation is (Fetch Metadata: `Sec-Fetch-Mode`), unless somebody had signed in there, who does so again at `/login`.
 */
function challengesFor ({ headers }: IncomingMessage, inSession: boolean): readonly string[] {
  const mode = headers['sec-fetch-mode']
  return !inSession && (mode === undefined || mode === 'navigate') ? bearerAndBasic : bearer
}
