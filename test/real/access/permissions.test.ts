/** Keys that are bound to names, in front of a real MLflow: nobody crosses, a rule out of force is noticed, and a team does its work. `npm run permissions:proof` tries more. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { aimsOf, bindings, openFacade, tryToCross, withoutRule } from '../../conformance/permissions/proof.js'
import { makeTeam } from '../../conformance/permissions/team.js'
import { newest } from '../../../src/mlflow/versions.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'

t.setTimeout(300_000)

const mlflow = await startMlflow(t, { dir: t.testdir() })
const facade = await openFacade(t, mlflow.url)
const [writer = ''] = Object.keys(bindings)

t.test('a team does its work with the stock client', async t => {
  const { stdout } = await promisify(execFile)(mlflow.python, ['test/real/team.py', `${facade.url}/mlflow`, 'team-a'], {
    env: { PATH: process.env.PATH, MLFLOW_TRACKING_TOKEN: writer, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' }
  })
  t.same(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), {
    runs: [true],
    history: [0.5],
    artifacts: ['model/f.txt'],
    text: 'hello',
    spans: ['outer'],
    traces: 1,
    version: '1',
    file: 'hello',
    models: ['team-a-py'],
    versions: ['team-a-py'],
    experiments: ['team-a/py'],
    prompt: 'Say {{word}}',
    refused: 'PERMISSION_DENIED'
  })
})

t.test('no operation reaches what is another team\'s', async t => {
  const [own, foreign] = [await makeTeam(mlflow.url, newest, 'team-a'), await makeTeam(mlflow.url, newest, 'team-b')]
  const { attempts, crossings } = await tryToCross(facade, aimsOf(newest), own, foreign, true, [writer])
  t.same(crossings, [])
  t.ok(attempts > 2000, `${attempts} attempts`)
  for (const id of ['getRun', 'searchExperiments', 'downloadArtifact', 'graphql', 'setTag', 'deleteRegisteredModel']) {
    const aim = aimsOf(newest).filter(operation => operation.id === id)
    const [operation] = aim
    if (operation === undefined) throw new Error(`no operation ${id}`)
    const { crossings } = await withoutRule(operation, async () => await tryToCross(facade, aim, own, foreign, true, [writer]))
    t.ok(crossings.length > 0, `${id} without its rule is noticed`)
  }
})
