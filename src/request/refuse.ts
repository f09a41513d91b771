/** The one place where an error of ours becomes bytes. */
import type { FastifyReply } from 'fastify'
import { finish } from './answer.js'
import { errorBody, type FacadeError } from '../errors.js'

/** Answers a request with an error, whether or not its body was read. */
export function refuse (reply: FastifyReply, error: FacadeError): void {
  const { visit, raw } = reply.request
  visit.refusal = error.reason
  visit.answered = error.kind.status
  if (error.cause !== undefined) visit.failure = error.cause
  reply.hijack()
  const body = Buffer.from(errorBody(error, visit.id))
  const headers = ['content-type', 'application/json', 'content-length', String(body.length), ...Object.entries(error.headers).flat(), ...visit.headers]
  finish(raw, reply.raw, error.kind.status, headers, raw.method === 'HEAD' ? undefined : body)
}
