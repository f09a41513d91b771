/** The process: opens what the app needs, listens, and ends without losing what is under way; or has several do that. */
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.js'
import { openAudit } from './audit/open.js'
import type { Io } from './core/io.js'
import type { Config } from './core/settings/config.js'
import { openLog } from './core/telemetry/log.js'
import { createMetrics } from './core/telemetry/metrics.js'
import { openUpstream } from './mlflow/pool.js'
import { claimDataDir } from './process/data-dir.js'
import { close, endMaxMs, tellOfEnd } from './process/ending.js'
import { greet } from './process/greeting.js'
import { openKeys } from './process/keys.js'
import { openLimitsOf } from './process/limits.js'
import { openLocal, placeOf, type StartOptions } from './process/local-mlflow.js'
import { listen, listenForMetrics, metricsOf } from './process/ports.js'
import { workerNumber } from './workers/messages.js'

/** Starts the facade; the process ends on a signal. @throws StartError and the errors of what it opens, each a sentence for people */
export async function serve (config: Config, io: Io, options: StartOptions): Promise<void> {
  if (config.workers === 1) {
    await serveAlone(config, io, options)
    return
  }
  const number = workerNumber(io.env)
  if (number === undefined) await (await import('./workers/primary.js')).serveByWorkers(config, io, options)
  else await (await import('./workers/worker.js')).serveAsWorker(config, number)
}

async function serveAlone (config: Config, io: Io, options: StartOptions): Promise<void> {
  const lock = claimDataDir(config.dataDir)
  const { log, write, drain, dropped, flush } = openLog(config)
  if (lock.exposed !== undefined) log.warn(lock.exposed)
  const metrics = createMetrics(dropped)
  const audit = await openAudit(config.audit, { log, metrics, write })
  const { verifier, first } = await openKeys(config, io, { log, metrics })
  const limits = await openLimitsOf(config, { log, metrics })
  const local = await openLocal(config, io, options)
  const mlflow = placeOf(config, local)
  const upstream = openUpstream(config.upstream, mlflow.url, { socketPath: mlflow.socketPath })
  let draining = false
  const app = await buildApp(config, {
    verifier,
    upstream,
    log,
    metrics,
    limits,
    audit,
    draining: () => draining,
    preparing: () => local?.state().reason
  })
  const listening = async () => ({
    address: await listen(app, config),
    metrics: await listenForMetrics(metricsOf(metrics.registry, config), config.metrics)
  })
  const ports = await listening().catch(async error => {
    await app.close()
    await local?.stop()
    await audit?.close()
    lock.release()
    throw error
  })
  closeWithGrace({ delay: endMaxMs(config), logger: false }, async ({ signal, err }) => {
    tellOfEnd({ signal, err }, io, log)
    draining = true
    if (err === undefined) await delay(config.shutdownDelayMs)
    await close(app, config, log)
    await local?.stop()
    ports.metrics?.close()
    await audit?.close()
    await drain()
    lock.release()
  })
  local?.start() // not before: a signal that nobody handles would leave it behind
  greet(config, io, { log, flush }, { ...ports, firstKey: first, local })
}
