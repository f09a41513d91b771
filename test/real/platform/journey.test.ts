/** The platform end to end, with its load balancer simulated: what failed before the change works after it, and what worked still does. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readRules, startSimulation } from 'alb-rules'
import t from 'tap'
import { startPlatform } from '../../../scripts/release/deploy/platform.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { freePort } from '../../../scripts/mlflow/ports.js'

t.setTimeout(600_000)
t.jobs = 1

interface Finished { readonly code: number, readonly out: string }

async function run (program: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MLFLOW_|HOKUSAI_)|_proxy$/i.test(name) || name === 'MLFLOW_VENVS'))
  return await new Promise(resolve => {
    execFile(program, argv, { env: { ...own, ...env }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out: stdout + stderr }))
  })
}

t.test('before: MLflow is closed to third parties on the old path, and open without a key on the other', async t => {
  const platform = await startPlatform(t)
  const mlflow = await startMlflow(t, { dir: t.testdir(), args: ['--static-prefix', '/mlflow', '--allowed-hosts', 'registry.hokus.ai,127.0.0.1:*'] })
  const targets = new Map([['api', new URL(platform.url)], ['mlflow', new URL(mlflow.url)]])
  const balancer = await startSimulation(readRules(readFileSync('deploy/alb/before.json', 'utf8')), targets, 0)
  t.teardown(balancer.close)
  const env = { http_proxy: balancer.listeners[0]!.url, no_proxy: '' }

  const registration = await run(mlflow.python, ['scripts/test_real_registration.py', '--base-url', 'http://registry.hokus.ai', '--legacy'], { ...env, HOKUSAI_API_KEY: platform.key })
  t.equal(registration.code, 1)
  t.match(registration.out, /FAILED.*health.*404/)

  const search = 'import mlflow; print(len(mlflow.search_experiments()))'
  const python = async (uri: string): Promise<Finished> => await run(mlflow.python, ['-c', search], { ...env, MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' })
  const old = await python('http://registry.hokus.ai/api/mlflow')
  t.not(old.code, 0)
  t.match(old.out, /Not Found/)
  const open = await python('http://registry.hokus.ai/mlflow')
  t.equal(open.code, 0, 'nobody asks for a key')
})

t.test('deploy-dev: step by step to the new rules, where registration passes and every old consumer is unharmed', async t => {
  const { code, out } = await run('scripts/deploy-dev', ['--once', '--port', String(await freePort(2))])
  t.equal(code, 0)
  for (const id of ['rules', 'platform', 'mlflow', 'facade', 'switch', 'verify', 'consumers', 'register']) t.match(out, new RegExp(`^ok .* ${id} `, 'm'))
})

t.test('deploy-dev: a step that fails brings the old rules back', async t => {
  const { code, out } = await run('scripts/deploy-dev', ['--once', '--port', String(await freePort(2)), '--fail-at', 'verify'])
  t.equal(code, 1)
  t.match(out, /^FAILED .* verify /m)
  t.match(out, /^ok .* roll back .*old consumer/m)
  t.notMatch(out, / register /)
})

t.test('deploy-dev: wrong usage is exit 2', async t => {
  for (const argv of [['--nope'], ['--port', 'x'], ['--once', '--fail-at', 'nowhere']]) t.equal((await run('scripts/deploy-dev', argv)).code, 2, argv.join(' '))
})
