/** What Prometheus reads: counts and times by operation and outcome. Labels hold names of ours, never a caller's path, key or address. */
import { Counter, Gauge, Registry, collectDefaultMetrics, type Aggregator } from 'prom-client'
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
  /** What MLflow was recognised as: 1 with its version and layout. */
  readonly upstreamInfo: Gauge<'version' | 'static_prefix' | 'workspaces'>
  readonly keyStoreLinkUp: Gauge
  /** For HTTPS of our own alone: without it there is no such series. */
  readonly certificateExpiry: () => Gauge
  readonly redisUp: Gauge
  readonly localLimits: Counter
  readonly logLinesDropped: Counter
  readonly writeFailures: Counter<'what'>
  readonly auditEvents: Counter<'outcome'>
  readonly auditEventsDropped: Counter
  readonly workerRestarts: Counter
}

export const prefix = 'hokusai_mlflow_'

/**
 * What becomes one number of several processes' (all else is added up): alerts on them speak of the process that is worst off,
 * which a mean or a sum would hide.
 */
const worst: Readonly<Record<string, Aggregator>> = {
  nodejs_eventloop_lag_seconds: 'max',
  nodejs_eventloop_lag_max_seconds: 'max',
  nodejs_eventloop_lag_p50_seconds: 'max',
  nodejs_eventloop_lag_p90_seconds: 'max',
  nodejs_eventloop_lag_p99_seconds: 'max',
  process_open_fds: 'max',
  process_max_fds: 'min'
}

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
  for (const [name, aggregator] of Object.entries(worst)) Object.assign(registry.getSingleMetric(name) ?? {}, { aggregator })
  new Gauge({ name: `${prefix}open_exchanges`, help: 'Requests to MLflow in progress.', registers, collect () { this.set(openExchanges()) } }) // eslint-disable-line no-new
  return {
    keyStoreLinkUp: upUntilToldOtherwise('key_store_link_up', '0 while the connection on which PostgreSQL announces changed keys is lost; 1 otherwise, and without PostgreSQL.', registers),
    redisUp: upUntilToldOtherwise('redis_up', '0 while Redis does not answer and each facade limits keys by itself; 1 otherwise, also without Redis.', registers),
    localLimits: new Counter({ name: `${prefix}local_limits_total`, help: 'Requests of keys with a limit that were counted by one process alone, since Redis (or, with WORKERS, the primary) did not answer.', registers }),
    observeOpenExchanges (count) { openExchanges = count },
    registry,
    requests: createCounter(registry, {
      name: `${prefix}requests_total`,
      help: 'Requests answered, by operation, method and status (499: the caller left).',
      labelNames: ['operation', 'method', 'status']
    }),
    refusals: new Counter({ name: `${prefix}refusals_total`, help: 'Error responses of the facade itself, by reason.', labelNames: ['reason'], registers }),
    unknownOperations: new Counter({ name: `${prefix}unknown_operations_total`, help: 'Requests for paths that are not in the table of operations.', registers }),
    legacyCalls: new Counter({ name: `${prefix}legacy_calls_total`, help: 'Requests on old paths, by kind of client.', labelNames: ['client'], registers }),
    duration: createHistogram(registry, {
      name: `${prefix}request_duration_seconds`,
      help: 'Time from the request head to the end of the response.',
      labelNames: ['operation']
    }, buckets),
    upstreamDuration: createHistogram(registry, {
      name: `${prefix}upstream_duration_seconds`,
      help: 'Time from sending the request to MLflow\'s first byte.',
      labelNames: ['operation']
    }, buckets),
    bytes: createCounter(registry, {
      name: `${prefix}bytes_total`,
      help: 'Body bytes, by direction (in: from callers, out: to callers).',
      labelNames: ['direction']
    }),
    upstreamUp: new Gauge({ name: `${prefix}upstream_up`, help: '1 when MLflow is recognised and answers.', aggregator: 'min', registers }),
    upstreamInfo: new Gauge({ name: `${prefix}upstream_info`, help: '1 for the version and layout of MLflow that are recognised (workspaces: true, false or unknown).', labelNames: ['version', 'static_prefix', 'workspaces'], aggregator: 'max', registers }),
    certificateExpiry: () => new Gauge({ name: `${prefix}tls_certificate_expiry_timestamp_seconds`, help: 'When the certificate of HTTPS expires (Unix time).', aggregator: 'min', registers }),
    logLinesDropped: new Counter({ name: `${prefix}log_lines_dropped_total`, help: 'Log lines dropped because the disk was full or nobody read them.', registers, collect () { this.reset(); this.inc(dropped()) } }),
    writeFailures: new Counter({ name: `${prefix}write_failures_total`, help: 'Failed background writes, by what was to be written (last_used: times of last use of keys; old_paths: counts of old paths).', labelNames: ['what'], registers }),
    auditEvents: new Counter({ name: `${prefix}audit_events_total`, help: 'Audit events handed over to AUDIT_LOG, by outcome.', labelNames: ['outcome'], registers }),
    auditEventsDropped: new Counter({ name: `${prefix}audit_events_dropped_total`, help: 'Audit events lost because AUDIT_LOG took none for too long.', registers }),
    workerRestarts: new Counter({ name: `${prefix}worker_restarts_total`, help: 'Workers that died and were replaced.', registers })
  }
}

function upUntilToldOtherwise (name: string, help: string, registers: Registry[]): Gauge {
  const gauge = new Gauge({ name: prefix + name, help, aggregator: 'min', registers })
  gauge.set(1)
  return gauge
}
