/** Which requests are events: every refusal, everything that changes something, and nothing else. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { StoreBusyError, StoreUnavailableError } from '../../../src/keys/contract.js'
import { facade, keys, requestHead, type Facade, type Request } from '../../helpers/app.js'
import { answer, echo, says, saysAndResets, silent, type Behaviour } from '../../helpers/upstream.js'

const api = '/mlflow/api/2.0/mlflow'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
const own = { Origin: 'http://facade.test' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

type Ask = (up: Facade) => Promise<unknown>
interface Case {
  readonly name: string
  readonly behaviour?: Behaviour
  readonly env?: Readonly<Record<string, string>>
  readonly ask: Ask
  /** Undefined: it is no event. */
  readonly event?: Readonly<Record<string, unknown>>
}

const call = (method: string, target: string, request: Request = {}): Ask => async up => await up.call(method, target, request)

function write (bytes: string): Ask {
  return async up => {
    const connection = await up.connect()
    connection.write(bytes)
    await connection.answer()
    connection.destroy()
  }
}

/** Goes away when MLflow has the request. */
function leave (bytes: string): Ask {
  return async up => {
    const connection = await up.connect()
    connection.write(bytes)
    await up.mlflow.call(1)
    connection.destroy()
  }
}

const graphql = (query: string): string => JSON.stringify({ query })

const cases: readonly Case[] = [
  { name: 'a read', ask: call('GET', `${api}/runs/get?run_id=a`, { key: 'read' }) },
  { name: 'a search by POST', ask: call('POST', `${api}/runs/search`, { body: '{}' }) },
  { name: 'a read that MLflow refuses', behaviour: says(answer(404, '{}')), ask: call('GET', `${api}/runs/get?run_id=a`) },
  { name: 'a read that MLflow breaks', behaviour: saysAndResets(''), ask: call('GET', `${api}/runs/get?run_id=a`) },
  { name: 'a read for administrators', ask: call('GET', '/mlflow/api/3.0/mlflow/workspaces', { key: 'admin' }) },
  { name: 'a search for administrators', ask: call('POST', '/mlflow/ajax-api/3.0/jobs/search', { key: 'admin', body: '{}' }) },
  { name: 'health', ask: call('GET', '/live', { key: null }) },
  { name: 'whoami', ask: call('GET', '/whoami') },
  { name: 'a redirect', ask: call('GET', '/api/2.0/mlflow/runs/get') },
  { name: 'OPTIONS', ask: call('OPTIONS', upload) },
  { name: 'GraphQL that reads', ask: call('POST', '/mlflow/graphql', { body: graphql('{ mlflowGetRun(input: {runId: "a"}) { run { info { status } } } }') }) },
  {
    name: 'a write',
    ask: call('POST', `${api}/runs/update`, { body: '{"run_id":"a","status":"FINISHED"}', headers: { 'X-MLFLOW-WORKSPACE': 'team-a' } }),
    event: {
      outcome: 'allowed',
      operation: 'updateRun',
      class: 'write',
      method: 'POST',
      status: 200,
      key_id: 'key_write',
      user: 'user-write',
      key: 'hk_test_writ…',
      address: '127.0.0.1',
      workspace: 'team-a',
      resource: { run_id: 'a' },
      reason: undefined,
      session: undefined
    }
  },
  { name: 'a write on an old path', ask: call('POST', '/api/2.0/mlflow/runs/delete', { body: '{"run_id":"b"}' }), event: { outcome: 'allowed', operation: 'deleteRun', resource: { run_id: 'b' } } },
  { name: 'a write in the only workspace of its key', ask: call('POST', `${api}/runs/delete`, { key: 'tiedToOne', body: '{}' }), event: { outcome: 'allowed', workspace: 'team-a' } },
  { name: 'an upload', ask: call('PUT', upload, { body: 'x' }), event: { outcome: 'allowed', operation: 'uploadArtifact', resource: { path: '1/model.bin' } } },
  { name: 'a write for administrators', ask: call('DELETE', '/mlflow/api/3.0/mlflow/workspaces/team-b', { key: 'admin' }), event: { outcome: 'allowed', class: 'admin', resource: { path: 'team-b' } } },
  { name: 'what nobody knows', ask: call('GET', '/mlflow/api/9.0/mlflow/new', { key: 'admin' }), event: { outcome: 'allowed', operation: 'unknown', resource: { path: '/api/9.0/mlflow/new' } } },
  { name: 'a call of a model', ask: call('POST', '/mlflow/gateway/chat/mlflow/invocations', { key: 'gateway', body: '{}' }), event: { outcome: 'allowed', class: 'gateway' } },
  { name: 'a mutation', ask: call('POST', '/mlflow/graphql', { key: 'admin', body: graphql('mutation { mlflowDeleteEverything { ok } }') }), event: { outcome: 'allowed', operation: 'graphql' } },
  { name: 'a write that MLflow refuses', behaviour: says(answer(404, '{}')), ask: call('POST', `${api}/runs/delete`, { body: '{}' }), event: { outcome: 'failed', status: 404, reason: undefined } },
  { name: 'a write that MLflow breaks', behaviour: saysAndResets(''), ask: call('POST', `${api}/runs/delete`, { body: '{}' }), event: { outcome: 'failed', status: 502, reason: 'upstream_reset' } },
  { name: 'a write whose caller leaves', behaviour: silent, ask: leave(requestHead('POST', `${api}/runs/delete`, { body: '{}' }) + '{}'), event: { outcome: 'failed', status: 499 } },
  { name: 'an upload that is cut', ask: leave(requestHead('PUT', upload, { headers: { 'Content-Length': '100000' } }) + 'x'), event: { outcome: 'failed', status: 499, operation: 'uploadArtifact' } },
  { name: 'a sign-in', ask: call('POST', '/login', { key: null, headers: { ...own, ...form }, body: `key=${keys.write}` }), event: { outcome: 'allowed', operation: 'sign_in', user: 'user-write', status: 303 } },
  { name: 'a sign-in with a wrong key', ask: call('POST', '/login', { key: null, headers: { ...own, ...form }, body: 'key=hk_test_none' }), event: { outcome: 'refused', operation: 'sign_in', reason: 'unknown' } },
  { name: 'a sign-in with a wrong key, by a person', ask: call('POST', '/login', { key: null, headers: { ...own, ...form, Accept: 'text/html' }, body: 'key=hk_test_none' }), event: { outcome: 'refused', operation: 'sign_in', status: 401 } },
  { name: 'a sign-out', ask: call('POST', '/logout', { key: null, headers: own }), event: { outcome: 'allowed', operation: 'sign_out' } },
  { name: 'no key', ask: call('GET', `${api}/runs/get`, { key: null }), event: { outcome: 'refused', reason: 'no_key', status: 401, operation: 'getRun', key_id: undefined } },
  { name: 'an unknown key', ask: call('GET', `${api}/runs/get`, { key: 'unknown' }), event: { outcome: 'refused', reason: 'unknown' } },
  { name: 'two keys', ask: call('GET', `${api}/runs/get`, { headers: { 'X-API-Key': keys.read } }), event: { outcome: 'refused', reason: 'two_keys' } },
  { name: 'no scope', ask: call('POST', `${api}/runs/delete`, { key: 'read', body: '{"run_id":"a"}' }), event: { outcome: 'refused', reason: 'scope', key_id: 'key_read', class: 'write', resource: undefined } },
  { name: 'no scope for a path with a name', ask: call('DELETE', '/mlflow/api/3.0/mlflow/workspaces/team-b'), event: { outcome: 'refused', reason: 'scope', resource: { path: 'team-b' } } },
  { name: 'another workspace', ask: call('POST', `${api}/runs/search`, { key: 'tied', headers: { 'X-MLFLOW-WORKSPACE': 'team-c' }, body: '{}' }), event: { outcome: 'refused', reason: 'workspace', workspace: 'team-c' } },
  { name: 'an unknown operation', ask: call('GET', '/mlflow/api/9.0/mlflow/new'), event: { outcome: 'refused', reason: 'unknown_operation', status: 404 } },
  { name: 'what is blocked', ask: call('GET', '/mlflow/signup', { key: 'admin' }), event: { outcome: 'refused', reason: 'blocked' } },
  { name: 'a foreign page', ask: call('POST', `${api}/runs/delete`, { headers: { Origin: 'https://evil.example' }, body: '{}' }), event: { outcome: 'refused', reason: 'foreign_origin' } },
  { name: 'GraphQL that cannot be read', ask: call('POST', '/mlflow/graphql', { body: '{' }), event: { outcome: 'refused', reason: 'graphql' } },
  { name: 'nothing there', ask: call('GET', '/nothing'), event: { outcome: 'refused', reason: 'notFound', operation: 'none' } },
  { name: 'an old path that is gone', env: { LEGACY_PATHS: 'gone' }, ask: call('GET', '/api/2.0/mlflow/runs/get'), event: { outcome: 'refused', reason: 'gone' } },
  { name: 'a path in two readings', ask: call('GET', '/mlflow/a/../b'), event: { outcome: 'refused', reason: 'malformed', status: 400 } },
  { name: 'a path that the router cannot decode', ask: call('GET', '/x/%zz'), event: { outcome: 'refused', reason: 'malformed' } },
  { name: 'bytes that are no HTTP', ask: write('garbage\r\n\r\n'), event: { outcome: 'refused', reason: 'malformed', operation: 'none', method: undefined, status: 400 } },
  { name: 'a head that is too large', ask: write(`GET /live HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`), event: { outcome: 'refused', reason: 'malformed', status: 431 } },
  { name: 'a body that is too large', env: { BODY_MAX_BYTES: '10' }, ask: call('POST', `${api}/runs/search`, { body: 'x'.repeat(11) }), event: { outcome: 'refused', reason: 'body_too_large', status: 413 } },
  { name: 'a store that fails', ask: async up => { up.verdicts.set(keys.read, new StoreUnavailableError('away')); await up.call('GET', `${api}/runs/get`, { key: 'read' }) }, event: { outcome: 'refused', reason: 'store_unavailable', status: 503 } },
  { name: 'a store that is busy', ask: async up => { up.verdicts.set(keys.read, new StoreBusyError('busy', 3)); await up.call('GET', `${api}/runs/get`, { key: 'read' }) }, event: { outcome: 'refused', reason: 'store_busy' } },
  ...(['malformed', 'checksum', 'expired', 'revoked', 'balance'] as const).map((reason): Case => ({
    name: `a key that is ${reason}`,
    ask: async up => { up.verdicts.set(keys.read, { valid: false, reason }); await up.call('GET', `${api}/runs/get`, { key: 'read' }) },
    event: { outcome: 'refused', reason }
  })),
  { name: 'a key over its limit', ask: async up => { up.limit('read', 1); for (let each = 0; each < 2; each++) await up.call('GET', `${api}/runs/get`, { key: 'read' }) }, event: { outcome: 'refused', reason: 'rate', status: 429 } },
  { name: 'a parameter that is none', ask: call('GET', '/openapi.json?mlflow=x'), event: { outcome: 'refused', reason: 'schema' } }
]

for (const { name, behaviour = echo, env = {}, ask, event } of cases) {
  t.test(`${name}: ${event === undefined ? 'no event' : 'one event'}`, async t => {
    const up = await facade(t, behaviour, { env })
    await ask(up)
    if (event !== undefined) for (const end = performance.now() + 3000; up.events.length === 0 && performance.now() < end;) await delay(10)
    await delay(30)
    t.equal(up.events.length, event === undefined ? 0 : 1, JSON.stringify(up.events))
    if (event === undefined) return
    const [found = {}] = up.events
    for (const [field, value] of Object.entries(event)) t.strictSame((found as Record<string, unknown>)[field], value, field)
    t.notMatch(JSON.stringify(up.events), /hk_test_\w{6}/)
  })
}

t.test('a session is named as one, and its id is that of the log line', async t => {
  const up = await facade(t, echo)
  const signed = await up.call('POST', '/login', { key: null, headers: { ...own, ...form }, body: `key=${keys.write}` })
  const cookie = signed.header('set-cookie')?.split(';')[0] ?? ''
  const written = await up.call('POST', `${api}/runs/delete`, { key: null, headers: { ...own, Cookie: cookie }, body: '{}' })
  t.equal(written.status, 200)
  t.match(up.events[1], { session: true, user: 'user-write', operation: 'deleteRun', request_id: written.header('x-request-id') })
})

t.test('a flood is a few events with a count, and the end of the facade keeps none back', async t => {
  const up = await facade(t, echo)
  for (let each = 0; each < 40; each++) await up.call('GET', `${api}/runs/get`, { key: 'unknown' })
  await up.close()
  t.equal(up.events.reduce((sum, { count = 1 }) => sum + count, 0), 40)
  t.ok(up.events.length < 35, `${up.events.length} events`)
  t.ok(up.events.some(({ count }) => count !== undefined))
})
