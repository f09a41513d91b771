/** Counts each request when it has ended. */
import type { Metrics } from '../core/metrics.js'
import type { RequestRecord } from '../http/records.js'

interface Series {
  readonly requests: { inc: () => void }
  readonly duration: { observe: (seconds: number) => void }
  readonly upstream: { observe: (seconds: number) => void }
}

/** Looked-up label sets are kept, since looking them up costs more than counting. */
export function countRequests (metrics: Metrics): (record: RequestRecord) => void {
  const kept = new Map<string, Series>()
  const seriesFor = (operation: string, method: string, status: number): Series => {
    const name = `${operation} ${method} ${status}`
    let series = kept.get(name)
    if (series === undefined) {
      series = {
        requests: metrics.requests.labels({ operation, method, status: String(status) }),
        duration: metrics.duration.labels({ operation }),
        upstream: metrics.upstreamDuration.labels({ operation })
      }
      kept.set(name, series)
    }
    return series
  }
  return ({ operation, method = 'none', status, durationMs, upstreamMs, bytesIn = 0, bytesOut = 0, refusal, onOldPath, client }) => {
    const series = seriesFor(operation, method, status)
    series.requests.inc()
    if (durationMs !== undefined) series.duration.observe(durationMs / 1000)
    if (upstreamMs !== undefined) series.upstream.observe(upstreamMs / 1000)
    if (bytesIn > 0) metrics.bytes.inc({ direction: 'in' }, bytesIn)
    if (bytesOut > 0) metrics.bytes.inc({ direction: 'out' }, bytesOut)
    if (refusal !== undefined) metrics.refusals.inc({ reason: refusal })
    if (operation === 'unknown') metrics.unknownOperations.inc()
    if (onOldPath) metrics.legacyCalls.inc({ client })
  }
}
