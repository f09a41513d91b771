/** The process: opens what the app needs, listens, and ends without losing what is under way. */
import { existsSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { buildApp } from './app.js'
import { StoreUnavailableError, type KeyVerifier, type StoreProblem } from './keys/contract.js'
import { ensureFirstKey, firstKeyFile, firstKeySince, type FirstKey } from './keys/first-key.js'
import { openLimits } from './keys/limits/open.js'
import type { Limits } from './keys/limits/local.js'
import { openStore, openVerifier, storeKind } from './keys/open.js'
import type { Io } from './core/io.js'
import { ConfigError, type Config } from './core/settings/config.js'
import { openLocalMlflow } from './mlflow/managed/mlflow.js'
import { lockDataDir } from './core/data-dir-lock.js'
import { openLog } from './core/telemetry/log.js'
import { createMetrics, type Metrics } from './core/telemetry/metrics.js'
import { mount } from './core/public-paths.js'
import { serveMetrics } from './observe/metrics-server.js'
import { describeFailure } from './observe/request-log.js'
import { openUpstream } from './mlflow/pool.js'
import { originFor } from './core/origin.js'
import { UserError } from './core/user-error.js'

/** A start that cannot succeed, as one sentence for people. */
export class StartError extends UserError {}

export interface StartOptions {
  /** Lets an MLflow of our own upgrade a database that an older one wrote. */
  readonly upgradeDatabase: boolean
}

/** Starts the facade; the process ends on a signal. @throws StartError and the errors of what it opens, each a sentence for people */
export async function serve (config: Config, io: Io, { upgradeDatabase }: StartOptions): Promise<void> {
  const lock = lockDataDir(config.dataDir)
  rmSync(join(config.dataDir, 'spool'), { recursive: true, force: true }) // what a crash left there; nobody else uses it
  const { log, drain, dropped } = openLog(config.logLevel)
  if (lock.exposed !== undefined) log.warn(lock.exposed)
  const metrics = createMetrics(dropped)
  const { verifier, first } = await openKeys(config, io, log, metrics)
  const limits = await openLimitsOf(config, log, metrics)
  const local =
    config.upstream.url === undefined
      ? await openLocalMlflow({
        dataDir: config.dataDir,
        python: config.mlflowPython,
        env: io.env,
        log: line => io.stderr.write(`${line}\n`),
        allowUpgrade: upgradeDatabase
      })
      : undefined
  const upstream = openUpstream(config.upstream, config.upstream.url ?? local?.url ?? unreachable(), local?.socketPath)
  let draining = false
  const app = await buildApp(config, {
    verifier,
    upstream,
    log,
    metrics,
    limits,
    draining: () => draining,
    preparing: () => local?.state().reason
  })
  const metricsServer = await listen(app, config, metrics).catch(async error => {
    await app.close()
    await local?.stop()
    lock.release()
    throw error
  })
  const { address, family, port } = app.server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  closeWithGrace({ delay: config.shutdownDelayMs + config.shutdownGraceMs + 20_000, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) log.fatal({ error: err.stack }, 'the process failed')
    log.info({ signal }, 'shutting down')
    if (io.stderr.isTTY === true) io.stderr.write('Ending; what runs may finish first. Once more ends it at once.\n')
    draining = true
    if (err === undefined) await delay(config.shutdownDelayMs)
    await close(app, config, log)
    await local?.stop()
    metricsServer?.close()
    await drain()
    lock.release()
  })
  const lyingSince = first === undefined ? firstKeySince(config.dataDir) : undefined
  if (lyingSince !== undefined) {
    log.warn(
      { since: lyingSince },
      'the first admin key lies in DATA_DIR/admin-key: keep it elsewhere, or make keys of their own for people, and remove the file'
    )
  }
  local?.start() // not before: a signal that nobody handles would leave it behind
  log.info({ url, metrics: metricsServer === undefined ? undefined : (metricsServer.address() as AddressInfo).port }, 'listening')
  io.stderr.write(greeting(url, originFor(config, port), tokenLine(config, first)))
}

/** The verifier; a store of our own that never held a key gets its first one. */
async function openKeys (
  config: Config,
  io: Io,
  log: Logger,
  metrics: Metrics
): Promise<{ verifier: KeyVerifier; first: FirstKey | undefined }> {
  const report = (problem: StoreProblem): void => {
    metrics.writeFailures.inc({ what: problem.what })
    log.warn({ error: problem.message }, 'key store')
  }
  const onLink = (lost: StoreUnavailableError | undefined): void => {
    metrics.keyStoreLinkUp.set(lost === undefined ? 1 : 0)
    if (lost === undefined) log.info('the key store tells of changes again')
    else log.error({ error: describeFailure(lost) }, 'the key store no longer tells of changes: keys are asked about again and again')
  }
  if (!storeKind(config.keys).managed) return { verifier: await openVerifier(config.keys, { report, onLink }), first: undefined }
  const store = await openStore(config.keys, { report, onLink }).catch(error => {
    throw storeFault(error)
  })
  return { verifier: store, first: await ensureFirstKey(store, config.dataDir, io.stderr) }
}

async function openLimitsOf ({ redis }: Config, log: Logger, metrics: Metrics): Promise<Limits> {
  return await openLimits(redis, {
    onState (gone) {
      metrics.redisUp.set(gone === undefined ? 1 : 0)
      if (gone === undefined) log.info('Redis answers again: limits of keys are shared')
      else log.error({ error: gone }, 'Redis does not answer: each facade limits keys by itself')
    },
    onLocal: () => metrics.localLimits.inc()
  })
}

function storeFault (error: Error): Error {
  if (!(error instanceof StoreUnavailableError)) return error
  return /disk is full/.test(error.message)
    ? new StartError('The disk of the key store is full: free some, or set DATA_DIR to a folder on another disk.')
    : new ConfigError([`KEYS_URL names a key store that cannot be opened: ${error.message}`])
}

/** The lines to copy. */
function greeting (url: string, origin: string, token: string): string {
  return `
Listening on ${url}

  export MLFLOW_TRACKING_URI=${origin}${mount}
  ${token}

  import mlflow
  with mlflow.start_run():
      mlflow.log_metric("answer", 42)

MLflow's pages ${origin}${mount}/   API ${origin}/docs   Start page ${origin}/

`
}

/** How a shell gets the key: from the file of the first one, as long as that is there. */
function tokenLine ({ dataDir }: Config, first: FirstKey | undefined): string {
  const file = first === undefined ? firstKeyFile(dataDir) : first.file
  if (file !== undefined && existsSync(file)) return `export MLFLOW_TRACKING_TOKEN=$(cat '${file.replaceAll("'", "'\\''")}')`
  return first === undefined
    ? '# export MLFLOW_TRACKING_TOKEN=KEY, made by: npx hokusai-mlflow keys create --name NAME'
    : '# and the line with the key, above'
}

function unreachable (): never {
  throw new StartError('There is no MLflow to serve.')
}

/** Refuses new connections, waits for what is running, and cuts what is left after the grace. */
async function close (app: FastifyInstance, config: Config, log: Logger): Promise<void> {
  const cut = setTimeout(() => {
    log.warn('the grace is over: what still runs is cut')
    app.connections.closeAll()
  }, config.shutdownGraceMs)
  // Closing ends the connections that are idle now; those whose request finishes later would else be kept for the whole grace.
  const sweep = setInterval(() => {
    if (app.server.listening) return
    app.connections.closeIdle()
  }, 50)
  await app.close()
  clearInterval(sweep)
  clearTimeout(cut)
}

/** Listens on both ports. @returns the server of the metrics */
async function listen (app: FastifyInstance, { host, port, metrics }: Config, { registry }: Metrics): Promise<Server | undefined> {
  await app.listen({ host, port }).catch(taken('HOST', 'PORT', port))
  return metrics === undefined
    ? undefined
    : await serveMetrics(registry, metrics.host, metrics.port).catch(taken('METRICS_HOST', 'METRICS_PORT', metrics.port))
}

/** The usual reasons why a port cannot be had, as a sentence: a wrong value is an error of the configuration, a port in use is not. */
function taken (hostName: string, name: string, port: number): (error: NodeJS.ErrnoException) => never {
  return error => {
    if (error.code === 'EADDRINUSE') throw new StartError(`Port ${port} is in use: end what listens there, or set ${name} to another one.`)
    if (error.code === 'EACCES') throw new StartError(`Port ${port} may not be opened by this user: set ${name} to one above 1023.`)
    if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(error.code ?? '')) {
      throw new ConfigError([`${hostName} is not an address of this machine`])
    }
    throw error
  }
}
