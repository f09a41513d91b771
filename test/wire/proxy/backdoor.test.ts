/** `PLATFORM_UPSTREAM_URL` is no way to an MLflow without a key, nor a circle, whatever name stands in it. */
import t from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import { watchIdentity } from '../../../src/proxy/headers/identity.js'
import { facade, type Facade } from '../../helpers/app.js'
import { answer, echo, shapeA, shapeB, shapeC, standIn } from '../../helpers/upstream.js'

interface Test { teardown: (fn: () => unknown) => void }

const bare = ['/graphql', '/get-artifact?run_id=x&path=y', '/gateway/e/mlflow/invocations', '/v1/traces', '/model-versions/get-artifact', '/static-files/x', '/ajax-api/3.0/jobs/x', '/signup', '/server-info', '/p/graphql', '/models']
const json = { 'content-type': 'application/json' }

async function behind (t: Test, probed: string): Promise<Facade & { calls: readonly unknown[] }> {
  const platform = await standIn(t, echo, { ...shapeA, impostor: probed })
  return { ...await facade(t, echo, { env: { PLATFORM_UPSTREAM_URL: platform.url.origin } }), calls: platform.calls }
}

t.test('MLflow itself under another name gets nothing, in any layout', async t => {
  for (const shape of [shapeA, shapeB, shapeC]) {
    const mlflow = await standIn(t, echo, shape)
    const { call, lines } = await facade(t, echo, { env: { MLFLOW_UPSTREAM_URL: mlflow.url.href, PLATFORM_UPSTREAM_URL: `http://localhost:${mlflow.port}` } })
    for (const path of bare) {
      const { status, json } = await call('POST', path, { key: null, body: '{}' })
      t.equal(status, 502, path)
      t.match(json(), { message: 'The platform is an MLflow, which may be reached only with a key. Nothing is forwarded to it.' })
    }
    t.equal(mlflow.calls.length, 0)
    t.equal(lines.filter(({ msg, level }) => level === 50 && msg === 'Nothing is forwarded to the platform').length, 1)
  }
})

t.test('nor does one that knows no such Host, wants credentials or has lost its experiment', async t => {
  for (const probed of [answer(403, 'Invalid Host header - possible DNS rebinding attack detected'), answer(401, 'You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html'), answer(404, '{"error_code": "RESOURCE_DOES_NOT_EXIST"}', json), answer(400, '{"error_code": "INVALID_PARAMETER_VALUE"}', json)]) {
    const { call, calls } = await behind(t, probed)
    t.equal((await call('POST', '/graphql', { key: null, body: '{}' })).status, 502, probed)
    t.equal(calls.length, 0)
  }
})

t.test('a facade gets nothing', async t => {
  const other = await facade(t)
  const { call } = await facade(t, echo, { env: { PLATFORM_UPSTREAM_URL: `http://127.0.0.1:${other.port}` } })
  t.match((await call('GET', '/models', { key: null })).json(), { message: 'The platform is this server itself. Nothing is forwarded to it.' })
  t.strictSame(other.lines.filter(({ operation }) => operation === 'platform'), [])
})

t.test('a platform with errors, logins and pages of its own gets all', async t => {
  for (const probed of [answer(404, '{"error_code": "NOT_FOUND"}', json), answer(401, '{"error_code": "UNAUTHENTICATED"}', json), answer(403, '{"error_code": "PERMISSION_DENIED"}', json), answer(200, '<!doctype html>'), answer(200, '3.1.4'), answer(302, '', { location: '/login' })]) {
    const { call } = await behind(t, probed)
    for (const path of bare) t.equal((await call('POST', path, { key: null, body: '{}' })).status, 200, `${path} ${probed}`)
  }
})

t.test('what is not there when the facade starts is asked before it gets a request', async t => {
  const platform = await standIn(t)
  await platform.stop()
  const { call } = await facade(t, echo, { env: { PLATFORM_UPSTREAM_URL: platform.url.origin } })
  t.match((await call('GET', '/graphql', { key: null })).json(), { message: 'The platform cannot be reached.' })
  await platform.start({ impostor: answer(503) })
  t.match((await call('GET', '/graphql', { key: null })).json(), { message: 'The platform has not been identified yet. Nothing is forwarded to it.' })
  await platform.start({ impostor: answer(200, '{"experiment": {}}', json) })
  t.match((await call('GET', '/graphql', { key: null })).json(), { message: /^The platform is an MLflow/ })
  t.equal(platform.calls.length, 0)
})

t.test('one that another takes the place of is noticed; one that has a fault for a moment stays what it was', async t => {
  const platform = await standIn(t, echo, { ...shapeA, impostor: answer(404) })
  const upstream = openUpstream(loadConfig({ DATA_DIR: t.testdir() }, () => '').upstream, platform.url)
  let told = (_problem: string | undefined): void => {}
  const next = async (): Promise<string | undefined> => await new Promise(resolve => { told = resolve })
  const watch = watchIdentity(upstream, { bases: [], timeoutMs: 5000, everyMs: 10, onChange: problem => told(problem) })
  t.teardown(async () => {
    watch.close()
    await upstream.close()
  })
  await watch.admit()
  await platform.start({ impostor: answer(503) })
  const seen = platform.probes.length
  while (platform.probes.length < seen + 6) await new Promise(setImmediate)
  t.ok(watch.isOther)
  const changed = next()
  await platform.start({ impostor: answer(200, '{"experiment": {}}', json) })
  t.match(await changed, /is an MLflow/)
  await t.rejects(watch.admit())
  const back = next()
  await platform.start({ impostor: answer(404) })
  t.equal(await back, undefined)
  t.ok(watch.isOther)
})
