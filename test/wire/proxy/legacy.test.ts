/** Old paths go on working: redirected where that breaks nobody, served in place where it would, and every answer says until when. */
import t from 'tap'
import { facade, keys, requestHead } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const olds: ReadonlyArray<readonly [old: string, next: string]> = [
  ['/api/mlflow', '/mlflow/'],
  ['/api/mlflow/', '/mlflow/'],
  ['/api/mlflow/api/2.0/mlflow/runs/get?run_id=a&run_id=%2F&x=+&&y', '/mlflow/api/2.0/mlflow/runs/get?run_id=a&run_id=%2F&x=+&&y'],
  ['/api/mlflow/ajax-api/2.0/mlflow/runs/get?', '/mlflow/ajax-api/2.0/mlflow/runs/get?'],
  ['/api/2.0/mlflow/runs/get?run_id=a', '/mlflow/api/2.0/mlflow/runs/get?run_id=a'],
  ['/api/3.0/mlflow/traces/x', '/mlflow/api/3.0/mlflow/traces/x'],
  ['/ajax-api/2.0/mlflow/runs/get', '/mlflow/ajax-api/2.0/mlflow/runs/get'],
  ['/ajax-api/3.0/mlflow/traces/x', '/mlflow/ajax-api/3.0/mlflow/traces/x'],
  ['/api/2.0/mlflow-artifacts/artifacts/1/a%2Fb%25//c%7B}{"<>`', '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/a%2Fb%25//c%7B}{"<>`'],
  ['/ajax-api/2.0/mlflow-artifacts/artifacts/1/x', '/mlflow/ajax-api/2.0/mlflow-artifacts/artifacts/1/x'],
  ['/api/mlflow//evil.example', '/mlflow//evil.example'],
  ['/api/mlflow//evil.example/%2e.x', '/mlflow//evil.example/%2e.x']
]
const below = (next: string) => next.slice('/mlflow'.length)
const foreign = ['/api/2.0/other/x', '/api/mlflowx', '/api/2.0/mlflow', '/api/4.0/mlflow/x', '/api/2.0/mlflow-artifactsx/y', '/API/2.0/mlflow/x', '/x/api/2.0/mlflow/y']
const health = ['/api/mlflow/health/mlflow', '/api/health/mlflow', '/mlflow/health/mlflow']
const marks = ['deprecation', 'link', 'sunset']
const dates = { LEGACY_DEPRECATED: '2026-10-01', LEGACY_SUNSET: '2027-06-30' }

t.test('redirect, the default', async t => {
  const { call, connect, mlflow, line, metric } = await facade(t, echo, { env: dates })
  t.beforeEach(() => { mlflow.calls.length = 0 })

  t.test('GET and HEAD are 307 with a relative Location, byte for byte, without a key', async t => {
    for (const [old, next] of olds) {
      for (const method of ['GET', 'HEAD']) {
        const answered = await call(method, old, { key: null })
        t.equal(answered.status, 307, `${method} ${old}`)
        t.strictSame(answered.all('location'), [next])
        if (method === 'GET') t.match(answered.json(), { location: next })
      }
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('every other method is served in place, as if it had come by the new path', async t => {
    for (const [old, next] of olds) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        mlflow.calls.length = 0
        const answered = await call(method, old, { key: 'admin', body: 'body' })
        t.equal(answered.status, 200, `${method} ${old}`)
        t.equal(answered.text(), 'body')
        const isTransfer = next.includes('artifacts') && (method === 'PUT' || method === 'DELETE')
        t.equal(mlflow.calls[0]?.target, isTransfer ? below(next) : below(next).replaceAll('//', '/'))
      }
    }
  })

  t.test('what is served in place is guarded like the new path', async t => {
    t.equal((await call('POST', '/api/2.0/mlflow/runs/create', { key: null, body: '{}' })).status, 401)
    t.equal((await call('POST', '/api/mlflow/api/2.0/mlflow/runs/create', { key: 'read', body: '{}' })).status, 403)
    t.equal((await call('POST', '/ajax-api/3.0/mlflow/assistant/message', { key: 'admin', body: '{}' })).status, 403)
    t.equal(mlflow.calls.length, 0)
  })

  t.test('a Location that clients could not read is not sent: such a GET is served in place', async t => {
    const query = `?x=${'y'.repeat(20_000)}`
    t.equal((await call('GET', `/api/2.0/mlflow/runs/get${query}`, { key: null })).status, 401)
    t.equal((await call('GET', `/api/2.0/mlflow/runs/get${query}`)).status, 200)
    t.equal(mlflow.calls[0]?.target, `/api/2.0/mlflow/runs/get${query}`)
  })

  t.test('whatever byte stands in a target, the answer is a Location that can be read, or a 400', async t => {
    for (let byte = 1; byte < 256; byte++) {
      if (byte === 10 || byte === 13 || byte === 32) continue // they end a target
      for (const old of ['/api/2.0/mlflow/runs/get?x=', '/api/mlflow/x', '/api/2.0/mlflow-artifacts/artifacts/']) {
        const answered = await call('GET', old + String.fromCharCode(byte), { key: null })
        const place = answered.header('location')
        if (answered.status === 307) t.match(place, /^\/mlflow\/[\t\x20-\x7e\x80-\xff]*$/, String(byte))
        else t.ok([400, 401].includes(answered.status), `${byte} is ${answered.status}`)
      }
    }
  })

  t.test('every answer on an old path says so, errors and odd ones too', async t => {
    const on = '/api/2.0/mlflow/runs/create'
    const answers = [
      await call('GET', on), await call('POST', on), await call('POST', on, { key: null }), await call('POST', on, { key: 'read' }), await call('OPTIONS', on, { key: null }),
      await call('PROPFIND', on), await call('GET', on, { headers: { 'Content-Length': '2000000' } }), await call('POST', `${on}#x`), await call('POST', '/api/mlflow/%zz'), await call('POST', '/api/mlflow/..'),
      await call('POST', on, { headers: { Origin: 'https://evil.example' } })
    ]
    t.strictSame(answers.map(({ status }) => status), [307, 200, 401, 403, 204, 404, 400, 400, 400, 400, 403])
    for (const answered of answers) {
      t.strictSame(answered.all('deprecation'), ['@1790812800'], String(answered.status))
      t.strictSame(answered.all('sunset'), ['Wed, 30 Jun 2027 00:00:00 GMT'])
      t.match(answered.all('link').join(), /^<\/mlflow\/[^>]*>; rel="successor-version"$/)
    }
    t.equal(answers[0]?.header('link'), `</mlflow${on}>; rel="successor-version"`)
  })

  t.test('a Link has at most 2 KiB: a longer path has none, and all else that is said of it', async t => {
    const root = '/api/2.0/mlflow-artifacts/artifacts/'
    const room = 2048 - '/mlflow'.length - root.length
    for (const [name, has] of [['x'.repeat(room), true], ['x'.repeat(room + 1), false], ['"'.repeat(room / 3), true], ['"'.repeat(room / 3 + 1), false], ['<'.repeat(70_000), false]] as const) {
      for (const method of ['GET', 'OPTIONS']) {
        const answered = await call(method, root + name, { key: null })
        t.equal(answered.all('link').length, has ? 1 : 0, `${name.length} of ${name[0]}`)
        t.strictSame(answered.all('deprecation'), ['@1790812800'])
        t.equal(answered.all('sunset').length, 1)
      }
    }
  })

  t.test('what a Link cannot hold as it is, is encoded there', async t => {
    const answered = await call('GET', '/api/2.0/mlflow-artifacts/artifacts/a"<b>', { key: null })
    t.equal(answered.header('link'), '</mlflow/api/2.0/mlflow-artifacts/artifacts/a%22%3Cb%3E>; rel="successor-version"')
  })

  t.test('new paths and foreign ones say nothing of the kind', async t => {
    for (const path of ['/mlflow/api/2.0/mlflow/runs/get', '/live', ...foreign]) {
      const answered = await call('GET', path)
      t.strictSame(marks.filter(name => answered.header(name) !== undefined), [], path)
      if (foreign.includes(path)) t.equal(answered.status, 404)
    }
  })

  t.test('health paths are answered in place', async t => {
    for (const path of health) {
      const answered = await call('GET', path, { key: null })
      t.equal(answered.status, 200)
      t.match(answered.json(), { status: 'ok', mlflow: { status: 'ok' }, version: '3.17.2' })
    }
  })

  t.test('calls on old paths are counted by client, and marked in the log with whose key it was', async t => {
    const series = 'legacy_calls_total{client="mlflow-python"}'
    const before = await metric(series)
    const answered = await call('POST', '/api/2.0/mlflow/runs/create', { headers: { 'User-Agent': 'mlflow-python-client/3.17.2' } })
    t.match(await line(answered.header('x-request-id')), { legacy: true, client: 'mlflow-python', key_id: 'key_write', operation: 'createRun' })
    t.equal(await metric(series), before + 1)
  })

  t.test('an upload on an old path streams', async t => {
    const connection = await connect()
    connection.write(requestHead('PUT', '/api/2.0/mlflow-artifacts/artifacts/1/m', { headers: { 'Content-Length': '200000' } }) + 'x'.repeat(100_000))
    const forwarded = await mlflow.call(1)
    connection.write('x'.repeat(100_000))
    t.equal((await connection.answer()).body.length, 200_000)
    t.equal(forwarded.header('content-length'), '200000')
  })
})

t.test('forward serves every method in place', async t => {
  const { call, mlflow } = await facade(t, echo, { env: { ...dates, LEGACY_PATHS: 'forward' } })
  for (const [old, next] of olds) {
    mlflow.calls.length = 0
    const answered = await call('GET', old, { key: 'admin' })
    t.equal(answered.status, 200, old)
    t.equal(mlflow.calls[0]?.target, next.includes('artifacts') ? below(next) : below(next).replaceAll('//', '/'))
    t.ok(answered.header('deprecation'))
  }
  t.equal((await call('GET', '/api/2.0/mlflow/runs/get', { key: null })).status, 401)
})

t.test('gone is 410 for every method, with the new path in the message; health paths stay', async t => {
  const { call, mlflow } = await facade(t, echo, { env: { LEGACY_PATHS: 'gone' } })
  for (const [old, next] of olds) {
    for (const method of ['GET', 'POST']) {
      const answered = await call(method, old, { key: null, ...method === 'POST' ? { body: 'x' } : {} })
      t.equal(answered.status, 410, `${method} ${old}`)
      t.match(answered.json(), { error_code: 'ENDPOINT_NOT_FOUND', message: next.split('?')[0] ?? '' })
      t.match(answered.header('deprecation'), /^@\d+$/, 'from the release on')
      t.equal(answered.header('sunset'), undefined, 'not set, not sent')
    }
  }
  for (const path of health) t.equal((await call('GET', path, { key: null })).status, 200)
  t.equal(mlflow.calls.length, 0)
})

t.test('a key in an old path does not get into the log', async t => {
  const { call, lines, line } = await facade(t, echo)
  const answered = await call('GET', `/api/mlflow/${keys.write}?k=${keys.write}`, { key: null })
  await line(answered.header('x-request-id'))
  t.notMatch(JSON.stringify(lines), keys.write)
})
