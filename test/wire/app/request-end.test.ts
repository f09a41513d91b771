/** Every answer ends in one event, whoever gave it: one log line and one count. */
import t from 'tap'
import { facade, requestHead, type Facade, type Line } from '../../helpers/app.js'
import { answer, echo, says, saysAndResets, silent, type Behaviour } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
const download = '/mlflow/get-artifact?path=a&run_uuid=b'

interface Case {
  readonly name: string
  readonly behaviour?: Behaviour
  readonly ask: (up: Facade) => Promise<unknown>
  readonly line: Readonly<Record<string, unknown>>
}

const call = (method: string, target: string, request: Parameters<Facade['call']>[2] = {}) => async (up: Facade) => await up.call(method, target, request)

/** Writes bytes, and goes away when MLflow has the request, or when the answer has begun. */
function leave (bytes: string, when: 'called' | 'begun' | 'at once'): (up: Facade) => Promise<unknown> {
  return async up => {
    const connection = await up.connect()
    connection.write(bytes)
    if (when === 'called') await up.mlflow.call(1)
    if (when === 'begun') await connection.head()
    connection.destroy()
  }
}

function write (bytes: string): (up: Facade) => Promise<unknown> {
  return async up => {
    const connection = await up.connect()
    connection.write(bytes)
    await connection.answer()
    connection.destroy()
  }
}

const cases: readonly Case[] = [
  { name: 'forwarded, small', ask: call('POST', search, { body: '{}' }), line: { operation: 'searchExperiments', status: 200, method: 'POST', bytes_in: 2, bytes_out: 2 } },
  { name: 'forwarded, large', behaviour: says(answer(200, 'x'.repeat(500_000))), ask: call('GET', download), line: { status: 200, bytes_out: 500_000 } },
  { name: 'forwarded, an error of MLflow', behaviour: says(answer(404, '{}')), ask: call('GET', search), line: { status: 404, refusal: undefined } },
  { name: 'answered by the facade', ask: call('GET', '/live'), line: { operation: 'facade_health', status: 200 } },
  { name: 'whoami', ask: call('GET', '/whoami'), line: { operation: 'whoami', status: 200, key_id: 'key_write' } },
  { name: 'the document', ask: call('GET', '/openapi.json'), line: { operation: 'docs', status: 200 } },
  { name: 'OPTIONS', ask: call('OPTIONS', search), line: { operation: 'options', status: 204 } },
  { name: 'no key', ask: call('GET', search, { key: null }), line: { operation: 'searchExperiments', status: 401, refusal: 'no_key' } },
  { name: 'an unknown key', ask: call('GET', search, { key: 'unknown' }), line: { status: 401, refusal: 'unknown' } },
  { name: 'no scope', ask: call('POST', '/mlflow/api/2.0/mlflow/runs/create', { key: 'read', body: '{}' }), line: { operation: 'createRun', status: 403, refusal: 'scope', key_id: 'key_read' } },
  { name: 'nothing there', ask: call('GET', '/nothing'), line: { operation: 'none', status: 404, refusal: 'notFound' } },
  { name: 'nothing there, with a body', ask: call('POST', '/nothing', { body: '{', headers: { 'content-type': 'application/json' } }), line: { operation: 'none', status: 404, refusal: 'notFound' } },
  { name: 'a path in two readings', ask: call('GET', '/mlflow/a/../b'), line: { status: 400, refusal: 'malformed' } },
  { name: 'a path that the router cannot decode', ask: call('GET', '/x/%zz'), line: { status: 400, refusal: 'malformed' } },
  { name: 'redirected from an old path', ask: call('GET', '/api/2.0/mlflow/experiments/search'), line: { operation: 'searchExperiments', status: 307, legacy: true } },
  { name: 'redirected to the mount', ask: call('POST', '/mlflow', { body: 'x', headers: { 'content-type': 'text/x' } }), line: { status: 308 } },
  { name: 'an old path served in place', ask: call('POST', '/api/2.0/mlflow/experiments/search', { body: '{}' }), line: { operation: 'searchExperiments', status: 200, legacy: true } },
  { name: 'MLflow breaks off', behaviour: saysAndResets(''), ask: call('GET', search), line: { status: 502, refusal: 'upstream_reset' } },
  { name: 'MLflow breaks its answer', behaviour: saysAndResets(`HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${'y'.repeat(100_000)}`), ask: call('GET', download), line: { status: 200, refusal: 'answer_cut' } },
  { name: 'MLflow is silent', behaviour: silent, ask: call('GET', search), line: { status: 504, refusal: 'upstream_timeout' } },
  { name: 'the caller leaves before the answer', behaviour: silent, ask: leave(requestHead('GET', search), 'called'), line: { status: 499, operation: 'searchExperiments' } },
  { name: 'the caller leaves within the answer', behaviour: says(`HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${'y'.repeat(100_000)}`), ask: leave(requestHead('GET', download), 'begun'), line: { status: 499 } },
  { name: 'the caller leaves within its body', ask: leave(requestHead('PUT', upload, { headers: { 'Content-Length': '1000000' } }) + 'x'.repeat(100_000), 'called'), line: { status: 499 } },
  { name: 'a body whose chunks are none', ask: write(requestHead('PUT', upload, { headers: { 'Transfer-Encoding': 'chunked' } }) + '5\r\nhello\r\nzz\r\n'), line: { status: 400, refusal: 'malformed', operation: 'uploadArtifact' } },
  { name: 'chunks that are none, of a body that is read off behind a refusal', ask: write(requestHead('PUT', upload, { key: null, headers: { 'Transfer-Encoding': 'chunked' } }) + '5\r\nhello\r\nzz\r\n'), line: { status: 400, refusal: 'malformed' } },
  { name: 'bytes that are no HTTP', ask: write('garbage\r\n\r\n'), line: { operation: 'none', status: 400, refusal: 'malformed', error: 'HPE_INVALID_METHOD' } },
  { name: 'a head that is too large', ask: write(`GET /live HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`), line: { operation: 'none', status: 431, refusal: 'malformed' } },
  { name: 'CONNECT', ask: write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'), line: { operation: 'none', status: 400 } }
]

t.test('each answer is one line and one count', async t => {
  const up = await facade(t, echo, { env: { MLFLOW_UPSTREAM_TIMEOUT: '0.5' } })
  const written = (): Line[] => up.lines.filter(({ msg }) => msg === 'request')
  const counted = async (): Promise<number> => {
    const text = await up.metrics.registry.getSingleMetricAsString('hokusai_mlflow_requests_total')
    return [...text.matchAll(/^hokusai_mlflow_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
  }
  let expected = written().length
  t.equal(await counted(), expected)
  for (const { name, behaviour = echo, ask, line } of cases) {
    up.mlflow.calls.length = 0
    up.mlflow.behave(behaviour)
    await ask(up)
    expected++
    while (written().length < expected) await new Promise(resolve => setTimeout(resolve, 5))
    await new Promise(resolve => setTimeout(resolve, 20)) // for a second one that should not come
    t.equal(written().length, expected, `${name}: one line`)
    t.equal(await counted(), expected, `${name}: one count`)
    t.match(written().at(-1), line, name)
  }
})

t.test('one that counts and fails holds up nobody: keys and connections are free again, and the log says so', async t => {
  const up = await facade(t, echo, { env: { REQUESTS_PER_KEY: '1' } })
  up.metrics.legacyCalls.inc = () => { throw new Error('broken counter') }
  for (let count = 0; count < 3; count++) {
    const served = await up.call('POST', '/api/2.0/mlflow/experiments/search', { body: '{}' })
    t.equal(served.status, 200)
    t.equal((await up.line(served.header('x-request-id'))).status, 200)
  }
  t.equal(up.lines.filter(({ error }) => /broken counter/.test(String(error))).length, 3)
})

t.test('a caller who leaves with requests that wait is noticed at once', async t => {
  const up = await facade(t, silent)
  const connection = await up.connect()
  connection.write(requestHead('GET', search).repeat(20))
  await up.mlflow.call(8)
  connection.socket.resetAndDestroy()
  const began = performance.now()
  while (up.upstream.open.items.length > 0) await new Promise(resolve => setTimeout(resolve, 5))
  t.ok(performance.now() - began < 2000)
})
