/** The primary: has once what a machine has once, and serves no request itself. */
import type { Worker } from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { openAudit } from '../audit/open.js'
import type { AuditTrail } from '../audit/trail.js'
import type { Io } from '../core/io.js'
import type { Config } from '../core/settings/config.js'
import { openLog } from '../core/telemetry/log.js'
import { createMetrics, type Metrics } from '../core/telemetry/metrics.js'
import { createLocalLimits } from '../keys/limits/local.js'
import { openOldPathUsage, usageFile, type OldPathUsage } from '../legacy/usage.js'
import type { LocalMlflow } from '../mlflow/managed/mlflow.js'
import { claimDataDir } from '../process/data-dir.js'
import { endMaxMs, tellOfEnd } from '../process/ending.js'
import { greet } from '../process/greeting.js'
import { makeFirstKey } from '../process/keys.js'
import { openLocal, placeOf, type StartOptions } from '../process/local-mlflow.js'
import { listenForMetrics, type Ports } from '../process/ports.js'
import { openCrew, type Crew } from './crew.js'
import { countFor } from './limits.js'
import type { Order, Report } from './messages.js'
import { openTotals, type Totals } from './totals.js'

/** How often it is looked whether an MLflow of our own has changed its state. */
const lookMs = 100

/**
 * Starts the facade as several processes; they end on a signal to this one.
 * @throws StartError and the errors of what is opened, a worker's too
 */
export async function serveByWorkers (config: Config, io: Io, options: StartOptions): Promise<void> {
  const lock = claimDataDir(config.dataDir)
  const { log, write, drain, dropped, flush } = openLog(config, 1, {})
  if (lock.exposed !== undefined) log.warn(lock.exposed)
  const metrics = createMetrics(dropped)
  const audit = await openAudit(config.audit, { log, metrics, write })
  const firstKey = await makeFirstKey(config, io, { log, metrics })
  const local = await openLocal(config, io, options)
  placeOf(config, local)
  const usage = openOldPathUsage(usageFile(config.dataDir), log, Date.now, () => metrics.writeFailures.inc({ what: 'old_paths' }))
  const { crew, totals } = assemble(config, log, metrics, usage, local, audit)
  const stop = async (): Promise<void> => {
    await local?.stop()
    usage.close()
    await audit?.close()
  }
  const ports = await open(config, crew, totals).catch(async error => {
    await stop()
    lock.release()
    throw error
  })
  closeWithGrace({ delay: endMaxMs(config), logger: false }, async ({ signal, err }) => {
    tellOfEnd({ signal, err }, io, log)
    await crew.drain(err === undefined ? config.shutdownDelayMs : 0)
    await stop()
    ports.metrics?.close()
    await drain()
    lock.release()
  })
  if (local !== undefined) passOnState(local, crew)
  local?.start() // not before: a signal that nobody handles would leave it behind
  greet(config, io, { log, flush }, { ...ports, firstKey, local })
}

/** The workers, and what becomes of what they report. */
function assemble (
  { workers }: Config,
  log: Logger,
  { registry, workerRestarts }: Metrics,
  usage: OldPathUsage,
  local: LocalMlflow | undefined,
  audit: AuditTrail | undefined
): { readonly crew: Crew, readonly totals: Totals } {
  const mlflow = local === undefined ? undefined : { url: local.url.href, socketPath: local.socketPath }
  const limits = createLocalLimits()
  const crew = openCrew({
    size: workers,
    log,
    begin: (): Order => ({ order: 'begin', mlflow, preparing: local?.state().reason }),
    onReport (from: Worker, report: Report) {
      if (report.report === 'measured') totals.measured(from, report.round, report.measures)
      else if (report.report === 'audit') {
        audit?.lose(report.lost)
        for (const event of report.events) audit?.record(event)
      } else if (report.report === 'call') from.send(countFor(limits, report))
      else if (report.report === 'oldPaths') for (const { caller, client, calls } of report.calls) usage.note(caller, client, calls)
    },
    onDeath (worker) {
      workerRestarts.inc()
      totals.died(worker)
    }
  })
  const totals = openTotals(registry, crew.serving)
  return { crew, totals }
}

/** Opens the ports: that of the metrics first, since a worker would be started in vain. */
async function open (config: Config, crew: Crew, totals: Totals): Promise<Ports> {
  const metrics = await listenForMetrics(totals, config.metrics)
  try {
    return { address: await crew.start(), metrics }
  } catch (error) {
    metrics?.close()
    throw error
  }
}

function passOnState (local: LocalMlflow, { tellAll }: Crew): void {
  let known = local.state().reason
  setInterval(() => {
    const { reason } = local.state()
    if (reason !== known) tellAll({ order: 'preparing', reason })
    known = reason
  }, lookMs).unref()
}
