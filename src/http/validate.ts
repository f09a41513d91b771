/** What is settled from the head alone, before anyone asks whose request it is: refusals, OPTIONS, and the marks of old paths. */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { finishOwn } from './early-response.js'
import type { LegacyConfig } from '../core/config.js'
import { markOrigin, preflight } from './cors.js'
import { FacadeError } from '../core/errors.js'
import { getBodyMaxBytes, getBodyTooLarge, hasBody } from '../proxy/request-body.js'
import { methods, successor } from './target.js'
import type { Platform } from '../proxy/platform.js'
import { refuse } from './send-error.js'

const known = [...methods, 'OPTIONS']
const allow = known.join(', ')

interface Options {
  readonly legacy: LegacyConfig
  /** Origins of pages that may call. */
  readonly origins: ReadonlySet<string>
  /** True once the process is on its way out: each answer then ends its connection. */
  readonly draining: () => boolean
  /** Takes over what is none of our paths, where there is a platform behind. */
  readonly platform: Platform | undefined
}

export default fp<Options>(async (app, { legacy, origins, draining, platform }) => {
  app.addHook('onRequest', (request, reply, done) => {
    const { visit } = request
    if (draining()) visit.headers.push('connection', 'close')
    if (platform?.take(request, reply) === true) return
    markOldPath(request, legacy)
    markOrigin(visit, origins)
    const problem = visit.target.problem ?? headProblem(request)
    if (problem !== undefined) {
      refuse(reply, new FacadeError('badRequest', { message: problem, reason: 'malformed' }))
    } else if (!known.includes(request.raw.method ?? '')) {
      refuse(reply, new FacadeError('notFound')) // Fastify would judge some of them (QUERY) before it looks for a route
    } else if (request.raw.method === 'OPTIONS') {
      visit.operation = 'options'
      reply.hijack()
      finishOwn(request.raw, reply.raw, 204, ['allow', allow, ...preflight(request.raw, visit, origins, allow), ...visit.headers], undefined)
    } else {
      // The parsers see a type that they know; MLflow gets the one that came, or none (it judges, not we).
      if (request.raw.headers['content-type'] !== undefined) request.raw.headers['content-type'] = 'application/octet-stream'
      done()
    }
  })
}, { name: 'entry' })

/** A longer path has no Link: of the longest, encoding would make a head of 240 KB, which neither clients nor proxies take. */
const linkMaxLength = 2048

/** Every answer on an old path says that it is one, errors too: RFC 9745 (a date of RFC 9651) and RFC 8594. */
export function markOldPath ({ visit }: FastifyRequest, legacy: LegacyConfig): void {
  const next = successor(visit.target.path)
  if (next === undefined) return
  visit.legacy = next
  visit.headers.push('deprecation', `@${legacy.deprecatedAt.getTime() / 1000}`)
  const link = next.length > linkMaxLength ? '' : next.replaceAll('<', '%3C').replaceAll('>', '%3E').replaceAll('"', '%22')
  if (link !== '' && link.length <= linkMaxLength) visit.headers.push('link', `<${link}>; rel="successor-version"`)
  if (legacy.sunsetAt !== undefined) visit.headers.push('sunset', legacy.sunsetAt.toUTCString())
}

/** What makes it ambiguous whom a request is for and where it ends, or undefined. */
export function framingProblem ({ raw, visit: { head } }: FastifyRequest): string | undefined {
  // RFC 9112, section 3.2; which of two would count is a matter of taste.
  if (head.hosts > 1 || (head.hosts === 0 && raw.httpVersion === '1.1')) return 'A request has one Host header.'
  if (head.transferEncoding !== undefined && head.transferEncoding.toLowerCase() !== 'chunked') return 'The only transfer coding that is understood is chunked.'
  return undefined
}

/** What makes a head ambiguous for somebody on the way, or undefined. */
function headProblem (request: FastifyRequest): string | undefined {
  const { raw, visit: { head } } = request
  const problem = framingProblem(request)
  if (problem !== undefined) return problem
  if (hasBody(head) && raw.method === 'HEAD') return 'A HEAD request must not have a body.'
  if (raw.method === 'GET' && Number(head.contentLength ?? 0) > getBodyMaxBytes) return getBodyTooLarge().message
  if (head.workspace.length > 1) return 'The header X-MLFLOW-WORKSPACE was sent more than once.'
  return undefined
}
