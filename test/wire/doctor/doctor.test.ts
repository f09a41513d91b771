/** Faults of settings, keys and the way through the front, each seeded: it is named, alone, with what fixes it; and a healthy set-up is left in peace. */
import { X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, statfsSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { openStore } from '../../../src/keys/open.js'
import { checks } from '../../../src/cli/doctor.js'
import { judgeCertificate } from '../../../src/doctor/tls.js'
import { facade, keys } from '../../helpers/app.js'
import { selfSigned } from '../../helpers/certificates.js'
import { smallDisk } from '../../helpers/disk.js'
import { goodAnswer, startAuthServer, type AuthServer } from '../../helpers/auth-server.js'
import { audience, startIssuer } from '../../helpers/issuer.js'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { address, examine, fakeMlflow, run } from './fakes.js'
import { healthy, titles } from './titles.js'

interface Test { teardown: (fn: () => unknown) => void }

t.jobs = 4 // the watch over a silent connection takes seconds, most of them waiting

async function auth (t: Test): Promise<AuthServer> {
  const server = await startAuthServer()
  t.teardown(server.close)
  return server
}

t.test('a healthy set-up gives no finding and exit code 0', async t => {
  const { code, findings, checks: rows } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t) })
  t.strictSame(findings, [])
  t.equal(code, 0)
  t.strictSame(rows.map(({ check }) => check), ['configuration', ...checks.map(({ id }) => id)])
})

t.test('every problem of the configuration is a row, with exit code 2', async t => {
  const { code, findings, named } = await examine({ PORT: 'http', LEGACY_PATHS: 'maybe', KEYS_CACHE_SECOND: '1' })
  t.equal(code, 2)
  t.strictSame(named, ['configuration', 'configuration', 'configuration'])
  t.match(findings.map(({ message }) => message).join(), /KEYS_CACHE_SECONDS.*PORT.*LEGACY_PATHS/)
})

t.test('people read rows with the fix below, and the number of findings on stderr', async t => {
  const { code, stdout, stderr } = await run({ DATA_DIR: t.testdir(), MLFLOW_UPSTREAM_URL: await fakeMlflow(t), MLFLOW_UPSTREAM_TIMEOUT: '5' }, [])
  t.equal(code, 1)
  t.match(stdout, /^ok {7}configuration/)
  t.match(stdout, /^warning {2}timeouts .*\n {2,}fix: /m)
  t.equal(stderr, '1 finding.\n')
})

t.test('keys in clear text, and a certificate that is another host\'s or runs out, are named', async t => {
  const url = await fakeMlflow(t)
  const found = async (env: Record<string, string>) => (await examine({ MLFLOW_UPSTREAM_URL: url, ...env })).findings
  t.match(await found({ HOST: '0.0.0.0' }), [{ check: 'tls', severity: 'warning', fix: /TLS_CERT_FILE/ }])
  const good = { HOST: '0.0.0.0', PUBLIC_URL: 'https://registry.example', ...selfSigned('registry.example') }
  const tls = async (env: Record<string, string>) => (await found(env)).find(({ check }) => check === 'tls')
  t.equal(await tls(good), undefined)
  t.match(await tls({ ...good, PUBLIC_URL: 'https://elsewhere.example' }), { severity: 'error', message: /does not name elsewhere\.example/ })
  t.match(await tls({ ...good, ...selfSigned('registry.example', 7) }), { severity: 'warning', message: /expires on/ })
  const expired = new X509Certificate(readFileSync(selfSigned('registry.example', 1).TLS_CERT_FILE))
  t.match(judgeCertificate(expired, undefined, Date.now() + 2 * 86_400_000), { status: 'error', message: /expired on/ })
})

t.test('a DATA_DIR that cannot be written, or whose disk is smaller than what may be spooled, is named', async t => {
  const url = await fakeMlflow(t)
  const { bavail, bsize } = statfsSync('.')
  const small = await examine({ MLFLOW_UPSTREAM_URL: url, SPOOL_MAX_BYTES: String(bavail * bsize * 2) })
  t.strictSame(small.named, ['data-dir'])
  t.match(small.findings[0]?.fix, /SPOOL_MAX_BYTES=\d+/)
  t.match((await examine({ MLFLOW_UPSTREAM_URL: url, SPOOL_TOTAL_BYTES: '2000000' })).findings, [{ check: 'data-dir', message: /no more than 1 MB/ }])
  t.match((await examine({ MLFLOW_UPSTREAM_URL: url, SPOOL_TOTAL_BYTES: '8000000', WORKERS: '2' })).findings, [{ check: 'data-dir', message: /one key at one of 2 workers together no more than 2 MB/ }])
  const disk = smallDisk(t, 100 * 1024 ** 2)
  if (disk === undefined) t.comment('only root may mount a small disk')
  else t.match((await examine({ MLFLOW_UPSTREAM_URL: url, DATA_DIR: disk.folder })).findings, [{ check: 'data-dir', message: /nearly full \(105 MB free\)/ }])
  const folder = t.testdir()
  const file = join(folder, 'file')
  writeFileSync(file, '', { mode: 0o600 })
  const none = await examine({ MLFLOW_UPSTREAM_URL: url, DATA_DIR: join(file, 'data'), KEYS_URL: `sqlite:${join(folder, 'keys.db')}` })
  t.strictSame(none.named, ['data-dir'])
})

t.test('a DATA_DIR that others may reach into, and that a start leaves as it is, is named', async t => {
  const url = await fakeMlflow(t)
  const folder = t.testdir()
  chmodSync(folder, 0o755)
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, DATA_DIR: folder })).named, [], 'a start will shut it')
  writeFileSync(join(folder, 'thesis.txt'), '')
  t.match((await examine({ MLFLOW_UPSTREAM_URL: url, DATA_DIR: folder })).findings, [{ check: 'data-dir', message: /0755/, fix: /chmod 700/ }])
})

t.test('a first admin key that still lies in DATA_DIR is told of, and named after a day', async t => {
  const url = await fakeMlflow(t)
  const folder = t.testdir()
  const file = join(folder, 'admin-key')
  writeFileSync(file, 'hk_live_x\n')
  const fresh = await examine({ MLFLOW_UPSTREAM_URL: url, DATA_DIR: folder })
  t.strictSame(fresh.named, [])
  t.match(fresh.checks.find(({ check }) => check === 'admin-key'), { message: new RegExp(new Date().toISOString().slice(0, 10)) })
  utimesSync(file, 0, Date.parse('2026-01-02') / 1000)
  t.match((await examine({ MLFLOW_UPSTREAM_URL: url, DATA_DIR: folder })).findings, [{ check: 'admin-key', message: /since 2026-01-02/, fix: /rm / }])
})

t.test('a load balancer that nobody trusts, and everybody trusted, are named', async t => {
  const url = await fakeMlflow(t)
  const untrusted = await examine({ MLFLOW_UPSTREAM_URL: url, PUBLIC_URL: 'https://127.0.0.1:9' })
  t.strictSame(untrusted.named, ['trust-proxy'])
  t.match(untrusted.findings[0]?.fix, 'TRUST_PROXY')
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, TRUST_PROXY: '10.0.0.0/8, 0.0.0.0/0' })).named, ['trust-proxy'])
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, PUBLIC_URL: 'https://127.0.0.1:9', TRUST_PROXY: '10.0.0.0/8' })).named, [])
})

t.test('old paths without an end are a hint, and no finding', async t => {
  const url = await fakeMlflow(t)
  const { code, stdout, stderr } = await run({ DATA_DIR: t.testdir(), MLFLOW_UPSTREAM_URL: url }, [])
  t.equal(code, 0)
  t.match(stdout, /^hint {5}sunset .*\n {2,}fix: set LEGACY_SUNSET/m)
  t.equal(stderr, 'No findings.\n')
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, LEGACY_SUNSET: '' })).named, [])
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, LEGACY_SUNSET: '', LEGACY_PATHS: 'gone' })).named, [])
})

t.test('less patience than MLflow\'s client has is named', async t => {
  const url = await fakeMlflow(t)
  const { named, findings } = await examine({ MLFLOW_UPSTREAM_URL: url, MLFLOW_UPSTREAM_TIMEOUT: '30' })
  t.strictSame(named, ['timeouts'])
  t.match(findings[0]?.fix, 'MLFLOW_UPSTREAM_TIMEOUT')
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, MLFLOW_UPSTREAM_IDLE_TIMEOUT: '5' })).named, ['timeouts'])
})

t.test('a key store that cannot answer is named', async t => {
  const url = await fakeMlflow(t)
  const broken = join(t.testdir(), 'keys.db')
  writeFileSync(broken, 'no database at all, and longer than the head of one would be'.repeat(10))
  t.strictSame((await examine({ MLFLOW_UPSTREAM_URL: url, KEYS_URL: `sqlite:${broken}` })).named, ['key-store'])
  const { named, findings } = await examine({ MLFLOW_UPSTREAM_URL: url, KEYS_URL: `http://127.0.0.1:${await freePort()}` })
  t.strictSame(named, ['key-store'])
  t.match(findings[0], { message: /auth service cannot be reached/, fix: /KEYS_URL/ })
})

t.test('an issuer of tokens that cannot be asked, is another one or has another time, and a role that cannot be granted, are named', async t => {
  const issuer = await startIssuer(t)
  const url = await fakeMlflow(t)
  const role = { claim: 'groups', value: 'a', scopes: ['mlflow:read'] }
  const tell = async (env: Record<string, string> = {}, more: Record<string, unknown> = {}) => {
    return await examine({ MLFLOW_UPSTREAM_URL: url, OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience, OIDC_ROLES: JSON.stringify([{ ...role, ...more }]), ...env })
  }
  t.strictSame((await tell()).named, [])
  t.match((await tell({}, { scopes: ['mlflow:reed'] })).findings, [{ check: 'issuer', severity: 'error', message: /mlflow:reed/, fix: /OIDC_ROLES/ }])
  issuer.aheadMs = 65_000 // a Date has whole seconds
  t.match((await tell()).findings, [{ check: 'issuer', severity: 'warning', message: /6[345] s ahead/, fix: /NTP|ntp/ }])
  issuer.aheadMs = 0
  issuer.document = { issuer: 'https://other.example' }
  t.match((await tell()).findings, [{ check: 'issuer', severity: 'error', message: /names itself otherwise/ }])
  await issuer.close()
  t.match((await tell()).findings, [{ check: 'issuer', severity: 'error', message: /cannot be reached/, fix: /OIDC_ISSUER/ }])
})

t.test('a key that is refused, or may do nothing, is named', async t => {
  const url = await fakeMlflow(t)
  const dataDir = join(t.testdir(), 'data')
  const store = await openStore({ store: { kind: 'sqlite', file: join(dataDir, 'keys.db') }, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' })
  const make = async (scopes: ReadonlySet<'mlflow:read'>): Promise<string> => (await store.create({ name: 'k', userId: 'u', environment: 'test', scopes, workspaces: [], ratePerHour: undefined, expiresAt: undefined })).key
  const good = await make(new Set(['mlflow:read']))
  const empty = await make(new Set())
  await store.close()
  const env = { MLFLOW_UPSTREAM_URL: url, DATA_DIR: dataDir }
  t.strictSame((await examine(env, ['--key', good])).named, [])
  t.strictSame((await examine({ ...env, HOKUSAI_API_KEY: empty })).named, ['key'])
  const refused = await examine(env, ['--key', keys.unknown])
  t.strictSame(refused.named, ['key'])
  t.notOk(JSON.stringify(refused).includes(keys.unknown), 'and the key is not printed')
})

t.test('keys that are tied to workspaces which MLflow does not keep apart are named', async t => {
  const dataDir = join(t.testdir(), 'data')
  const store = await openStore({ store: { kind: 'sqlite', file: join(dataDir, 'keys.db') }, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' })
  const make = async (workspaces: string[]): Promise<string> => (await store.create({ name: 'k', userId: 'u', environment: 'test', scopes: new Set(), workspaces, ratePerHour: undefined, expiresAt: undefined })).record.keyId
  await make([])
  await store.revoke(await make(['team-a']))
  const row = async (workspaces: boolean): Promise<unknown> => (await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t, { workspaces }), DATA_DIR: dataDir })).checks.find(({ check }) => check === 'workspaces')
  t.match(await row(false), { status: 'ok' })
  await make(['team-a'])
  await store.close()
  t.match(await row(false), { status: 'warning', message: /^A key is tied to workspaces, but MLflow 3\.17\.2 does not separate workspaces/, fix: /--enable-workspaces/ })
  t.match(await row(true), { status: 'ok' })
})

t.test('an auth service that knows us by another name is named with that name', async t => {
  for (const status of [400, 401, 403]) {
    const service = await auth(t)
    service.behave((res, _key, req) => {
      const { body } = service.validations.at(-1) ?? {}
      const known = req.method === 'GET' || (body as { service_id?: string }).service_id === 'ml-platform'
      res.writeHead(known ? 200 : status, { 'content-type': 'application/json' }).end(JSON.stringify(goodAnswer()))
    })
    const env = { MLFLOW_UPSTREAM_URL: await fakeMlflow(t), KEYS_URL: service.url.href, HOKUSAI_API_KEY: keys.read }
    const { findings } = await examine(env)
    t.match(findings.find(({ check }) => check === 'service-id'), { severity: 'error', fix: 'set AUTH_SERVICE_ID=ml-platform' }, String(status))
    t.strictSame((await examine({ ...env, AUTH_SERVICE_ID: 'ml-platform' })).named, [])
  }
})

t.test('an auth service that takes no question of ours is named with AUTH_SERVICE_ID', async t => {
  const service = await auth(t)
  service.behave((res, _key, req) => { res.writeHead(req.method === 'GET' ? 200 : 400, { 'content-type': 'application/json' }).end('{}') })
  const { findings } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t), KEYS_URL: service.url.href, HOKUSAI_API_KEY: keys.read })
  t.match(findings, [{ check: 'service-id', severity: 'error', message: 'The auth service rejects the facade\'s request (400): is AUTH_SERVICE_ID right?', fix: /AUTH_SERVICE_ID/ }])
})

t.test('keys of the platform without scopes are named with AUTH_EMPTY_SCOPES', async t => {
  const service = await auth(t)
  service.keys.set(keys.read, goodAnswer({ scopes: [] }))
  const env = { MLFLOW_UPSTREAM_URL: await fakeMlflow(t), KEYS_URL: service.url.href, HOKUSAI_API_KEY: keys.read }
  const { named, findings } = await examine(env)
  t.strictSame(named, ['key'])
  t.match(findings[0]?.fix, 'AUTH_EMPTY_SCOPES=read')
  t.strictSame((await examine({ ...env, AUTH_EMPTY_SCOPES: 'read' })).named, [])
})

t.test('a platform that does not answer, or is an MLflow or the facade itself, is named', async t => {
  const env = { MLFLOW_UPSTREAM_URL: await fakeMlflow(t) }
  t.match((await examine({ ...env, PLATFORM_UPSTREAM_URL: `http://127.0.0.1:${await freePort()}` })).findings, [{ check: 'platform', message: /does not answer \(ECONNREFUSED\)/ }])
  const itself = await facade(t)
  t.match((await examine({ ...env, PLATFORM_UPSTREAM_URL: `http://127.0.0.1:${itself.port}` })).findings, [{ check: 'platform', message: /leads back/ }])
  t.match((await examine({ ...env, PLATFORM_UPSTREAM_URL: env.MLFLOW_UPSTREAM_URL.replace('127.0.0.1', 'localhost') })).findings, [{ check: 'platform', message: /leads to an MLflow/ }])
  const faulty = await address(t, createServer((_request, response) => response.writeHead(503).end()))
  t.match((await examine({ ...env, PLATFORM_UPSTREAM_URL: faulty.href })).findings, [{ check: 'platform', severity: 'warning' }])
  const other = await address(t, createServer((_request, response) => response.writeHead(404).end()))
  t.strictSame((await examine({ ...env, PLATFORM_UPSTREAM_URL: other.href })).named, [])
})

t.test('a front that leads elsewhere, or nowhere, is named', async t => {
  const env = { MLFLOW_UPSTREAM_URL: await fakeMlflow(t) }
  const elsewhere = await address(t, createServer((_request, response) => response.writeHead(404).end('not here')))
  t.match((await examine(env, ['--url', elsewhere.href])).findings, [{ check: 'front-reachable', fix: /routes explain/ }])
  t.match((await examine(env, ['--url', `http://127.0.0.1:${await freePort()}`])).findings, [{ check: 'front-reachable', message: /does not answer/ }])
})

t.test('a front that takes the mount off is named, whatever old paths do', async t => {
  for (const [mode, message] of [['redirect', /redirected to itself/], ['gone', /have ended/], ['forward', /web UI is missing/]] as const) {
    const behind = await facade(t, undefined, { env: { LEGACY_PATHS: mode } })
    let says = false
    const front = await address(t, createServer((request, response) => {
      void fetch(`http://127.0.0.1:${behind.port}${request.url?.replace(/^\/mlflow(?=\/)/, '')}`, { method: request.method ?? 'GET', redirect: 'manual', headers: says ? { 'x-forwarded-prefix': '/mlflow' } : {} })
        .then(async answer => response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => ['deprecation', 'location'].includes(name)))).end(await answer.text()))
    }))
    const env = { MLFLOW_UPSTREAM_URL: await fakeMlflow(t) }
    const { findings } = await examine(env, ['--url', front.href])
    t.match(findings.find(({ check }) => check === 'front-prefix'), { message, fix: /^your proxy strips \/mlflow: do not strip it; .*LEGACY_PATHS=forward/ })
    says = true
    t.notOk((await examine(env, ['--url', front.href])).named.includes('front-prefix'), 'one that says so is fine')
  }
})

t.test('a front under another origin than the facade believes is named, for its pages could not write', async t => {
  const behind = await facade(t, undefined, { env: { PUBLIC_URL: 'https://registry.example' } })
  // A proxy that puts a Host of its own, as many do unless told otherwise.
  const front = await address(t, createServer((request, response) => {
    void fetch(`http://127.0.0.1:${behind.port}${request.url}`, { method: request.method ?? 'GET', headers: { authorization: request.headers.authorization ?? '', origin: request.headers.origin ?? '', 'content-type': 'application/json' }, ...request.method === 'POST' ? { body: '{"max_results":1}' } : {} })
      .then(async answer => response.writeHead(answer.status).end(await answer.text()))
  }))
  const env = { MLFLOW_UPSTREAM_URL: await fakeMlflow(t), HOKUSAI_API_KEY: keys.write }
  const { findings } = await examine(env, ['--url', front.href])
  t.match(findings.find(({ check }) => check === 'origin'), { fix: new RegExp(`PUBLIC_URL=${front.origin}`) })
  t.notOk((await examine(env, ['--url', `http://127.0.0.1:${behind.port}`])).named.includes('origin'))
})

t.test('a front that limits or swallows large uploads is named, and nothing is stored', async t => {
  const behind = await facade(t)
  const env = { MLFLOW_UPSTREAM_URL: behind.mlflow.url.href }
  const capped = await address(t, createServer((request, response) => {
    if (Number(request.headers['content-length'] ?? 0) > 1e6) response.writeHead(413).end()
    else response.writeHead(200).end('{"version":"0.1.0","mlflow":null}')
  }))
  t.match((await examine(env, ['--url', capped.href])).findings, [{ check: 'upload-limit', fix: /client_max_body_size/ }])
  const buffering = await address(t, createServer((request, response) => { request.resume().once('end', () => response.writeHead(200).end('{"version":"0.1.0","mlflow":null}')) }))
  t.match((await examine(env, ['--url', buffering.href])).findings, [{ check: 'upload-limit', fix: /proxy_request_buffering/ }])
  t.strictSame((await examine(env, ['--url', `http://127.0.0.1:${behind.port}`])).named, [])
  t.strictSame(behind.mlflow.calls, [])
})

t.test('wrong usage is told as such', async t => {
  await t.rejects(run({}, ['--url', 'registry']), { message: /--url "registry" is not/ })
  await t.rejects(run({}, ['--ur', 'x']), { message: /no option "--ur": did you mean --url/ })
})

t.test('the list of checks in the documentation is whole and in order, and each check has tests that exist', async t => {
  const page = readFileSync('docs/doctor.md', 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (.+) \| (?:.+) \|$/gm)].map(([, id, about]) => ({ id, about }))
  t.strictSame(rows.slice(1), checks.map(({ id, about }) => ({ id, about })))
  t.strictSame(Object.keys(titles), rows.map(({ id }) => id))
  const tests = ['wire/doctor/doctor', 'wire/doctor/mlflow', 'wire/cli/network-disk', 'real/doctor/healthy', 'real/keys/doctor', 'real/keys/limits-doctor'].map(name => readFileSync(`test/${name}.test.ts`, 'utf8')).join('')
  for (const title of [...Object.values(titles).flat(), healthy]) t.ok(tests.includes(`t.test('${title.replaceAll("'", "\\'")}'`), title)
})

t.test('a file of audit events that cannot be written, or that others can read, is named', async t => {
  const MLFLOW_UPSTREAM_URL = await fakeMlflow(t)
  const found = async (AUDIT_LOG: string) => (await examine({ MLFLOW_UPSTREAM_URL, AUDIT_LOG })).findings
  const folder = t.testdir({ 'open.log': '', folder: {} })
  chmodSync(join(folder, 'open.log'), 0o644)
  t.match(await found('/proc/none/audit.log'), [{ check: 'audit-log', severity: 'error', message: /ENOENT/, fix: /write access/ }])
  t.match(await found(join(folder, 'folder')), [{ check: 'audit-log', severity: 'error', message: /no regular file/ }])
  t.match(await found(join(folder, 'open.log')), [{ check: 'audit-log', severity: 'warning', fix: /chmod 600/ }])
  t.strictSame(await found(join(folder, 'new.log')), [])
  t.strictSame(await found('off'), [])
})

t.test('a PostgreSQL that is to keep audit events and does not answer is named', async t => {
  const AUDIT_LOG = `postgres://u:secret@127.0.0.1:${await freePort()}/d?sslmode=disable`
  const { findings } = await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t), AUDIT_LOG })
  t.match(findings, [{ check: 'audit-log', severity: 'error', message: /The audit database cannot be reached/, fix: /AUDIT_LOG/ }])
  t.notMatch(JSON.stringify(findings), /secret|KEYS_URL/)
})
