/** A key that is tied to workspaces, before an MLflow that keeps none apart: it would see everything. */
import t from 'tap'
import { facade, type Facade } from '../../helpers/app.js'
import { echo, shapeA, shapeB } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
/** An operation of each kind that MLflow answers, and of each way to it. */
const calls: ReadonlyArray<readonly [method: string, target: string, body?: string]> = [
  ['GET', search], ['POST', '/mlflow/api/2.0/mlflow/runs/create', '{}'], ['POST', '/api/2.0/mlflow/runs/create', '{}'], ['GET', '/mlflow/ajax-api/2.0/mlflow/runs/get'], ['GET', '/mlflow/'],
  ['PUT', '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/x', 'x'], ['GET', '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/x'], ['POST', '/mlflow/v1/traces', 'x'],
  ['POST', '/mlflow/graphql', '{"query":"query Q { mlflowGetExperiment(input: {experimentId: \\"0\\"}) { experiment { name } } }","operationName":"Q"}']
]

/** The statuses of a key's calls, with what was said of those that were refused. */
async function tried ({ call }: Facade, key: 'tiedToOne' | 'write', headers: Record<string, string> = {}): Promise<unknown[]> {
  const answers = []
  for (const [method, target, body] of calls) {
    const answered = await call(method, target, { key, headers: { 'Content-Type': 'application/json', ...headers }, ...body === undefined ? {} : { body } })
    answers.push(answered.status === 403 ? answered.json().message : answered.status)
  }
  return answers
}

const refused = 'This API key is limited to the workspaces team-a, and this MLflow does not separate workspaces (--enable-workspaces).'

for (const [what, shape] of [['has them switched off', { ...shapeA, workspaces: false }], ['knows none (3.9.0)', shapeB]] as const) {
  t.test(`where MLflow ${what}, such a key reaches nothing and is told why, and any other key is untouched`, async t => {
    const up = await facade(t, echo, { shape })
    t.strictSame(await tried(up, 'tiedToOne'), calls.map(() => refused))
    t.strictSame(await tried(up, 'tiedToOne', { 'X-MLFLOW-WORKSPACE': 'team-a' }), calls.map(() => refused))
    t.equal(up.mlflow.calls.length, 0)
    t.equal(await up.metric('refusals_total{reason="workspace"}'), calls.length * 2)
    t.strictSame(await tried(up, 'write', { 'X-MLFLOW-WORKSPACE': 'team-a' }), calls.map(() => 200))
    t.ok(up.mlflow.calls.every(call => call.header('x-mlflow-workspace') === 'team-a'), 'what another key asks for is for MLflow to answer')
  })
}

t.test('where MLflow has them, it reaches its own', async t => {
  const up = await facade(t, echo)
  t.strictSame(await tried(up, 'tiedToOne'), calls.map(() => 200))
  t.ok(up.mlflow.calls.every(call => call.header('x-mlflow-workspace') === 'team-a'))
})

t.test('an MLflow that comes back without them, in the same version, is not sent such a key\'s call; one that comes back with them is', async t => {
  const { call, mlflow } = await facade(t, echo)
  t.equal((await call('GET', search, { key: 'tiedToOne' })).status, 200)
  for (const [workspaces, status] of [[false, 403], [true, 200], [undefined, 403]] as const) {
    await mlflow.stop()
    mlflow.calls.length = 0
    await mlflow.start({ workspaces })
    t.equal((await call('GET', search, { key: 'tiedToOne' })).status, status)
    t.equal(mlflow.calls.length, status === 200 ? 1 : 0)
  }
})

t.test('an MLflow that comes back and cannot yet say whether it keeps them apart is sent nothing until it can', async t => {
  const { call, mlflow } = await facade(t, echo)
  for (const [workspaces, status] of [[false, 403], [true, 200]] as const) {
    await mlflow.stop()
    mlflow.calls.length = 0
    await mlflow.start({ workspaces, infoFault: 503 })
    for (const key of ['tiedToOne', 'write'] as const) t.equal((await call('GET', search, { key })).status, 503)
    t.equal(mlflow.calls.length, 0)
    await mlflow.start({ infoFault: undefined })
    t.equal((await call('GET', search, { key: 'tiedToOne' })).status, status)
  }
})

const store = '/mlflow/api/2.0/mlflow-artifacts'
/** Requests for artifact paths, as method and target. */
type Targets = ReadonlyArray<readonly [method: string, target: string]>

/** What leads out of team-a: each way to name a path, in spellings that MLflow's guard takes for harmless. */
const outside: Targets = [
  ...['%252e/workspaces/other/x', '%25%32%65/workspaces/other/x', '%252e%252fworkspaces%252fother%252fx', 'workspaces/other/x', 'workspaces%2fother/x', 'workspaces', 'workspaces%3F', '%2577orkspaces', '%252e', 'file:workspaces/other',
    'workspaces/team-a/%252e%252e/other/x', '1/%252e%252e/x'].flatMap(path => [
    ...['GET', 'HEAD', 'PUT', 'DELETE'].flatMap(method => ['/mlflow/api', '/mlflow/ajax-api'].map(root => [method, `${root}/2.0/mlflow-artifacts/artifacts/${path}`] as const)),
    ['GET', `${store}/presigned/${path}`] as const,
    ['PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`] as const,
    ['DELETE', `/api/mlflow/api/2.0/mlflow-artifacts/artifacts/${path}`] as const,
    ...['create', 'complete', 'abort'].map(step => ['POST', `${store}/mpu/${step}/${path}`] as const)
  ]),
  ...['path=./workspaces/other', 'path=%2e/workspaces/other', 'path=.%2fworkspaces', 'path=workspaces', 'p%61th=workspaces/other', 'path=1&path=workspaces', 'path=+workspaces', 'path=%252e'].map(query => ['GET', `${store}/artifacts?${query}`] as const),
  ['GET', '/mlflow/get-artifact?run_id=r&path=a%2f%252e%252e%2f..'],
  ['GET', '/mlflow/ajax-api/2.0/mlflow/logged-models/m/artifacts/files?artifact_file_path=%252e%252e/x']
]

const inside: Targets = [
  ...['1/r/artifacts/acc_at_90%data.csv', '1/r/artifacts/a%252eb', '1/r/artifacts/workspaces/x', '1/r/artifacts//a', 'workspaces/team-a/1/x'].flatMap(path => ['GET', 'PUT', 'DELETE'].map(method => [method, `${store}/artifacts/${path}`] as const)),
  ...['', '?path=', '?path=1/r/artifacts', '?path=workspaces%2Fteam-a'].map(query => ['GET', `${store}/artifacts${query}`] as const),
  ['GET', '/mlflow/get-artifact?run_id=r&path=workspaces/other']
]

t.test('an artifact path that leads out of a key\'s workspaces is refused in every spelling and on every way, and MLflow never sees it', async t => {
  const up = await facade(t, echo)
  for (const [method, target] of outside) t.equal((await up.call(method, target, { key: 'tiedToOne' })).status, 403, `${method} ${target}`)
  t.equal(up.mlflow.calls.length, 0)
  t.equal(await up.metric('refusals_total{reason="workspace"}'), outside.length)
  t.match((await up.call('DELETE', `${store}/artifacts/workspaces`, { key: 'tiedToOne' })).json(), { error_code: 'PERMISSION_DENIED', message: 'This API key is limited to the workspaces team-a, and the artifact path is outside them.' })
})

t.test('an artifact path within a key\'s workspaces reaches MLflow as it came', async t => {
  const { call, mlflow } = await facade(t, echo)
  for (const [method, target] of inside) {
    t.equal((await call(method, target, { key: 'tiedToOne' })).status, 200, `${method} ${target}`)
    t.equal(mlflow.calls.at(-1)?.target, target.slice('/mlflow'.length))
  }
})

t.test('the files of all workspaces at once are for administrators, where MLflow keeps workspaces apart', async t => {
  const whole: Targets = [
    ...['workspaces', 'workspaces/', '%252e', '%2577orkspaces', '%20', '%3F', 'file:workspaces'].flatMap(path => ['PUT', 'DELETE'].map(method => [method, `${store}/artifacts/${path}`] as const)),
    ...['', '?path=', '?path=.', '?path=workspaces'].map(query => ['GET', `${store}/artifacts${query}`] as const)
  ]
  const apart = await facade(t, echo)
  for (const [method, target] of whole) {
    t.match(await apart.call(method, target), { status: 403 }, `${method} ${target}`)
    t.equal((await apart.call(method, target, { key: 'admin' })).status, 200, `${method} ${target} for an administrator`)
  }
  t.equal(await apart.metric('refusals_total{reason="scope"}'), whole.length)
  apart.mlflow.calls.length = 0
  for (const [method, target] of outside.filter(([, target]) => /other|team-a|1[/&]/.test(target) && target.startsWith(store))) {
    if (/path=1&/.test(target)) continue
    t.equal((await apart.call(method, target)).status, 200, `${method} ${target} is for a key that is tied to nothing as it was`)
    t.equal(apart.mlflow.calls.at(-1)?.target, target.slice('/mlflow'.length))
  }

  const together = await facade(t, echo, { shape: { ...shapeA, workspaces: false } })
  for (const [method, target] of whole) t.equal((await together.call(method, target)).status, 200, `${method} ${target} where there are none`)
})
