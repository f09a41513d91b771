/** Begins the record of every request, and at its end writes one log line and counts it. */
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'
import { guessing } from '../keys/guesses.js'
import { FacadeError } from '../core/errors.js'
import { CallerLeftError } from '../proxy/exchange.js'
import type { Metrics } from '../core/metrics.js'
import { collapse } from './flood.js'
import { drain, ownHeaders, unread } from './early-response.js'
import { callerAddress } from './client-address.js'
import { createRoster } from '../core/active-set.js'
import { arrive, type Visit } from './context.js'

interface Options {
  readonly log: Logger
  readonly metrics: Metrics
  /** Whether a peer's X-Request-Id counts. */
  readonly trusted: (address: string | undefined) => boolean
  /** Is told of each request on an old path, when it is answered. */
  readonly onOldPath: (visit: Visit, client: string) => void
  /** Are told of each request at its begin and, once, at its end. */
  readonly onBegin: (visit: Visit) => void
  readonly onEnd: (visit: Visit) => void
}

/** Keeps the record of each request. */
export interface Ledger {
  /** Its head is there. */
  begin: (request: FastifyRequest) => void
  /** Its answer is through, or its caller has gone: one line, one count. */
  end: (visit: Visit, response: { readonly statusCode: number }) => void
  /** A connection has closed: whoever was waiting on it has left, and MLflow need not go on for them. @param cause why we closed it */
  left: (socket: Socket, cause?: FacadeError) => void
  /** Writes the lines that wait. */
  close: () => void
}

export function openLedger ({ log, metrics, trusted, onOldPath, onBegin, onEnd }: Options): Ledger {
  const count = counting(metrics)
  const open = createRoster<Visit>()
  const flood = collapse(log)
  let warned = false
  const ledger: Ledger = {
    begin (request) {
      const given = request.headers['x-request-id']
      const peerTrusted = trusted(request.socket.remoteAddress)
      const visit = request.visit = arrive(request.raw, request.originalUrl, callerAddress(request.ip, request.socket.remoteAddress), peerTrusted && typeof given === 'string' && isRequestId(given) ? given : undefined)
      open.add(visit)
      onBegin(visit)
      if (visit.head.forwarded && !peerTrusted && !warned) {
        warned = true
        log.warn('forwarded headers arrive from a peer that TRUST_PROXY does not name: they are ignored, and callers look as if they had the peer\'s address')
      }
    },
    end (visit, { statusCode: status }) {
      if (!open.remove(visit)) return
      count(visit, status)
      if (visit.legacy !== undefined) onOldPath(visit, clientKind(visit.request.headers['user-agent']))
      if (visit.refusal === guessing) flood.note(visit)
      else write(visit, status)
      if (visit.exchange?.endedAt === 0) visit.exchange.cancel(new CallerLeftError()) // an error takes its stack's time: none is made for an answer of MLflow's
      onEnd(visit)
    },
    left (socket, cause) {
      for (const visit of open.items.filter(({ request }) => request.socket === socket)) {
        const { exchange } = visit
        exchange?.cancel(cause ?? new CallerLeftError())
        visit.refusal ??= cause?.reason
        const statusCode = statusOfCut(visit)
        if (statusCode !== callerLeft && exchange?.failure !== undefined) visit.refusal ??= exchange.failure instanceof FacadeError ? exchange.failure.reason : 'answer_cut'
        ledger.end(visit, { statusCode })
      }
    },
    close: flood.flush
  }
  return ledger

  function write (visit: Visit, status: number): void {
    const line = logLine(visit, status)
    const failure = visit.failure ?? visit.exchange?.failure
    if (failure === undefined || status === callerLeft) log.info(line, 'request')
    else log[status >= 500 ? 'error' : 'warn']({ ...line, error: describeFailure(failure) }, 'request')
  }
}

/** What a load balancer may give as an id; a key in its place would be logged. */
function isRequestId (given: string): boolean {
  return /^[\w.:-]{1,128}$/.test(given) && !/hk_(live|test)_/i.test(given)
}

/** The status in log and metrics of a request whose caller did not wait for the answer. */
const callerLeft = 499

/** What became of a request whose connection closed before its answer had ended: not always is it the caller who left. */
function statusOfCut ({ exchange, answered }: Visit): number {
  if (answered !== 0 || exchange === undefined) return answered || callerLeft
  if (exchange.failure !== undefined) return exchange.failure instanceof CallerLeftError ? callerLeft : exchange.status || callerLeft
  return exchange.response.writableEnded ? callerLeft : exchange.status // not ended: it was written whole and lingered (early-response.ts)
}

export default fp<{ ledger: Ledger }>(async (app, { ledger }) => {
  app.decorateRequest('visit')
  app.addHook('onRequest', (request, _reply, done) => {
    ledger.begin(request)
    done()
  })
  // Answers that Fastify writes; what is written past it brings these headers itself.
  app.addHook('onSend', ({ raw, visit: { headers } }, reply, payload, done) => {
    for (let index = 0; index < headers.length; index += 2) {
      const [name = '', value] = [headers[index], headers[index + 1]]
      const said = name === 'vary' ? reply.getHeader(name) : undefined
      reply.header(name, said === undefined ? value : `${String(said)}, ${value}`)
    }
    for (let index = 0; index < ownHeaders.length; index += 2) {
      const name = ownHeaders[index] ?? ''
      if (!reply.hasHeader(name)) reply.header(name, ownHeaders[index + 1])
    }
    if (!unread(raw)) {
      done(null, payload)
      return
    }
    drain(raw, () => {
      if (unread(raw)) reply.header('connection', 'close')
      done(null, payload)
    })
  })
  app.addHook('onResponse', ({ visit }, reply, done) => {
    ledger.end(visit, reply.raw)
    done()
  })
  app.addHook('onClose', async () => ledger.close())
  // Once a connection, not once a request: a close listener on every response doubles the collector's work (measured with --trace-gc).
  app.server.on('connection', (socket: Socket) => socket.once('close', () => ledger.left(socket)))
}, { name: 'telemetry' })

/** What a line says of a request. No path, query or header of the caller's: a key pasted into one would be kept. */
function logLine (visit: Visit, status: number): Record<string, unknown> {
  const { exchange, caller, request } = visit
  return {
    request_id: visit.id,
    operation: visit.operation,
    method: request.method,
    status,
    ms: round(performance.now() - visit.startedAt),
    upstream_ms: exchange === undefined || exchange.firstByteAt === 0 ? undefined : round(exchange.firstByteAt - exchange.beganAt),
    bytes_in: exchange?.bytesIn,
    bytes_out: exchange?.bytesOut,
    key: caller?.hint,
    key_id: caller?.keyId,
    user: caller?.userId,
    address: visit.address,
    client: clientKind(request.headers['user-agent']),
    legacy: visit.legacy === undefined ? undefined : true,
    refusal: visit.refusal
  }
}

function round (ms: number): number {
  return Math.round(ms * 10) / 10
}

/** Text of a failure for the log: its chain of causes, with addresses, but nothing of the request. */
function describeFailure (failure: unknown): string {
  const parts: string[] = []
  for (let error = failure; error instanceof Error && parts.length < 5; error = error.cause) {
    parts.push(`${(error as NodeJS.ErrnoException).code ?? error.name}: ${error.message}`)
  }
  const stack = failure instanceof TypeError || failure instanceof RangeError ? `\n${failure.stack ?? ''}` : ''
  return parts.join(' <- ') + stack
}

const kinds: ReadonlyArray<readonly [RegExp, string]> = [
  [/^mlflow-python-client/i, 'mlflow-python'],
  [/^mlflow-java-client/i, 'mlflow-java'],
  [/^OTel/i, 'opentelemetry'],
  [/^python-requests|^python-urllib|^aiohttp|^python-httpx/i, 'python'],
  [/^curl/i, 'curl'],
  [/^Mozilla/i, 'browser'],
  [/^node|^undici/i, 'node'],
  [/^Java|^Apache-HttpClient/i, 'java'],
  [/^Go-http-client/i, 'go']
]

/** The kind of client, one of a few names: a user agent can hold anything. */
export function clientKind (userAgent: string | undefined): string {
  if (userAgent === undefined) return 'none'
  return kinds.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other'
}

/** Counts a request; looked-up label sets are kept, since looking them up costs more than counting. */
function counting (metrics: Metrics): (visit: Visit, status: number) => void {
  type Series = { readonly requests: { inc: () => void }, readonly duration: { observe: (seconds: number) => void }, readonly upstream: { observe: (seconds: number) => void } }
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
  return (visit, status) => {
    const series = seriesFor(visit.operation, visit.request.method ?? '', status)
    series.requests.inc()
    series.duration.observe((performance.now() - visit.startedAt) / 1000)
    const { exchange } = visit
    if (exchange !== undefined) {
      if (exchange.firstByteAt !== 0) series.upstream.observe((exchange.firstByteAt - exchange.beganAt) / 1000)
      if (exchange.bytesIn > 0) metrics.bytes.inc({ direction: 'in' }, exchange.bytesIn)
      if (exchange.bytesOut > 0) metrics.bytes.inc({ direction: 'out' }, exchange.bytesOut)
    }
    if (visit.refusal !== undefined) metrics.refusals.inc({ reason: visit.refusal })
    if (visit.operation === 'unknown') metrics.unknownOperations.inc()
    if (visit.legacy !== undefined) metrics.legacyCalls.inc({ client: clientKind(visit.request.headers['user-agent']) })
  }
}
