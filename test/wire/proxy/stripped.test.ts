/** Behind a front that takes the mount off and says so, every path of MLflow is served as under the mount. */
import t from 'tap'
import { restoreMount } from '../../../src/http/stripped.js'
import { facade, type Request } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const prefix = { 'X-Forwarded-Prefix': '/mlflow' }
const experiment = '/api/2.0/mlflow/experiments/get?experiment_id=0&x=%2F'

t.test('GET and HEAD on paths without their mount are served in place, as new paths', async t => {
  const { call, mlflow } = await facade(t, echo)
  for (const path of [experiment, '/ajax-api/2.0/mlflow/runs/get?run_id=a', '/api/2.0/mlflow-artifacts/artifacts/1/a%20b//c', '/api/3.0/mlflow/traces/x', '/static-files/x.js', '/get-artifact?path=x', '/']) {
    for (const method of ['GET', 'HEAD']) {
      mlflow.calls.length = 0
      const answered = await call(method, path, { key: 'admin', headers: prefix })
      t.equal(answered.status, 200, `${method} ${path}`)
      t.equal(answered.header('deprecation'), undefined)
      t.equal(mlflow.calls[0]?.target, path)
      t.strictSame(mlflow.calls[0]?.all('x-forwarded-prefix'), ['/mlflow'])
    }
  }
  for (const path of ['/graphql', '/v1/traces', '/gateway/mlflow/v1/chat/completions']) {
    t.equal((await call('POST', path, { key: 'admin', headers: prefix, body: '{"query":"{ __typename }"}' })).status, 200, path)
    t.equal(mlflow.calls.at(-1)?.target, path)
  }
  t.equal((await call('GET', '/health', { key: null, headers: prefix })).text(), 'OK', 'MLflow\'s own')
  t.equal((await call('GET', '/version', { key: null, headers: prefix })).text(), '3.17.2')
  t.match((await call('GET', '/health/mlflow', { key: null, headers: prefix })).json(), { status: 'ok', mlflow: { status: 'ok' } })
})

t.test('what is ours stays where it is, and what came with its mount is not given another', async t => {
  const { call, mlflow } = await facade(t, echo)
  for (const path of ['/live', '/ready', '/openapi.json', '/docs', '/whoami']) t.equal((await call('GET', path, { headers: prefix })).status, 200, path)
  t.equal(mlflow.calls.length, 0)
  t.equal((await call('GET', `/mlflow${experiment}`, { headers: prefix })).status, 200)
  t.equal(mlflow.calls[0]?.target, experiment)
  t.equal((await call('GET', '/mlflow', { key: null, headers: prefix })).status, 308)
  const old = await call('GET', `/api/mlflow${experiment}`, { headers: prefix })
  t.equal(old.status, 200, 'and an old path is served in place')
  t.match(old.header('deprecation'), /^@/)
})

t.test('the header opens nothing: the same key is asked for, the same class, the same judgement of the path', async t => {
  const { call, mlflow } = await facade(t, echo, { env: { LEGACY_PATHS: 'gone' } })
  const refused: ReadonlyArray<readonly [method: string, path: string, key: Request['key'], status: number]> = [
    ['GET', experiment, null, 401],
    ['GET', '/', null, 401],
    ['POST', '/api/2.0/mlflow/runs/create', 'read', 403],
    ['POST', '/ajax-api/3.0/mlflow/assistant/message', 'admin', 403],
    ['GET', '/..', 'admin', 400],
    ['GET', '/%2e%2e/whoami', 'admin', 400],
    ['GET', '/api/mlflow/..', 'admin', 400],
    ['GET', '/api/2.0/mlflow/%zz', 'admin', 400]
  ]
  for (const [method, path, key = null, status] of refused) {
    t.equal((await call(method, path, { key, headers: prefix, ...method === 'POST' ? { body: '{}' } : {} })).status, status, `${method} ${path}`)
  }
  t.equal(mlflow.calls.length, 0)
})

t.test('another prefix, or none, changes nothing', async t => {
  const { call } = await facade(t, echo)
  for (const other of ['/', '', '/other', '/mlflow-old', '/mlflow/x', 'notmlflow', '/mlflow, /other']) {
    t.equal((await call('GET', experiment, { headers: { 'X-Forwarded-Prefix': other } })).status, 307, other)
  }
  for (const same of ['/mlflow/', '/platform, /mlflow', '/platform/mlflow']) t.equal((await call('GET', experiment, { headers: { 'X-Forwarded-Prefix': same } })).status, 200, same)
})

t.test('a target is restored once, whatever it is', async t => {
  for (const target of ['/', '/x', '//x', '/?a', '/livex', '/mlflowx', '/api/mlflowx', '/docs-x', '/Live', '/healthy', '*', 'http://h/x', '', '/mlflow', '/mlflow?x', '/docs/static/x', '/api/mlflow/y']) {
    const once = restoreMount(target, '/mlflow')
    t.equal(restoreMount(once, '/mlflow'), once)
    t.equal(restoreMount(target, undefined), target)
  }
  t.equal(restoreMount('/livex', '/mlflow'), '/mlflow/livex')
})
