/** The one list of everything: what is registered, in its order. */
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { pino, type Logger } from 'pino'
import type { KeyVerifier } from './keys/contract.js'
import { createGuesses } from './keys/guesses.js'
import type { Config } from './core/config.js'
import { createBounds } from './http/bounds.js'
import { createConnections, stallMs as defaultStallMs } from './http/connections.js'
import { markOrigin } from './http/cors.js'
import entry, { markOldPath } from './http/validate.js'
import { FacadeError, toFacadeError } from './core/errors.js'
import guard, { callerOf } from './auth/authenticate.js'
import health from './endpoints/health.js'
import { openOldPaths, usageFile } from './legacy/usage.js'
import { createMetrics, type Metrics } from './core/metrics.js'
import { watch } from './mlflow/monitor.js'
import { describeNewer, watchNewer } from './mlflow/newer.js'
import mlflow from './proxy/routes.js'
import { methods, routed } from './http/target.js'
import { mount } from './core/mount.js'
import { shareProbes } from './mlflow/probes.js'
import type { Upstream } from './mlflow/pool.js'
import openapi from './endpoints/openapi/plugin.js'
import page from './endpoints/start-page.js'
import { openPlatform } from './proxy/platform.js'
import { trusting } from './http/client-address.js'
import { refuse } from './http/send-error.js'
import { endedSince, watchRevocations } from './auth/revalidate.js'
import { answerBrokenHead, serverOptions, takeOver } from './http/socket.js'
import { restoreMount } from './http/stripped.js'
import telemetry, { openLedger, type Ledger } from './http/request-log.js'
import whoami from './endpoints/whoami.js'

/** What differs between a process and a test. */
export interface Parts {
  readonly verifier: KeyVerifier
  readonly upstream: Upstream
  readonly log?: Logger
  readonly metrics?: Metrics
  /** Turns true when the process is on its way out. */
  readonly draining?: () => boolean
  /** Why an MLflow of our own cannot be used yet. */
  readonly preparing?: () => string | undefined
  /** How long a caller may take nothing of an answer. */
  readonly stallMs?: number
}

export async function buildApp (config: Config, parts: Parts): Promise<FastifyInstance> {
  const { verifier, upstream, log = pino({ level: 'silent' }), metrics = createMetrics(() => upstream.open.items.length), draining = () => false, preparing = () => undefined, stallMs = defaultStallMs } = parts
  const trusted = trusting(config.trustProxy)
  const guesses = createGuesses()
  const newer = watchNewer(upstream, found => log.warn({ unknown: found.unknown }, describeNewer(found)))
  const monitor = watch(upstream, state => {
    if (state.layout !== undefined) newer.seen(state.layout)
    metrics.upstreamUp.set(state.problem === undefined ? 1 : 0)
    if (state.problem === undefined) log.info({ mlflow: state.layout }, 'MLflow is recognised')
    else log.warn({ problem: state.problem }, 'MLflow cannot be used')
  })
  const oldPaths = openOldPaths(usageFile(config.dataDir), log, Date.now, () => metrics.writeFailures.inc({ what: 'old_paths' }))
  const bounds = createBounds(config)
  const connections = createConnections({ stallMs, onCut: (socket, cause) => ledger.left(socket, cause) })
  const ledger: Ledger = openLedger({
    log,
    metrics,
    trusted,
    onBegin: ({ request }) => connections.began(request.socket),
    onEnd: visit => {
      bounds.leave(visit)
      connections.ended(visit.request.socket)
    },
    onOldPath: (visit, client) => { callerOf(visit, { verifier, guesses }).then(caller => oldPaths.note(caller, client)).catch(() => {}) } // a count, at most, is lost
  })
  const probes = shareProbes(upstream, monitor)
  const stopWatching = watchRevocations(upstream.open, verifier)

  const platform = config.platformUrl === undefined
    ? undefined
    : openPlatform(config.platformUrl, config, problem => {
      if (problem === undefined) log.info('What is not ours is passed on to the platform')
      else log.error({ problem }, 'Nothing is passed on to the platform')
    })
  const answerBroken = answerBrokenHead(log, metrics)

  const app = Fastify({
    ...serverOptions,
    rewriteUrl (request) {
      const target = restoreMount(request.url ?? '', request.headers['x-forwarded-prefix'])
      Object.assign(request, { originalUrl: target }) // what Fastify keeps of it, for request-log.ts
      return routed(target)
    },
    trustProxy: config.trustProxy.length > 0 ? trusted : false, // a function costs a walk over the addresses at each look
    clientErrorHandler: answerBroken,
    frameworkErrors: refuseUnrouted
  })

  takeOver(app.server, answerBroken)
  connections.watch(app.server)

  /** What the router cannot even decode runs no hook: it is recorded and marked here like every other request. */
  function refuseUnrouted (_error: Error, request: FastifyRequest, reply: FastifyReply): void {
    ledger.begin(request)
    reply.raw.once('finish', () => ledger.end(request.visit, reply.raw))
    if (platform?.take(request, reply) === true) return
    markOldPath(request, config.legacy)
    markOrigin(request.visit, config.corsAllowedOrigins)
    refuse(reply, new FacadeError('badRequest', { message: request.visit.target.problem ?? 'The request target cannot be read.', reason: 'malformed' })) // without Fastify's error: its text holds the path
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload)) // bodies are streams, whatever their type

  app.setErrorHandler((error, _request, reply) => refuse(reply, toFacadeError(error)))
  await app.register(telemetry, { ledger })
  await app.register(entry, { legacy: config.legacy, origins: config.corsAllowedOrigins, draining, platform })
  app.setNotFoundHandler((_request, reply) => refuse(reply, new FacadeError('notFound')))
  await app.register(health, { verifier, problem: () => preparing() ?? monitor.problem, version: () => monitor.lastLayout?.version, draining })
  await app.register(openapi, { monitor })
  await app.register(page, { publicUrl: config.publicUrl, newer: () => newer.current })
  app.route({ method: methods, url: mount, handler: (request, reply) => reply.code(308).header('location', `${mount}/${request.visit.target.query}`).send() })
  await app.register(async guarded => {
    await guarded.register(guard, { verifier, guesses })
    await guarded.register(whoami)
    await guarded.register(mlflow, { config, upstream, monitor, bounds, probes, trusted, endedSince: async visit => await endedSince(visit, verifier), spoolFolder: join(config.dataDir, 'spool') })
  })

  app.addHook('onClose', async () => {
    stopWatching()
    connections.close()
    monitor.close()
    oldPaths.close()
    await upstream.close()
    await platform?.close()
    await verifier.close()
  })
  monitor.refresh().catch(() => {}) // the log says why; requests and probes try again
  return app
}
