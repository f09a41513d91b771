/** What the built-in MLflow's policy lets through of what stock clients register, and that nothing else comes by it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { builtIn } from '../../src/core/settings/policy-settings.js'
import { newest, oldest } from '../../src/mlflow/versions.js'
import { startFacade } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(900_000) // importing MLflow and logging a model take most of a minute on a busy machine

// What clients send as a source changed with 3: `runs:` before, logged models since
for (const version of [oldest, newest]) {
  t.test(`MLflow ${version}: registering works as ever, and a place elsewhere is 403`, async t => {
    const mlflow = await startMlflow(t, { dir: t.testdir(), version })
    const facade = await startFacade(t, { mlflowUrl: mlflow.url, env: builtIn })
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')))
    const env = { ...clean, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_TRACKING_TOKEN: await facade.createKey('mlflow:write') }
    const { stdout } = await promisify(execFile)(mlflow.python, ['test/real/policy.py', `${facade.url}/mlflow`], { env, cwd: process.cwd(), maxBuffer: 2 ** 26 })
    const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
    const own = /^(?:mlflow-artifacts:\/|models:\/m-)/
    const refused = (setting: string): unknown => ({ code: 'PERMISSION_DENIED', status: 403, message: new RegExp(`is not allowed here: .*${setting}`) })
    t.match(seen, {
      logged: own,
      registered: own,
      copied: /^models:\/logged\/1$/,
      prompt: 'greeting',
      elsewhere: refused('POLICY_MODEL_SOURCES'),
      'a file': refused('POLICY_MODEL_SOURCES'),
      'a path': refused('POLICY_MODEL_SOURCES'),
      'a host': refused('POLICY_MODEL_SOURCES'),
      'an experiment': 'mlflow-artifacts:/own',
      'an experiment elsewhere': refused('POLICY_ARTIFACT_LOCATIONS')
    })
  })
}
