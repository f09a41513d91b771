/** A key that is tied to a workspace, in front of a real MLflow that is started without workspaces, with them, and without again. */
import t from 'tap'
import { startFacade } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(300_000)

t.test('a tied key sees nothing of a real MLflow until that keeps workspaces apart, and then its own alone', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const [tied, admin] = [await facade.createKey('mlflow:write', ['--workspace', 'team-a']), await facade.createKey('mlflow:admin')]
  const call = async (key: string, path: string, body: unknown, headers = {}): Promise<{ status: number, text: string }> => {
    const answer = await fetch(`${facade.url}/mlflow/api/${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
    return { status: answer.status, text: await answer.text() }
  }
  const search = async (): Promise<{ status: number, text: string }> => await call(tied, '2.0/mlflow/experiments/search', { max_results: 100 })

  t.equal((await call(admin, '2.0/mlflow/experiments/create', { name: 'everybodys' })).status, 200)
  t.match(await search(), { status: 403, text: /keeps none apart/ })
  t.match(await call(admin, '2.0/mlflow/experiments/search', { max_results: 1 }, { 'x-mlflow-workspace': 'team-a' }), { text: /FEATURE_DISABLED/ }, 'MLflow itself refuses the header')

  await mlflow.stop()
  await mlflow.start(undefined, ['--enable-workspaces'])
  t.equal((await call(admin, '3.0/mlflow/workspaces', { name: 'team-a' })).status, 201)
  const own = await search()
  t.equal(own.status, 200)
  t.notMatch(own.text, 'everybodys')

  await mlflow.stop()
  await mlflow.start()
  t.match(await search(), { status: 403, text: /keeps none apart/ })
})
