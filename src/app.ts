/** The one list of everything: what is registered, in its order. */
import type { Server } from 'node:http'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { pino, type Logger } from 'pino'
import { auditRequests } from './audit/requests.js'
import type { AuditRecorder } from './audit/trail.js'
import authenticate, { callerOf } from './auth/authenticate.js'
import { endedSince, watchRevocations } from './auth/revalidate.js'
import type { Config } from './core/settings/config.js'
import { expiryOf } from './core/settings/tls-identity.js'
import { FacadeError, toFacadeError } from './core/errors.js'
import { createMetrics, type Metrics } from './core/telemetry/metrics.js'
import { mount } from './core/public-paths.js'
import adminAudit from './endpoints/admin/audit.js'
import adminExplain from './endpoints/admin/explain.js'
import admin from './endpoints/admin/plugin.js'
import adminUsage from './endpoints/admin/usage.js'
import { countUsage } from './endpoints/admin/usage-counts.js'
import adminConsole from './endpoints/console/plugin.js'
import favicon from './endpoints/favicon.js'
import health from './endpoints/health.js'
import openapi from './endpoints/openapi/plugin.js'
import { describeOwn } from './endpoints/openapi/own.js'
import signIn, { signedInBy } from './endpoints/sign-in.js'
import ownKeys from './endpoints/own-keys/plugin.js'
import startPage from './endpoints/start-page.js'
import whoami from './endpoints/whoami.js'
import { openRehearsal } from './explain/rehearsal.js'
import { trusting } from './http/client-address.js'
import { createConnections, stallMs as defaultStallMs, type Connections } from './http/connection/connections.js'
import type { RequestContext } from './http/context.js'
import { markOrigin } from './http/answer/cors.js'
import records, { openRecords } from './http/records.js'
import { sendError } from './http/answer/send-error.js'
import { answerBrokenHead, serverFactory, serverOptions, takeOver } from './http/connection/socket.js'
import { isTls, renewIdentity } from './http/connection/tls.js'
import { restoreMount } from './http/stripped.js'
import { methods, routed } from './http/target.js'
import validate from './http/validate.js'
import type { KeyVerifier } from './keys/contract.js'
import { createGuesses } from './keys/guesses.js'
import { createLocalLimits, type Limits } from './keys/limits/local.js'
import { openSignIns } from './keys/sessions/open.js'
import oldPaths, { markOldPath } from './legacy/old-paths.js'
import { openOldPathUsage, usageFile, type OldPathUsage } from './legacy/usage.js'
import { watch, type Monitor } from './mlflow/monitor.js'
import { describeNewer, watchNewer, type NewerWatch } from './mlflow/newer.js'
import type { Upstream } from './mlflow/pool.js'
import { shareProbes } from './mlflow/probes.js'
import { openRequestLog } from './observe/request-log.js'
import { countRequests } from './observe/request-metrics.js'
import { createBounds } from './proxy/bounds.js'
import { openPlatform, type Platform } from './proxy/platform.js'
import mlflow from './proxy/routes.js'
import { spoolFolder } from './proxy/spool.js'

/** What differs between a process and a test. */
export interface Parts {
  readonly verifier: KeyVerifier
  readonly upstream: Upstream
  readonly log?: Logger
  readonly metrics?: Metrics
  /** Counts calls; default: in this process. */
  readonly limits?: Limits
  /** Turns true when the process is on its way out. */
  readonly draining?: () => boolean
  /** Why an MLflow of our own cannot be used yet. */
  readonly preparing?: () => string | undefined
  /** How long a caller may take nothing of an answer. */
  readonly stallMs?: number
  /** Takes what is to be audited; default: nobody. */
  readonly audit?: AuditRecorder | undefined
  /** Who counts calls of old paths, where it is not the app itself in DATA_DIR. */
  readonly oldPathUsage?: OldPathUsage
  /** Who watches MLflow, where it is not the app itself. */
  readonly monitor?: Monitor
  /** Adds to the app before anything else is registered. */
  readonly extend?: (app: FastifyInstance) => void
}

declare module 'fastify' {
  interface FastifyInstance {
    /** For whoever closes the server. */
    connections: Pick<Connections<RequestContext>, 'closeIdle' | 'closeAll'>
  }
}

// eslint-disable-next-line house/function-lines -- the one list is read from top to bottom
export async function buildApp (config: Config, parts: Parts): Promise<FastifyInstance> {
  const {
    verifier,
    upstream,
    log = pino({ level: 'silent' }),
    metrics = createMetrics(),
    limits = createLocalLimits(),
    draining = () => false,
    preparing = () => undefined,
    stallMs = defaultStallMs
  } = parts
  metrics.observeOpenExchanges(() => upstream.open.items.length)
  const trusted = trusting(config.trustProxy)
  const guesses = createGuesses()
  const { sessions, people } = await openSignIns(verifier, config)
  const browsers = { sessions, maxMs: config.sessions.maxMs, publicUrl: config.publicUrl, trusted }
  const bounds = createBounds(config)
  const newer = watchNewer(upstream, found => log.warn({ unknown: found.unknown }, describeNewer(found)))
  const monitor = parts.monitor ?? watchMlflow(upstream, newer, log, metrics, () => preparing() !== undefined)
  const probes = shareProbes(upstream, monitor)
  const rehearsal = openRehearsal(config, { upstream, monitor, limits }, buildApp)
  const platform = openPlatformOf(config, log)
  const tracing = config.tracing === undefined ? undefined : (await import('./observe/tracing.js')).openTracing(config.tracing, upstream.origin, log)

  const requests = openRecords({
    trusted,
    onUntrusted: () => log.warn(untrusted),
    hold (context) {
      connections.began(context.request.raw.socket, context)
      tracing?.begin(context)
    },
    release (request) {
      bounds.leave(request)
      connections.ended(request.raw.socket, request.context)
    },
    onListenerError: error => log.error({ error: error instanceof Error ? error.stack : String(error) }, 'the end of a request could not be recorded')
  })
  const connections = createConnections<RequestContext>({
    stallMs,
    onClose: (inFlight, cause) => {
      for (const context of inFlight) requests.cut(context, cause)
    }
  })
  const requestLog = openRequestLog(log)
  const usage = parts.oldPathUsage ?? openOldPathUsage(usageFile(config.dataDir), log, Date.now, () => metrics.writeFailures.inc({ what: 'old_paths' }))

  // Whoever wants to know what became of requests hangs on here.
  requests.onRequestEnd(countRequests(metrics))
  const counts = countUsage()
  requests.onRequestEnd(counts.listener)
  requests.onRequestEnd(({ onOldPath, client }, request) => {
    if (!onOldPath || request === undefined) return
    callerOf(request, { verifier, guesses }).then(caller => usage.note(caller, client)).catch(() => {}) // a count, at most, is lost
  })
  requests.onRequestEnd(requestLog.write)
  const audited = parts.audit === undefined ? undefined : auditRequests(parts.audit)
  if (audited !== undefined) requests.onRequestEnd(audited.listener)
  if (tracing !== undefined) requests.onRequestEnd(tracing.listener)
  const stopWatching = watchRevocations(requests.active, { verifier, sessions })
  const answerBroken = answerBrokenHead({ refused: requests.refused, openOn: connections.inFlight })

  const app = Fastify({
    ...serverOptions,
    serverFactory: serverFactory(config.tls, server => {
      takeOver(server, answerBroken)
      connections.watch(server)
    }),
    rewriteUrl (request) {
      const target = restoreMount(request.url ?? '', request.headers['x-forwarded-prefix'])
      Object.assign(request, { originalUrl: target }) // what Fastify keeps of it, for records.ts
      return routed(target)
    },
    trustProxy: config.trustProxy.length > 0 ? trusted : false, // a function costs a walk over the addresses at each look
    clientErrorHandler: answerBroken,
    frameworkErrors: refuseUnrouted
  })
  app.decorate('connections', connections)
  parts.extend?.(app)
  const stopRenewing = keepCertificate(app.server, config, log, metrics)

  const passOn = (request: FastifyRequest, reply: FastifyReply): boolean => platform?.take(request, reply) === true
  const mark = (request: FastifyRequest): void => markOldPath(request, config.legacy)

  /** What the router cannot even decode runs no hook: it is recorded and marked here like every other request. */
  function refuseUnrouted (_error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const context = requests.begin(request)
    reply.raw.once('finish', () => requests.end(context, reply.raw.statusCode))
    if (passOn(request, reply)) return
    mark(request)
    markOrigin(context, config.corsAllowedOrigins)
    // Without Fastify's error: its text holds the path
    sendError(
      reply,
      new FacadeError('badRequest', { message: context.target.problem ?? 'The request target cannot be read.', reason: 'malformed' })
    )
  }

  app.setErrorHandler((error, _request, reply) => sendError(reply, toFacadeError(error)))
  app.setNotFoundHandler((_request, reply) => sendError(reply, new FacadeError('notFound', { reason: 'notFound' })))
  await app.register(records, { records: requests })
  await app.register(validate, { origins: config.corsAllowedOrigins, draining, passOn, mark })
  await app.register(oldPaths, { legacy: config.legacy })
  await app.register(swagger, describeOwn)
  await app.register(health, {
    verifier,
    limits,
    problem: () => preparing() ?? monitor.problem,
    version: () => monitor.lastLayout?.version,
    draining
  })
  await app.register(favicon)
  await app.register(openapi, { monitor })
  await app.register(adminConsole)
  const ownKeysMs = config.oidc?.client?.keyLifetimeMs
  await app.register(startPage, {
    publicUrl: config.publicUrl,
    newer: () => newer.current,
    signedIn: signedInBy(sessions),
    limits,
    hasOwnKeys: ownKeysMs !== undefined
  })
  await app.register(signIn, { verifier, guesses, people, ...browsers })
  app.route({ method: methods, url: mount, onRequest: redirectToMount, handler: redirectToMount })
  await app.register(async guarded => {
    await guarded.register(authenticate, { verifier, guesses, limits, ...browsers })
    await guarded.register(whoami)
    await guarded.register(admin, { verifier, config, trusted })
    await guarded.register(adminAudit, { audit: config.audit })
    await guarded.register(adminExplain, { verifier, rehearsal })
    await guarded.register(adminUsage, { counts, oldPaths: usageFile(config.dataDir) })
    await guarded.register(ownKeys, { verifier, rules: config, lifetimeMs: ownKeysMs })
    await guarded.register(mlflow, {
      config,
      upstream,
      monitor,
      bounds,
      probes,
      trusted,
      endedSince: async context => await endedSince(context, { verifier, sessions }),
      spoolFolder: spoolFolder(config.dataDir)
    })
  })

  app.addHook('onClose', async () => {
    stopWatching()
    await rehearsal.close()
    connections.stop()
    stopRenewing()
    requestLog.close()
    audited?.close()
    await tracing?.close()
    monitor.close()
    usage.close()
    await upstream.close()
    await platform?.close()
    await verifier.close()
    limits.close()
  })
  monitor.refresh().catch(() => {}) // the log says why; requests and probes try again
  return app
}

/** By every method, before a body is looked at. */
function redirectToMount (request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(308).header('location', `${mount}/${request.context.target.query}`).send()
}

const untrusted = 'forwarded headers arrive from a peer that TRUST_PROXY does not list: they are ignored, and callers appear with the peer\'s address'

/** @param isPreparing whether an MLflow of our own is on its way: that it does not answer yet is no reason to warn */
function watchMlflow (upstream: Upstream, newer: NewerWatch, log: Logger, metrics: Metrics, isPreparing: () => boolean): Monitor {
  return watch(upstream, state => {
    if (state.layout !== undefined) {
      const { version, prefix, workspaces = 'unknown' } = state.layout
      newer.seen(state.layout)
      metrics.upstreamInfo.reset() // of what was there before
      metrics.upstreamInfo.set({ version, static_prefix: prefix, workspaces: String(workspaces) }, 1)
    }
    metrics.upstreamUp.set(state.problem === undefined ? 1 : 0)
    if (state.problem === undefined) log.info({ mlflow: state.layout }, 'MLflow is recognised')
    else log[isPreparing() ? 'info' : 'warn']({ problem: state.problem }, 'MLflow cannot be used')
  })
}

function keepCertificate (server: Server, { tls }: Config, log: Logger, metrics: Metrics): () => void {
  if (tls === undefined || !isTls(server)) return () => {}
  const expires = metrics.certificateExpiry()
  expires.set(expiryOf(tls).getTime() / 1000)
  return renewIdentity(server, tls, ({ expiresAt, problem }) => {
    expires.set(expiresAt.getTime() / 1000)
    if (problem === undefined) log.info({ expires: expiresAt }, 'the certificate was read again')
    else log.error({ problem, expires: expiresAt }, 'the certificate has changed and cannot be served: the one before stays')
  })
}

function openPlatformOf (config: Config, log: Logger): Platform | undefined {
  if (config.platformUrl === undefined) return undefined
  return openPlatform(config.platformUrl, config, problem => {
    if (problem === undefined) log.info('Other paths are forwarded to the platform')
    else log.error({ problem }, 'Nothing is forwarded to the platform')
  })
}
