/** Sends a judged request to MLflow through @fastify/reply-from, and MLflow's answer back. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../core/settings/config.js'
import { FacadeError, toFacadeError } from '../core/errors.js'
import type { RequestContext } from '../http/context.js'
import { hasBody } from '../http/connection/request-head.js'
import { sendError } from '../http/answer/send-error.js'
import { getBodyMaxBytes, getBodyTooLarge } from '../http/validate.js'
import { bodyOf, bodyTooLarge, gather, ofBody, through, whole, type OutgoingBody } from './request-body.js'
import { Exchange, type Supervisor } from './exchange/exchange.js'
import { sendWith } from './exchange/send-with.js'
import { openReplyFrom } from './exchange/reply-from.js'
import { incoming } from './headers/response-headers.js'
import { prefixFor, losesChunks, type Layout } from '../mlflow/layout.js'
import { movesArtifact, type Match } from '../access/matcher.js'
import type { Monitor } from '../mlflow/monitor.js'
import { mount } from '../core/public-paths.js'
import { openSpool } from './spool.js'
import { nameFault, type Upstream } from '../mlflow/pool.js'

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
  /** Makes the headers of the request to this MLflow, to a path as it is sent; a body that was spooled has got a length. */
  readonly headers: (length: string | undefined, layout: Layout, path: string) => string[]
  /** Judges what must be judged before it is sent, and gives the body where that was read for it. */
  readonly judge?: (layout: Layout) => Promise<Buffer | undefined>
  /** The workspaces that the caller's key is tied to; none: it may use all. */
  readonly tiedTo: readonly string[]
  /** The refusal where MLflow keeps workspaces apart and the request names the files of all. */
  readonly wholeStore: FacadeError | undefined
}

export type Forward = (request: FastifyRequest, reply: FastifyReply, forwarded: Forwarded) => void

/** Registers reply-from, and gives the function that forwards. */
export async function openForward (app: FastifyInstance, options: ForwardOptions): Promise<Forward> {
  const { upstream, monitor, config: { bodyMaxBytes, spoolMaxBytes, spoolTotalBytes } } = options
  const spool = await openSpool(options.spoolFolder, spoolTotalBytes)
  const from = await openReplyFrom(app, {
    send: upstream.send,
    onAnswer (request, reply) {
      // Past Fastify's own reply: its stream and header handling would cost a third of the throughput and invent a content type.
      reply.hijack();
      (request.transfer as Exchange | undefined)?.writeAnswer(request.context.responseHeaders)
    },
    onFault: (reply, error) => sendError(reply, nameFault(error))
  })
  const supervisor: Supervisor = {
    name: 'MLflow',
    head: (raw, outgoing) => incoming(raw, value => publicLocation(value, outgoing, upstream)),
    onReady: (exchange, error) => {
      const { reply, status, done } = exchange
      if (error === null) done?.(null, { statusCode: status, headers: {}, body: exchange })
      else if (done === undefined) sendError(reply, nameFault(error)) // it failed before it was sent
      else done(error)
    },
    onEnd: upstream.ended
  }

  return (request, reply, forwarded) => {
    const { layout } = monitor
    if (layout !== undefined) begin(request, reply, forwarded, layout)
    else monitor.refresh().then(found => begin(request, reply, forwarded, found)).catch(error => sendError(reply, toFacadeError(error)))
  }

  function begin (request: FastifyRequest, reply: FastifyReply, forwarded: Forwarded, layout: Layout): void {
    const { raw, context } = request
    if (raw.socket.destroyed) return // the caller left while MLflow was looked for
    const { match, target, headers, tiedTo, wholeStore } = forwarded
    const method = raw.method ?? ''
    const maxBytes = movesArtifact(match) ? Infinity : bodyMaxBytes
    const problem =
      workspaceProblem(tiedTo, layout) ?? (layout.workspaces === true ? wholeStore : undefined) ?? lengthProblem(context, maxBytes)
    if (problem !== undefined) {
      sendError(reply, problem)
      return
    }
    const path = prefixFor(layout, match.family, method) + target
    const exchange = new Exchange(reply, { method, path, prefix: layout.prefix }, supervisor)
    request.transfer = exchange
    upstream.open.add(exchange)
    sendWith(exchange, bodyFor(request, forwarded, layout, maxBytes), length => {
      exchange.headers = headers(length, layout, path)
      from(exchange)
    })
  }

  function bodyFor (request: FastifyRequest, forwarded: Forwarded, layout: Layout, maxBytes: number): OutgoingBody | Promise<OutgoingBody> {
    const { judge } = forwarded
    if (judge === undefined) return unreadBody(request, forwarded, layout, maxBytes)
    return judge(layout).then(body => body === undefined ? unreadBody(request, forwarded, layout, maxBytes) : ofBody(body))
  }

  function unreadBody (
    request: FastifyRequest,
    { match }: Forwarded,
    layout: Layout,
    maxBytes: number
  ): OutgoingBody | Promise<OutgoingBody> {
    const {
      raw,
      context: { head },
      caller
    } = request
    const method = raw.method ?? ''
    if (method === 'GET' && hasBody(head)) return whole(gather(raw, getBodyMaxBytes, getBodyTooLarge))
    if (head.transferEncoding === undefined) return bodyOf(raw, head)
    if (!losesChunks(layout, match.family, method)) return { body: through(raw, maxBytes), length: undefined }
    const tooLarge = maxBytes <= spoolMaxBytes ? bodyTooLarge : spoolTooLarge
    return spool.take(raw, caller?.keyId ?? '', Math.min(maxBytes, spoolMaxBytes), tooLarge)
  }
}

/** Where a key is tied to workspaces, and MLflow has none. */
export function workspaceProblem (tiedTo: readonly string[], layout: Layout): FacadeError | undefined {
  if (tiedTo.length === 0 || layout.workspaces === true) return undefined
  return new FacadeError('forbidden', {
    reason: 'workspace',
    message: `This API key is limited to the workspaces ${tiedTo.join(', ')}, and this MLflow does not separate workspaces (--enable-workspaces).`
  })
}

function lengthProblem ({ head }: RequestContext, maxBytes: number): FacadeError | undefined {
  return Number(head.contentLength ?? 0) > maxBytes ? bodyTooLarge(maxBytes) : undefined
}

function spoolTooLarge (maxBytes: number): FacadeError {
  return new FacadeError('tooLarge', {
    reason: 'spool_limit',
    message: `The chunked body is larger than ${maxBytes} bytes. Send it with a Content-Length.`
  })
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
