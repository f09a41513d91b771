/** What is settled from the head alone, before anyone asks whose request it is: refusals, and OPTIONS. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { FacadeError } from '../core/errors.js'
import { operationOutside } from './context.js'
import { markOrigin, preflight } from './answer/cors.js'
import { finishOwn } from './answer/early-response.js'
import { hasBody } from './connection/request-head.js'
import { sendError } from './answer/send-error.js'
import { methods } from './target.js'

const known = [...methods, 'OPTIONS']
const allow = known.join(', ')

/** MLflow reads the body of a GET, and `requests.get(json=…)` sends one; who sends more than this means something else. */
export const getBodyMaxBytes = 1024 * 1024

interface Options {
  /** Origins of pages that may call. */
  readonly origins: ReadonlySet<string>
  /** True once the process is on its way out: each answer then ends its connection. */
  readonly draining: () => boolean
  /** Takes over what is none of our paths. @returns whether it did */
  readonly passOn: (request: FastifyRequest, reply: FastifyReply) => boolean
  /** Puts headers on the answer by the path alone, before anything is refused. */
  readonly mark: (request: FastifyRequest) => void
}

export default fp<Options>(async (app, { origins, draining, passOn, mark }) => {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, context } = request
    if (draining()) context.responseHeaders.push('connection', 'close')
    if (passOn(request, reply)) return
    mark(request)
    markOrigin(context, origins)
    const problem = context.target.problem ?? headProblem(request)
    if (problem !== undefined) {
      sendError(reply, new FacadeError('badRequest', { message: problem, reason: 'malformed' }))
    } else if (!known.includes(raw.method ?? '')) {
      // Fastify would judge some of them (QUERY) before it looks for a route
      sendError(reply, new FacadeError('notFound', { reason: 'notFound' }))
    } else if (raw.method === 'OPTIONS') {
      answerOptions(request, reply, origins)
    } else if (request.is404) {
      // Before Fastify looks at the type of a body that nobody will read
      sendError(reply, new FacadeError('notFound', { reason: 'notFound' }))
    } else {
      done()
    }
  })
}, { name: 'validate' })

function answerOptions (request: FastifyRequest, reply: FastifyReply, origins: ReadonlySet<string>): void {
  const { raw, context } = request
  request.operation = operationOutside('options')
  reply.hijack()
  finishOwn(raw, reply.raw, 204, ['allow', allow, ...preflight(raw, context, origins, allow), ...context.responseHeaders], undefined)
}

/** What makes it ambiguous whom a request is for and where it ends, or undefined. */
export function framingProblem ({ raw, context: { head } }: FastifyRequest): string | undefined {
  // RFC 9112, section 3.2; which of two would count is a matter of taste.
  if (head.hosts > 1 || (head.hosts === 0 && raw.httpVersion === '1.1')) return 'A request must have exactly one Host header.'
  const { transferEncoding } = head
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    return 'Only the chunked transfer coding is supported.'
  }
  return undefined
}

/** What makes a head ambiguous for somebody on the way, or undefined. */
function headProblem (request: FastifyRequest): string | undefined {
  const { raw, context: { head } } = request
  const problem = framingProblem(request)
  if (problem !== undefined) return problem
  if (hasBody(head) && raw.method === 'HEAD') return 'A HEAD request must not have a body.'
  if (raw.method === 'GET' && Number(head.contentLength ?? 0) > getBodyMaxBytes) return getBodyTooLarge().message
  if (head.workspace.length > 1) return 'The header X-MLFLOW-WORKSPACE was sent more than once.'
  return undefined
}

export function getBodyTooLarge (): FacadeError {
  return new FacadeError('badRequest', { message: 'The body of a GET request must not exceed 1 MiB.', reason: 'malformed' })
}
