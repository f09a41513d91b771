/** Requests made to be slow, on real sockets: nobody else waits for them. */
import t from 'tap'
import { facade, requestHead } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const slashes = `/mlflow/api/3.0/mlflow/mcp-servers/a/${'/versions/'.repeat(8000)}`
const targets = [slashes, slashes.replace('/a/', '/%2F'), `/mlflow/${'/'.repeat(80_000)}`, `/mlflow/${'%2f'.repeat(26_000)}`, `/mlflow${'/a'.repeat(40_000)}`, `/api/mlflow/${'"'.repeat(80_000)}`, `/api/2.0/mlflow/${'a//'.repeat(26_000)}`, `/${'%25'.repeat(26_000)}`, `/mlflow/ajax-api/3.0/mlflow/${'x/permission/'.repeat(6000)}`, `/mlflow${'/.a'.repeat(26_000)}`]

t.test('a path is not judged for a caller without a good key', async t => {
  const { call, line, mlflow } = await facade(t, echo)
  for (const [key, operation] of [[null, 'none'], ['unknown', 'none'], ['read', 'createMcpServerVersion']] as const) {
    const answered = await call('POST', '/mlflow/api/3.0/mlflow/mcp-servers/a/versions', { key })
    t.equal(answered.status, key === 'read' ? 403 : 401)
    t.equal((await line(answered.header('x-request-id'))).operation, operation, `${key ?? 'no'} key`)
  }
  const fixed = await call('POST', '/mlflow/api/2.0/mlflow/runs/create', { key: null })
  t.equal((await line(fixed.header('x-request-id'))).operation, 'createRun', 'a fixed path is known without')
  t.equal(mlflow.calls.length, 0)
})

t.test('while the longest of paths come, with a key or without, /live answers at once', async t => {
  const { call, connect } = await facade(t, echo)
  await call('GET', '/live', { key: null })
  for (const key of [null, 'read', 'admin'] as const) {
    for (const target of targets) {
      for (const method of ['GET', 'POST']) {
        const slow = await connect()
        const answered = slow.answer()
        slow.write(requestHead(method, target, { key }))
        const start = performance.now()
        const live = await call('GET', '/live', { key: null })
        const ms = performance.now() - start
        t.equal(live.status, 200)
        t.ok(ms < 400, `${method} ${target.slice(0, 60)}… with ${key ?? 'no'} key: ${ms.toFixed(0)} ms`)
        t.ok((await answered).status < 500)
        slow.destroy()
      }
    }
  }
})

t.test('nor do headers of one kind of byte make anyone wait', async t => {
  const { call, connect } = await facade(t, echo)
  await call('GET', '/live', { key: null })
  for (const name of ['Content-Encoding', 'Authorization', 'X-API-Key', 'Origin', 'X-Forwarded-Host', 'X-Forwarded-Prefix', 'X-Request-Id', 'If-None-Match', 'Traceparent', 'User-Agent', 'Connection']) {
    for (const atom of ['\xa0', '"', ',', '/', 'Bearer ', 'a ', '::', 'eyJ.']) {
      const slow = await connect()
      const answered = slow.answer()
      slow.write(requestHead('POST', '/mlflow/graphql', { key: ['Authorization', 'X-API-Key'].includes(name) ? null : 'read', headers: { [name]: `${atom.repeat(70_000 / atom.length)}x` }, body: '{}' }) + '{}')
      const start = performance.now()
      await call('GET', '/live', { key: null })
      const ms = performance.now() - start
      t.ok(ms < 400, `${name} of ${JSON.stringify(atom)}: ${ms.toFixed(0)} ms`)
      await answered
      slow.destroy()
    }
  }
})
