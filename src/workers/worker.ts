/** A worker: serves as a facade that is alone does, and leaves to the primary what a machine has once. */
import cluster from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { buildApp } from '../app.js'
import type { Config } from '../core/settings/config.js'
import { openLog, type Log } from '../core/telemetry/log.js'
import { createMetrics, type Metrics } from '../core/telemetry/metrics.js'
import { UserError } from '../core/user-error.js'
import type { Limits } from '../keys/limits/local.js'
import { openUpstream } from '../mlflow/pool.js'
import { close, endMaxMs } from '../process/ending.js'
import { openVerifierOnly, type Ears } from '../process/keys.js'
import { openLimitsOf } from '../process/limits.js'
import { placeOf } from '../process/local-mlflow.js'
import { listen } from '../process/ports.js'
import { spoolFolder, spoolTotalOf } from '../proxy/spool.js'
import { relayAudit } from './audit.js'
import { relayLimits, type RelayedLimits } from './limits.js'
import type { LocalPlace, Measure, Order, Report } from './messages.js'
import { relayOldPaths } from './old-paths.js'
import { shareOf } from './shares.js'

/** A terminal sends these to the whole group, and a supervisor perhaps to each process: the primary hears them, and says what to do. */
const signalsOfThePrimary: Array<'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM' | 'SIGUSR2'> = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR2']

interface State {
  draining: boolean
  preparing: string | undefined
  /** Takes what the primary counted. */
  counted: RelayedLimits['counted']
  /** Ends the worker, after so long a time in which it still takes connections. */
  end: (delayMs: number) => void
}

/** Serves until the primary says otherwise, or has gone. Why it cannot start it tells the primary, and ends. */
export async function serveAsWorker (config: Config, number: number): Promise<void> {
  for (const signal of signalsOfThePrimary) process.on(signal, () => {})
  const state: State = { draining: false, preparing: undefined, counted: () => {}, end: () => process.exit(0) }
  const log = openLog(config, 1, { worker: number })
  const metrics = createMetrics(log.dropped)
  try {
    await open(config, await begin(state, metrics), state, log, metrics)
  } catch (error) {
    const known = error instanceof UserError
    await tell({ report: 'failed', text: known ? error.message : String((error as Error).stack), exitCode: known ? error.exitCode : 1 })
    await log.drain()
    process.exit(1)
  }
}

/** Hears orders from now on. @returns where an MLflow of our own is, if there is one */
async function begin (state: State, metrics: Metrics): Promise<LocalPlace | undefined> {
  return await new Promise(resolve => {
    process.on('message', (order: Order) => {
      if (order.order === 'measure') void measure(order.round, metrics)
      else if (order.order === 'drain') state.end(order.delayMs)
      else if (order.order === 'counted') state.counted(order)
      else if (order.order === 'preparing') state.preparing = order.reason
      else {
        state.preparing = order.preparing
        resolve(order.mlflow)
      }
    })
    void tell({ report: 'here' })
  })
}

async function open (config: Config, place: LocalPlace | undefined, state: State, { log, drain }: Log, metrics: Metrics): Promise<void> {
  const own = shareOf(config, config.spoolTotalBytes ?? await spoolTotalOf(spoolFolder(config.dataDir)))
  const mlflow = placeOf(own, place === undefined ? undefined : { ...place, url: new URL(place.url) })
  let told = Promise.resolve()
  const audit = config.audit.place.kind === 'off' ? undefined : relayAudit(async (events, lost) => await tell({ report: 'audit', events, lost }))
  const app = await buildApp(own, {
    verifier: await openVerifierOnly(own, { log, metrics }),
    upstream: openUpstream(own.upstream, mlflow.url, { socketPath: mlflow.socketPath }),
    log,
    metrics,
    limits: await openWorkersLimits(own, state, { log, metrics }),
    draining: () => state.draining,
    preparing: () => state.preparing,
    audit,
    oldPathUsage: relayOldPaths(calls => { told = tell({ report: 'oldPaths', calls }) })
  })
  let delayMs = 0
  const ending = closeWithGrace({ delay: endMaxMs(config), logger: false, skip: signalsOfThePrimary }, async ({ err }) => {
    if (err !== undefined) log.fatal({ error: err.stack }, 'the process failed')
    state.draining = true
    if (err === undefined) await delay(delayMs)
    await close(app, config, log)
    await Promise.all([drain(), told, audit?.close()])
  })
  state.end = afterMs => {
    if (state.draining) return
    state.draining = true
    delayMs = afterMs
    void ending.close()
  }
  cluster.worker?.once('disconnect', () => {
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true // else Node ends the process at once
    if (!state.draining) log.error('the primary has gone: no connections come any more, and what runs may finish')
    state.end(0)
  })
  await tell({ report: 'listening', address: await listen(app, config) })
}

/** Together with the other workers at the primary, or with other facades in Redis. */
async function openWorkersLimits (config: Config, state: State, ears: Ears): Promise<Limits> {
  if (config.redis !== undefined) return await openLimitsOf(config, ears)
  const ask = (call: Report): boolean => {
    if (!process.connected) return false
    void tell(call)
    return true
  }
  const limits = relayLimits(ask, () => ears.metrics.localLimits.inc())
  state.counted = limits.counted
  return limits
}

async function measure (round: number, { registry }: Metrics): Promise<void> {
  await tell({ report: 'measured', round, measures: await registry.getMetricsAsJSON() as unknown as Measure[] })
}

/** Resolves when it is on its way; a primary that has gone hears nothing. */
async function tell (report: Report): Promise<void> {
  await new Promise<void>(resolve => {
    if (process.connected) process.send?.(report, undefined, undefined, () => resolve())
    else resolve()
  })
}
