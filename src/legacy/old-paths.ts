/** Old paths: every answer on one says so, and where `LEGACY_PATHS` says so the answer is no more than the new place. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { matchFixed } from '../access/matcher.js'
import type { LegacyConfig } from '../core/settings/config.js'
import { FacadeError } from '../core/errors.js'
import { belowMount, successor } from '../core/public-paths.js'
import { sendError } from '../http/answer/send-error.js'
import { isStripped } from '../http/stripped.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The new path, where it came by an old one. */
    successor: string | undefined
  }
  interface FastifyContextConfig {
    /** A route for old paths, which may be answered with their new place. */
    oldPath?: boolean
  }
}

/** A Location longer than this breaks clients (Python's http.client reads lines of 64 KiB): such a request is served in place. */
const redirectMaxLength = 16 * 1024

/** A longer path has no Link: of the longest, encoding would make a head of 240 KB, which neither clients nor proxies take. */
const linkMaxLength = 2048

/** Answers old paths with their new place, or lets them on to be served in place. */
export default fp<{ readonly legacy: LegacyConfig }>(async (app, { legacy }) => {
  app.decorateRequest('successor')
  app.addHook('onRequest', (request, reply, done) => {
    if (request.successor === undefined || request.routeOptions.config.oldPath !== true || isServedInPlace(request, legacy)) done()
    else answerMoved(request, reply, request.successor, legacy)
  })
}, { name: 'old-paths', dependencies: ['validate'] })

/** Every answer on an old path says that it is one, errors too: RFC 9745 (a date of RFC 9651) and RFC 8594. */
export function markOldPath (request: FastifyRequest, legacy: LegacyConfig): void {
  const { context: { target, responseHeaders } } = request
  const next = successor(target.path)
  if (next === undefined) return
  request.successor = next
  responseHeaders.push('deprecation', `@${legacy.deprecatedAt.getTime() / 1000}`)
  const link = next.length > linkMaxLength ? '' : next.replaceAll('<', '%3C').replaceAll('>', '%3E').replaceAll('"', '%22')
  if (link !== '' && link.length <= linkMaxLength) responseHeaders.push('link', `<${link}>; rel="successor-version"`)
  if (legacy.sunsetAt !== undefined) responseHeaders.push('sunset', legacy.sunsetAt.toUTCString())
}

/** Whether an old path is answered like the new one, or only told where that is. */
function isServedInPlace ({ raw: { method, headers }, context: { target } }: FastifyRequest, { mode }: LegacyConfig): boolean {
  if (mode !== 'redirect') return mode === 'forward'
  if ((method !== 'GET' && method !== 'HEAD') || target.odd !== undefined) return true
  return target.path.length + target.query.length > redirectMaxLength || isStripped(headers['x-forwarded-prefix'])
}

function answerMoved (request: FastifyRequest, reply: FastifyReply, next: string, { mode }: LegacyConfig): void {
  const path = belowMount(next) ?? ''
  const match = matchFixed(request.raw.method ?? '', path) // in constant time: nobody has shown a key
  if (match !== undefined) request.operation = { name: match.id, path, match }
  if (mode === 'gone') {
    sendError(reply, new FacadeError('gone', { reason: 'gone', message: `This path has moved to ${next}.` }))
    return
  }
  const location = next + request.context.target.query
  const message = 'This path has moved: follow Location, or set the tracking URI to this origin with /mlflow.'
  void reply.code(307).header('location', location).send({ message, location })
}
