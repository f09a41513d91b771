import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ConfigError, loadConfig } from '../../../src/core/settings/config.js'
import { nearest, settings } from '../../../src/core/settings/settings.js'
import { certify, selfSigned } from '../../helpers/certificates.js'

type Env = Readonly<Record<string, string | undefined>>

const none = (): never => { throw Object.assign(new Error('no such file'), { code: 'ENOENT' }) }
const load = (env: Env, files: Readonly<Record<string, string>> = {}) => loadConfig(env, path => files[path] ?? none())

function problemsOf (t: Test, env: Env, files: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    load(env, files)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  t.fail(`${JSON.stringify(env)} passed`)
  return []
}

t.test('without any setting the defaults of the documentation hold', async t => {
  t.match(load({}), {
    host: '127.0.0.1',
    port: 8080,
    metrics: { host: '127.0.0.1', port: 9464 },
    dataDir: './data',
    workers: 1,
    upstream: { url: undefined, timeoutMs: 300_000, idleTimeoutMs: 300_000, connections: 512, tls: {} },
    mlflowPython: 'python3',
    keys: { store: { kind: 'sqlite', file: 'data/keys.db' }, cacheMs: 60_000, staleMs: 600_000, serviceId: 'platform', emptyScopes: 'none' },
    defaultRate: undefined,
    keyLifetimeMs: undefined,
    redis: undefined,
    trustProxy: [],
    legacy: { mode: 'redirect', sunsetAt: undefined },
    allowAssistant: false,
    bodyMaxBytes: 64 * 1024 ** 2,
    spoolMaxBytes: 5 * 1024 ** 3,
    spoolTotalBytes: undefined,
    transfersPerKey: 32,
    requestsPerKey: 256,
    shutdownDelayMs: 0,
    shutdownGraceMs: 25_000,
    logLevel: 'info',
    logFormat: 'auto'
  })
  t.ok(Object.isFrozen(load({})))
})

t.test('values are read in their units', async t => {
  const config = load({
    HOST: '::',
    PORT: '0',
    METRICS_HOST: '10.0.0.1',
    METRICS_PORT: '1',
    MLFLOW_UPSTREAM_URL: 'https://mlflow.internal:5000/p/',
    MLFLOW_UPSTREAM_TIMEOUT: '0.5',
    MLFLOW_UPSTREAM_HOST: 'mlflow:5000',
    MLFLOW_UPSTREAM_AUTHORIZATION: 'Basic eA==',
    TRUST_PROXY: '10.0.0.0/8, ::1 ,192.0.2.1',
    PUBLIC_URL: 'https://registry.example',
    CORS_ALLOWED_ORIGINS: 'https://Notebooks.example:443/, http://localhost:3000,',
    LEGACY_PATHS: 'gone',
    LEGACY_DEPRECATED: '2026-01-01',
    LEGACY_SUNSET: '2027-06-30',
    ALLOW_ASSISTANT: 'true',
    KEYS_URL: 'sqlite:/var/keys.db',
    SHUTDOWN_GRACE: '0',
    DATA_DIR: ''
  })
  t.match(config, { host: '::', port: 0, metrics: { host: '10.0.0.1', port: 1 }, dataDir: './data', upstream: { timeoutMs: 500, host: 'mlflow:5000', authorization: 'Basic eA==' }, trustProxy: ['10.0.0.0/8', '::1', '192.0.2.1'], legacy: { mode: 'gone' }, allowAssistant: true, keys: { store: { kind: 'sqlite', file: '/var/keys.db' } }, shutdownGraceMs: 0 })
  t.equal(config.upstream.url?.pathname, '/p/')
  t.equal(config.legacy.sunsetAt?.toISOString(), '2027-06-30T00:00:00.000Z')
  t.equal(config.publicUrl?.origin, 'https://registry.example')
  t.strictSame([...config.corsAllowedOrigins], ['https://notebooks.example', 'http://localhost:3000'])
  t.equal(load({ METRICS_PORT: 'off' }).metrics, undefined)
  t.equal(load({ WORKERS: '64' }).workers, 64)
  t.equal(load({ WORKERS: 'auto' }).workers, Math.min(64, availableParallelism()))
  t.match(load({ KEYS_URL: 'https://auth.example/api' }).keys.store, { kind: 'service', url: { pathname: '/api' } })
  t.match(load({ HOKUSAI_AUTH_SERVICE_URL: 'http://auth' }).keys.store, { kind: 'service' })
  t.match(load({ HOKUSAI_AUTH_SERVICE_URL: 'http://auth', KEYS_URL: 'http://auth/' }).keys.store, { kind: 'service' }, 'the same twice')
})

/** What another program would take for a PostgreSQL URL, with parts that would be without effect, or in clear, here. */
const wrongPostgres = [
  'postgres://', 'postgres://db/keys', 'postgres://me@db', 'postgres://me@db/', 'postgres://me@/keys', 'postgres://me@db/a/b', 'postgres://me@db:0/keys',
  'postgres://me@db:99999/keys', 'postgres://me@a,b/keys', 'postgres://me@a:1,b:2/keys', 'postgres://me@db/keys#x', 'postgres://me@db/k eys', 'postgres://me:a/b@db/keys',
  'postgres://me:%zz@db/keys', 'postgres://me:%00@db/keys', 'postgres:///keys?user=me', 'postgresql+asyncpg://me@db/keys',
  ...['sslmode', 'sslmode=', 'sslmode=prefer', 'sslmode=allow', 'sslmode=verify-ca', 'sslmode=require&sslmode=disable', 'ssl=true', 'sslcert=x', 'connect_timeout=3', 'options=-c', 'sslmode=require&sslrootcert=/ca', 'password=x'].map(query => `postgres://me@db/keys?${query}`),
  'postgres://me@%2Frun%2Fpostgresql/keys?sslmode=require', 'postgres://me@localhost/keys?sslrootcert=/ca'
]

t.test('a PostgreSQL URL is taken for what it says: in clear on loopback and sockets, verified elsewhere, unless it says otherwise', async t => {
  const [ca = ''] = rootCertificates
  const address = (url: string): unknown => {
    const { store } = load({ KEYS_URL: url }, { '/ca': ca }).keys
    return store.kind === 'postgres' ? store.address : store
  }
  t.strictSame(address('postgres://me:s%40%2Fcret@db.example/keys'), { host: 'db.example', port: 5432, user: 'me', password: 's@/cret', database: 'keys', tls: { verify: true } })
  t.strictSame(address('postgresql://me@[::1]:6543/my%20keys'), { host: '::1', port: 6543, user: 'me', password: '', database: 'my keys', tls: undefined })
  t.strictSame(address('POSTGRES://me@my_db/keys?sslmode=disable'), { host: 'my_db', port: 5432, user: 'me', password: '', database: 'keys', tls: undefined })
  t.match(address('postgres://me@%2Frun%2Fpostgresql/keys'), { host: '/run/postgresql', tls: undefined })
  t.match(address('postgres://me@127.0.0.1/keys?sslmode=require'), { tls: { verify: false } })
  t.match(address('postgres://me@db/keys?sslrootcert=/ca'), { tls: { verify: true, ca } })
  t.match(address('postgres://me@localhost/keys?sslmode=verify-full&sslrootcert=/ca'), { tls: { verify: true, ca } })
  t.match(problemsOf(t, { KEYS_URL: 'postgres://me@db/keys?sslrootcert=/nowhere' }), ['KEYS_URL (sslrootcert): cannot read the file that it names (ENOENT)'])
  t.match(problemsOf(t, { KEYS_URL: 'postgres://me@db/keys?sslrootcert=/x' }, { '/x': 'no PEM' }), [/^KEYS_URL is not valid: it must be .*sslrootcert=PEM_FILE/])
  t.match(load({ KEYS_URL_FILE: '/run/keys-url' }, { '/run/keys-url': 'postgres://me:x@db/keys\n' }).keys.store, { kind: 'postgres', address: { password: 'x' } })
})

t.test('a Redis URL is taken for what it says; the password may come from a file', async t => {
  const address = (url: string): unknown => load({ REDIS_URL: url }).redis
  t.strictSame(address('redis://redis'), { host: 'redis', port: 6379, user: '', password: '', database: 0, tls: false })
  t.strictSame(address('rediss://me:s%40%2Fcret@cache.example:6380/12'), { host: 'cache.example', port: 6380, user: 'me', password: 's@/cret', database: 12, tls: true })
  t.strictSame(address('REDIS://:pw@[::1]/'), { host: '::1', port: 6379, user: '', password: 'pw', database: 0, tls: false })
  t.match(load({ REDIS_URL_FILE: '/run/redis' }, { '/run/redis': 'redis://:x@cache\n' }).redis, { host: 'cache', password: 'x' })
  t.equal(load({ KEYS_DEFAULT_RATE: '60/hour' }).defaultRate, 60)
  t.equal(load({ KEYS_DEFAULT_RATE: 'none' }).defaultRate, undefined)
  for (const given of ['90d', '7776000', '7776000s', '2160h']) t.equal(load({ KEYS_MAX_LIFETIME: given }).keyLifetimeMs, 7_776_000_000)
})

t.test('every value that is not allowed is a problem that names its setting and says what is', async t => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    WORKERS: ['0', '65', '-1', '1.5', 'all'],
    HOST: ['a b', '-x', 'http://x', 'x/'],
    PORT: ['-1', '65536', '80a', '8080.5', ' ', '1e3'],
    METRICS_PORT: ['on', '99999'],
    METRICS_HOST: ['*'],
    MLFLOW_UPSTREAM_URL: ['mlflow:5000', 'ftp://x', '/x', 'http://', 'http://x?y', 'http://x#y', 'http://me@x', 'http://me:pw@x', 'http://x:0', 'http://x/a b', 'http://x/../a', 'http://x/a/%2E%2e', 'http://x/.', 'http:\\\\x', 'http://x\\a'],
    PLATFORM_UPSTREAM_URL: ['platform:80', 'ftp://x', '/x', 'http://x?y', 'http://me:pw@x'],
    MLFLOW_UPSTREAM_AUTHORIZATION: ['a\nb', 'é'],
    MLFLOW_UPSTREAM_HOST: ['http://x', 'x:y', 'x y'],
    MLFLOW_UPSTREAM_TIMEOUT: ['0', '0.001', '0.099', '-1', '5s', 'x', '3000000', 'Infinity', '0x10'],
    MLFLOW_UPSTREAM_IDLE_TIMEOUT: ['0', '0.05'],
    KEYS_URL: ['sqlite:', 'sqlite: ', 'sqlite::memory:', 'sqlite: :memory: ', 'http://me:pw@x', 'http://me@x', 'http://x:0', 'mysql://x', 'x', 'redis://x', ...wrongPostgres],
    HOKUSAI_AUTH_SERVICE_URL: ['auth', 'http://me:pw@x', 'sqlite:x'],
    KEYS_DEFAULT_RATE: ['60', '0/hour', '60/day', '1.5/hour', '-1/hour', 'None', 'unlimited'],
    KEYS_MAX_LIFETIME: ['0', '0s', '-1', '1.5', 'never', '90 d', '1y', '999999999w'],
    REDIS_URL: ['redis', 'redis://', 'http://x', 'postgres://x', 'redis://x:0', 'redis://x/db', 'redis://x/1/2', 'redis://x?db=1', 'redis://x#1', 'redis://me@x', 'redis://:a/b@x', 'redis://:%zz@x', 'redis://a,b', 'redis://a:1,b:2', 'redis://x y', 'unix:///run/redis.sock', 'rediss:///0'],
    KEYS_CACHE_SECONDS: ['-1', 'x'],
    KEYS_STALE_SECONDS: ['1,5'],
    AUTH_EMPTY_SCOPES: ['write', 'NONE'],
    PUBLIC_URL: ['registry.example', 'https://x/mlflow', 'https://x?y', 'https://me@x', 'https://a$(id).example', 'https://a;id;.example', 'https://a`id`.example', 'https://a&b.example'],
    CORS_ALLOWED_ORIGINS: ['*', 'null', 'https://a.example, *', 'notebooks.example', 'https://a.example/x', 'https://*.example/'],
    TRUST_PROXY: ['10.0.0.0/33', '::/129', 'x', '10.0.0.1/', '10.0.0/8', '10.0.0.0/8/8', 'fe80::1%eth0', 'fe80::1%eth0/64', 'true', '*'],
    LEGACY_PATHS: ['Redirect', 'off'],
    LEGACY_DEPRECATED: ['2027-02-30', '01.01.2027', '2027-1-1', 'soon'],
    LEGACY_SUNSET: ['2027-13-01'],
    ALLOW_ASSISTANT: ['1', 'yes', 'TRUE'],
    SPOOL_MAX_BYTES: ['5G', '-1', '1.5'],
    TRANSFERS_PER_KEY: ['0', 'x'],
    REQUESTS_PER_KEY: ['0', '-1'],
    MLFLOW_UPSTREAM_CONNECTIONS: ['0', 'many', '65536'],
    SHUTDOWN_DELAY: ['-1'],
    SHUTDOWN_GRACE: ['x', '1000001', '2147470'],
    LOG_LEVEL: ['verbose', 'INFO']
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const problems = problemsOf(t, { [name]: value })
      t.equal(problems.length, 1, `${name}=${value}: ${problems.join('; ')}`)
      t.match(problems[0], name)
      t.match(problems[0], /: it must be /)
    }
  }
})

t.test('all problems come at once', async t => {
  const problems = problemsOf(t, { PORT: 'x', LEGACY_PATHS: 'y', TRUST_PROXY: 'z', KEYS_TYPO: '1', LOG_LEVEL: 'w' })
  t.equal(problems.length, 5)
  t.match(new ConfigError(problems).message, /5 problems:\n {2}- /)
})

t.test('a secret is never in a problem, wherever it was put', async t => {
  const key = `hk_live_${'Ab1'.repeat(14)}`
  for (const name of Object.keys(settings)) {
    for (const value of [`postgres://me:s3cret@db/x y\n${key}`, `http://s3cret@x y/${key}`, `${key}\n`, '-----BEGIN PRIVATE KEY-----\ns3cret']) {
      try { load({ [name]: value }) } catch (error) { t.notMatch(String(error), /s3cret|Ab1Ab1/, name) }
    }
  }
  for (const name of ['MLFLOW_UPSTREAM_URL', 'HOKUSAI_AUTH_SERVICE_URL', 'PUBLIC_URL', 'KEYS_URL', 'REDIS_URL']) {
    for (const value of ['http://me:s3cret@mlflow', 'me:s3cret@mlflow:5000', 'see http://me:s3cret@mlflow', 'postgres://me:s3cret@db/keys?x', 'Bearer s3cret', 'basic s3cret', 'http://me:a/s3cret@mlflow', 'http://me:a?b/s3cret@mlflow', 'http://auth/?token=s3cret', 'http://auth/#s3cret']) t.notMatch(problemsOf(t, { [name]: value }).join(), 's3cret', `${name}=${value}`)
  }
  // A secret, or a key in PEM on one line, in the place of the name of its file.
  for (const name of ['KEYS_URL_FILE', 'REDIS_URL_FILE', 'MLFLOW_UPSTREAM_AUTHORIZATION_FILE', 'MLFLOW_UPSTREAM_KEY_FILE', 'MLFLOW_UPSTREAM_CERT_FILE', 'MLFLOW_UPSTREAM_CA_FILE']) {
    for (const value of ['Basic s3cret', 'postgres://me:s3cret@db/keys', '-----BEGIN PRIVATE KEY----- s3cret', 's3cret']) {
      const problems = problemsOf(t, { [name]: value })
      t.notMatch(problems.join(), 's3cret', `${name}=${value}`)
      t.equal(new Set(problems).size, problems.length, 'each problem once')
    }
  }
  for (const name of ['MLFLOW_UPSTREAM_AUTHORIZATION', 'KEYS_URL']) t.notMatch(problemsOf(t, { [name]: 'plain-s3cret\n' }).join(), 's3cret')
})

t.test('a secret may come from a file, but not twice', async t => {
  t.equal(load({ MLFLOW_UPSTREAM_AUTHORIZATION_FILE: '/run/auth' }, { '/run/auth': 'Bearer abc\n' }).upstream.authorization, 'Bearer abc')
  t.match(problemsOf(t, { MLFLOW_UPSTREAM_AUTHORIZATION_FILE: '/run/auth', MLFLOW_UPSTREAM_AUTHORIZATION: 'x' }, { '/run/auth': 'y' }), [/both set/])
  t.match(problemsOf(t, { KEYS_URL_FILE: '/nowhere' }), [/KEYS_URL_FILE.*ENOENT/])
})

t.test('a misspelt name of ours is an error that names the nearest, what Kubernetes injects is none', async t => {
  for (const [name, meant] of [['MLFLOW_UPSTREAM_URI', 'MLFLOW_UPSTREAM_URL'], ['MLFLOW_UPSTREAM_TIME_OUT', 'MLFLOW_UPSTREAM_TIMEOUT'], ['KEYS_CACHE_SECOND', 'KEYS_CACHE_SECONDS'], ['LEGACY_PATH', 'LEGACY_PATHS'], ['KEYS_URL_FIL', 'KEYS_URL_FILE'], ['LEGACY_PATHS_FILE', 'LEGACY_PATHS']] as const) {
    t.match(problemsOf(t, { [name]: 'x' }), [new RegExp(`${name} is not a setting: did you mean ${meant}\\?`)])
  }
  load({ KEYS_SERVICE_HOST: '10.0.0.1', KEYS_PORT: 'tcp://10.0.0.1:80', KEYS_PORT_80_TCP_ADDR: '10.0.0.1', MLFLOW_UPSTREAM_SERVICE_HOST: 'x', LEGACY_PORT: 'x', MLFLOW_TRACKING_URI: 'x', KEYSTORE: 'x', PATH: '/bin' })
})

t.test('TLS of our own takes a certificate and its key, and nothing else', async t => {
  const read = (path: string): string => readFileSync(path, 'utf8')
  const [one, other] = [selfSigned(), selfSigned()]
  t.match(loadConfig(one, read).tls, { certFile: one.TLS_CERT_FILE, cert: /CERTIFICATE/, key: /PRIVATE KEY/ })
  t.equal(loadConfig({}, read).tls, undefined)
  const refused = (env: Record<string, string>, problem: RegExp): void => {
    try {
      loadConfig(env, read)
      t.fail('it was taken')
    } catch (error) {
      t.match(error, { problems: [problem] })
    }
  }
  refused({ TLS_CERT_FILE: one.TLS_CERT_FILE }, /belong together/)
  refused({ ...one, TLS_KEY_FILE: other.TLS_KEY_FILE }, /^TLS_KEY_FILE is not the key of the certificate/)
  refused({ ...one, TLS_CERT_FILE: one.TLS_KEY_FILE }, /^TLS_CERT_FILE .*must be the path of a PEM file/)
  refused({ ...one, TLS_KEY_FILE: '/missing' }, /^TLS_KEY_FILE: cannot read/)
})

t.test('an issuer of tokens comes with its audience and roles, and says what is wrong with them without quoting them', async t => {
  const roles = '[{"claim":"groups","value":"ml","scopes":["mlflow:read"]},{"claims":{"a":"1","b":"2"},"scopes":["mlflow:write"],"workspaces":["team-a"],"permissions":["read:*"],"rate":"60/hour"}]'
  const env = { OIDC_ISSUER: 'https://login.example/realm', OIDC_AUDIENCE: 'api', OIDC_ROLES: roles }
  t.strictSame(load(env).oidc, {
    issuer: 'https://login.example/realm',
    audience: 'api',
    userClaim: 'email',
    client: undefined,
    roles: [
      { claims: [['groups', 'ml']], scopes: ['mlflow:read'], workspaces: [], permissions: [], ratePerHour: undefined },
      { claims: [['a', '1'], ['b', '2']], scopes: ['mlflow:write'], workspaces: ['team-a'], permissions: ['read:*'], ratePerHour: 60 }
    ]
  })
  t.equal(load({}).oidc, undefined)
  for (const issuer of ['https://login.example/', 'http://127.0.0.1:8080', 'http://localhost/realm', 'http://[::1]:1']) t.equal(load({ ...env, OIDC_ISSUER: issuer }).oidc?.issuer, issuer)
  const refused = (more: Record<string, string>, problem: RegExp): void => {
    const problems = problemsOf(t, { ...env, ...more })
    t.match(problems, [problem], JSON.stringify(more))
    t.equal(problems.length, 1)
    t.notMatch(problems[0], 's3cret')
  }
  refused({ OIDC_AUDIENCE: '' }, /^OIDC_ISSUER, OIDC_ROLES alone do nothing: OIDC_AUDIENCE is not set/)
  refused({ OIDC_ISSUER: '' }, /^OIDC_ROLES, OIDC_AUDIENCE alone do nothing: OIDC_ISSUER is not set/)
  refused({ OIDC_CLIENT_ID: 'facade' }, /OIDC_CLIENT_SECRET is not set/)
  refused({ OIDC_CLIENT_SECRET: 's3cret' }, /OIDC_CLIENT_ID is not set/)
  refused({ OIDC_CLIENT_ID: 'facade', OIDC_CLIENT_SECRET: 's3cret', OIDC_SCOPES: 'email' }, /^OIDC_SCOPES is .*openid/)
  refused({ OIDC_CLIENT_ID: 'facade', OIDC_CLIENT_SECRET: 's3cret', OIDC_REFRESH_SECONDS: '0' }, /^OIDC_REFRESH_SECONDS is/)
  refused({ OIDC_CLIENT_ID: 'facade', OIDC_CLIENT_SECRET: 's3cret', OIDC_KEYS_MAX_LIFETIME: 'never' }, /^OIDC_KEYS_MAX_LIFETIME is .*or off/)
  refused({ OIDC_CLIENT: 's3cret' }, /^OIDC_CLIENT is not a setting: did you mean OIDC_CLIENT_ID/)
  const people = { OIDC_CLIENT_ID: 'facade', OIDC_CLIENT_SECRET: 's3cret' }
  const client = { id: 'facade', secret: 's3cret', name: 'your company account', scope: 'openid email profile offline_access', refreshMs: 300_000, keyLifetimeMs: 90 * 86_400_000 }
  t.match(load({ ...env, ...people }).oidc, { audience: 'api', client })
  t.match(load({ ...env, ...people, OIDC_AUDIENCE: '' }).oidc, { audience: undefined, client })
  const keysFor = (given: string): number | undefined => load({ ...env, ...people, OIDC_KEYS_MAX_LIFETIME: given }).oidc?.client?.keyLifetimeMs
  t.strictSame([keysFor('12h'), keysFor('off')], [43_200_000, undefined])
  for (const issuer of ['http://login.example', 'http://127.0.0.1.evil.example', 'login.example', 'https://u:p@login.example']) refused({ OIDC_ISSUER: issuer }, /^OIDC_ISSUER is .*https:/)
  refused({ OIDC_ROLES: '[{"claim":"s3cret"' }, /^OIDC_ROLES is not JSON$/)
  for (const [rows, problem] of [
    ['[]', /1 to 1000 roles/],
    ['{"claim":"a"}', /1 to 1000 roles/],
    ['[7]', /number 1: it must be an object/],
    ['[{"scopes":["mlflow:read"]}]', /needs claim and value, or claims/],
    ['[{"claim":"a","scopes":["mlflow:read"]}]', /names and values of claims/],
    ['[{"claim":"a","value":"","scopes":["mlflow:read"]}]', /names and values of claims/],
    ['[{"claims":{"a":["s3cret"]},"scopes":["mlflow:read"]}]', /names and values of claims/],
    ['[{"claims":{},"scopes":["mlflow:read"]}]', /needs claim and value, or claims/],
    ['[{"claim":"a","value":"b","scopes":["mlflow:read"],"permissions":[]}]', /permissions must be a list of permissions; leave it out/],
    ['[{"claim":"a","value":"b","scopes":["mlflow:read"],"permissions":"read:*"}]', /permissions must be a list of permissions/],
    ['[{"claim":"a","value":"b"}]', /scopes must be/],
    ['[{"claim":"a","value":"b","scopes":[]}]', /scopes must be/],
    ['[{"claim":"a","value":"b","scopes":["mlflow:read"],"workspaces":[]}]', /workspaces must be/],
    ['[{"claim":"a","value":"b","scopes":["mlflow:read"],"rate":"s3cret"}]', /rate must be/],
    ['[{"claim":"a","value":"b","scopes":["mlflow:read"],"s3cret":1}]', /and nothing else/]
  ] as const) refused({ OIDC_ROLES: rows }, problem)
})

t.test('settings that contradict each other are problems', async t => {
  const folder = t.testdir()
  const { certificate: cert, key } = certify(folder, 'cert', 'DNS:x')
  const junk = join(folder, 'junk.pem')
  writeFileSync(junk, 'junk')
  const real = (env: Env) => loadConfig(env, path => readFileSync(path, 'utf8'))
  const https = { MLFLOW_UPSTREAM_URL: 'https://x' }
  t.match(real({ ...https, MLFLOW_UPSTREAM_CA_FILE: cert, MLFLOW_UPSTREAM_CERT_FILE: cert, MLFLOW_UPSTREAM_KEY_FILE: key }).upstream.tls, { ca: /BEGIN CERT/, cert: /BEGIN CERT/, key: /PRIVATE KEY/ })
  for (const [env, problem] of [
    [{ ...https, MLFLOW_UPSTREAM_CERT_FILE: cert }, /belong together/],
    [{ ...https, MLFLOW_UPSTREAM_KEY_FILE: key }, /belong together/],
    [{ ...https, MLFLOW_UPSTREAM_CA_FILE: junk }, /MLFLOW_UPSTREAM_CA_FILE/],
    [{ ...https, MLFLOW_UPSTREAM_CA_FILE: '/nowhere' }, /ENOENT/],
    [{ MLFLOW_UPSTREAM_URL: 'http://x', MLFLOW_UPSTREAM_CA_FILE: cert }, /no effect/],
    [{ ...https, PLATFORM_UPSTREAM_URL: 'https://x/api' }, /callers without a key would reach MLflow/],
    [{ LEGACY_DEPRECATED: '2027-01-01', LEGACY_SUNSET: '2026-12-31' }, /earlier than LEGACY_DEPRECATED/],
    [{ KEYS_URL: 'http://a', HOKUSAI_AUTH_SERVICE_URL: 'http://b' }, /two different key stores/]
  ] as const) t.throws(() => real(env), { message: problem }, JSON.stringify(env))
})

t.test('whatever the environment holds, it is a configuration or a ConfigError', async () => {
  const name = fc.constantFrom(...Object.keys(settings), 'KEYS_X', 'HOME')
  fc.assert(fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.constantFrom('', '0', '1', 'off', 'http://x', '2027-01-01', 'true'))), env => {
    try { return load(env).port >= 0 } catch (error) { return error instanceof ConfigError && error.problems.length > 0 }
  }), { numRuns: 500 })
})

t.test('the nearest name is the one with the fewest changes', async t => {
  t.equal(nearest('abd', ['xyz', 'abc', 'a']), 'abc')
  t.equal(nearest('x', []), '')
})

t.test('the metrics have a port of their own', async t => {
  t.throws(() => loadConfig({ PORT: '8081', METRICS_PORT: '8081' }, () => ''), { message: /METRICS_PORT is the same as PORT/ })
  t.ok(loadConfig({ PORT: '0', METRICS_PORT: '0' }, () => ''))
})

t.test('sessions: a short secret and a time that ends at once are refused, and no secret is repeated', async t => {
  const read = (env: Record<string, string>) => loadConfig(env, () => '').sessions
  t.strictSame(read({}), { secret: undefined, idleMs: 28_800_000, maxMs: 604_800_000 })
  t.strictSame(read({ SESSION_SECRET: 's'.repeat(32), SESSION_IDLE_SECONDS: '60', SESSION_MAX_SECONDS: '3600' }), { secret: 's'.repeat(32), idleMs: 60_000, maxMs: 3_600_000 })
  t.throws(() => read({ SESSION_SECRET: 'too-short-a-secret' }), { message: /SESSION_SECRET is not valid: it must be a text of 32 to 1024 characters$/ })
  for (const value of ['0', '-1', '0.5', 'week']) t.throws(() => read({ SESSION_IDLE_SECONDS: value }), { message: /SESSION_IDLE_SECONDS is "[^"]+": it must be a number of seconds from 1/ })
})

t.test('AUDIT_LOG names a place, and nothing that may be a misspelt one; its password is not shown', t => {
  const day = 86_400_000
  t.match(load({}).audit, { place: { kind: 'stdout' }, maxBytes: 64 * 1024 ** 2, files: 10, retentionMs: 365 * day })
  t.match(load({ AUDIT_LOG: 'off', AUDIT_RETENTION_DAYS: 'none', AUDIT_LOG_FILES: '1' }).audit, { place: { kind: 'off' }, retentionMs: undefined, files: 1 })
  for (const file of ['./audit.log', 'audit.log', '/var/log/audit', 'logs/audit']) t.match(load({ AUDIT_LOG: file }).audit.place, { kind: 'file', file })
  t.match(load({ AUDIT_LOG: 'postgres://u:p@h.example/d' }).audit.place, { kind: 'postgres', address: { host: 'h.example', database: 'd' } })
  t.match(load({ AUDIT_LOG_FILE: 'f' }, { f: 'postgres://u:p@h.example/d\n' }).audit.place, { kind: 'postgres' })
  for (const AUDIT_LOG of ['syslog', 'stderr', 'logs/', 'sqlite:audit.db', 'http://h.example/x', 'postgres://u:hunter2@h.example/d?sslmode=maybe']) {
    const [problem = ''] = problemsOf(t, { AUDIT_LOG })
    t.match(problem, /^AUDIT_LOG is not valid: it must be stdout, off, the path of a file/, AUDIT_LOG)
    t.notMatch(problem, /hunter2/)
  }
  for (const env of [{ AUDIT_LOG_FILES: '0' }, { AUDIT_LOG_FILES: '1001' }, { AUDIT_LOG_MAX_BYTES: '0' }, { AUDIT_RETENTION_DAYS: '0' }, { AUDIT_RETENTION_DAYS: 'never' }]) {
    t.equal(problemsOf(t, env).length, 1, JSON.stringify(env))
  }
  t.match(problemsOf(t, { AUDIT_LOGS: 'x' }), [/did you mean AUDIT_LOG\?/])
  t.end()
})

t.test('where what is registered may lead: as MLflow decides, or as its own MLflow needs it where that is ours', async t => {
  const covers = (env: Readonly<Record<string, string>>, kind: 'modelSources' | 'artifactLocations' | 'webhookUrls', uri: string): boolean | undefined => load(env).policy[kind]?.cover(uri)
  const far = { MLFLOW_UPSTREAM_URL: 'http://mlflow:5000' }
  for (const kind of ['modelSources', 'artifactLocations', 'webhookUrls'] as const) t.equal(load(far).policy[kind], undefined)
  t.equal(load({}).policy.webhookUrls, undefined)
  for (const uri of ['mlflow-artifacts:/1/x', 'runs:/r/m', 'models:/m-1']) t.equal(covers({}, 'modelSources', uri), true)
  t.equal(covers({}, 'modelSources', 's3://bucket/x'), false)
  t.equal(covers({}, 'artifactLocations', 'mlflow-artifacts:/1'), true)
  t.equal(covers({}, 'artifactLocations', 'runs:/r/m'), false)
  t.equal(load({ POLICY_MODEL_SOURCES: 'any', POLICY_ARTIFACT_LOCATIONS: 'any' }).policy.modelSources, undefined)
  t.equal(load({ POLICY_MODEL_SOURCES: 'any' }).policy.artifactLocations?.cover('s3://bucket/x'), false)
  t.equal(covers({ ...far, POLICY_MODEL_SOURCES: 's3://bucket/' }, 'modelSources', 's3://bucket/x'), true)
  t.match(problemsOf(t, { POLICY_WEBHOOK_URLS: 'hooks.example.com' }), [/^POLICY_WEBHOOK_URLS is "hooks.example.com": it must be `any`, `none`/])
  t.match(problemsOf(t, { POLICY_MODEL_SOURCE: 'any' }), [/^POLICY_MODEL_SOURCE is not a setting: did you mean POLICY_MODEL_SOURCES/])
})
