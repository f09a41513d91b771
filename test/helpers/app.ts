/** The whole facade in the test's own process: real sockets on both sides, a stand-in for MLflow behind, keys in a Map. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { buildApp } from '../../src/app.js'
import type { AuditFields } from '../../src/audit/event.js'
import { toScopes } from '../../src/access/scopes.js'
import type { Caller, KeyVerifier, Verdict } from '../../src/keys/contract.js'
import { loadConfig } from '../../src/core/settings/config.js'
import { createMetrics, type Metrics } from '../../src/core/telemetry/metrics.js'
import type { Limits } from '../../src/keys/limits/local.js'
import { openUpstream, type Upstream } from '../../src/mlflow/pool.js'
import { selfSigned } from './certificates.js'
import { connect, head, type Answer, type Connection } from './client.js'
import { shapeA, standIn, type Behaviour, type Shape, type Stand } from './upstream.js'

/** Keys that the facade under test knows. */
export const keys = {
  admin: 'hk_test_admin0000000000000000000000000000',
  write: 'hk_test_write0000000000000000000000000000',
  read: 'hk_test_read00000000000000000000000000000',
  gateway: 'hk_test_gateway00000000000000000000000000',
  /** Tied to the workspaces team-a and team-b. */
  tied: 'hk_test_tied00000000000000000000000000000',
  /** Tied to team-a alone. */
  tiedToOne: 'hk_test_tiedtoone000000000000000000000000',
  unknown: 'hk_test_unknown00000000000000000000000000'
} as const

/** What the store says of a key, perhaps later, or throws. */
export type Judgement = Verdict | Promise<Verdict> | Error

export interface Line extends Record<string, unknown> {
  readonly msg: string
  readonly request_id?: string
  readonly operation?: string
  readonly status?: number
  readonly refusal?: string
}

export interface Request {
  readonly key?: keyof typeof keys | null
  readonly headers?: Readonly<Record<string, string>> | ReadonlyArray<readonly [string, string]>
  readonly body?: string | Buffer
}

export interface Facade {
  readonly port: number
  readonly server: FastifyInstance
  readonly upstream: Upstream
  readonly metrics: Metrics
  readonly mlflow: Stand
  readonly dataDir: string
  readonly lines: Line[]
  /** What the audit trail was given. */
  readonly events: AuditFields[]
  /** Verdicts by key, and by `check` why the store fails; a test may change them, or put an error or a promise in their place. */
  readonly verdicts: Map<string, Judgement>
  /** Gives a key a limit of so many calls an hour. */
  readonly limit: (key: keyof typeof keys, ratePerHour: number) => void
  /** Sends one request on a connection of its own and reads the answer. `key: null` presents none; default: the write key. */
  call: (method: string, target: string, request?: Request) => Promise<Answer>
  connect: () => Promise<Connection>
  /** A connection, and the facade's end of it. */
  connectBoth: () => Promise<{ connection: Connection, socket: Socket }>
  /** The log line of a request, once it is written. */
  line: (requestId: string | undefined) => Promise<Line>
  /** The value of a series of the metrics, 0 where there is none. */
  metric: (series: string) => Promise<number>
  close: () => Promise<void>
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly shape?: Shape
  readonly draining?: () => boolean
  readonly tls?: TlsOptions
  /** The facade is not told of the prefix. */
  readonly hidesPrefix?: boolean
  /** How long a caller may take nothing of an answer. */
  readonly stallMs?: number
  /** Who counts calls, instead of the facade itself. */
  readonly limits?: Limits
  /** What something that is no MLflow answers to every probe. */
  readonly impostor?: string
  /** Our own client to MLflow is out of use. */
  readonly undiciAlone?: boolean
  /** Judges keys in place of the verdicts. */
  readonly verifier?: KeyVerifier
  /** Adds to the app before it listens. */
  readonly extend?: (app: FastifyInstance) => void
}

/** With FACADE_TLS=1 every test of the facade goes over HTTPS of its own. */
const tlsEverywhere = process.env.FACADE_TLS === '1' ? selfSigned() : {}

interface Teardown { teardown: (fn: () => unknown) => void }

/** Starts stand-in and facade, and has the facade recognise what is behind it. */
export async function facade (t: Teardown, behaviour?: Behaviour, { env = {}, shape, draining, tls, hidesPrefix = false, stallMs, limits, impostor, extend, undiciAlone = false, verifier: ownVerifier }: Options = {}): Promise<Facade> {
  const mlflow = await standIn(t, behaviour, impostor === undefined ? shape : { ...shapeA, impostor }, tls)
  const dataDir = mkdtempSync(join(tmpdir(), 'facade-'))
  const config = loadConfig({ DATA_DIR: dataDir, MLFLOW_UPSTREAM_URL: hidesPrefix ? mlflow.url.origin : mlflow.url.href, ...tlsEverywhere, ...env }, path => readFileSync(path, 'utf8'))
  const secured = config.tls !== undefined
  const lines: Line[] = []
  const events: AuditFields[] = []
  let told = (): void => {}
  const log = pino({ level: 'info', base: null }, { write: text => { lines.push(JSON.parse(text) as Line); told() } })
  const verdicts = verdictsOf()
  const upstream = openUpstream(config.upstream, config.upstream.url ?? mlflow.url, { undiciAlone })
  const metrics = createMetrics()
  const app = await buildApp(config, { verifier: ownVerifier ?? verifier(verdicts), upstream, log, metrics, audit: { record: event => { events.push(event) }, lose () {} }, ...draining === undefined ? {} : { draining }, ...stallMs === undefined ? {} : { stallMs }, ...limits === undefined ? {} : { limits } })
  extend?.(app)
  await app.listen({ port: 0, host: env.HOST ?? '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    closing ??= (async () => {
      app.server.closeAllConnections()
      await app.close()
      rmSync(dataDir, { recursive: true, force: true })
    })()
    await closing
  }
  t.teardown(close)
  await app.inject('/mlflow/version')

  return {
    port,
    server: app,
    upstream,
    metrics,
    mlflow,
    dataDir,
    lines,
    events,
    verdicts,
    close,
    limit (key, ratePerHour) {
      const verdict = verdicts.get(keys[key])
      if (verdict !== undefined && 'valid' in verdict && verdict.valid) verdicts.set(keys[key], { valid: true, caller: { ...verdict.caller, ratePerHour } })
    },
    connect: async () => await connect(t, port, env.HOST, secured),
    async connectBoth () {
      const accepted = once(app.server, secured ? 'secureConnection' : 'connection') as Promise<[Socket]>
      const connection = await connect(t, port, env.HOST, secured)
      return { connection, socket: (await accepted)[0] }
    },
    async call (method, target, request = {}) {
      const connection = await connect(t, port, env.HOST, secured)
      connection.write(requestHead(method, target, request))
      if (request.body !== undefined) connection.write(request.body)
      const answer = await connection.answer({ head: method === 'HEAD' })
      connection.destroy()
      return answer
    },
    async line (requestId) {
      for (;;) {
        const line = lines.find(line => line.request_id === requestId)
        if (line !== undefined) return line
        await new Promise<void>(resolve => { const before = told; told = () => { before(); resolve() } })
      }
    },
    async metric (series) {
      const text = await metrics.registry.metrics()
      const line = text.split('\n').find(line => line.startsWith(`hokusai_mlflow_${series} `))
      return Number(line?.split(' ').at(-1) ?? 0)
    }
  }
}

/** The head of a request as `call` sends it, for tests that go on by themselves. */
export function requestHead (method: string, target: string, { key = 'write', headers = {}, body }: Request = {}): string {
  const pairs = Array.isArray(headers) ? headers as ReadonlyArray<readonly [string, string]> : Object.entries(headers)
  const framed = pairs.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  return head(`${method} ${target}`, [
    ...key === null ? [] : [['Authorization', `Bearer ${keys[key]}`] as const],
    ...pairs,
    ...body === undefined || framed ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]
  ])
}

function verdictsOf (): Map<string, Judgement> {
  const valid = (name: string, scopes: readonly string[], workspaces: readonly string[] = []): Verdict => {
    const caller: Caller = { keyId: `key_${name}`, userId: `user-${name}`, name, hint: `hk_test_${name.slice(0, 4)}…`, environment: 'test', scopes: toScopes(scopes), workspaces, ratePerHour: undefined, expiresAt: undefined }
    return { valid: true, caller }
  }
  return new Map([
    [keys.admin, valid('admin', ['mlflow:admin'])],
    [keys.write, valid('write', ['mlflow:write'])],
    [keys.read, valid('read', ['mlflow:read'])],
    [keys.gateway, valid('gateway', ['mlflow:gateway'])],
    [keys.tied, valid('tied', ['mlflow:write'], ['team-a', 'team-b'])],
    [keys.tiedToOne, valid('tiedToOne', ['mlflow:write'], ['team-a'])]
  ])
}

function verifier (verdicts: ReadonlyMap<string, Judgement>): KeyVerifier {
  return {
    verify (key) {
      const verdict = verdicts.get(key) ?? { valid: false, reason: 'unknown' }
      if (verdict instanceof Error) throw verdict
      return verdict
    },
    check: async () => {
      const problem = verdicts.get('check')
      if (problem instanceof Error) throw problem
    },
    close: async () => {}
  }
}
