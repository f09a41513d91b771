/** What Prometheus reads: counts and times by operation and outcome. Labels hold names of ours, never a caller's path, key or address. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { createCounter, createHistogram, type CounterSeries, type HistogramSeries } from './series.js'

export interface Metrics {
  readonly registry: Registry
  readonly requests: (labels: { operation: string, method: string, status: string }) => CounterSeries
  readonly refusals: Counter<'reason'>
  readonly unknownOperations: Counter
  readonly legacyCalls: Counter<'client'>
  readonly duration: (labels: { operation: string }) => HistogramSeries
  readonly upstreamDuration: (labels: { operation: string }) => HistogramSeries
  readonly bytes: (labels: { direction: 'in' | 'out' }) => CounterSeries
  /** Says how the requests to MLflow that are under way are counted, at the moment of a scrape. */
  readonly observeOpenExchanges: (count: () => number) => void
  readonly upstreamUp: Gauge
  readonly keyStoreLinkUp: Gauge
  readonly redisUp: Gauge
  readonly localLimits: Counter
  readonly logLinesDropped: Counter
  readonly writeFailures: Counter<'what'>
}

const prefix = 'hokusai_mlflow_'

/**
 * One registry for one app, so that several can live in a process (tests).
 * @param dropped counts the log lines that were dropped so far
 */
export function createMetrics (dropped: () => number = () => 0): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
  let openExchanges = (): number => 0
  collectDefaultMetrics({ register: registry })
  new Gauge({ name: `${prefix}open_exchanges`, help: 'Requests to MLflow under way.', registers, collect () { this.set(openExchanges()) } }) // eslint-disable-line no-new
  const keyStoreLinkUp = new Gauge({ name: `${prefix}key_store_link_up`, help: '0 while the link over which PostgreSQL tells of changed keys is lost; 1 otherwise, also without PostgreSQL.', registers })
  keyStoreLinkUp.set(1)
  const redisUp = new Gauge({ name: `${prefix}redis_up`, help: '0 while Redis does not answer and each facade limits keys by itself; 1 otherwise, also without Redis.', registers })
  redisUp.set(1)
  return {
    keyStoreLinkUp,
    redisUp,
    localLimits: new Counter({ name: `${prefix}local_limits_total`, help: 'Requests of keys with a limit that were counted by this facade alone, since Redis did not answer.', registers }),
    observeOpenExchanges (count) { openExchanges = count },
    registry,
    requests: createCounter(registry, {
      name: `${prefix}requests_total`,
      help: 'Requests answered, by operation, method and status (499: the caller left).',
      labelNames: ['operation', 'method', 'status']
    }),
    refusals: new Counter({ name: `${prefix}refusals_total`, help: 'Answers of the facade itself that report an error, by reason.', labelNames: ['reason'], registers }),
    unknownOperations: new Counter({ name: `${prefix}unknown_operations_total`, help: 'Requests for paths that the table of operations does not know.', registers }),
    legacyCalls: new Counter({ name: `${prefix}legacy_calls_total`, help: 'Requests on old paths, by kind of client.', labelNames: ['client'], registers }),
    duration: createHistogram(registry, {
      name: `${prefix}request_duration_seconds`,
      help: 'Time from the request\'s head to the end of its answer.',
      labelNames: ['operation']
    }, buckets),
    upstreamDuration: createHistogram(registry, {
      name: `${prefix}upstream_duration_seconds`,
      help: 'Time from sending to MLflow\'s first byte.',
      labelNames: ['operation']
    }, buckets),
    bytes: createCounter(registry, {
      name: `${prefix}bytes_total`,
      help: 'Bytes of bodies, by direction (in: from callers, out: to callers).',
      labelNames: ['direction']
    }),
    upstreamUp: new Gauge({ name: `${prefix}upstream_up`, help: '1 when MLflow is recognised and answers.', registers }),
    logLinesDropped: new Counter({ name: `${prefix}log_lines_dropped_total`, help: 'Lines of the log that were dropped, since the disk was full or nobody read them.', registers, collect () { this.reset(); this.inc(dropped()) } }),
    writeFailures: new Counter({ name: `${prefix}write_failures_total`, help: 'Writes beside requests that failed, by what was to be written (last_used: times of last use of keys; old_paths: counts of old paths).', labelNames: ['what'], registers })
  }
}
