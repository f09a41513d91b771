/** The watch over MLflow by itself, on an upstream that is a table: what is asked, when, and what follows. */
import t, { type Test } from 'tap'
import { watch, type Monitor } from '../../../src/mlflow/monitor.js'
import { createActiveSet } from '../../../src/core/active-set.js'
import type { ProbeAnswer, Upstream } from '../../../src/mlflow/pool.js'

const json = { status: 200, contentType: 'application/json', body: '{}' }
const html = { status: 404, contentType: 'text/html', body: '<!doctype html>' }

/** An MLflow 3.17.2 at its root, whose answers a test may change. */
function table (t: Test, changes: Record<string, unknown>[] = []) {
  const answers = new Map<string, ProbeAnswer | Error>([
    ['/version', { status: 200, contentType: 'text/plain', body: '3.17.2' }],
    ['/api/2.0/mlflow/experiments/get?experiment_id=0', json],
    ['/api/2.0/mlflow/experiments/search', json],
    ['/api/2.0/mlflow-artifacts/artifacts/.hokusai-mlflow-probe', { ...json, status: 404, body: '{"error_code":"X"}' }]
  ])
  const asked: string[] = []
  let broken = (): void => {}
  const upstream: Upstream = {
    origin: 'http://mlflow:5000',
    basePath: '',
    host: 'mlflow:5000',
    authorization: undefined,
    sign: undefined,
    open: createActiveSet(),
    send: () => {},
    ended: () => {},
    onBroken: listener => { broken = listener },
    async probe (path) {
      asked.push(path)
      const answer = answers.get(path) ?? html
      if (answer instanceof Error) throw answer
      return answer
    },
    close: async () => {}
  }
  const monitor: Monitor = watch(upstream, state => changes.push({ ...state }))
  t.teardown(() => monitor.close())
  return { monitor, answers, asked, breaks: () => broken() }
}

const silence = Object.assign(new Error('late'), { name: 'TimeoutError' })
const refusal = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5000'), { code: 'ECONNREFUSED' })

/** What a promise fails with. */
async function failureOf (promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => 'nothing', (error: unknown) => error)
}

t.test('nothing may be sent before MLflow is recognised; calls at the same time share one try', async t => {
  const { monitor, asked } = table(t)
  t.equal(monitor.layout, undefined)
  t.ok(monitor.problem)
  const [one, two] = await Promise.all([monitor.refresh(), monitor.refresh()])
  t.equal(one, two)
  t.equal(asked.filter(path => path === '/version').length, 1)
  t.equal(monitor.layout, one)
  t.equal(monitor.problem, undefined)
})

t.test('a known MLflow is asked for its version alone', async t => {
  const { monitor, asked } = table(t)
  await monitor.refresh()
  asked.length = 0
  await monitor.refresh()
  t.strictSame(asked, ['/version'])
})

t.test('after a broken connection nothing may be sent until it was looked at again', async t => {
  const { monitor, breaks } = table(t)
  const layout = await monitor.refresh()
  breaks()
  t.equal(monitor.layout, undefined)
  t.equal(monitor.lastLayout, layout)
  await monitor.refresh()
  t.equal(monitor.layout, layout)
})

t.test('another version is recognised anew', async t => {
  const { monitor, answers } = table(t)
  await monitor.refresh()
  answers.set('/version', { status: 200, contentType: 'text/plain', body: '3.18.0' })
  answers.set('/api/2.0/mlflow/experiments/search', { ...json, status: 400 })
  t.match(await monitor.refresh(), { version: '3.18.0', chunkedIsEmpty: true })
})

t.test('one that comes back with other workspaces is recognised anew, though its version is the same', async t => {
  const changes: Record<string, unknown>[] = []
  const { monitor, answers } = table(t, changes)
  const say = (enabled: boolean) => answers.set('/api/3.0/mlflow/server-info', { ...json, body: `{"workspaces_enabled": ${enabled}}` })
  say(true)
  t.match(await monitor.refresh(), { workspaces: true })
  answers.set('/api/3.0/mlflow/server-info', { ...json, status: 500 })
  t.match(await monitor.refresh(), { workspaces: true }, 'a fault of the moment says nothing')
  say(false)
  t.match(await monitor.refresh(), { workspaces: false })
  say(true)
  t.match(await monitor.refresh(), { workspaces: true })
  t.equal(changes.length, 3)
})

t.test('a fault of server-info while MLflow is recognised is no word on its workspaces', async t => {
  const { monitor, answers } = table(t)
  for (const status of [401, 429, 500, 503]) {
    answers.set('/api/3.0/mlflow/server-info', { ...json, status })
    t.match(await failureOf(monitor.refresh()), { statusCode: 503, reason: 'upstream_not_ready' })
    t.equal(monitor.layout, undefined, String(status))
  }
  answers.set('/api/3.0/mlflow/server-info', { ...json, body: '{"workspaces_enabled": true}' })
  t.match(await monitor.refresh(), { workspaces: true })
})

t.test('after a broken connection a fault of server-info vouches for nothing', async t => {
  const { monitor, answers, breaks } = table(t)
  answers.set('/api/3.0/mlflow/server-info', { ...json, body: '{"workspaces_enabled": true}' })
  await monitor.refresh()
  breaks()
  answers.set('/api/3.0/mlflow/server-info', { ...json, status: 500 })
  t.match(await failureOf(monitor.refresh()), { reason: 'upstream_not_ready' })
  t.equal(monitor.layout, undefined)
  answers.set('/api/3.0/mlflow/server-info', { ...json, body: '{"workspaces_enabled": false}' })
  t.match(await monitor.refresh(), { workspaces: false })
})

t.test('an MLflow that refuses is a problem at once, named without its address', async t => {
  const changes: Record<string, unknown>[] = []
  const { monitor, answers } = table(t, changes)
  await monitor.refresh()
  answers.set('/version', refusal)
  t.match(await failureOf(monitor.refresh()), { statusCode: 502, reason: 'upstream_refused' })
  t.equal(monitor.problem, 'MLflow cannot be reached.')
  t.equal(monitor.layout, undefined)
  await t.rejects(monitor.refresh())
  t.equal(changes.length, 2, 'told once of each change')
  t.notMatch(JSON.stringify(changes), '10.0.0.7')
})

t.test('one silence of a known MLflow stops no traffic, two are a problem', async t => {
  const { monitor, answers } = table(t)
  const layout = await monitor.refresh()
  answers.set('/version', silence)
  t.match(await failureOf(monitor.refresh()), { statusCode: 503, reason: 'upstream_silent' })
  t.equal(monitor.problem, undefined)
  t.equal(monitor.layout, layout)
  t.match(await failureOf(monitor.refresh()), { reason: 'upstream_silent' })
  t.equal(monitor.problem, 'MLflow does not answer.')
  answers.set('/version', { status: 200, contentType: 'text/plain', body: '3.17.2' })
  await monitor.refresh()
  t.equal(monitor.problem, undefined)
})

t.test('what is no MLflow is 503 with a wait', async t => {
  const { monitor, answers } = table(t)
  answers.clear()
  t.match(await failureOf(monitor.refresh()), { statusCode: 503, headers: { 'retry-after': '15' }, message: /the server that answers is not MLflow/ })
})
