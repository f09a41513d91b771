/** GET with a JSON body, as `requests.get(json=…)` and mlflow-export-import send it: MLflow reads it, through the facade as directly, by the new path and the old. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { startFacade } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(300_000)

const script = `
import json, os, sys, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]
def ask(path, body, **more):
    answer = session.get(sys.argv[1] + "/api/2.0/mlflow/" + path, **(dict(json=body) if not more else more))
    return [answer.status_code, answer.json()]
def chunks(): yield b'{"experiment_id":'; yield b'"0"}'
print(json.dumps([
    ask("experiments/get", {"experiment_id": "0"}),
    ask("experiments/get-by-name", {"experiment_name": "Default"}),
    ask("experiments/get", None, data=chunks(), headers={"Content-Type": "application/json"}),
    ask("experiments/get", {"experiment_id": "12345"}),
    ask("registered-models/search", {"max_results": 1, "filter": "name = '" + "x" * 80000 + "'"})[0],
]))`

t.test('MLflow answers a GET by its body', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const key = await facade.createKey('mlflow:read')
  const run = async (uri: string): Promise<Array<[number, unknown]>> => {
    const { stdout } = await promisify(execFile)(mlflow.python, ['-c', script, uri], { env: { ...process.env, MLFLOW_TRACKING_TOKEN: key } })
    return JSON.parse(stdout) as Array<[number, unknown]>
  }
  const [direct, ...through] = [await run(mlflow.url), await run(`${facade.url}/mlflow`), await run(`${facade.url}/api/mlflow`)]
  t.match(direct[0], [200, { experiment: { name: 'Default' } }])
  for (const answers of through) {
    t.strictSame(answers[0], direct[0])
    t.strictSame(answers[1], direct[1])
    t.strictSame(answers.slice(3), direct.slice(3))
  }
  t.strictSame(through[0]?.[2], direct[0], 'in chunks, which MLflow itself takes for empty; a generator does not survive a redirect')
})
