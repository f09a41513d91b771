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
