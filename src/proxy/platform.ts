/**
 * Passes on what is none of the facade's paths to the platform's other API: no key of ours is asked for, and nothing is
 * judged but whose path it is.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../core/settings/config.js'
import { FacadeError, toFacadeError } from '../core/errors.js'
import { bodyOf } from './request-body.js'
import { Exchange, type Supervisor } from './exchange/exchange.js'
import { sendWith } from './exchange/send-with.js'
import { nameFault, openUpstream, type Upstream } from '../mlflow/pool.js'
import { framingProblem } from '../http/validate.js'
import { operationOutside } from '../http/context.js'
import { isOurs } from '../http/own.js'
import { publicHost, publicProtocol } from '../http/client-address.js'
import { sendError } from '../http/answer/send-error.js'
import { passedBack, passedOn } from './headers/platform-headers.js'
import { baseOf, watchIdentity } from './headers/identity.js'

export interface Platform {
  /** Passes a request on. @returns false where its path is ours, and nothing was done */
  readonly take: (request: FastifyRequest, reply: FastifyReply) => boolean
  /** Waits for nothing: what is still under way is cut. */
  readonly close: () => Promise<void>
}

/**
 * @param url where the platform is; what MLflow's connections may and how long they wait holds for it, too
 * @param onChange is told why nothing is passed on, or undefined when it is again
 */
export function openPlatform (url: URL, config: Pick<Config, 'upstream' | 'publicUrl'>, onChange: (problem: string | undefined) => void): Platform {
  const upstream = openUpstream({ ...config.upstream, host: undefined, authorization: undefined, identitySecret: undefined, tls: {} }, url)
  const watch = watchIdentity(upstream, {
    bases: [upstream.basePath, baseOf(config.upstream.url)],
    timeoutMs: config.upstream.timeoutMs,
    onChange
  })
  const supervisor: Supervisor = {
    name: 'the platform',
    head: passedBack,
    onReady (exchange, error) {
      const { reply } = exchange
      if (error !== null) {
        sendError(reply, nameFault(error, supervisor.name))
        return
      }
      reply.hijack()
      exchange.writeAnswer(reply.request.context.responseHeaders)
    },
    onEnd: upstream.ended
  }
  return {
    take (request, reply) {
      const { path, query } = request.context.target
      // Without a slash in front it is a proxy's request or `OPTIONS *`; where a raw "#" stands, paths end for some.
      if (!path.startsWith('/') || path.includes('#') || query.includes('#') || isOurs(path)) return false
      request.operation = operationOutside('platform')
      const problem = framingProblem(request)
      if (problem !== undefined) sendError(reply, new FacadeError('badRequest', { message: problem, reason: 'malformed' }))
      else if (watch.isOther) go(request, reply)
      else watch.admit().then(() => go(request, reply)).catch(error => sendError(reply, toFacadeError(error)))
      return true
    },
    async close () {
      watch.close()
      await upstream.close()
    }
  }

  function go (request: FastifyRequest, reply: FastifyReply): void {
    // Else the caller left while the platform was asked
    if (!request.raw.socket.destroyed) pass(request, reply, upstream, supervisor, config.publicUrl)
  }
}

/** Marks an exchange as sent; its answer comes by its supervisor. */
const sent = (): void => {}

function pass (request: FastifyRequest, reply: FastifyReply, upstream: Upstream, supervisor: Supervisor, publicUrl: URL | undefined): void {
  const { raw, context } = request
  const { path, query } = context.target
  const exchange = new Exchange(reply, { method: raw.method ?? '', path: upstream.basePath + path + query, prefix: '' }, supervisor)
  request.transfer = exchange
  upstream.open.add(exchange)
  sendWith(exchange, bodyOf(raw, context.head), () => {
    exchange.done = sent
    exchange.headers = passedOn(raw.rawHeaders, {
      requestId: context.id,
      // The caller's, as a load balancer leaves it: the platform makes its links, and judges origins, by it.
      host: raw.headers.host ?? upstream.host,
      contentLength: context.head.contentLength,
      clientAddress: context.address,
      publicProtocol: publicProtocol(request, publicUrl),
      publicHost: publicHost(request, publicUrl)
    })
    upstream.send(exchange)
  })
}
