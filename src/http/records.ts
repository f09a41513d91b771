/**
 * The record of every request: it begins with the head, and ends once, with one event that log, metrics and whoever
 * else counts hang on.
 */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './audited.js'
import { createActiveSet } from '../core/active-set.js'
import { FacadeError } from '../core/errors.js'
import type { Reason } from '../core/reasons.js'
import type { Caller } from '../keys/contract.js'
import { callerAddress } from './client-address.js'
import { clientKind } from './client-kind.js'
import { createContext, type RequestContext } from './context.js'
import { drain, ownHeaders, unread } from './answer/early-response.js'
import { CallerLeftError } from './transfer.js'

/** What became of a request. No path, query or header of the caller's: a key pasted into one would be kept. */
export interface RequestRecord {
  readonly requestId: string
  /** Of its trace; undefined: nothing records it. */
  readonly traceId: string | undefined
  readonly operation: string
  /** Undefined: Node's parser made no request of what came. */
  readonly method: string | undefined
  /** 499: the caller did not wait for the answer. */
  readonly status: number
  /** From the head to the end of the answer; undefined as for `method`. */
  readonly durationMs: number | undefined
  /** From sending to the first byte of MLflow's answer; undefined: there was none. */
  readonly upstreamMs: number | undefined
  /** Of bodies, from and to the caller; undefined: nothing was forwarded. */
  readonly bytesIn: number | undefined
  readonly bytesOut: number | undefined
  readonly caller: Caller | undefined
  readonly address: string
  readonly client: string
  readonly onOldPath: boolean
  /** Why the facade answered in MLflow's place, or what cut the answer. */
  readonly refusal: Reason | undefined
  /** What broke, for the log only. */
  readonly failure: unknown
  /** What Node's parser said of bytes that are no request. */
  readonly protocolError: string | undefined
}

/** @param request undefined: there never was one, see `RequestRecord.method` */
export type RequestEndListener = (record: RequestRecord, request: FastifyRequest | undefined) => void

/** In log and metrics: the caller did not wait for the answer. */
export const callerLeft = 499

export interface Records {
  /** Requests under way. */
  readonly active: readonly RequestContext[]
  /** The head is there. */
  begin: (request: FastifyRequest) => RequestContext
  /** The answer is through. */
  end: (context: RequestContext, status: number) => void
  /** Its connection has closed: who was waiting has left, and MLflow need not go on for them. @param cause why we closed it */
  cut: (context: RequestContext, cause: FacadeError | undefined) => void
  /** What Node's parser refused was answered. */
  refused: (refusal: Pick<RequestRecord, 'requestId' | 'status' | 'address' | 'refusal' | 'protocolError'>) => void
  /** Is told of each request, once, when its answer has ended, however. */
  onRequestEnd: (listener: RequestEndListener) => void
}

interface Options {
  /** Whether a peer's X-Request-Id and forwarded headers count. */
  readonly trusted: (address: string | undefined) => boolean
  /** Forwarded headers came from a peer that is not trusted. Called once. */
  readonly onUntrusted: () => void
  /** A record has begun. */
  readonly hold: (context: RequestContext) => void
  /** Takes back what a request holds; before anyone is told. */
  readonly release: (request: FastifyRequest) => void
  /** A listener failed: the others are told all the same. */
  readonly onListenerError: (error: unknown) => void
}

export function openRecords ({ trusted, onUntrusted, hold, release, onListenerError }: Options): Records {
  const active = createActiveSet<RequestContext>()
  const listeners: RequestEndListener[] = []
  let warned = false

  const tell = (record: RequestRecord, request: FastifyRequest | undefined): void => {
    for (const listener of listeners) {
      try {
        listener(record, request)
      } catch (error) {
        onListenerError(error)
      }
    }
  }

  const end = (context: RequestContext, status: number, cause?: FacadeError): void => {
    if (!active.remove(context)) return
    const { request } = context
    const record = recordOf(context, status, cause)
    // An error takes its stack's time: none is made for an answer of MLflow's
    if (request.transfer?.endedAt === 0) request.transfer.cancel(new CallerLeftError())
    release(request)
    tell(record, request)
  }

  return {
    active: active.items,
    begin (request) {
      const given = request.headers['x-request-id']
      const peerTrusted = trusted(request.socket.remoteAddress)
      const id = peerTrusted && typeof given === 'string' && isRequestId(given) ? given : undefined
      const context = (request.context = createContext(
        request,
        request.originalUrl,
        callerAddress(request.ip, request.socket.remoteAddress),
        id
      ))
      active.add(context)
      hold(context)
      if (context.head.forwarded && !peerTrusted && !warned) {
        warned = true
        onUntrusted()
      }
      return context
    },
    end,
    cut (context, cause) {
      context.request.transfer?.cancel(cause ?? new CallerLeftError())
      end(context, statusOfCut(context.request), cause)
    },
    refused (refusal) {
      const unread = {
        traceId: undefined,
        operation: 'none',
        method: undefined,
        durationMs: undefined,
        upstreamMs: undefined,
        bytesIn: undefined,
        bytesOut: undefined
      }
      const record: RequestRecord = { ...unread, caller: undefined, client: 'none', onOldPath: false, failure: undefined, ...refusal }
      tell(record, undefined)
    },
    onRequestEnd (listener) { listeners.push(listener) }
  }
}

function recordOf (context: RequestContext, status: number, cause: FacadeError | undefined): RequestRecord {
  const { id, startedAt, address, trace, request } = context
  const { transfer, refusal, raw } = request
  return {
    requestId: id,
    traceId: trace?.sampledId,
    operation: request.operation?.name ?? request.routeOptions.config?.operation ?? 'none',
    method: raw.method,
    status,
    durationMs: performance.now() - startedAt,
    upstreamMs: transfer === undefined || transfer.firstByteAt === 0 ? undefined : transfer.firstByteAt - transfer.beganAt,
    bytesIn: transfer?.bytesIn,
    bytesOut: transfer?.bytesOut,
    caller: request.caller,
    address,
    client: clientKind(raw.headers['user-agent']),
    onOldPath: request.successor !== undefined,
    refusal: refusal?.reason ?? cause?.reason ?? reasonOfCut(request, status),
    failure: refusal?.cause ?? transfer?.failure,
    protocolError: undefined
  }
}

/** What became of a request whose connection closed before its answer had ended: not always is it the caller who left. */
function statusOfCut ({ transfer, refusal }: FastifyRequest): number {
  if (refusal !== undefined || transfer === undefined) return refusal?.status ?? callerLeft
  if (transfer.failure !== undefined) return transfer.failure instanceof CallerLeftError ? callerLeft : transfer.status || callerLeft
  return transfer.response.writableEnded ? callerLeft : transfer.status // not ended: it was written whole and lingered (early-response.ts)
}

/** An answer of MLflow's that broke on its way has no refusal, but a reason. */
function reasonOfCut ({ transfer }: FastifyRequest, status: number): Reason | undefined {
  if (transfer?.failure === undefined || status === callerLeft) return undefined
  return transfer.failure instanceof FacadeError ? transfer.failure.reason : 'answer_cut'
}

/** What a load balancer may give as an id; a key in its place would be logged. */
function isRequestId (given: string): boolean {
  return /^[\w.:-]{1,128}$/.test(given) && !/hk_(live|test)_/i.test(given)
}

/** Begins and ends the records of requests that Fastify routes, and puts the headers on their answers that all of ours carry. */
export default fp<{ readonly records: Records }>(async (app, { records }) => {
  for (const name of ['context', 'operation', 'refusal', 'transfer', 'audited']) app.decorateRequest(name)
  app.addHook('onRequest', (request, _reply, done) => {
    records.begin(request)
    done()
  })
  // Answers that Fastify writes; what is written past it brings these headers itself.
  app.addHook('onSend', ({ raw, context: { responseHeaders } }, reply, payload, done) => {
    for (let index = 0; index < responseHeaders.length; index += 2) {
      const [name = '', value] = [responseHeaders[index], responseHeaders[index + 1]]
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
  app.addHook('onResponse', ({ context }, reply, done) => {
    records.end(context, reply.raw.statusCode)
    done()
  })
}, { name: 'records' })
