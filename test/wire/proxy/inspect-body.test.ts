/** Bodies that the facade reads: what MLflow gets is what was judged, however the request was spelled. */
import t from 'tap'
import { facade } from '../../helpers/app.js'
import { echo, shapeA } from '../../helpers/upstream.js'

t.test('a presigned download lives 300 s at most, whoever asks and however the path is spelled', async t => {
  const { call, mlflow } = await facade(t, echo)
  const path = '/mlflow/api/2.0/mlflow/artifacts/presigned-download-url'
  for (const [key, target] of [['read', path], ['admin', path], ['admin', path.replace('mlflow/artifacts', 'mlflow%2Fartifacts')], ['admin', path.replace('/api', '/%2Fapi')], ['admin', path.replace('/api/2.0', '/api//2.0')], ['read', `/api/mlflow${path.slice('/mlflow'.length)}`]] as const) {
    for (const [sent, expected] of [['604800', 300], ['"604800"', 300], ['60', 60], ['1, "expiration": 604800', 300], ['null', 300], ['true', 1], ['1.5', 300], ['" 60"', 60], ['[60]', 60], ['{}', 300]] as const) {
      const answered = await call('POST', target, { key, body: `{"path": "a", "expiration": ${sent}}`, headers: { 'Content-Type': 'application/json' } })
      t.equal(answered.status, 200, target)
      t.match(JSON.parse((await mlflow.calls.at(-1)!.whole).toString()), { path: 'a', expiration: expected }, `${key} ${target} ${sent}`)
    }
    await call('POST', target, { key, body: '{"path": "a"}' })
    t.match(JSON.parse((await mlflow.calls.at(-1)!.whole).toString()), { expiration: 300 })
  }
  const before = mlflow.calls.length
  for (const body of ['[]', '7', '{', '', '"x"', 'null']) t.equal((await call('POST', path, { key: 'read', body })).status, 400, body)
  t.equal(mlflow.calls.length, before, 'what cannot be judged is not sent')
})

t.test('a schedule of issue detection is set by administrators alone, however its tag is spelt', async t => {
  const { call, mlflow } = await facade(t, echo)
  const tag = '/mlflow/api/2.0/mlflow/experiments/set-experiment-tag'
  const create = '/mlflow/ajax-api/2.0/mlflow/experiments/create'
  const key = 'mlflow.issueDetection.schedule'
  const json = { 'Content-Type': 'application/json' }
  const set = (name: string): string => `{"experiment_id": "1", "key": "${name}", "value": "{}"}`
  const bodies: ReadonlyArray<readonly [string, string | Buffer]> = [
    [tag, set(key)], [tag, set(`${key}TraceFilter`)], [tag, set(`${key}State`)], [tag, set('mlflow.issueDetection\\u002eschedule')], [tag, set(key.toUpperCase())], [tag, Buffer.from(set('ｍlflow.íssueDetection.schedule'))],
    [tag, JSON.stringify(set(key))], [tag, JSON.stringify(set('mlflow.issueDet\\u0065ction.schedule'))], [tag, `{"key": "a", "key": "${key}"}`], [tag, Buffer.from(set(key), 'utf16le')],
    [tag.replace('/experiments/set', '/experiments%2Fset'), set(key)], [tag.replace('/api', '/ajax-api'), set(key)], [`/api/mlflow${tag.slice('/mlflow'.length)}`, set(key)],
    [create, `{"name": "x", "tags": [{"key": "${key}", "value": "{}"}]}`]
  ]
  for (const [path, body] of bodies) t.equal((await call('POST', path, { key: 'write', body, headers: json })).status, 403, `${path} ${body.toString()}`)
  t.equal(mlflow.calls.length, 0)
  for (const [path, body] of bodies) {
    t.equal((await call('POST', path, { key: 'admin', body, headers: json })).status, 200)
    t.same(await mlflow.calls.at(-1)!.whole, Buffer.from(body), 'as it came')
  }
  for (const body of [set('team'), set('mlflow.issueDetection.settings'), set('schedule'), '', '{']) {
    t.equal((await call('POST', tag, { key: 'write', body, headers: json })).status, 200, body)
    t.equal((await mlflow.calls.at(-1)!.whole).toString(), body)
  }
})

t.test('a GraphQL query beyond MLflow\'s own bounds reaches it as it is, and its answer the caller', async t => {
  const { call, mlflow } = await facade(t, echo)
  const body = JSON.stringify({ query: `query Q { ${Array.from({ length: 12 }, (_, index) => `key_${index}: test(inputString: "abc") { output }`).join(' ')} }` })
  const answered = await call('POST', '/mlflow/graphql', { key: 'read', body })
  t.equal(answered.status, 200)
  t.equal((await mlflow.calls[0]!.whole).toString(), body)
  t.equal((await call('POST', '/mlflow/graphql', { key: 'read', body: body.replace('test(', 'createRun(') })).status, 403)
})

t.test('thousands of searches in one query do not reach an MLflow that would run them all', async t => {
  const query = `mutation { ${Array.from({ length: 1500 }, (_, index) => `a${index}:mlflowSearchRuns{x}`).join(' ')} }`
  for (const [version, status] of [['2.22.5', 400], ['3.9.0', 200], ['3.17.2', 200]] as const) {
    const { call, mlflow } = await facade(t, echo, { shape: { ...shapeA, version } })
    t.equal((await call('POST', '/mlflow/graphql', { key: 'read', body: JSON.stringify({ query }) })).status, status, version)
    t.equal(mlflow.calls.length, status === 200 ? 1 : 0)
  }
})

t.test('a body that is nested deeper than can be judged is a 400, whatever holds it', async t => {
  const { call, mlflow } = await facade(t, echo)
  const lists = '['.repeat(60_000) + ']'.repeat(60_000)
  const objects = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`
  const presigned = [`{"path": ${lists}}`, `{"expiration": ${lists}}`, JSON.stringify(`{"path": ${lists}}`), lists, objects]
  for (const body of presigned) t.equal((await call('POST', '/mlflow/api/2.0/mlflow/artifacts/presigned-download-url', { key: 'read', body })).status, 400, body.slice(0, 30))
  for (const query of [`{${'a{'.repeat(2400)}a${'}'.repeat(2400)}}`, `{ test(x: ${'['.repeat(2400)}${']'.repeat(2400)}) }`, '{'.repeat(60_000)]) {
    t.equal((await call('POST', '/mlflow/graphql', { key: 'read', body: JSON.stringify({ query }) })).status, 400, query.slice(0, 30))
  }
  t.equal(mlflow.calls.length, 0)
})

t.test('who one is, the facade answers under both readings of %2F', async t => {
  const { call, mlflow } = await facade(t, echo)
  for (const path of ['/mlflow/ajax-api/2.0/mlflow/users/current', '/mlflow/ajax-api%2F2.0/mlflow/users/current']) {
    t.strictSame((await call('GET', path, { key: 'admin' })).json(), { user: { id: 'user-admin', username: 'user-admin', is_admin: true } }, path)
  }
  t.equal(mlflow.calls.length, 0)
})
