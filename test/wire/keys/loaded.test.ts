/** What a process loads for the store that it was told of, and what it does not; each in a process of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

t.test('in front of an auth service no SQLite is loaded', t => {
  const loads = (store: string): boolean => {
    const script = `
      const { openVerifier } = await import(process.argv[1])
      const store = ${store}
      const verifier = await openVerifier({ store, cacheMs: 0, staleMs: 0, serviceId: 'platform', emptyScopes: 'none' })
      await verifier.close()
      process.stdout.write(JSON.stringify(process.report.getReport().sharedObjects))`
    const module = new URL('../../../src/keys/open.js', import.meta.url).href
    const args = ['--input-type=module', '-e', script, module, join(t.testdir(), 'keys.db')]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
    t.equal(stderr, '')
    return (JSON.parse(stdout) as string[]).some(path => /sqlite/.test(path))
  }
  t.ok(loads("{ kind: 'sqlite', file: process.argv[2] }"))
  t.notOk(loads("{ kind: 'service', url: new URL('http://127.0.0.1:9/') }"))
  t.end()
})

t.test('the PostgreSQL driver is loaded by who keeps keys there, and by nobody else', t => {
  const loads = (store: string): boolean => {
    const script = `
      const { createRequire } = await import('node:module')
      const { main } = await import(process.argv[2])
      await main(['keys', 'list'], { stdout: { write () {} }, stderr: { write () {} }, env: { KEYS_URL: process.argv[3] } })
      process.stdout.write(JSON.stringify(Object.keys(createRequire(process.argv[2]).cache)))`
    const args = ['--input-type=module', '-e', script, '/', new URL('../../../src/cli/main.js', import.meta.url).href, store]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
    t.equal(stderr, '')
    return (JSON.parse(stdout) as string[]).some(path => /node_modules\/pg\//.test(path))
  }
  t.ok(loads('postgres://me@127.0.0.1:9/keys'))
  t.notOk(loads(`sqlite:${join(t.testdir(), 'keys.db')}`))
  t.notOk(loads('http://127.0.0.1:9/'))
  t.end()
})

t.test('the Redis client is loaded where REDIS_URL is set, and nowhere else', t => {
  const loads = (address: string): boolean => {
    const script = `
      const { createRequire } = await import('node:module')
      const { openLimits } = await import(process.argv[1])
      const limits = await openLimits(${address}, { onState () {}, onLocal () {} })
      limits.close()
      process.stdout.write(JSON.stringify(Object.keys(createRequire(process.argv[1]).cache)))`
    const args = ['--input-type=module', '-e', script, new URL('../../../src/keys/limits/open.js', import.meta.url).href]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
    t.equal(stderr, '')
    return (JSON.parse(stdout) as string[]).some(path => /node_modules\/ioredis\//.test(path))
  }
  t.ok(loads("{ host: '127.0.0.1', port: 1, user: '', password: '', database: 0, tls: false }"))
  t.notOk(loads('undefined'))
  t.end()
})
