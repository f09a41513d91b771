/** Spans of requests and of their calls to MLflow, sent to an OpenTelemetry collector. Loaded only where one is configured. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  diag, DiagLogLevel, INVALID_SPANID, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace, type Attributes, type Context, type Span,
  type Tracer
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, RandomIdGenerator, TraceIdRatioBasedSampler, TracerProvider,
  type Sampler
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { mount } from '../core/public-paths.js'
import type { TracingConfig } from '../core/settings/tracing-settings.js'
import { version } from '../core/version.js'
import type { RequestContext, RequestTrace } from '../http/context.js'
import type { RequestEndListener, RequestRecord } from '../http/records.js'
import { traceIdOf } from '../http/trace-id.js'

export interface Tracing {
  /** A request has begun. */
  readonly begin: (context: RequestContext) => void
  readonly listener: RequestEndListener
  /** Sends what waits, for a few seconds at most. */
  readonly close: () => Promise<void>
}

/** A collector that fails says so with each batch. */
const complaintsMs = 60_000
const flushMaxMs = 3000

/** @param upstream the origin of MLflow */
export function openTracing (config: TracingConfig, upstream: string, log: Logger): Tracing {
  complainTo(log)
  const ids = new RequestIds()
  const exporter = new OTLPTraceExporter({ url: config.endpoint.href, headers: { ...config.headers } })
  const provider = new TracerProvider({
    resource: resourceOf(config),
    sampler: samplerOf(config),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter })]
  })
  const tracer = provider.getTracer('hokusai-mlflow', version)
  const { hostname, protocol, port } = new URL(upstream)
  const server: Attributes = { 'server.address': hostname, 'server.port': Number(port || (protocol === 'https:' ? 443 : 80)) }
  return {
    begin (context) {
      ids.next = traceIdOf(context.id, context.hasOwnId)
      context.trace = new Trace(context, tracer, server)
    },
    listener (record, request) {
      const { trace, startedAt } = request?.context ?? {}
      if (trace instanceof Trace && startedAt !== undefined) trace.end(record, startedAt)
    },
    close: async () => { await Promise.race([provider.shutdown().catch(() => {}), delay(flushMaxMs, undefined, { ref: false })]) }
  }
}

/** The trace of a request that came without one has the request's id. */
class RequestIds extends RandomIdGenerator {
  next = ''
  override generateTraceId = (): string => this.next
}

class Trace implements RequestTrace {
  readonly sampledId: string | undefined
  private readonly context: RequestContext
  private readonly tracer: Tracer
  private readonly server: Attributes
  private readonly span: Span
  private readonly inSpan: Context
  private call: Span | undefined

  constructor (context: RequestContext, tracer: Tracer, server: Attributes) {
    this.context = context
    this.tracer = tracer
    this.server = server
    const parent = parentOf(context.head.traceparent)
    this.span = tracer.startSpan('request', { kind: SpanKind.SERVER, startTime: context.startedAt }, parent)
    this.inSpan = trace.setSpan(parent, this.span)
    const { traceId, traceFlags } = this.span.spanContext()
    this.sampledId = (traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : traceId
  }

  toUpstream (): string {
    this.call ??= this.tracer.startSpan(this.context.request.raw.method ?? '', { kind: SpanKind.CLIENT, attributes: this.server }, this.inSpan)
    const { traceId, spanId, traceFlags } = this.call.spanContext()
    return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`
  }

  end (record: RequestRecord, startedAt: number): void {
    const { span, call, context: { request } } = this
    if (call !== undefined) endCall(call, record, request.transfer)
    if (!span.isRecording()) return
    span.updateName(`${record.method ?? ''} ${record.operation}`)
    span.setAttributes({ ...attributesOf(record), ...routeOf(request), 'url.scheme': request.protocol })
    if (record.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(startedAt + (record.durationMs ?? 0))
  }
}

function endCall (call: Span, { method }: RequestRecord, transfer: RequestContext['request']['transfer']): void {
  if (call.isRecording()) {
    const { status = 0, failure } = transfer ?? {}
    call.setAttributes({ 'http.request.method': method, ...status === 0 ? {} : { 'http.response.status_code': status } })
    if (failure !== undefined || status >= 400) {
      call.setAttribute('error.type', failure === undefined ? String(status) : failure.name)
      call.setStatus({ code: SpanStatusCode.ERROR })
    }
  }
  call.end(transfer === undefined || transfer.endedAt === 0 ? undefined : transfer.endedAt)
}

/**
 * Names of OpenTelemetry's semantic conventions for HTTP, where they have one. No path, query or header of the caller's: a key pasted there
 * would be kept.
 */
function attributesOf ({ requestId, operation, method, status, caller, address, client, onOldPath, refusal }: RequestRecord): Attributes {
  return {
    'http.request.method': method,
    'http.response.status_code': status,
    'client.address': address,
    'user_agent.name': client,
    'hokusai_mlflow.operation': operation,
    'hokusai_mlflow.request_id': requestId,
    ...caller === undefined ? {} : { 'enduser.id': caller.userId, 'enduser.pseudo.id': caller.keyId },
    ...onOldPath ? { 'hokusai_mlflow.legacy': true } : {},
    ...refusal !== undefined ? { 'error.type': refusal } : status >= 500 ? { 'error.type': String(status) } : {}
  }
}

/** The template of the path; where no table knows it, there is none. */
function routeOf ({ operation, routeOptions }: RequestContext['request']): Attributes {
  const path = operation?.match?.operation?.path
  const route = path === undefined ? (routeOptions.config?.operation === undefined ? undefined : routeOptions.url) : mount + path
  return route === undefined ? {} : { 'http.route': route }
}

/** @param traceparent well-formed, or none */
function parentOf (traceparent: string | undefined): Context {
  const [, traceId = '', spanId = INVALID_SPANID, flags = '00'] = traceparent?.split('-') ?? []
  if (traceparent === undefined) return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true })
}

function resourceOf ({ serviceName }: TracingConfig): ReturnType<typeof resourceFromAttributes> {
  const own = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })
  return detectResources({ detectors: [envDetector] }).merge(own)
}

function samplerOf ({ sampler, ratio }: TracingConfig): Sampler {
  const [, root = ''] = /^(?:parentbased_)?(.*)$/.exec(sampler) ?? []
  const chosen = root === 'always_on' ? new AlwaysOnSampler() : root === 'always_off' ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio)
  return sampler === root ? chosen : new ParentBasedSampler({ root: chosen })
}

/** What OpenTelemetry says of itself: that spans do not arrive, at most once a minute. */
function complainTo (log: Logger): void {
  let saidAt = -Infinity
  const warn = (...said: unknown[]): void => {
    if (performance.now() - saidAt < complaintsMs) return
    saidAt = performance.now()
    log.warn({ problem: problemIn(said) }, 'spans do not reach the collector')
  }
  const nothing = (): void => {}
  const logger = { error: warn, warn, info: nothing, debug: nothing, verbose: nothing }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}

function problemIn (said: readonly unknown[]): string {
  return said.map(part => part instanceof Error ? `${part.name}: ${part.message}` : messageIn(String(part))).join(' ').slice(0, 300)
}

/** Its errors come as JSON, with their stack. */
function messageIn (said: string): string {
  try {
    return String((JSON.parse(said) as { message?: unknown }).message ?? said)
  } catch {
    return said
  }
}
