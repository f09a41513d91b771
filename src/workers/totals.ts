/** The metrics of all workers as those of one facade: counts are added up, and what counted before a death stays counted. */
import type { Worker } from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'
import { AggregatorRegistry, type Registry } from 'prom-client'
import { prefix } from '../core/telemetry/metrics.js'
import type { MetricsSource } from '../observe/metrics-server.js'
import type { Measure, Order } from './messages.js'

/** A worker that is so busy that it does not answer meanwhile counts with what it said last. */
const answerWaitMs = 1000

export interface Totals extends MetricsSource {
  readonly measured: (from: Worker, round: number, measures: readonly Measure[]) => void
  /** A worker has died: its counts stay, as they were at the last scrape, or a total would fall. */
  readonly died: (worker: Worker) => void
}

/** @param own what the primary counts itself */
export function openTotals (own: Registry, serving: () => readonly Worker[]): Totals {
  const last = new Map<Worker, readonly Measure[]>()
  let ofTheDead: readonly Measure[] = []
  let round = 0
  let missing = new Set<Worker>()
  let complete = (): void => {}
  /** A question under way: whoever scrapes meanwhile shares its answer. */
  let asking: Promise<void> | undefined

  async function ask (): Promise<void> {
    const workers = serving()
    const answered = new Promise<void>(resolve => { complete = resolve })
    missing = new Set(workers)
    const order: Order = { order: 'measure', round: ++round }
    for (const worker of workers) worker.send(order)
    if (missing.size > 0) await Promise.race([answered, delay(answerWaitMs, undefined, { ref: false })])
  }

  return {
    contentType: own.contentType,
    measured (from, ofRound, measures) {
      last.set(from, measures)
      if (ofRound === round && missing.delete(from) && missing.size === 0) complete()
    },
    died (worker) {
      ofTheDead = sum([ofTheDead, (last.get(worker) ?? []).filter(isCount)]).getMetricsAsArray() as unknown as Measure[]
      last.delete(worker)
      if (missing.delete(worker) && missing.size === 0) complete()
    },
    async metrics () {
      asking ??= ask().finally(() => { asking = undefined })
      await asking
      const counted = await own.getMetricsAsJSON() as unknown as Measure[]
      const ofPrimary = counted.filter(measure => !isGaugeOfOurs(measure)).map(startsTheFacade)
      return await sum([ofPrimary, ofTheDead, ...last.values()]).metrics()
    }
  }
}

function sum (all: ReadonlyArray<readonly Measure[]>): Registry {
  return AggregatorRegistry.aggregate([...all])
}

function isCount ({ type }: Measure): boolean {
  return type === 'counter' || type === 'histogram'
}

/** The primary has no MLflow and no keys: its 0 would be the worst of all. */
function isGaugeOfOurs ({ name, type }: Measure): boolean {
  return type === 'gauge' && name.startsWith(prefix)
}

/** The facade runs since its primary does; prom-client would leave that time out. */
function startsTheFacade (measure: Measure): Measure {
  return measure.name === 'process_start_time_seconds' ? { ...measure, aggregator: 'first' } : measure
}
