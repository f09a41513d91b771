/** Names of artifacts with percent signs, control characters and backslashes: a real MLflow takes them, and so does the facade before it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { startFacade } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'
import { passing, refused, tryNames } from '../helpers/names.js'

t.setTimeout(300_000)

t.test('what MLflow makes of a name, it makes of it through the facade too, by the new path and the old', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const key = await facade.createKey('mlflow:write')
  t.ok(passing.length >= 60)

  const direct = await tryNames(t, { url: mlflow.url }, passing, 'direct')
  const statuses = direct.map(({ answers }) => answers[0]?.[0])
  t.ok(statuses.filter(status => status === 200).length > 60, 'MLflow takes nearly all')
  t.strictSame(await tryNames(t, { url: `${facade.url}/mlflow`, key }, passing, 'facade'), direct)
  t.strictSame((await tryNames(t, { url: `${facade.url}/api/mlflow`, key }, passing, 'old')).filter(({ answers: [, got] }) => got?.[0] !== 307), direct.filter(({ name }) => isOdd(name)))
  for (const { name, answers } of await tryNames(t, { url: `${facade.url}/mlflow`, key }, refused, 'refused')) t.strictSame(answers.map(([status]) => status), [400, 400, 400], name)

  await t.test('the stock client logs them, lists them and gets them back, as it does directly', async t => {
    const run = async (uri: string): Promise<unknown> => {
      const { stdout } = await promisify(execFile)(mlflow.python, ['test/real/names.py', uri], { env: { ...process.env, MLFLOW_TRACKING_TOKEN: key } })
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    }
    const alone = await run(mlflow.url)
    t.match(alone, { 'acc_at_90%data.csv': 'ok' })
    t.strictSame(await run(`${facade.url}/mlflow`), alone)
    t.strictSame(await run(`${facade.url}/api/mlflow`), alone)
  })
})

/** Served in place on an old path, where other GETs are redirected. */
function isOdd (name: string): boolean {
  let decoded: string
  try { decoded = decodeURIComponent(name) } catch { return true }
  return /[\p{Cc}\\]/u.test(decoded)
}
