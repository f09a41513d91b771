/** Faults of the MLflow behind, each seeded: it is named, alone, with what fixes it. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import sqlite from '@photostructure/sqlite'
import t from 'tap'
import { certify } from '../../helpers/certificates.js'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { address, examine, fakeMlflow, type Report } from './fakes.js'

t.jobs = 4 // the watch over a silent connection takes seconds, most of them waiting

t.test('an MLflow newer than all known ones is named, with what its pages call and nobody here knows', async t => {
  const scripts = { '/static-files/static/js/main.1.js': 'x="ajax-api/3.0/mlflow/prompts-of-tomorrow/list";y="ajax-api/3.0/mlflow/dreams/".concat(id);z="ajax-api/2.0/mlflow/runs/search"', '/static-files/static/js/2.js': '"ajax-api/4.0/mlflow/only/named"' }
  const routes = ['OPTIONS /ajax-api/3.0/mlflow/prompts-of-tomorrow/list', 'GET /ajax-api/3.0/mlflow/dreams']
  for (const prefix of ['', '/p']) {
    const url = await fakeMlflow(t, { version: '3.99.0', scripts, routes, prefix })
    const { code, findings } = await examine({ MLFLOW_UPSTREAM_URL: url + prefix })
    t.match(findings, [{ check: 'mlflow-known', message: /^MLflow 3\.99\.0 is newer than .* 2 are unknown here\. They are: \/ajax-api\/3\.0\/mlflow\/dreams, \/ajax-api\/3\.0\/mlflow\/prompts-of-tomorrow\/list\.$/, fix: /^upgrade hokusai-mlflow/ }])
    t.equal(code, 1)
  }
  t.match((await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { version: '3.99.0' }) })).findings, [{ check: 'mlflow-known', message: /needs mlflow:admin\.$/ }], 'without pages nothing is counted')
})

t.test('an MLflow of our own that cannot be prepared is named', async t => {
  const { named, findings } = await examine({ PATH: t.testdir() })
  t.strictSame(named, ['own-mlflow'])
  t.match(findings[0], { message: /^Python was not found/, fix: /^Install Python/ })
})

t.test('a database of an older MLflow is named with the flag that upgrades it', async t => {
  const dataDir = t.testdir()
  mkdirSync(join(dataDir, 'mlflow'))
  const db = new sqlite.DatabaseSync(join(dataDir, 'mlflow', 'mlflow.db'))
  db.exec("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0000older')")
  db.close()
  const { named, findings } = await examine({ DATA_DIR: dataDir })
  t.strictSame(named, ['own-mlflow'])
  t.match(findings[0]?.fix, '--upgrade-database')
})

t.test('an MLflow that is not there is named with the reason', async t => {
  const refused = await examine({ MLFLOW_UPSTREAM_URL: `http://127.0.0.1:${await freePort()}` })
  t.strictSame(refused.named, ['mlflow-reachable'])
  t.match(refused.findings[0]?.message, /^Nothing listens/)
  t.match(refused.checks.find(({ check }) => check === 'host-list'), { status: 'skipped' })
  const nameless = await examine({ MLFLOW_UPSTREAM_URL: 'http://mlflow.invalid:5000' })
  t.match(nameless.findings, [{ check: 'mlflow-reachable', message: /does not resolve/ }])
  const silent = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { hangs: true }) })
  t.match(silent.findings, [{ check: 'mlflow-reachable', message: /within 5 s/ }])
})

t.test('http for https, https for http, and a certificate of an unknown authority are named', async t => {
  const { certificate, key } = certify(t.testdir(), 'mlflow', 'IP:127.0.0.1')
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') }
  const url = await fakeMlflow(t, { tls })
  t.match((await examine({ MLFLOW_UPSTREAM_URL: url })).findings, [{ check: 'mlflow-reachable', fix: /MLFLOW_UPSTREAM_CA_FILE/ }])
  t.match((await examine({ MLFLOW_UPSTREAM_URL: (await fakeMlflow(t)).replace('http:', 'https:') })).findings, [{ check: 'mlflow-reachable', fix: /use http:/ }])
  t.match((await examine({ MLFLOW_UPSTREAM_URL: url.replace('https:', 'http:') })).findings, [{ check: 'mlflow-reachable', fix: /use https:/ }])
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, MLFLOW_UPSTREAM_CA_FILE: certificate })).named, [])
})

t.test('an MLflow whose Host list lacks us is named with the exact entry', async t => {
  const url = await fakeMlflow(t, { allowedHosts: ['localhost'] })
  const { named, findings } = await examine({ MLFLOW_UPSTREAM_URL: url })
  t.strictSame(named, ['host-list'])
  t.ok(findings[0]?.fix.includes(`--allowed-hosts '${new URL(url).host}'`))
  t.match(findings[0]?.fix, 'MLFLOW_UPSTREAM_HOST=localhost')
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, MLFLOW_UPSTREAM_HOST: 'localhost' })).named, [], 'and that fixes it')
})

t.test('an MLflow too old, behind a login, failing, or no MLflow at all, is named', async t => {
  const found = async (faults: Parameters<typeof fakeMlflow>[1], env = {}): Promise<unknown> => (await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, faults), ...env })).findings
  t.match(await found({ version: '2.9.2' }), [{ check: 'mlflow-layout', message: /older than 2\.22/ }])
  t.match(await found({ wantsCredentials: true }), [{ check: 'mlflow-layout', fix: /MLFLOW_UPSTREAM_AUTHORIZATION/ }])
  t.strictSame(await found({ wantsCredentials: true }, { MLFLOW_UPSTREAM_AUTHORIZATION: 'Basic c2VjcmV0' }), [])
  t.match(await found({ status: 500 }), [{ check: 'mlflow-layout', message: /answers 500/ }])
  const shop = await address(t, createServer((_request, response) => response.writeHead(404).end('<h1>Shop</h1>')))
  t.match((await examine({ MLFLOW_UPSTREAM_URL: shop.href })).findings, [{ check: 'mlflow-layout', message: /has no MLflow/ }])
})

t.test('a static prefix that the URL lacks is named', async t => {
  const url = await fakeMlflow(t, { version: '3.9.0', prefix: '/tracking' })
  const { findings } = await examine({ MLFLOW_UPSTREAM_URL: url })
  t.match(findings, [{ check: 'mlflow-layout', message: /static prefix/, fix: /MLFLOW_UPSTREAM_URL/ }])
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: `${url}/tracking` })).named, [])
  const older = await fakeMlflow(t, { version: '2.22.5', prefix: '/tracking', versionAtRoot: true })
  t.match((await examine({ MLFLOW_UPSTREAM_URL: older })).findings, [{ check: 'mlflow-layout', message: /static prefix/, fix: /MLFLOW_UPSTREAM_URL/ }])
})

t.test('connections that MLflow closes before we do are named', async t => {
  const { named, findings } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { idleMs: 1000 }) })
  t.strictSame(named, ['keep-alive'])
  t.match(findings[0]?.fix, '--uvicorn-opts "--timeout-keep-alive')
  t.match((await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { version: '2.22.5', idleMs: 1000 }) })).findings[0]?.fix, '--gunicorn-opts "--keep-alive')
})

t.test('a clock that is wrong is named', async t => {
  const { named, findings } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { aheadMs: 120_000 }) })
  t.strictSame(named, ['clock'])
  t.match(findings[0]?.message, /ahead of this machine's/)
})

t.test('an MLflow that serves no artifacts is named', async t => {
  const { named, findings } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { noArtifacts: true }) })
  t.strictSame(named, ['artifacts-served'])
  t.match(findings[0]?.fix, '--serve-artifacts')
})

t.test('artifacts that go round the facade are named, without what may be secret in their place', async t => {
  const found = async (locations: string[], env = {}): Promise<Report['findings']> => (await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { locations }), ...env })).findings
  for (const place of ['s3://user:hidden@bucket/x', 'http://mlflow.internal:5000/api/2.0/mlflow-artifacts/artifacts/hidden', 'mlflow-artifacts://mlflow.internal:5000/hidden', 'file:///hidden', '/hidden', './hidden']) {
    const findings = await found(['mlflow-artifacts:/0', place])
    t.match(findings, [{ check: 'artifact-root', message: /^1 of the 2 newest/ }], place)
    t.notMatch(findings[0]?.message, 'hidden')
  }
  const front = { PUBLIC_URL: 'http://127.0.0.1:9' }
  t.strictSame(await found(['mlflow-artifacts:/0', 'mlflow-artifacts:///1', 'http://127.0.0.1:9/mlflow/api/2.0/mlflow-artifacts/artifacts/2'], front), [])
})

t.test('an MLflow that takes chunked uploads for empty is told of, and is no fault since they are spooled', async t => {
  const { code, checks: rows } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { version: '3.9.0', chunkedIsEmpty: true }) })
  t.equal(code, 0)
  t.match(rows.find(({ check }) => check === 'chunked-uploads'), { status: 'ok', message: /reads chunked bodies as empty: the facade spools them/ })
})

t.test('credentials that MLflow\'s gateway would hand on to providers are named', async t => {
  const found = async (faults: Parameters<typeof fakeMlflow>[1]): Promise<unknown> => (await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { wantsCredentials: true, ...faults }), MLFLOW_UPSTREAM_AUTHORIZATION: 'Basic c2VjcmV0' })).findings
  t.match(await found({ version: '3.11.1' }), [{ check: 'gateway-credentials', message: /model calls end in 401/, fix: /3\.15/ }])
  t.strictSame(await found({ version: '3.17.2' }), [])
  t.match(await found({ version: '3.17.2', guarded: true }), [{ check: 'gateway-credentials', message: /The authentication in front of MLflow/ }])
})
