/** Counts each request when it has ended. */
import type { Metrics } from '../core/telemetry/metrics.js'
import type { CounterSeries, HistogramSeries } from '../core/telemetry/series.js'
import type { RequestRecord } from '../http/records.js'

interface Series {
  readonly requests: CounterSeries
  readonly duration: HistogramSeries
  readonly upstream: HistogramSeries
}

/** Series are looked up by names of ours alone, so there are a few thousand at most. */
export function countRequests (metrics: Metrics): (record: RequestRecord) => void {
  const durations = new Map<string, Pick<Series, 'duration' | 'upstream'>>()
  const kept = new Map<string, Series>()
  const [bytesIn, bytesOut] = [metrics.bytes({ direction: 'in' }), metrics.bytes({ direction: 'out' })]

  const durationsOf = (operation: string): Pick<Series, 'duration' | 'upstream'> => {
    const made = durations.get(operation) ?? {
      duration: metrics.duration({ operation }),
      upstream: metrics.upstreamDuration({ operation })
    }
    durations.set(operation, made)
    return made
  }
  const seriesOf = (operation: string, method: string, status: number): Series => {
    const name = `${operation} ${method} ${status}`
    let series = kept.get(name)
    if (series === undefined) {
      series = { requests: metrics.requests({ operation, method, status: String(status) }), ...durationsOf(operation) }
      kept.set(name, series)
    }
    return series
  }

  return record => {
    const { operation, method = 'none', durationMs, upstreamMs, refusal } = record
    const series = seriesOf(operation, method, record.status)
    series.requests.add(1)
    if (durationMs !== undefined) series.duration.observe(durationMs / 1000, record.traceId)
    if (upstreamMs !== undefined) series.upstream.observe(upstreamMs / 1000, record.traceId)
    if (record.bytesIn !== undefined) bytesIn.add(record.bytesIn)
    if (record.bytesOut !== undefined) bytesOut.add(record.bytesOut)
    if (refusal !== undefined) metrics.refusals.inc({ reason: refusal })
    if (operation === 'unknown') metrics.unknownOperations.inc()
    if (record.onOldPath) metrics.legacyCalls.inc({ client: record.client })
  }
}
