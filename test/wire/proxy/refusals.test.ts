/** Every refusal speaks MLflow's JSON with a request id that the log line knows, whoever on the way noticed: our code, Fastify or Node. */
import { METHODS } from 'node:http'
import { connect as connectSocket } from 'node:net'
import t, { type Test } from 'tap'
import { StoreBusyError, StoreUnavailableError, type Caller, type Verdict } from '../../../src/keys/contract.js'
import { serverOptions } from '../../../src/http/connection/socket.js'
import { facade, keys, requestHead, type Facade, type Request } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'

/** Holds an answer to the form of all refusals, and finds it in the log. */
async function isRefusal (t: Test, up: Facade, answered: Answer, status: number, code: string): Promise<void> {
  t.equal(answered.status, status)
  t.equal(answered.header('content-type'), 'application/json')
  const body = answered.json()
  t.strictSame(Object.keys(body).filter(name => name !== 'error'), ['error_code', 'message', 'request_id']) // gateway.test.ts says where `error` stands
  t.equal(body.error_code, code)
  t.equal(answered.all('x-request-id').join(), body.request_id)
  const line = await up.line(String(body.request_id))
  t.equal(line.status, status)
  t.ok(line.refusal)
  t.equal(up.lines.filter(({ request_id: id }) => id === body.request_id).length, 1, 'one line')
}

t.test('heads', async t => {
  const up = await facade(t, echo)
  const { connect, mlflow, metric } = up
  const authorization = `Authorization: Bearer ${keys.write}\r\n`
  const raw = async (bytes: string): Promise<Answer> => {
    const connection = await connect()
    connection.write(bytes)
    return await connection.answer()
  }
  const host = 'Host: facade.test\r\n'

  for (const [what, bytes, status = 400, code = 'INVALID_PARAMETER_VALUE'] of [
    ['a malformed percent-encoding', `GET /mlflow/%zz HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['a percent-encoding that is not UTF-8', `GET /mlflow/%ff HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['an absolute-form target', `GET http://facade.test${search} HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['a target that is no path', `GET mlflow/ HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${host}\r\n`],
    ['a raw fragment', `GET /mlflow/a#b HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['a raw tab in the path', `GET /mlflow/a\tb HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['a raw byte outside ASCII in the path', `GET /mlflow/\xe9 HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['a method that does not exist', `NONSENSE /mlflow/ HTTP/1.1\r\n${host}${authorization}\r\n`],
    ['a method of WebDAV', `PROPFIND /mlflow/ HTTP/1.1\r\n${host}${authorization}\r\n`, 404, 'ENDPOINT_NOT_FOUND'],
    ['TRACE', `TRACE ${search} HTTP/1.1\r\n${host}${authorization}\r\n`, 404, 'ENDPOINT_NOT_FOUND'],
    ...METHODS.filter(method => !['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'PROPFIND', 'TRACE'].includes(method)).map(method => [`the method ${method}`, `${method} /live HTTP/1.1\r\n${host}\r\n`, 404, 'ENDPOINT_NOT_FOUND'] as const),
    ['CONNECT', `CONNECT mlflow:5000 HTTP/1.1\r\n${host}\r\n`],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no Host', `GET ${search} HTTP/1.1\r\n${authorization}\r\n`],
    ['two Hosts', `GET ${search} HTTP/1.1\r\n${host}Host: other.test\r\n${authorization}\r\n`],
    ['two lengths', `POST ${create} HTTP/1.1\r\n${host}${authorization}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a length and chunks', `POST ${create} HTTP/1.1\r\n${host}${authorization}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a length that is no number', `POST ${create} HTTP/1.1\r\n${host}${authorization}Content-Length: +2\r\n\r\n{}`],
    ['a coding besides chunked', `POST ${create} HTTP/1.1\r\n${host}${authorization}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['the coding identity', `POST ${create} HTTP/1.1\r\n${host}${authorization}Transfer-Encoding: identity\r\n\r\n{}`],
    ['a coding whose name ends like chunked', `POST ${create} HTTP/1.1\r\n${host}${authorization}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a header folded over two lines', `GET ${search} HTTP/1.1\r\n${host}X-A: b\r\n c\r\n${authorization}\r\n`],
    ['a space before the colon', `GET ${search} HTTP/1.1\r\n${host}X-A : b\r\n${authorization}\r\n`],
    ['GET with a body over 1 MiB', `GET ${search} HTTP/1.1\r\n${host}Content-Length: 1048577\r\n\r\n{}`],
    ['a workspace twice', `GET ${search} HTTP/1.1\r\n${host}${authorization}X-MLFLOW-WORKSPACE: a\r\nx-mlflow-workspace: a\r\n\r\n`],
    ['two different keys', `GET ${search} HTTP/1.1\r\n${host}${authorization}X-API-Key: ${keys.read}\r\n\r\n`],
    ['two different keys in one header', `GET ${search} HTTP/1.1\r\n${host}${authorization}Authorization: Bearer other\r\n\r\n`],
    ['a head of 100 KiB', `GET ${search}?a=${'a'.repeat(100 * 1024)} HTTP/1.1\r\n${host}${authorization}\r\n`, 431],
    ['a head of 100 KiB in many headers', `GET ${search} HTTP/1.1\r\n${host}${authorization}${`X-A: ${'b'.repeat(94)}\r\n`.repeat(1000)}\r\n`, 431]
  ] as Array<[string, string, number?, string?]>) {
    t.test(`${what} is ${status} in MLflow's JSON, once in the log, counted, and never reaches MLflow`, async t => {
      const before = await metric('refusals_total{reason="malformed"}') + await metric('refusals_total{reason="two_keys"}') + await metric('refusals_total{reason="notFound"}')
      await isRefusal(t, up, await raw(bytes), status, code)
      t.equal(await metric('refusals_total{reason="malformed"}') + await metric('refusals_total{reason="two_keys"}') + await metric('refusals_total{reason="notFound"}'), before + 1)
      t.equal(mlflow.calls.length, 0)
    })
  }

  t.test('a head of 80 KiB passes, in the query or in headers', async t => {
    const query = 'a'.repeat(80 * 1024 - 300)
    t.equal((await raw(`GET ${search}?a=${query} HTTP/1.1\r\n${host}${authorization}\r\n`)).status, 200)
    t.equal(mlflow.calls[0]?.target.length, search.length - '/mlflow'.length + 3 + query.length)
    t.equal((await raw(`GET ${search} HTTP/1.1\r\n${host}${authorization}X-A: ${query}\r\n\r\n`)).status, 200)
    t.equal((await raw(`GET /mlflow/api/2.0/mlflow-artifacts/artifacts/${'a'.repeat(70_000)} HTTP/1.1\r\n${host}${authorization}\r\n`)).status, 200, 'a long path')
    mlflow.calls.length = 0
  })

  t.test('a head must be complete within 60 s, and who is too slow is looked for often', async t => {
    t.equal(serverOptions.http.headersTimeout, 60_000)
    t.ok(serverOptions.http.connectionsCheckingInterval <= 10_000)
    t.match(up.server.server, { headersTimeout: 60_000, requestTimeout: 0, keepAliveTimeout: 75_000 })
    const { connection, socket } = await up.connectBoth()
    connection.write(`GET ${search} HTTP/1.1\r\n`)
    up.server.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket) // what Node's check does
    await isRefusal(t, up, await connection.answer(), 408, 'INVALID_PARAMETER_VALUE')
    await connection.closed
  })

  t.test('who goes on sending after a broken head is cut off within a second or so', async t => {
    const socket = connectSocket({ port: up.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.on('data', () => {})
    const start = performance.now()
    const closed = new Promise(resolve => socket.once('close', resolve)) // `once` of events would take the reset for a failure
    socket.write('garbage\r\n\r\n')
    const pour = setInterval(() => { if (socket.writable) socket.write('x') }, 50)
    await closed
    clearInterval(pour)
    t.ok(performance.now() - start < 3000)
  })

  t.test('a message that begins with blank lines is none the worse', async t => {
    t.equal((await raw(`\r\n\r\nGET ${search} HTTP/1.1\r\n${host}${authorization}\r\n`)).status, 200)
    mlflow.calls.length = 0
  })
})

t.test('keys', async t => {
  const up = await facade(t, echo)
  const { call, mlflow, verdicts, metric } = up
  t.beforeEach(() => { mlflow.calls.length = 0 })

  t.test('no key, or one that is unknown, expired or revoked: one text for all, the log knows which', async t => {
    const { caller } = verdicts.get(keys.read) as Verdict & { caller: Caller }
    verdicts.set('expired', { valid: false, reason: 'expired', caller })
    verdicts.set('revoked', { valid: false, reason: 'revoked', caller })
    const texts = new Set<unknown>()
    for (const [refusal, headers] of [['no_key', {}], ['unknown', { Authorization: 'Bearer x' }], ['expired', { 'X-API-Key': 'expired' }], ['revoked', { Authorization: 'apikey revoked' }]] as const) {
      const answered = await call('POST', create, { key: null, headers })
      await isRefusal(t, up, answered, 401, 'UNAUTHENTICATED')
      t.strictSame(answered.all('www-authenticate'), ['Bearer', 'Basic realm="MLflow"'])
      t.equal((await up.line(answered.header('x-request-id'))).refusal, refusal)
      texts.add(answered.json().message)
    }
    t.equal(texts.size, 1)
    t.equal(mlflow.calls.length, 0)
    t.equal(await metric('refusals_total{reason="revoked"}'), 1)
  })

  t.test('what came in place of a key is named to who sent it, and its value is not', async t => {
    const texts = new Set<unknown>()
    for (const [header, value, saw] of [
      ['Authorization', 'Negotiate s3cret', /unknown scheme/],
      ['Authorization', '', /an empty Authorization header/],
      ['X-API-Key', '', /an empty header/],
      ['Authorization', 's3cret', /without a scheme/],
      ['Authorization', 'Bearer "s3cret"', /a key in quotes/],
      ['Authorization', `Basic ${Buffer.from('grace:s3cret').toString('base64')}`, /\.netrc/]
    ] as const) {
      const answered = await call('GET', search, { key: null, headers: { [header]: value } })
      await isRefusal(t, up, answered, 401, 'UNAUTHENTICATED')
      t.match(answered.json().message, saw)
      t.match(answered.json().message, /^No valid API key was presented: the facade saw .+ Set MLFLOW_TRACKING_TOKEN/)
      t.notMatch(answered.text(), /s3cret|grace/)
      texts.add(answered.json().message)
    }
    t.equal(texts.size, 6)
  })

  t.test('what cannot be a key is no second one beside a good key; what could is, and is refused', async t => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'
    for (const value of ['', `Bearer ${jwt}`, `Basic ${Buffer.from('user:').toString('base64')}`, 'Digest username="x"']) {
      t.equal((await call('GET', search, { key: null, headers: { Authorization: value, 'X-API-Key': keys.read } })).status, 200, value)
    }
    t.equal((await call('GET', search, { headers: { 'X-API-Key': '' } })).status, 200)
    t.strictSame(mlflow.calls.flatMap(sent => [...sent.all('authorization'), ...sent.all('x-api-key')]), [], 'and MLflow sees none of it')
    const refused = await call('GET', search, { headers: { 'X-API-Key': 'other' } })
    await isRefusal(t, up, refused, 400, 'INVALID_PARAMETER_VALUE')
    t.match(refused.json().message, 'in Authorization and X-API-Key')
    mlflow.calls.length = 0
  })

  t.test('a key in the query is no key', async t => {
    t.equal((await call('GET', `${search}?api_key=${keys.write}&token=${keys.write}`, { key: null })).status, 401)
  })

  t.test('a missing scope is 403 and is named; MLflow sees nothing', async t => {
    for (const [method, target, key, scope] of [['POST', create, 'read', 'mlflow:write'], ['GET', search, 'gateway', 'mlflow:read'], ['POST', '/mlflow/gateway/mlflow/v1/chat/completions', 'write', 'mlflow:gateway'], ['GET', '/mlflow/api/2.0/mlflow/webhooks', 'write', 'mlflow:admin']] as const) {
      const answered = await call(method, target, { key })
      await isRefusal(t, up, answered, 403, 'PERMISSION_DENIED')
      t.match(answered.json().message, scope)
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('what no known MLflow has is 404 for callers who are not administrators, 401 without a good key, and an administrator\'s own risk', async t => {
    const before = await metric('refusals_total{reason="unknown_operation"}')
    for (const [method, target] of [['GET', '/mlflow/api/2.0/mlflow/not-known-yet'], ['DELETE', '/mlflow/anything'], ['GET', '/mlflow/api%2F2.0/mlflow/runs/get'], ['PUT', '/api/3.0/mlflow/x'], ['POST', '/mlflow/gateway/new']] as const) {
      for (const key of ['read', 'write', 'gateway'] as const) {
        const answered = await call(method, target, { key })
        await isRefusal(t, up, answered, 404, 'ENDPOINT_NOT_FOUND')
        t.match(answered.json().message, 'only administrators may call it')
        t.match(await up.line(answered.header('x-request-id')), { operation: 'unknown', refusal: 'unknown_operation', key_id: `key_${key}` })
      }
      for (const key of [null, 'unknown'] as const) t.equal((await call(method, target, { key })).status, 401)
      t.equal(mlflow.calls.length, 0)
      t.equal((await call(method, target, { key: 'admin' })).status, 200)
      mlflow.calls.length = 0
    }
    t.equal(await metric('refusals_total{reason="unknown_operation"}'), before + 15)
  })

  t.test('what is blocked is blocked for admins too, however it is spelt', async t => {
    for (const target of ['/mlflow/ajax-api/3.0/mlflow/assistant/config', '/mlflow/ajax-api/3.0/mlflow/%61ssistant/config', '/mlflow/ajax-api%2F3.0/mlflow/assistant/config', '/mlflow//ajax-api/3.0//mlflow/assistant/config', '/mlflow/api/2.0/mlflow/users/create', '/mlflow/signup', '/mlflow/AJAX-api/3.0/mlflow/Assistant;x/config', '/mlflow/ajax-api/3.0/mlflow;y/%41SSISTANT%3Bz', '/mlflow/;/SignUp']) {
      await isRefusal(t, up, await call('GET', target, { key: 'admin' }), 403, 'PERMISSION_DENIED')
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('a store that cannot say is 503, never 401; one that will not say yet is 429', async t => {
    const late = Promise.reject<Verdict>(new StoreUnavailableError('down'))
    late.catch(() => {}) // the facade looks only once a request comes
    for (const outage of [new StoreUnavailableError('The key store is down', { cause: new Error('10.0.0.7') }), late]) {
      verdicts.set('outage', outage)
      const answered = await call('GET', search, { key: null, headers: { 'X-API-Key': 'outage' } })
      await isRefusal(t, up, answered, 503, 'TEMPORARILY_UNAVAILABLE')
      t.ok(Number(answered.header('retry-after')) > 0)
      t.notMatch(answered.text(), '10.0.0.7')
    }
    verdicts.set('busy', new StoreBusyError('Too many unseen keys.', 3))
    const answered = await call('GET', search, { key: null, headers: { 'X-API-Key': 'busy' } })
    await isRefusal(t, up, answered, 429, 'REQUEST_LIMIT_EXCEEDED')
    t.equal(answered.header('retry-after'), '3')
    verdicts.set('bug', new TypeError('x is not a function'))
    await isRefusal(t, up, await call('GET', search, { key: null, headers: { 'X-API-Key': 'bug' } }), 500, 'INTERNAL_ERROR')
    t.equal(mlflow.calls.length, 0)
  })

  t.test('an account without balance is 403', async t => {
    const { caller } = verdicts.get(keys.read) as Verdict & { caller: Caller }
    verdicts.set('poor', { valid: false, reason: 'balance', caller })
    await isRefusal(t, up, await call('GET', search, { key: null, headers: { 'X-API-Key': 'poor' } }), 403, 'PERMISSION_DENIED')
  })

  t.test('a key that is tied to workspaces reaches no other', async t => {
    const sent = async (request: Request) => {
      mlflow.calls.length = 0
      const { status } = await call('GET', search, request)
      return status === 200 ? mlflow.calls[0]?.all('x-mlflow-workspace') : status
    }
    const asking = (workspace: string) => ({ headers: { 'X-MLFLOW-WORKSPACE': workspace } })
    t.strictSame(await sent({ key: 'tiedToOne' }), ['team-a'], 'its only one is said for it')
    t.strictSame(await sent({ key: 'tiedToOne', ...asking('team-a') }), ['team-a'])
    t.strictSame(await sent({ key: 'tiedToOne', ...asking('team-b') }), 403)
    t.strictSame(await sent({ key: 'tiedToOne', ...asking('') }), 403)
    t.strictSame(await sent({ key: 'tied' }), 403, 'which of the two is for the caller to say')
    t.strictSame(await sent({ key: 'tied', ...asking('team-b') }), ['team-b'])
    t.strictSame(await sent({ key: 'tied', ...asking('default') }), 403)
    t.strictSame(await sent({ key: 'tiedToOne', headers: { 'X-MLFLOW_WORKSPACE': 'team-b', X_MLFLOW_WORKSPACE: 'team-b' } }), ['team-a'], 'spellings that WSGI folds do not get through')
    t.strictSame(await sent({ key: 'write' }), [])
    await isRefusal(t, up, await call('GET', search, { key: 'tied' }), 403, 'PERMISSION_DENIED')
  })

  t.test('an administrator who is tied to a workspace manages no other', async t => {
    const verdict = verdicts.get(keys.admin) as Verdict & { valid: true }
    verdicts.set(keys.admin, { valid: true, caller: { ...verdict.caller, workspaces: ['team-a'] } })
    const path = '/mlflow/api/3.0/mlflow/workspaces'
    for (const [method, target, status] of [['GET', `${path}/team-a`, 200], ['DELETE', `${path}/team-a`, 200], ['GET', `${path}/team-b`, 403], ['DELETE', `${path}/team-b`, 403], ['DELETE', `${path}/team%2Db`, 403], ['GET', path, 403], ['POST', path, 403], ['PATCH', `${path}/workspaces`, 403]] as const) {
      t.equal((await call(method, target, { key: 'admin' })).status, status, `${method} ${target}`)
    }
    verdicts.set(keys.admin, verdict)
    t.equal((await call('DELETE', `${path}/team-b`, { key: 'admin' })).status, 200, 'one who is not tied does')
  })

  t.test('a class that needs any key asks for one, a public one does not', async t => {
    await isRefusal(t, up, await call('GET', '/mlflow/', { key: null }), 401, 'UNAUTHENTICATED')
    t.equal((await call('GET', '/mlflow/', { key: 'gateway' })).status, 200)
    t.equal((await call('GET', '/mlflow/health', { key: null })).status, 200)
    t.equal((await call('GET', '/mlflow/version', { key: null })).text(), '3.17.2')
    t.equal(mlflow.calls.length, 1)
  })

  t.test('nothing is at other paths, and the message names the mount', async t => {
    for (const [method, target] of [['GET', '/api'], ['POST', '/api/v1/things'], ['GET', '/mlflowx/'], ['GET', '/MLFLOW/'], ['GET', '/%6dlflow/'], ['GET', '//mlflow/'], ['GET', '/mlflow%2Fx'], ['POST', '/live']] as const) {
      const answered = await call(method, target)
      await isRefusal(t, up, answered, 404, 'ENDPOINT_NOT_FOUND')
      t.match(answered.json().message, '/mlflow')
    }
    t.equal(mlflow.calls.length, 0)
  })
})

t.test('OPTIONS is answered in place, everywhere, without CORS', async t => {
  const { call, mlflow, line } = await facade(t, echo)
  for (const target of [search, '/nowhere', '/', '/live', '/api/2.0/mlflow/runs/get']) {
    const answered = await call('OPTIONS', target, { key: null, headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' } })
    t.equal(answered.status, 204)
    t.match(answered.header('allow'), /GET, HEAD, POST/)
    t.notOk(answered.headers.some(([name]) => /^access-control/i.test(name)))
    t.equal(answered.header('content-length'), undefined)
    t.equal((await line(answered.header('x-request-id'))).operation, 'options')
  }
  t.equal((await call('OPTIONS', search, { key: null, body: 'with a body' })).status, 204)
  t.equal(mlflow.calls.length, 0)
})

t.test('a facade on its way out ends each connection with its answer', async t => {
  let out = false
  const { connect } = await facade(t, echo, { draining: () => out })
  const connection = await connect()
  connection.write(requestHead('GET', search))
  t.equal((await connection.answer()).header('connection'), 'keep-alive')
  out = true
  connection.write(requestHead('GET', search))
  t.equal((await connection.answer()).header('connection'), 'close')
  await connection.closed
  const ready = await connect()
  ready.write(requestHead('GET', '/ready', { key: null }))
  t.equal((await ready.answer()).status, 503)
})
