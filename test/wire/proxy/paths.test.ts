/** A path is judged as MLflow will see it and forwarded as it came, or refused: nothing is read in two ways. */
import fc from 'fast-check'
import t from 'tap'
import { match } from '../../../src/access/matcher.js'
import { collapseSlashes } from '../../../src/access/readings.js'
import { readTarget } from '../../../src/http/target.js'
import { facade } from '../../helpers/app.js'
import { echo, shapeB, shapeC, type Shape } from '../../helpers/upstream.js'

t.test('refused before anyone asks for a key, and never sent', async t => {
  const { call, mlflow } = await facade(t, echo)
  const refused = [
    '/mlflow/../admin', '/mlflow/..', '/mlflow/.', '/mlflow/a/./b', '/mlflow/a/..', '/mlflow/%2e%2e/x', '/mlflow/%2E./x', '/mlflow/.%2e', '/mlflow/a/%2e/b', '/mlflow/a%2F..%2Fb', '/mlflow/a%2f%2e%2e',
    '/mlflow/a\\b', '/mlflow/a%5Cb', '/mlflow/a%5cb', '/mlflow/%00', '/mlflow/a%0d%0aX: y', '/mlflow/a%0Ab', '/mlflow/%7F', '/mlflow/%C2%85', '/mlflow/%', '/mlflow/%2', '/mlflow/%zz', '/mlflow/%ff', '/mlflow/%c0%af', '/mlflow/%ed%a0%80',
    '/api/mlflow/../x', '/api/2.0/mlflow/../../admin', '/..', '/live/..', '/whoami%00'
  ]
  for (const path of refused) {
    for (const method of ['GET', 'POST']) {
      const answered = await call(method, path.replaceAll(' ', '%20'), { key: null })
      t.equal(answered.status, 400, `${method} ${path}`)
      t.equal(answered.json().error_code, 'INVALID_PARAMETER_VALUE')
    }
  }
  t.equal(mlflow.calls.length, 0)
})

t.test('dots that are no dot segments, and dots in the query, pass', async t => {
  const { call, mlflow } = await facade(t, echo)
  for (const rest of ['/...', '/a..b', '/.hidden', '/a.', '/..a/b', '/a%2E', '/x?../..', '/x?a=%2e%2e/\\&b=%00']) {
    mlflow.calls.length = 0
    t.equal((await call('GET', `/mlflow${rest}`, { key: 'admin' })).status, 200, rest)
    t.equal(mlflow.calls[0]?.target, rest)
  }
})

t.test('what is judged is what MLflow receives, whatever the path', async t => {
  const { call, mlflow } = await facade(t, echo)
  const segment = fc.oneof(fc.constantFrom('api', '2.0', 'mlflow', 'runs', 'get', 'ajax-api', 'artifacts', 'mlflow-artifacts', '', '..', '.', '%2e%2e', '%2F', 'a%2Fb', '%61pi', '%25', '%5c', '%zz', '%ff', 'é', 'a;b', '{x}', '"', '|', '^', '%C3%A9', '%00', '\\', ':x'), fc.string({ minLength: 1, maxLength: 4 }))
  const path = fc.array(segment, { maxLength: 7 }).map(segments => `/mlflow/${segments.join('/')}`).filter(path => /^[\x21-\x7e]+$/.test(path) && !/[?#]/.test(path))
  await fc.assert(fc.asyncProperty(path, async path => {
    mlflow.calls.length = 0
    const { status } = await call('GET', path, { key: 'admin' })
    const { problem, odd } = readTarget(path)
    const below = path.slice('/mlflow'.length)
    const judged = match('GET', below)
    if (problem !== undefined || (odd !== undefined && !judged.artifactPath)) return status === 400 && mlflow.calls.length === 0
    if (judged.class === 'blocked') return status === 403 && mlflow.calls.length === 0
    if (judged.id === 'health' || judged.id === 'version' || judged.operation?.handling === 'facade') return mlflow.calls.length === 0
    return status === 200 && mlflow.calls[0]?.target === (judged.artifactPath ? below : collapseSlashes(below))
  }), { numRuns: 300, examples: [['/mlflow/api/2.0/mlflow-artifacts/artifacts/%zz'], ['/mlflow/api/2.0/mlflow-artifacts/mpu/create/%zz'], ['/mlflow/'], ['/mlflow//'], ['/mlflow//api//2.0/mlflow-artifacts/artifacts//x']] })
})

t.test('the name of an artifact reaches MLflow byte for byte, and is guarded and recorded like any other', async t => {
  const { call, mlflow, line, lines } = await facade(t, echo)
  const artifacts = '/api/2.0/mlflow-artifacts/artifacts/1/'
  for (const name of ['acc_at_90%data.csv', '%', '%zz%', '%ff', 'a%0Ab', 'a\\b%5C', '%c0%af//x', '%ff%2F%fe']) {
    for (const [method, target] of [['PUT', `/mlflow${artifacts}${name}`], ['GET', `/mlflow${artifacts}${name}?x=%zz`], ['HEAD', `/mlflow${artifacts}${name}`], ['DELETE', `/mlflow${artifacts}${name}`], ['PUT', artifacts + name], ['GET', artifacts + name], ['GET', `/api/mlflow${artifacts}${name}`], ['POST', `/mlflow/ajax-api/2.0/mlflow-artifacts/mpu/create/${name}`]] as const) {
      mlflow.calls.length = 0
      lines.length = 0
      const answered = await call(method, target)
      t.equal(answered.status, 200, `${method} ${target}`)
      t.equal(mlflow.calls[0]?.target, target.replace(/^(?:\/api)?\/mlflow(?=\/)/, ''))
      t.match(await line(answered.header('x-request-id')), { status: 200, operation: /Artifact|Multipart/, key_id: 'key_write' })
      t.equal(lines.filter(({ msg }) => msg === 'request').length, 1)
      t.equal(answered.header('deprecation') === undefined, target.startsWith('/mlflow'))
    }
    mlflow.calls.length = 0
    t.equal((await call('PUT', `/mlflow${artifacts}${name}`, { key: 'read' })).status, 403)
    t.equal((await call('PUT', `/mlflow${artifacts}${name}`, { key: null })).status, 401)
    t.equal((await call('GET', artifacts + name, { key: null })).status, 401, 'served in place, not redirected')
    for (const key of ['read', 'admin'] as const) t.equal((await call('PATCH', `/mlflow${artifacts}${name}`, { key })).status, 400, 'no operation of an artifact')
    t.equal(mlflow.calls.length, 0)
  }
  for (const path of ['/%zz', '/live%', '/api/%ff']) {
    const { status, header } = await call('GET', path, { key: null })
    t.equal(status, 400)
    t.match(await line(header('x-request-id')), { refusal: 'malformed' }, 'also what the router refuses')
  }
})

t.test('a read key makes no write reach MLflow by any spelling of its path', async t => {
  const { call, mlflow } = await facade(t, echo)
  const writes = ['/api/2.0/mlflow/runs/create', '/ajax-api/2.0/mlflow/runs/delete', '/api/2.0/mlflow/registered-models/create', '/api/3.0/mlflow/traces']
  const disguises: ReadonlyArray<(path: string) => string> = [
    path => path, path => path.replaceAll('/', '//'), path => path.replace('runs', '%72uns').replace('models', 'model%73'), path => path.slice(0, 1) + path.slice(1).replaceAll('/', '%2F'), path => path.slice(0, 1) + path.slice(1).replaceAll('/', '%2f'),
    path => `${path}/`, path => `${path}?x=/api/2.0/mlflow/runs/search`, path => `${path};x`, path => path.toUpperCase(), path => path.replace('2.0', '%32.0'), path => `//${path.slice(1)}`
  ]
  for (const mount of ['/mlflow', '', '/api/mlflow', '/mlflow/']) {
    for (const path of writes) {
      for (const disguise of disguises) {
        for (const headers of [{}, { 'X-HTTP-Method-Override': 'GET' }]) {
          const { status } = await call('POST', mount + disguise(path), { key: 'read', body: '{}', headers })
          t.ok(status >= 400, `${mount + disguise(path)} is ${status}`)
        }
      }
    }
  }
  t.equal(mlflow.calls.length, 0)
})

t.test('each family finds its home in every layout', async t => {
  /** Where a request goes: under the prefix of the stand-in, or at its root. */
  const homes: ReadonlyArray<readonly [method: string, path: string, b: string, c: string]> = [
    ['GET', '/api/2.0/mlflow/runs/get', '', '/p'],
    ['POST', '/api/3.0/mlflow/traces/search', '', '/p'],
    ['GET', '/ajax-api/2.0/mlflow/runs/get', '/p', '/p'],
    ['GET', '/get-artifact', '/p', '/p'],
    ['GET', '/', '/p', '/p'],
    ['GET', '/static-files/x.js', '/p', '/p'],
    ['GET', '/unknown/thing', '/p', '/p'],
    ['POST', '/v1/traces', '', '/p'],
    ['POST', '/gateway/mlflow/v1/chat/completions', '', '/p'],
    ['GET', '/ajax-api/3.0/jobs/1', '', '/p'],
    ['GET', '/api/2.0/mlflow-artifacts/artifacts/x', '', ''],
    ['PUT', '/api/2.0/mlflow-artifacts/artifacts/x', '', ''],
    ['HEAD', '/api/2.0/mlflow-artifacts/artifacts/x', '', '/p'],
    ['DELETE', '/api/2.0/mlflow-artifacts/artifacts/x', '', '/p'],
    ['GET', '/ajax-api/2.0/mlflow-artifacts/artifacts/x', '/p', '']
  ]
  for (const [name, shape, at] of [['B', shapeB, 2], ['C', shapeC, 3]] as const) {
    await t.test(`layout ${name}`, async t => {
      const { call, mlflow } = await facade(t, echo, { shape })
      for (const home of homes) {
        mlflow.calls.length = 0
        t.equal((await call(home[0], `/mlflow${home[1]}?q=1`, { key: 'admin' })).status, 200)
        t.equal(mlflow.calls[0]?.target, `${home[at]}${home[1]}?q=1`, `${home[0]} ${home[1]}`)
      }
      t.equal((await call('GET', '/mlflow/version', { key: null })).text(), shape.version)
      t.equal((await call('GET', '/mlflow/health', { key: null })).text(), 'OK')
    })
  }

  await t.test('a prefix that no one configured, if it is /mlflow, is found', async t => {
    const { call, mlflow } = await facade(t, echo, { shape: { ...shapeC, prefix: '/mlflow' }, hidesPrefix: true })
    t.equal((await call('GET', '/mlflow/api/2.0/mlflow/runs/get')).status, 200)
    t.equal(mlflow.calls[0]?.target, '/mlflow/api/2.0/mlflow/runs/get')
  })

  await t.test('an MLflow that comes back changed is recognised anew before anything is sent to it', async t => {
    const { call, mlflow } = await facade(t, echo, { shape: shapeB })
    t.equal((await call('POST', '/mlflow/api/2.0/mlflow/runs/create')).status, 200)
    for (const shape of [shapeC, shapeB, { ...shapeC, version: '3.18.0' }] as Shape[]) {
      await mlflow.stop()
      t.ok([502, 503].includes((await call('POST', '/mlflow/api/2.0/mlflow/runs/create')).status))
      await mlflow.start(shape)
      mlflow.calls.length = 0
      t.equal((await call('POST', '/mlflow/api/2.0/mlflow/runs/create')).status, 200)
      t.equal(mlflow.calls[0]?.target, `${shape.restUnderPrefix ? '/p' : ''}/api/2.0/mlflow/runs/create`)
    }
  })
})
