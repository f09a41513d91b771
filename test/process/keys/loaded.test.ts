/** What a process loads for the store that it was told of, and what it does not; each in a process of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'

const source = (path: string): string => new URL(`../../../src/${path}.js`, import.meta.url).href
/** CommonJS modules of packages that were loaded. */
const loadedPackages = "Object.keys((await import('node:module')).createRequire('/').cache)"
/** Native modules. */
const loadedObjects = 'process.report.getReport().sharedObjects'

/** Whether a script loads what has such a path. @param loaded how it lists that */
function loads (t: Test, { script, loaded, what, args }: { script: string, loaded: string, what: RegExp, args: readonly string[] }): boolean {
  const code = `${script}\nprocess.stdout.write(JSON.stringify(${loaded}))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code, ...args], { encoding: 'utf8', env: {} })
  t.equal(stderr, '')
  return (JSON.parse(stdout) as string[]).some(path => what.test(path))
}

t.test('in front of an auth service no SQLite is loaded', async t => {
  const loadsSqlite = (store: string): boolean => loads(t, {
    script: `
      const { openVerifier } = await import(process.argv[1])
      const store = ${store}
      const verifier = await openVerifier({ store, cacheMs: 0, staleMs: 0, serviceId: 'platform', emptyScopes: 'none' })
      await verifier.close()`,
    loaded: loadedObjects,
    what: /sqlite/,
    args: [source('keys/open'), join(t.testdir(), 'keys.db')]
  })
  t.ok(loadsSqlite("{ kind: 'sqlite', file: process.argv[2] }"))
  t.notOk(loadsSqlite("{ kind: 'service', url: new URL('http://127.0.0.1:9/') }"))
})

t.test('the PostgreSQL driver is loaded by who keeps keys there, and by nobody else', async t => {
  const loadsDriver = (store: string): boolean => loads(t, {
    script: `
      const { main } = await import(process.argv[2])
      await main(['keys', 'create', '--name', 'x'], { stdout: { write () {} }, stderr: { write () {} }, env: { KEYS_URL: process.argv[3] } })`,
    loaded: loadedPackages,
    what: /node_modules\/pg\//,
    args: ['/', source('cli/main'), store] // the first is the program, and not that module
  })
  t.ok(loadsDriver('postgres://me@127.0.0.1:9/keys'))
  t.notOk(loadsDriver(`sqlite:${join(t.testdir(), 'keys.db')}`))
  t.notOk(loadsDriver('http://127.0.0.1:9/'))
})

t.test('the Redis client is loaded where REDIS_URL is set, and nowhere else', async t => {
  const loadsClient = (address: string): boolean => loads(t, {
    script: `
      const { openLimits } = await import(process.argv[1])
      const limits = await openLimits(${address}, { onState () {}, onLocal () {} })
      limits.close()`,
    loaded: loadedPackages,
    what: /node_modules\/ioredis\//,
    args: [source('keys/limits/open')]
  })
  t.ok(loadsClient("{ host: '127.0.0.1', port: 1, user: '', password: '', database: 0, tls: false }"))
  t.notOk(loadsClient('undefined'))
})

/** What a script imports from then on goes into a file: modules of ECMAScript are in no cache that can be read. */
function recordingInto (file: string): string {
  const hooks = `import { appendFileSync } from 'node:fs'
export async function resolve (specifier, context, next) { appendFileSync(${JSON.stringify(file)}, specifier + ' '); return await next(specifier, context) }`
  return `(await import('node:module')).register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hooks))})`
}

t.test('what an identity provider needs is loaded where one is configured: for tokens, and for people', async t => {
  const dir = t.testdir()
  let runs = 0
  const loadsFor = (env: Readonly<Record<string, string>>, what: RegExp): boolean => loads(t, {
    script: `
      ${recordingInto(join(dir, `imported-${++runs}`))}
      const [loadConfig, openVerifierOnly, openSignIns] = await Promise.all([
        import(process.argv[1]).then(m => m.loadConfig), import(process.argv[2]).then(m => m.openVerifierOnly), import(process.argv[3]).then(m => m.openSignIns)
      ])
      const config = loadConfig({ KEYS_URL: 'http://127.0.0.1:9/', DATA_DIR: process.argv[4], ...JSON.parse(process.argv[5]) }, () => '')
      const verifier = await openVerifierOnly(config, {})
      await openSignIns(verifier, config)
      await verifier.close()
      const imported = (await import('node:fs')).readFileSync(${JSON.stringify(join(dir, `imported-${runs}`))}, 'utf8').split(' ')`,
    loaded: 'imported',
    what,
    args: [source('core/settings/config'), source('process/keys'), source('keys/sessions/open'), dir, JSON.stringify(env)]
  })
  const both = { OIDC_ISSUER: 'https://login.example', OIDC_ROLES: '[{"claim":"a","value":"b","scopes":["mlflow:read"]}]' }
  const people = { ...both, OIDC_CLIENT_ID: 'x', OIDC_CLIENT_SECRET: 'x' }
  t.notOk(loadsFor({}, /^(?:jose|openid-client)$/))
  t.ok(loadsFor({ ...both, OIDC_AUDIENCE: 'x' }, /^jose$/))
  t.notOk(loadsFor({ ...both, OIDC_AUDIENCE: 'x' }, /^openid-client$/))
  t.ok(loadsFor(people, /^openid-client$/))
})
