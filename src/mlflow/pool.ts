/** The connection pool towards MLflow: TLS, deadlines, and what its faults are called. */
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { Pool } from 'undici'
import type { UpstreamConfig } from '../core/settings/config.js'
import { FacadeError, sentence } from '../core/errors.js'
import { createActiveSet, type ActiveSet } from '../core/active-set.js'
import { createPlainClient } from './client/client.js'
import { connectTimeoutMs, keepAliveMs } from './client/connection.js'
import { headMaxBytes } from './client/head.js'
import type { Patience, PooledRequest } from './pooled.js'
import { identityHeader, identitySigner, type SignIdentity } from './signed-identity.js'
import { createTurns } from './turns.js'
import { createConnector } from './undici-connector.js'
import { openWays } from './ways.js'

/** How long a request waits for a connection when all are in use. */
const turnMs = 10_000

/** A short answer to a question of our own. */
export interface ProbeAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface ProbeOptions {
  /** It is a caller's request, whose answer is read before the caller gets it. */
  readonly forCaller?: boolean
  readonly method?: string
  readonly body?: string | Buffer | Readable
  /** One of ours is left out by an undefined one. */
  readonly headers?: Record<string, string | undefined>
  readonly timeoutMs?: number
  /** So many bytes of the answer are read. */
  readonly maxBytes?: number
}

export interface Upstream {
  /** Origin of MLflow, and the path of its URL without a slash at the end. */
  readonly origin: string
  readonly basePath: string
  /** Host header towards MLflow. */
  readonly host: string
  readonly authorization: string | undefined
  /** Says whose call it is, so that MLflow can believe it; undefined: it is not to be signed. */
  readonly sign: SignIdentity | undefined
  /** Requests under way, from before their body was read; the clock of silence runs over them. */
  readonly open: ActiveSet<PooledRequest>
  /** Sends one; the answer and every fault reach the request itself. */
  send: (request: PooledRequest) => void
  /** One has ended, sent or not. */
  ended: (request: PooledRequest) => void
  /** Is told when MLflow closes a connection. */
  onBroken: (listener: () => unknown) => void
  /**
   * Asks MLflow something for ourselves; a header of ours is left out by an undefined one. Of the answer's body
   * `maxBytes` are read.
   */
  probe: (path: string, options?: ProbeOptions) => Promise<ProbeAnswer>
  /** Waits for nothing: what is still under way is cut. */
  close: () => Promise<void>
}

/** What is no setting of the facade. */
export interface UpstreamOptions {
  /** Unix socket of an MLflow of our own; the URL's host then only names it. */
  readonly socketPath?: string | undefined
  /** Sends all by undici, also what our own client would serve. */
  readonly undiciAlone?: boolean
}

export function openUpstream (config: UpstreamConfig, url: URL, { socketPath, undiciAlone = false }: UpstreamOptions = {}): Upstream {
  let broken = (): void => {}
  const patience: Patience = { timeoutMs: config.timeoutMs, idleTimeoutMs: config.idleTimeoutMs, turnMs }
  const open = createActiveSet<PooledRequest>()
  const host = config.host ?? url.host
  const sign = config.identitySecret === undefined ? undefined : identitySigner(config.identitySecret)
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const servername = isIP(name) > 0 ? {} : { servername: name }
  const options: Pool.Options = {
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // Our own clock judges silence: undici's headers timeout also runs while a body is being sent.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: headMaxBytes,
    // The certificate is that of the URL's host, whatever the Host header says (undici would take the name from there).
    connect: createConnector({
      ...config.tls,
      rejectUnauthorized: true,
      checkServerIdentity: (_name: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
      timeout: connectTimeoutMs,
      ...(socketPath === undefined ? {} : { socketPath })
    })
  }
  const pool = new Pool(url.origin, { ...options, connections: config.connections })
  const probes = new Pool(url.origin, options) // whether MLflow lives must not hang on what others do with it
  // Our own closing of idle connections is UND_ERR_INFO; all else is MLflow's doing.
  for (const each of [pool, probes]) each.on('disconnect', (_origin, _targets, error) => { if (error.code !== 'UND_ERR_INFO') broken() })
  const target = socketPath === undefined ? { host: name, port: Number(url.port || 80) } : { path: socketPath }
  const isPlain = url.protocol === 'http:' && !undiciAlone
  const plain = isPlain ? createPlainClient(target, config.connections, () => broken()) : undefined
  const ways = openWays(pool, plain, config.connections, servername)
  const turns = createTurns<PooledRequest>(config.connections, ways.send)
  const clock = setInterval(() => {
    const now = performance.now()
    for (const request of [...open.items]) request.judgeSilence(now, patience)
    turns.sweep()
  }, Math.min(1000, patience.timeoutMs / 4, patience.idleTimeoutMs / 4)).unref()

  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    host,
    authorization: config.authorization,
    sign,
    open,
    onBroken (listener) {
      broken = listener
    },
    send: turns.take,
    ended (request) {
      open.remove(request)
      ways.ended(request)
      turns.leave(request)
    },
    async probe (path, { method = 'GET', body, headers = {}, timeoutMs = 5000, maxBytes = 10_000 } = {}) {
      const own = {
        host,
        ...config.authorization === undefined ? {} : { authorization: config.authorization },
        ...sign === undefined ? {} : { [identityHeader]: sign({ method, path, caller: undefined }) }
      }
      const answer = await probes.request({
        method: method as 'GET',
        path,
        headers: { ...own, ...headers },
        ...servername,
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(timeoutMs)
      })
      return {
        status: answer.statusCode,
        contentType: String(answer.headers['content-type'] ?? ''),
        body: await readUpTo(answer.body, maxBytes)
      }
    },
    async close () {
      clearInterval(clock)
      plain?.close()
      await Promise.all([pool.destroy(), probes.destroy()])
    }
  }
}

/** The beginning of an answer; what comes after it is not waited for. */
async function readUpTo (body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) break
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes)
}

const refused = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT'
])

/** A fault on the way to what stands behind as an error of ours: no address and no stack in its message. */
export function nameFault (fault: Error, name: string = 'MLflow'): FacadeError {
  if (fault instanceof FacadeError) return fault
  const code = (fault as NodeJS.ErrnoException).code ?? ''
  const cause = { cause: fault }
  if (refused.has(code)) {
    return new FacadeError('badGateway', { message: sentence(`${name} cannot be reached.`), reason: 'upstream_refused', ...cause })
  }
  if (/^(ERR_TLS|CERT|DEPTH|UNABLE|SELF_SIGNED|ERR_SSL|EPROTO)/.test(code)) {
    return new FacadeError('badGateway', { message: sentence(`${name}'s certificate was not accepted.`), reason: 'upstream_tls', ...cause })
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new FacadeError('badGateway', { message: `The head of ${name}'s response is too large.`, reason: 'upstream_head', ...cause })
  }
  if (fault.name === 'HTTPParserError') {
    return new FacadeError('badGateway', { message: sentence(`${name}'s response is not HTTP.`), reason: 'upstream_protocol', ...cause })
  }
  return new FacadeError('badGateway', {
    message: sentence(`${name} refused or broke the connection.`),
    reason: 'upstream_reset',
    ...cause
  })
}
