/** The facade's own paths: health, versions, who one is, and what it tells of an MLflow that comes and goes. */
import t from 'tap'
import { StoreUnavailableError } from '../../../src/keys/contract.js'
import { version } from '../../../src/core/version.js'
import { facade, keys } from '../../helpers/app.js'
import { answer, echo, says } from '../../helpers/upstream.js'

t.test('health', async t => {
  const up = await facade(t, echo)
  const { call, mlflow } = up

  t.test('the process lives, can serve, and knows its versions; no key is asked', async t => {
    const get = async (path: string) => {
      const answered = await call('GET', path, { key: null })
      t.match(answered.header('content-type'), /^application\/json/)
      return [answered.status, answered.json()]
    }
    t.strictSame(await get('/live'), [200, { status: 'ok' }])
    t.strictSame(await get('/ready'), [200, { status: 'ok', keys: { status: 'ok' }, mlflow: { status: 'ok' } }])
    t.strictSame(await get('/health'), [200, { status: 'ok', process: { status: 'ok' }, keys: { status: 'ok' }, mlflow: { status: 'ok' } }])
    t.strictSame(await get('/version'), [200, { version, mlflow: '3.17.2' }])
    t.equal(mlflow.calls.length, 0)
  })

  t.test('HEAD is answered like GET on every path of the facade\'s own, without a body', async t => {
    for (const path of ['/live', '/ready', '/health', '/version', '/', '/mlflow', '/mlflow/health/mlflow', '/api/mlflow/health/mlflow', '/api/health/mlflow', '/openapi.json', '/openapi.yaml', '/docs', '/docs/', '/whoami']) {
      const key = path === '/whoami' ? 'read' : null
      const [get, head] = [await call('GET', path, { key }), await call('HEAD', path, { key })]
      t.equal(head.status, get.status, path)
      t.equal(head.header('content-type'), get.header('content-type'), path)
      t.equal(head.body.length, 0)
    }
  })

  t.test('the mount without its slash leads to it', async t => {
    const answered = await call('GET', '/mlflow', { key: null })
    t.equal(answered.status, 308)
    t.equal(answered.header('location'), '/mlflow/')
  })

  t.test('MLflow\'s own health and version are its own words, asked for at most once a second however many ask', async t => {
    const before = mlflow.probes.filter(path => path === '/health').length
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await call('GET', '/mlflow/health', { key: null })))
    t.ok(answers.every(answered => answered.status === 200 && answered.text() === 'OK' && answered.header('content-type') === 'text/html; charset=utf-8'))
    t.ok(mlflow.probes.filter(path => path === '/health').length - before <= 1)
    const head = await call('HEAD', '/mlflow/health', { key: null })
    t.equal(head.status, 200)
    t.equal(head.body.length, 0)
  })
})

t.test('a store that fails turns readiness, with its reason', async t => {
  const { call, server, verdicts } = await facade(t, echo)
  verdicts.set('check', new StoreUnavailableError('the disk is full'))
  const answered = await call('GET', '/ready', { key: null })
  t.equal(answered.status, 503)
  t.match(answered.json(), { status: 'failed', keys: { status: 'failed', reason: 'the disk is full' }, mlflow: { status: 'ok' } })
  t.ok(answered.header('retry-after'))
  t.equal((await call('GET', '/live', { key: null })).status, 200)
  t.ok(server)
})

t.test('who one is', async t => {
  const { call, mlflow } = await facade(t, echo)
  const me = await call('GET', '/whoami', { key: 'tied' })
  t.strictSame(me.json(), { id: 'key_tied', name: 'tied', owner: 'user-tied', environment: 'test', scopes: ['mlflow:write'], workspaces: ['team-a', 'team-b'], permissions: [], rate_limit_per_hour: null, rate_limit_remaining: null, rate_limit_next_seconds: null, expires_at: null })
  t.notMatch(me.text(), keys.tied)
  t.equal((await call('GET', '/whoami', { key: null })).status, 401)
  t.equal((await call('GET', '/whoami', { key: 'unknown' })).status, 401)
  const user = await call('GET', '/mlflow/ajax-api/2.0/mlflow/users/current', { key: 'admin' })
  t.match(user.json(), { user: { username: 'user-admin', is_admin: true } })
  t.equal(mlflow.calls.length, 0)
})

t.test('an MLflow that comes and goes', { jobs: 4 }, async t => {
  const until = async (path: string, status: number, { call }: Awaited<ReturnType<typeof facade>>) => {
    const start = performance.now()
    for (;;) {
      const answered = await call('GET', path, { key: null })
      if (answered.status === status) return { ms: performance.now() - start, reason: (answered.json().mlflow as { reason?: string }).reason }
      if (performance.now() - start > 20_000) throw new Error(`${path} is still ${answered.status}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  t.test('is missed soon, and found again soon, without any request to it', async t => {
    const up = await facade(t, echo)
    await up.mlflow.stop()
    const { reason } = await until('/ready', 503, up)
    t.equal(reason, 'MLflow cannot be reached.')
    t.equal((await up.call('GET', '/mlflow/health/mlflow', { key: null })).status, 503)
    t.equal((await up.call('GET', '/mlflow/health', { key: null })).status, 502)
    t.equal((await up.call('GET', '/version', { key: null })).json().mlflow, '3.17.2', 'the one seen last')
    t.equal((await up.call('GET', '/live', { key: null })).status, 200)
    t.equal(await up.metric('upstream_up'), 0)
    await up.mlflow.start()
    t.ok((await until('/ready', 200, up)).ms < 10_000)
    t.equal(await up.metric('upstream_up'), 1)
  })

  t.test('that hangs is missed within 20 s', async t => {
    const up = await facade(t, echo)
    await up.mlflow.start({ hangs: true })
    const { reason } = await until('/ready', 503, up)
    t.equal(reason, 'MLflow does not answer.')
    await up.mlflow.start({ hangs: false })
    await until('/ready', 200, up)
  })

  t.test('that is something else is named by what it lacks', async t => {
    for (const [what, reason] of [
      [answer(200, 'hello'), /the server that answers is not MLflow/],
      [answer(403, 'Invalid Host header'), /--allowed-hosts/],
      [answer(401, 'no'), /MLFLOW_UPSTREAM_AUTHORIZATION/],
      [answer(500, 'no'), /MLflow answers 500/]
    ] as const) {
      const up = await facade(t, echo, { impostor: what })
      const ready = await up.call('GET', '/ready', { key: null })
      t.equal(ready.status, 503)
      t.match(ready.json(), { mlflow: { reason } })
      const answered = await up.call('GET', '/mlflow/api/2.0/mlflow/experiments/search')
      t.equal(answered.status, 503)
      t.equal(answered.json().error_code, 'TEMPORARILY_UNAVAILABLE')
      t.equal(answered.header('retry-after'), '15')
      t.equal(up.mlflow.calls.length, 0)
      await up.close()
    }
  })

  t.test('and closes each connection after its answer, is served all the same', async t => {
    const up = await facade(t, says('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
    for (let count = 0; count < 5; count++) t.equal((await up.call('POST', '/mlflow/api/2.0/mlflow/runs/create', { body: '{}' })).text(), 'ok')
    t.equal(up.mlflow.calls.length, 5)
  })
})

t.test('browsers find an icon, without a key', async t => {
  const { call, mlflow } = await facade(t)
  const answered = await call('GET', '/favicon.ico', { key: null })
  t.equal(answered.status, 200)
  t.match(answered.header('content-type'), 'image/svg+xml')
  t.match(answered.header('cache-control'), 'max-age')
  t.match(answered.text(), /^<svg xmlns/)
  t.equal(mlflow.calls.length, 0)
})
