/** Doctor in front of real MLflow servers: no false alarm where all is well, and the faults that a server is started with are seen. */
import { join } from 'node:path'
import t from 'tap'
import { buildApp } from '../../../src/app.js'
import { openStore } from '../../../src/keys/open.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { examine } from '../../wire/doctor/fakes.js'

t.setTimeout(400_000) // real servers on a busy machine

t.test('a real MLflow behind a real facade gives no finding, and nothing is skipped', async t => {
  const dir = t.testdir()
  const mlflow = await startMlflow(t, { dir })
  const env = { DATA_DIR: join(dir, 'data'), MLFLOW_UPSTREAM_URL: mlflow.url, LEGACY_SUNSET: '2099-12-31' }
  const config = loadConfig(env, () => '')
  const store = await openStore(config.keys)
  const { key } = await store.create({ name: 'k', userId: 'u', environment: 'test', scopes: new Set(['mlflow:write']), workspaces: [], ratePerHour: undefined, expiresAt: undefined })
  const app = await buildApp(config, { verifier: store, upstream: openUpstream(config.upstream, new URL(mlflow.url)) })
  t.teardown(async () => await app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const { code, findings, checks } = await examine(env, ['--url', url, '--key', key])
  t.strictSame(findings, [])
  t.strictSame(checks.filter(({ status }) => status !== 'ok'), [])
  t.equal(code, 0)
})

t.test('a real MLflow with another Host list, another artifact root and no artifacts is seen through', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir(), args: ['--allowed-hosts', 'mlflow.example', '--no-serve-artifacts', '--default-artifact-root', 's3://bucket/models'] })
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: mlflow.url })).named, ['host-list'])
  const { named } = await examine({ MLFLOW_UPSTREAM_URL: mlflow.url, MLFLOW_UPSTREAM_HOST: 'mlflow.example' })
  t.strictSame(named, ['artifacts-served', 'artifact-root'])
})
