/** The kinds of calls of the replay, each with the event that it must make, if any: written down here, and not taken from the facade. */
import { setTimeout as delay } from 'node:timers/promises'
import type { AuditOutcome } from '../../../src/audit/event.js'
import { connect, head, type Answer } from '../../helpers/client.js'

/** What is known of the facade and of the MLflow behind it. */
export interface World {
  readonly port: number
  readonly keys: Readonly<Record<'read' | 'write' | 'admin' | 'limited' | 'tied' | 'expired' | 'revoked', string>>
  readonly experimentId: string
  readonly runId: string
  /** Cookie of a session of the write key. */
  readonly cookie: string
}

/** What an event must say. */
export interface Expected {
  readonly operation: string
  readonly outcome: AuditOutcome
  readonly reason?: string
}

export interface Kind {
  readonly name: string
  /** Makes one call. @returns the status of its answer; 499 where nobody waited for one */
  readonly ask: (world: World) => Promise<number>
  /** Undefined: no event. */
  readonly event: (status: number) => Expected | undefined
}

const api = '/mlflow/api/2.0/mlflow'
const artifacts = '/mlflow/api/2.0/mlflow-artifacts/artifacts'
const origin = { Origin: 'http://facade.test' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded', ...origin }
const forever = { teardown () {} }

interface Sent {
  readonly key?: keyof World['keys'] | string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

function request (world: World, line: string, { key = null, headers = {}, body }: Sent): string {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const value = key === null ? undefined : world.keys[key as keyof World['keys']] ?? key
  return head(line, {
    ...value === undefined ? {} : { Authorization: `Bearer ${value}` },
    ...body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)), 'Content-Type': 'application/json' },
    ...headers
  }) + text
}

async function exchange (world: World, bytes: string, isHead = false): Promise<Answer> {
  const connection = await connect(forever, world.port)
  connection.write(bytes)
  const answer = await connection.answer({ head: isHead })
  connection.destroy()
  return answer
}

export async function call (world: World, line: string, sent: Sent = {}): Promise<Answer> {
  return await exchange(world, request(world, line, sent), line.startsWith('HEAD '))
}

/** Goes away in the midst. */
async function leave (world: World, bytes: string): Promise<number> {
  const connection = await connect(forever, world.port)
  connection.write(bytes)
  await delay(150)
  connection.destroy()
  return 499
}

const none = (): undefined => undefined
const asking = (line: string | ((world: World) => string), sent: Sent | ((world: World) => Sent)): Kind['ask'] => async world =>
  (await call(world, typeof line === 'string' ? line : line(world), typeof sent === 'function' ? sent(world) : sent)).status

/** A write that is let through: what becomes of it MLflow says. */
const written = (operation: string): Kind['event'] => status => ({ operation, outcome: status < 400 ? 'allowed' : 'failed' })
const refused = (operation: string, reason: string): Kind['event'] => () => ({ operation, outcome: 'refused', reason })
/** A key that is refused; too many from one address are refused for that. */
const guessed = (operation: string, reason: string): Kind['event'] => status => ({ operation, outcome: 'refused', reason: status === 429 ? 'guessing' : reason })

const signIn = (key: (world: World) => string): Kind['ask'] => asking('POST /login', world => ({ headers: form, body: `key=${key(world)}` }))

let serial = 0
const fresh = (): string => `replay-${process.pid}-${++serial}`

export const kinds: readonly Kind[] = [
  // Reads
  { name: 'a search', ask: asking(`POST ${api}/experiments/search`, { key: 'read', body: { max_results: 5 } }), event: none },
  { name: 'a run', ask: asking(({ runId }) => `GET ${api}/runs/get?run_id=${runId}`, { key: 'read' }), event: none },
  { name: 'a run that is not there', ask: asking(`GET ${api}/runs/get?run_id=none`, { key: 'read' }), event: none },
  { name: 'a page', ask: asking('GET /mlflow/', { key: 'read' }), event: none },
  { name: 'HEAD', ask: asking(({ runId }) => `HEAD ${api}/runs/get?run_id=${runId}`, { key: 'read' }), event: none },
  { name: 'a download that is cut', ask: async world => await leave(world, request(world, `GET ${artifacts}/kept.bin`, { key: 'read' })), event: none },
  { name: 'health', ask: asking('GET /ready', {}), event: none },
  { name: 'whoami', ask: asking('GET /whoami', { key: 'write' }), event: none },
  { name: 'a redirect', ask: asking('GET /api/2.0/mlflow/experiments/search?max_results=1', { key: 'read' }), event: none },
  { name: 'OPTIONS', ask: asking(`OPTIONS ${api}/runs/create`, {}), event: none },
  { name: 'GraphQL that reads', ask: asking('POST /mlflow/graphql', ({ runId }) => ({ key: 'read', body: { query: `{ mlflowGetRun(input: {runId: "${runId}"}) { run { info { status } } } }` } })), event: none },
  { name: 'a list for administrators', ask: asking(`GET ${api}/webhooks`, { key: 'admin' }), event: none },
  { name: 'a page without a key', ask: asking('GET /mlflow/', { headers: { Accept: 'text/html' } }), event: none },
  // What changes something
  { name: 'a new run', ask: asking(`POST ${api}/runs/create`, ({ experimentId }) => ({ key: 'write', body: { experiment_id: experimentId } })), event: written('createRun') },
  { name: 'a metric', ask: asking(`POST ${api}/runs/log-metric`, ({ runId }) => ({ key: 'write', body: { run_id: runId, key: 'm', value: 1, timestamp: 1 } })), event: written('logMetric') },
  { name: 'a tag, on an old path', ask: asking('POST /api/2.0/mlflow/runs/set-tag', ({ runId }) => ({ key: 'write', body: { run_id: runId, key: 't', value: 'v' } })), event: written('setTag') },
  { name: 'a model', ask: asking(`POST ${api}/registered-models/create`, () => ({ key: 'write', body: { name: fresh() } })), event: written('createRegisteredModel') },
  { name: 'a run that is not there is deleted', ask: asking(`POST ${api}/runs/delete`, { key: 'write', body: { run_id: 'none' } }), event: written('deleteRun') },
  { name: 'an upload', ask: asking(() => `PUT ${artifacts}/${fresh()}.txt`, { key: 'write', body: 'text' }), event: written('uploadArtifact') },
  {
    name: 'an upload that is cut',
    ask: async world => await leave(world, request(world, `PUT ${artifacts}/cut.bin`, { key: 'write', headers: { 'Content-Length': '1000000' } }) + 'begun'),
    event: written('uploadArtifact')
  },
  { name: 'what nobody knows', ask: asking('GET /mlflow/api/9.0/mlflow/new', { key: 'admin' }), event: written('unknown') },
  { name: 'a write in a session', ask: asking('POST /mlflow/ajax-api/2.0/mlflow/runs/set-tag', ({ cookie, runId }) => ({ headers: { Cookie: cookie, ...origin }, body: { run_id: runId, key: 's', value: 'v' } })), event: written('setTag') },
  { name: 'a sign-in', ask: signIn(({ keys }) => keys.read), event: () => ({ operation: 'sign_in', outcome: 'allowed' }) },
  { name: 'a sign-out', ask: asking('POST /logout', { headers: origin }), event: () => ({ operation: 'sign_out', outcome: 'allowed' }) },
  // Refusals
  { name: 'no key', ask: asking(`GET ${api}/experiments/search`, {}), event: refused('searchExperimentsGet', 'no_key') },
  { name: 'an unknown key', ask: asking(`POST ${api}/runs/create`, { key: `hk_live_${'a'.repeat(32)}`, body: {} }), event: guessed('createRun', 'unknown') },
  { name: 'a mistyped key', ask: asking(`POST ${api}/runs/create`, { key: `hk_live_${'a'.repeat(42)}`, body: {} }), event: guessed('createRun', 'checksum') },
  { name: 'an expired key', ask: asking(`POST ${api}/runs/create`, { key: 'expired', body: {} }), event: guessed('createRun', 'expired') },
  { name: 'a revoked key', ask: asking(`POST ${api}/runs/create`, { key: 'revoked', body: {} }), event: guessed('createRun', 'revoked') },
  { name: 'two keys', ask: asking(`POST ${api}/runs/create`, ({ keys }) => ({ key: 'write', headers: { 'X-API-Key': keys.read }, body: {} })), event: refused('createRun', 'two_keys') },
  { name: 'no scope', ask: asking(`POST ${api}/runs/create`, { key: 'read', body: {} }), event: refused('createRun', 'scope') },
  { name: 'no scope for administration', ask: asking(`GET ${api}/webhooks`, { key: 'write' }), event: refused('listWebhooks', 'scope') },
  { name: 'a workspace, where there are none', ask: asking(`POST ${api}/runs/create`, { key: 'tied', body: {} }), event: refused('createRun', 'workspace') },
  { name: 'over the limit', ask: asking(({ runId }) => `GET ${api}/runs/get?run_id=${runId}`, { key: 'limited' }), event: status => status === 429 ? { operation: 'getRun', outcome: 'refused', reason: 'rate' } : undefined },
  { name: 'an unknown operation', ask: asking('GET /mlflow/api/9.0/mlflow/new', { key: 'write' }), event: refused('unknown', 'unknown_operation') },
  { name: 'what is blocked', ask: asking('GET /mlflow/signup', { key: 'admin' }), event: refused('signup', 'blocked') },
  { name: 'a foreign page', ask: asking(`POST ${api}/runs/create`, { key: 'write', headers: { Origin: 'https://evil.example' }, body: {} }), event: refused('createRun', 'foreign_origin') },
  { name: 'a write in a session from nowhere', ask: asking('POST /mlflow/ajax-api/2.0/mlflow/runs/set-tag', ({ cookie }) => ({ headers: { Cookie: cookie }, body: {} })), event: refused('setTag', 'foreign_origin') },
  { name: 'a session that has ended', ask: asking(`GET ${api}/experiments/search`, { headers: { Cookie: 'hokusai_session=none' } }), event: refused('searchExperimentsGet', 'session') },
  { name: 'GraphQL that cannot be read', ask: asking('POST /mlflow/graphql', { key: 'write', body: '{' }), event: refused('graphql', 'graphql') },
  { name: 'a sign-in with a wrong key', ask: signIn(() => 'none'), event: guessed('sign_in', 'unknown') },
  { name: 'a sign-in from nowhere', ask: asking('POST /login', { headers: { ...form, Origin: 'https://evil.example' }, body: 'key=none' }), event: refused('sign_in', 'foreign_origin') },
  { name: 'nothing there', ask: asking('GET /nothing', { key: 'read' }), event: refused('none', 'notFound') },
  { name: 'a path in two readings', ask: asking('GET /mlflow/a/../b', { key: 'read' }), event: refused('none', 'malformed') },
  { name: 'bytes that are no HTTP', ask: async world => (await exchange(world, 'garbage\r\n\r\n')).status, event: refused('none', 'malformed') },
  { name: 'a head that is too large', ask: asking('GET /ready', { headers: { X: 'x'.repeat(100_000) } }), event: refused('none', 'malformed') },
  { name: 'a body that is too large', ask: asking(`POST ${api}/runs/create`, { key: 'write', body: 'x'.repeat(10_001) }), event: refused('createRun', 'body_too_large') },
  { name: 'events, without being an administrator', ask: asking('GET /admin/audit', { key: 'write' }), event: refused('audit', 'scope') },
  { name: 'usage, without being an administrator', ask: asking('GET /admin/usage', { key: 'write' }), event: refused('usage', 'scope') }
]
