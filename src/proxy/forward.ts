/** Sends a judged request to MLflow through @fastify/reply-from, and MLflow's answer back. */
import { Readable } from 'node:stream'
import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../core/config.js'
import { FacadeError, toFacadeError } from '../core/errors.js'
import { refuse } from '../http/send-error.js'
import type { Visit } from '../http/context.js'
import { bodyOf, bodyTooLarge, gather, getBodyMaxBytes, getBodyTooLarge, hasBody, through } from './request-body.js'
import { Exchange, type Done, type Keeper } from './exchange.js'
import { incoming } from './response-headers.js'
import { home, losesChunks, type Layout } from '../mlflow/layout.js'
import { movesArtifact, type Match } from '../access/matcher.js'
import type { Monitor } from '../mlflow/monitor.js'
import { mount } from '../core/mount.js'
import { openSpool } from './spool.js'
import { nameFault, type Upstream } from '../mlflow/pool.js'

/** Under this key our exchange travels through reply-from, which copies the headers object, symbols too. */
const kExchange = Symbol('exchange')

export interface ForwardOptions {
  readonly upstream: Upstream
  readonly monitor: Monitor
  /** Folder for chunked bodies that need a length. */
  readonly spoolFolder: string
  readonly config: Pick<Config, 'bodyMaxBytes' | 'spoolMaxBytes' | 'spoolTotalBytes'>
}

/** What is forwarded. */
export interface Forwarded {
  readonly match: Match
  /** Below the mount, with its query. */
  readonly target: string
  /** Makes the headers of the request to this MLflow; a body that was spooled has got a length. */
  readonly headers: (length: string | undefined, layout: Layout) => string[]
  /** Reads the body where it must be judged before it is sent, and gives what to send. */
  readonly judge?: (layout: Layout) => Promise<Buffer>
  /** The workspaces that the caller's key is tied to; none: it may use all. */
  readonly tiedTo: readonly string[]
  /** The refusal where MLflow keeps workspaces apart and the request names the files of all. */
  readonly wholeStore: FacadeError | undefined
}

export type Forward = (request: FastifyRequest, reply: FastifyReply, forwarded: Forwarded) => void

/** Registers reply-from with an upstream object of ours, and gives the function that forwards. */
export async function openForward (app: FastifyInstance, options: ForwardOptions): Promise<Forward> {
  const { upstream, monitor, config: { bodyMaxBytes, spoolMaxBytes, spoolTotalBytes } } = options
  const spool = await openSpool(options.spoolFolder, spoolTotalBytes)
  await app.register(replyFrom, {
    base: 'http://mlflow.invalid', // never used: the exchange knows its raw target
    undici: { request: send } as never, // reply-from takes whatever can `request`
    disableRequestLogging: true,
    retryMethods: []
  })

  const hooks = {
    rewriteRequestHeaders: (request: { visit?: Visit }) => ({ [kExchange]: request.visit?.exchange }) as never,
    onResponse: (request: unknown, reply: unknown) => writeAnswer(request as FastifyRequest, reply as FastifyReply),
    onError: (reply: unknown, { error }: { error: Error }) => failed(reply as FastifyReply, error)
  }

  const keeper: Keeper = {
    name: 'MLflow',
    head: (raw, outgoing) => incoming(raw, value => publicLocation(value, outgoing, upstream)),
    onReady: (exchange, error) => {
      const { reply, status, done } = exchange
      if (error === null) done?.(null, { statusCode: status, headers: {}, body: exchange })
      else if (done === undefined) refuse(reply, nameFault(error)) // it failed before it was sent
      else done(error)
    },
    onEnd: upstream.ended
  }

  return (request, reply, forwarded) => {
    const { layout } = monitor
    if (layout !== undefined) begin(request, reply, forwarded, layout)
    else monitor.refresh().then(found => begin(request, reply, forwarded, found)).catch(error => refuse(reply, toFacadeError(error)))
  }

  function begin (request: FastifyRequest, reply: FastifyReply, { match, target, headers, judge, tiedTo, wholeStore }: Forwarded, layout: Layout): void {
    const { raw, visit } = request
    if (raw.socket.destroyed) return // the caller left while MLflow was looked for
    const method = raw.method ?? ''
    const maxBytes = movesArtifact(match) ? Infinity : bodyMaxBytes
    const problem = workspaceProblem(tiedTo, layout) ?? (layout.workspaces === true ? wholeStore : undefined) ?? lengthProblem(visit, maxBytes)
    if (problem !== undefined) {
      refuse(reply, problem)
      return
    }
    const exchange = visit.exchange = new Exchange(reply, { method, path: home(layout, match.family, method) + target, prefix: layout.prefix }, keeper)
    upstream.open.add(exchange)
    const stop = (error: unknown): void => exchange.fail(error)
    const start = (ready: Exchange['body'], length: string | undefined): void => {
      if (exchange.endedAt !== 0) { // it was given up while its body was read
        if (ready instanceof Readable) ready.destroy()
        return
      }
      try {
        exchange.body = ready // first: whatever fails then ends it, too
        exchange.headers = headers(length, layout)
        reply.from('/', hooks)
      } catch (error) {
        stop(error)
      }
    }

    const length = visit.head.contentLength
    if (judge !== undefined) judge(layout).then(whole => start(whole, String(whole.length))).catch(stop)
    else if (method === 'GET' && hasBody(visit.head)) gather(raw, getBodyMaxBytes, getBodyTooLarge).then(whole => start(whole, String(whole.length))).catch(stop)
    else if (visit.head.transferEncoding !== undefined) {
      if (losesChunks(layout, match.family, method)) {
        const tooLarge = maxBytes <= spoolMaxBytes ? bodyTooLarge : spoolTooLarge
        spool.take(raw, visit.caller?.keyId ?? '', Math.min(maxBytes, spoolMaxBytes), tooLarge).then(({ body, length }) => start(body, String(length))).catch(stop)
      } else start(through(raw, maxBytes), undefined)
    } else {
      const whole = bodyOf(raw, visit.head)
      if (whole instanceof Promise) whole.then(whole => start(whole, length)).catch(stop)
      else start(whole, length)
    }
  }

  function send (sent: { headers: { [kExchange]: Exchange } }, done: Done): void {
    const exchange = sent.headers[kExchange]
    exchange.done = done
    upstream.send(exchange)
  }

  function failed (reply: FastifyReply, error: Error): void {
    refuse(reply, nameFault(error.cause instanceof Error ? error.cause : error)) // reply-from wraps what it does not know
  }
}

function workspaceProblem (tiedTo: readonly string[], layout: Layout): FacadeError | undefined {
  if (tiedTo.length === 0 || layout.workspaces === true) return undefined
  return new FacadeError('forbidden', { reason: 'workspace', message: `This API key is for the workspaces ${tiedTo.join(', ')} alone, and this MLflow keeps none apart (--enable-workspaces).` })
}

function lengthProblem ({ head }: Visit, maxBytes: number): FacadeError | undefined {
  return Number(head.contentLength ?? 0) > maxBytes ? bodyTooLarge(maxBytes) : undefined
}

function spoolTooLarge (maxBytes: number): FacadeError {
  return new FacadeError('tooLarge', { reason: 'spool_limit', message: `The chunked body is larger than ${maxBytes} bytes. Send it with a Content-Length.` })
}

/** Past Fastify's own reply: its stream and header handling would cost a third of the throughput and invent a content type. */
function writeAnswer (request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  request.visit.exchange?.writeAnswer(request.visit.headers)
}

/** A Location of MLflow, which names its own origin and prefix, as a relative one under the mount; a foreign one (object storage) stays. */
export function publicLocation (value: string, { prefix }: Pick<Layout, 'prefix'>, upstream: Pick<Upstream, 'origin' | 'host'>): string {
  const [, , authority, rest = ''] = /^(https?:)?\/\/([^/?#]*)(.*)$/is.exec(value) ?? []
  const own = [new URL(upstream.origin).host, upstream.host.toLowerCase()]
  if (authority !== undefined && !own.includes(authority.toLowerCase())) return value
  if (authority === undefined && !value.startsWith('/')) return value
  // One slash at the front: more of them would name another host.
  const path = (authority === undefined ? value : rest).replace(/^\/*/, '/')
  return mount + (path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) || '/' : path)
}
