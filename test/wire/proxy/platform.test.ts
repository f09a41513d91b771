/** What is none of the facade's paths goes to the platform's other API untouched, and no reading of a path leads it past the guard. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { Pool, type Dispatcher } from 'undici'
import { withoutSession } from '../../../src/http/session-cookie.js'
import { isOurs } from '../../../src/http/own.js'
import { facade, requestHead, type Facade } from '../../helpers/app.js'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { answer, echo, says, saysAndCloses, saysEarly, shapeA, silent, standIn, type Behaviour, type Stand } from '../../helpers/upstream.js'

interface Test { teardown: (fn: () => unknown) => void }

async function withPlatform (t: Test, behaviour: Behaviour = echo, env: Record<string, string> = {}): Promise<Facade & { platform: Stand }> {
  const platform = await standIn(t, behaviour, { ...shapeA, impostor: answer(404) })
  return { ...await facade(t, echo, { env: { PLATFORM_UPSTREAM_URL: platform.url.origin, ...env } }), platform }
}

const ours = ['/', '/mlflow', '/mlflow/', '/mlflow/x', '/api/mlflow', '/api/mlflow/x', '/api/2.0/mlflow/x', '/ajax-api/3.0/mlflow/x', '/api/2.0/mlflow-artifacts/artifacts/x', '/api/health/mlflow',
  '/live', '/ready', '/health', '/version', '/whoami', '/whoami/rotate', '/docs', '/docs/', '/docs/static/x.js', '/openapi.json', '/openapi.yaml', '/login', '/logout', '/console', '/console/keys', '/keys', '/keys/key_1/revoke', '/admin/keys', '/admin/keys/key_1', '/admin/audit', '/admin/usage', '/admin/explain']
const theirs = ['/models', '/api/v1/auth/keys', '/api/models/a%2Fb%20c/%7Bx%7D', '/api/mlflowx', '/mlflow-old', '/health/deep', '/admin', '/admin/users', '/x/mlflow', '/a//b', '/a/./b', '/a/../b', '/%zz', '/%ff', '/a%5Cb', '/a%00', '/a|b"{}`', '/api/2.0/other',
  '/metrics', '/favicon.ico', '/graphql', '/v1/traces', '/a;b', '/robots.txt', '/LIVEX']

t.test('every method, path and query goes there byte for byte, without a key of ours', async t => {
  const { call, platform, mlflow, line, metric } = await withPlatform(t)
  for (const path of theirs) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT']) {
      platform.calls.length = 0
      const target = `${path}?a=1&a=%2F&&x=[]{}#`.slice(0, -1)
      const answered = await call(method, target, { key: null, ...method === 'HEAD' ? {} : { body: 'a body' } })
      t.equal(answered.status, 200, `${method} ${path}`)
      t.equal(platform.calls[0]?.method, method)
      t.equal(platform.calls[0]?.target, target)
      if (method !== 'HEAD') t.equal(answered.text(), 'a body')
    }
  }
  t.equal(mlflow.calls.length, 0)
  const answered = await call('GET', '/models', { key: null })
  t.match(await line(answered.header('x-request-id')), { operation: 'platform', status: 200, legacy: undefined })
  t.equal(await metric('requests_total{operation="platform",method="PROPFIND",status="200"}'), theirs.length)
})

t.test('its credentials and all of the caller\'s headers arrive, but for one hop\'s, ours, and those that only we set', async t => {
  const { call, platform } = await withPlatform(t)
  await call('POST', '/api/v1/keys?x', {
    key: null,
    body: '{}',
    headers: [
      ['Host', 'registry.example:8443'], ['Authorization', 'Bearer of-the-platform'], ['authorization', 'Basic again'], ['X-API-Key', 'theirs'], ['api-key', 'azure'], ['Cookie', 'a=1; hokusai_session=secret; b=2'], ['Cookie', 'hokusai_session=alone'],
      ['Origin', 'https://app.example'], ['X-Custom', 'one'], ['X-Custom', 'two'], ['X-HTTP-Method-Override', 'PATCH'], ['X-MLFLOW-WORKSPACE', 'w'], ['Content-Type', 'application/odd'], ['TE', 'trailers'], ['Upgrade', 'websocket'],
      ['Connection', 'keep-alive, x-hop'], ['X-Hop', '1'], ['Keep-Alive', 'timeout=5'], ['X-Forwarded-For', '127.0.0.1'], ['X-Forwarded-Host', 'evil'], ['x_forwarded_for', '127.0.0.1'], ['Forwarded', 'for=127.0.0.1'], ['X-Real-IP', '127.0.0.1'],
      ['X-Hokusai-User-Id', 'admin'], ['x_hokusai_user_id', 'admin'], ['X-Original-URL', '/mlflow/'], ['X-Request-Id', 'forged']
    ]
  })
  const sent = await platform.call(1)
  t.strictSame(sent.all('host'), ['registry.example:8443'])
  t.strictSame(sent.all('authorization'), ['Bearer of-the-platform', 'Basic again'])
  t.strictSame([sent.header('x-api-key'), sent.header('api-key'), sent.header('origin'), sent.header('content-type'), sent.header('x-http-method-override'), sent.header('x-mlflow-workspace')], ['theirs', 'azure', 'https://app.example', 'application/odd', 'PATCH', 'w'])
  t.strictSame(sent.all('x-custom'), ['one', 'two'])
  t.strictSame(sent.all('cookie'), ['a=1; b=2'])
  t.strictSame(sent.all('x-forwarded-for'), ['127.0.0.1'])
  t.strictSame([sent.header('x-forwarded-host'), sent.header('x-forwarded-proto'), sent.header('x-forwarded-prefix')], ['registry.example:8443', 'http', undefined])
  t.match(sent.header('x-request-id'), /^[\da-f-]{36}$/)
  for (const name of ['te', 'upgrade', 'x-hop', 'keep-alive', 'x_forwarded_for', 'forwarded', 'x-real-ip', 'x-hokusai-user-id', 'x_hokusai_user_id', 'x-original-url']) t.equal(sent.header(name), undefined, name)
})

t.test('its answers pass as they are: cookies, redirects, CORS headers, early ones and those in pieces', async t => {
  const { call, connect, platform, mlflow } = await withPlatform(t, says(answer(302, 'gone on', {
    'Set-Cookie': 'a=1; Path=/', 'set-cookie': 'b=2', Location: 'https://elsewhere.example/mlflow', 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true', 'WWW-Authenticate': 'Bearer realm="platform"', 'X-Request-Id': 'theirs', 'Keep-Alive': 'timeout=1'
  })))
  const answered = await call('GET', '/models', { key: null, headers: { Origin: 'https://app.example' } })
  t.equal(answered.status, 302)
  t.equal(answered.text(), 'gone on')
  t.strictSame(answered.all('set-cookie'), ['a=1; Path=/', 'b=2'])
  t.strictSame(['location', 'access-control-allow-origin', 'access-control-allow-credentials', 'www-authenticate'].map(name => answered.header(name)), ['https://elsewhere.example/mlflow', '*', 'true', 'Bearer realm="platform"'])
  t.equal(answered.all('x-request-id').length, 1)
  t.not(answered.header('x-request-id'), 'theirs')
  t.not(answered.header('keep-alive'), 'timeout=1')

  platform.behave(call => { call.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n6\r\ndata:1\r\n') })
  const stream = await connect()
  stream.write(requestHead('GET', '/events', { key: null }))
  t.equal((await stream.head()).status, 200, 'the head is there before the stream has ended')
  platform.calls.at(-1)?.write('0\r\n\r\n')
  t.equal((await stream.answer()).text(), 'data:1')

  platform.behave(saysEarly(answer(403, 'no')))
  const upload = await connect()
  upload.write(requestHead('PUT', '/upload', { key: null, headers: { 'Content-Length': '1000000' } }) + 'x')
  t.equal((await upload.answer()).status, 403)
  t.equal(mlflow.calls.length, 0)
})

t.test('bodies stream both ways', async t => {
  const { connect, platform } = await withPlatform(t)
  for (const framing of [{ 'Content-Length': '200000' }, { 'Transfer-Encoding': 'chunked' }] as Array<Record<string, string>>) {
    const chunk = (text: string): string => framing['Content-Length'] === undefined ? `${text.length.toString(16)}\r\n${text}\r\n` : text
    platform.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('POST', '/upload', { key: null, headers: framing }) + chunk('x'.repeat(100_000)))
    const sent = await platform.call(1)
    connection.write(chunk('y'.repeat(100_000)) + (framing['Content-Length'] === undefined ? '0\r\n\r\n' : ''))
    t.equal((await connection.answer()).text(), 'x'.repeat(100_000) + 'y'.repeat(100_000))
    t.equal(sent.header('content-length'), framing['Content-Length'], 'a length stays a length')
  }
})

t.test('down, hung and cut are 502, 504 and a broken connection, in JSON that names no address', async t => {
  const down = await facade(t, echo, { env: { PLATFORM_UPSTREAM_URL: `http://127.0.0.1:${await freePort()}` } })
  const refused = await down.call('GET', '/models', { key: null })
  t.equal(refused.status, 502)
  t.match(refused.json(), { error_code: 'INTERNAL_ERROR', message: 'The platform cannot be reached.', request_id: refused.header('x-request-id') })
  t.match(await down.line(refused.header('x-request-id')), { operation: 'platform', refusal: 'upstream_refused' })
  t.equal((await down.call('GET', '/ready', { key: null })).status, 200, 'MLflow is not in its shadow')

  const { call, platform, connect } = await withPlatform(t, silent, { MLFLOW_UPSTREAM_TIMEOUT: '0.3', MLFLOW_UPSTREAM_IDLE_TIMEOUT: '0.3' })
  const hung = await call('GET', '/models', { key: null })
  t.equal(hung.status, 504)
  t.match(hung.json(), { error_code: 'DEADLINE_EXCEEDED', message: 'The platform did not answer in time.' })
  platform.behave(saysAndCloses('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nshort'))
  t.equal((await call('GET', '/models', { key: null })).whole, false)
  platform.behave(saysAndCloses('not HTTP at all\r\n\r\n'))
  t.match((await call('GET', '/models', { key: null })).json(), { error_code: 'INTERNAL_ERROR', message: 'The platform\'s response is not HTTP.' })
  const stalled = await connect()
  stalled.write(requestHead('POST', '/models', { key: null, headers: { 'Content-Length': '10' } }))
  t.equal((await stalled.answer()).status, 408, 'and a caller who does not send is given up')
})

t.test('each of its connections is free again when a call ends, however that is', async t => {
  const { call, connect, platform } = await withPlatform(t, echo, { MLFLOW_UPSTREAM_CONNECTIONS: '1' })
  for (let round = 0; round < 3; round++) {
    t.equal((await call('POST', '/models', { key: null, body: 'x' })).status, 200)
    platform.behave(saysAndCloses('not HTTP at all\r\n\r\n'))
    t.equal((await call('GET', '/models', { key: null })).status, 502)
    platform.behave(silent)
    platform.calls.length = 0
    const leaving = await connect()
    leaving.write(requestHead('GET', '/models', { key: null }))
    const sent = await platform.call(1)
    leaving.destroy()
    await sent.closed
    platform.behave(echo)
  }
})

t.test('a call that cannot even be sent ends at once, and frees its connection', async t => {
  const { call, connect } = await withPlatform(t, echo, { MLFLOW_UPSTREAM_CONNECTIONS: '1' })
  t.equal((await call('GET', '/models', { key: null })).status, 200)
  const { dispatch } = Pool.prototype
  Pool.prototype.dispatch = function (this: Pool, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.path === '/broken') throw new Error('a fault within undici')
    return dispatch.call(this, options, handler)
  }
  t.teardown(() => { Pool.prototype.dispatch = dispatch })
  for (const [method, body] of [['DELETE', 'small'], ['POST', 'x'.repeat(100_000)]] as const) { // our own client takes neither
    const connection = await connect()
    connection.write(requestHead(method, '/broken', { key: null, body }) + body)
    t.equal((await connection.answer()).status, 500)
    t.equal((await call('GET', '/models', { key: null })).status, 200)
  }
})

t.test('a caller who leaves frees it at once', async t => {
  const { connect, platform, line } = await withPlatform(t, silent)
  const connection = await connect()
  connection.write(requestHead('GET', '/models', { key: null }))
  const sent = await platform.call(1)
  connection.destroy()
  await sent.closed
  t.match(await line(sent.header('x-request-id')), { operation: 'platform', status: 499 })
})

t.test('what is ours stays ours, and what is framed in two ways goes nowhere', async t => {
  const { call, connect, platform } = await withPlatform(t)
  for (const path of ours) t.ok((await call('GET', path, { key: null })).status < 500, path)
  t.equal((await call('OPTIONS', '/mlflow/x', { key: null })).status, 204)
  t.equal((await call('OPTIONS', '*', { key: null })).status, 400)
  t.equal((await call('GET', 'http://evil.example/models', { key: null })).status, 400)
  t.equal((await call('GET', '/models#/mlflow', { key: null })).status, 400)
  t.equal((await call('POST', '/models', { key: null, headers: { 'Transfer-Encoding': 'gzip, chunked' } })).status, 400)
  const twoHosts = await connect()
  twoHosts.write('GET /models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
  t.equal((await twoHosts.answer()).status, 400)
  t.equal(platform.calls.length, 0)
})

t.test('no spelling of a path of ours is passed on', async t => {
  const { call, platform, mlflow } = await withPlatform(t)
  const disguises: ReadonlyArray<(path: string) => string> = [
    path => `/${path}`, path => path.toUpperCase(), path => path.replace('m', '%6d').replace('w', '%57'), path => path.replace('m', '%256D'), path => path.replace('m', '%25252525256d').replace('%252525', '%25'), path => path.slice(0, 1) + path.slice(1).replaceAll('/', '%2f'),
    path => path.replaceAll('/', '\\').replace('\\', '/'), path => path.replaceAll('/', '%5c').replace('%5c', '/'), path => `/x/..${path}`, path => `/x/%2e%2e${path}`, path => `/.${path}`, path => `/x/..%2f${path.slice(1)}`, path => `${path.replace('mlflow', 'mlflow;x')}`,
    path => path.replace('mlflow', 'mlflow%3bx'), path => path.replace('mlflow', 'mlflow%3f'), path => path.replace('mlflow', 'mlflow%00'), path => path.replace('mlflow', '%09mlflow%20'), path => path.replace('mlflow', 'ml%0aflow'), path => path.replace('mlflow', 'mlflow%23')
  ]
  for (const path of ['/mlflow/api/2.0/mlflow/runs/create', '/api/mlflow/api/2.0/mlflow/runs/create', '/api/2.0/mlflow/runs/create']) {
    for (const disguise of disguises) {
      const { status } = await call('POST', disguise(path), { key: null, body: '{}' })
      t.ok(status >= 400 && status < 500, `${disguise(path)} is ${status}`)
    }
  }
  t.equal(platform.calls.length, 0)
  t.equal(mlflow.calls.length, 0)
})

t.test('every route of the app is one of our paths, and a path is ours or not in linear time', async t => {
  const routes = new Set<string>()
  const listen = (message: unknown): void => { (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ url }) => { routes.add(url) }) }
  subscribe('fastify.initialization', listen)
  await facade(t)
  unsubscribe('fastify.initialization', listen)
  t.ok(routes.has('/api/2.0/mlflow/*') && routes.has('/whoami'), `${routes.size} routes`)
  routes.delete('/favicon.ico') // where there is a platform, that is the platform's
  for (const route of routes) t.ok(isOurs(route.replace('*', 'x')), route)
  for (const path of ours) t.ok(isOurs(path), path)
  for (const path of theirs) t.notOk(isOurs(path), path)
  for (const path of ['/%25'.repeat(20_000), `/${'%25'.repeat(26_000)}`, `/${'25'.repeat(40_000)}`, '/a'.repeat(40_000), '/..'.repeat(26_000), '/;'.repeat(40_000), '\\'.repeat(80_000), `/${'a-'.repeat(40_000)}!`]) {
    const start = performance.now()
    isOurs(path)
    t.ok(performance.now() - start < 100, path.slice(0, 20))
  }
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('/', '%', '2', '5', 'f', 'e', '.', ';', '\\', 'm', '?', '#') }), text => { isOurs(`/${text}`) }))
})

t.test('our session is taken out of cookies, and nothing else', async t => {
  t.equal(withoutSession('a=1; b=2'), 'a=1; b=2')
  t.equal(withoutSession('a=1;hokusai_session=x;b="q"'), 'a=1;b="q"')
  t.equal(withoutSession('hokusai_session=x'), undefined)
  t.equal(withoutSession(' hokusai_session = x; hokusai_session=y; c'), 'c')
  t.equal(withoutSession('x_hokusai_session=1; hokusai_session2=2'), 'x_hokusai_session=1; hokusai_session2=2')
})

t.test('without a platform such paths are 404 as before', async t => {
  const { call } = await facade(t, echo)
  for (const path of ['/models', '/health/deep']) t.match((await call('GET', path, { key: null })).json(), { error_code: 'ENDPOINT_NOT_FOUND', message: /\/mlflow/ })
})
