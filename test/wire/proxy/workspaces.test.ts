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

const refused = 'This API key is for the workspaces team-a alone, and this MLflow keeps none apart (--enable-workspaces).'

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
