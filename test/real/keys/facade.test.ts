/** Whole facades that share one PostgreSQL: as they start, as a key ends on all of them, and while the server is away. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { connect, head } from '../../helpers/client.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { password, startPostgres, urlOf } from '../../helpers/postgres.js'
import { answer, echo, standIn } from '../../helpers/upstream.js'
import { startWobbly } from '../../helpers/wobbly.js'

const server = await startPostgres(t)
const search = '/mlflow/api/2.0/mlflow/experiments/search'

async function statusOf (up: FacadeProcess, key: string): Promise<number> {
  return (await fetch(`${up.url}${search}`, { headers: { authorization: `Bearer ${key}` } })).status
}

async function readyOf (up: FacadeProcess): Promise<{ readonly status: number, readonly text: string }> {
  const answered = await fetch(`${up.url}/ready`)
  return { status: answered.status, text: await answered.text() }
}

t.test('three that start at once share one first key, a key of one is good at all, and revoked it ends at all within a second, its transfers within three', async t => {
  const mlflow = await standIn(t, echo)
  const env = { KEYS_URL: urlOf(server.port, await server.createDatabase()) }
  const all = await Promise.all(Array.from({ length: 3 }, async () => await startFacade(t, { mlflowUrl: mlflow.url.href, env })))
  const [first = '', ...more] = all.map(({ dataDir }) => join(dataDir, 'admin-key')).filter(existsSync)
  t.strictSame(more, [], 'one of them has it')
  const key = readFileSync(first, 'utf8').trim()
  t.strictSame(await Promise.all(all.map(async up => await statusOf(up, key))), [200, 200, 200])

  mlflow.behave(call => call.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun'))
  const downloads = await Promise.all(all.map(async up => {
    const connection = await connect(t, Number(new URL(up.url).port))
    connection.write(head('GET /mlflow/get-artifact?path=x', { authorization: `Bearer ${key}` }))
    await connection.head()
    return connection
  }))
  await delay(1100)
  mlflow.behave(echo)
  const [one] = all
  const { id } = (JSON.parse(await one?.command(['keys', 'list', '--json']) ?? '') as Array<{ id: string }>)[0] ?? { id: '' }
  await one?.command(['keys', 'revoke', id])
  const revokedAt = performance.now()
  const ends = await Promise.all(downloads.map(async ({ closed }) => {
    await closed
    return performance.now() - revokedAt
  }))
  t.ok(Math.max(...ends) < 3000, `transfers ended ${ends.map(Math.round).join(', ')} ms after it`)
  t.strictSame(await Promise.all(all.map(async up => await statusOf(up, key))), [401, 401, 401])
  for (const up of all) t.notMatch(up.output(), new RegExp(`${password}|${encodeURIComponent(password)}|${key}`))
})

t.test('keys managed over HTTP at one facade are so at the other within a second; two that end each other\'s key leave one', async t => {
  const mlflow = await standIn(t, echo)
  const env = { KEYS_URL: urlOf(server.port, await server.createDatabase()) }
  const one = await startFacade(t, { mlflowUrl: mlflow.url.href, env })
  const other = await startFacade(t, { mlflowUrl: mlflow.url.href, env })
  const first = readFileSync(join(one.dataDir, 'admin-key'), 'utf8').trim()
  const call = async (up: FacadeProcess, key: string, method: string, path: string, body: unknown = undefined): Promise<{ status: number, body: Record<string, unknown> }> => {
    const headers = { authorization: `Bearer ${key}`, ...body === undefined ? {} : { 'content-type': 'application/json' } }
    const answered = await fetch(`${up.url}${path}`, { method, headers, ...body === undefined ? {} : { body: JSON.stringify(body) } })
    const text = await answered.text()
    return { status: answered.status, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown> }
  }
  const { body: { id, key } } = await call(one, first, 'POST', '/admin/keys', { name: 'second', scopes: ['mlflow:admin'] })
  const second = String(key)
  t.equal(await statusOf(other, second), 200)
  t.match(await call(one, first, 'POST', `/admin/keys/${String(id)}/disable`, { reason: 'x' }), { status: 200, body: { state: 'disabled' } })
  const since = performance.now()
  while (await statusOf(other, second) !== 401 && performance.now() - since < 3000);
  t.ok(performance.now() - since < 1000, `after ${Math.round(performance.now() - since)} ms`)
  await call(one, first, 'POST', `/admin/keys/${String(id)}/enable`)
  await delay(1000)
  t.match(await call(other, second, 'GET', '/admin/keys?state=live&max_results=1'), { status: 200, body: { keys: [{ owner: 'admin' }], next_page_token: String } })
  const { body } = await call(other, first, 'GET', '/whoami')
  const ends = await Promise.all([call(one, first, 'DELETE', `/admin/keys/${String(id)}`), call(other, second, 'DELETE', `/admin/keys/${String(body['id'])}`)])
  t.equal(ends.filter(({ status }) => status === 204).length, 1, ends.map(({ status }) => status).join())
})

t.test('a key that another process revokes is refused by a facade within a second, also while the link is down', async t => {
  const mlflow = await standIn(t, echo)
  const network = await startWobbly(t, server.port)
  const database = await server.createDatabase()
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { KEYS_URL: urlOf(network.port, database) } })
  for (const isLinked of [true, false]) {
    const key = await up.createKey('mlflow:write')
    t.equal(await statusOf(up, key), 200)
    if (!isLinked) network.cutLink()
    await server.query(database, 'UPDATE hokusai_mlflow.keys SET revoked_at = 1')
    const since = performance.now()
    while (await statusOf(up, key) !== 401 && performance.now() - since < 3000);
    t.ok(performance.now() - since < 1000, `after ${Math.round(performance.now() - since)} ms`)
  }
})

t.test('a server that is away: 200 for keys in use, 503 for others and never 401; /ready, metric and log say so, once and without an address', async t => {
  const mlflow = await standIn(t, call => call.write(answer(200, 'ok')))
  const network = await startWobbly(t, server.port)
  const metricsPort = await freePort()
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { KEYS_URL: urlOf(network.port, await server.createDatabase()), METRICS_PORT: String(metricsPort) } })
  const link = async (): Promise<string | undefined> => {
    const scraped = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    return /^hokusai_mlflow_key_store_link_up (\d)/m.exec(await scraped.text())?.[1]
  }
  const [used, unused] = [await up.createKey('mlflow:read'), await up.createKey('mlflow:read')]
  t.equal(await statusOf(up, used), 200)
  t.equal(await link(), '1')
  network.cut()
  await delay(1100) // a text of metrics and an answer of /ready may be a second old
  t.equal(await link(), '0')
  for (let call = 0; call < 5; call++) t.strictSame([await statusOf(up, used), await statusOf(up, unused)], [200, 503])
  const ready = await readyOf(up)
  t.equal(ready.status, 503)
  t.match(JSON.parse(ready.text), { keys: { status: 'failed', reason: 'The key database broke the connection.' } })
  t.notMatch(ready.text, /127\.0\.0\.1|keys_/)
  await delay(1500)
  network.restore()
  for (const end = performance.now() + 15_000; await link() !== '1' && performance.now() < end;) await delay(100)
  t.equal(await link(), '1')
  t.strictSame([await statusOf(up, used), await statusOf(up, unused), (await readyOf(up)).status], [200, 200, 200])
  const told = up.output().split('\n').filter(line => /notifies of changes/.test(line)).map(line => JSON.parse(line) as { level: string, msg: string })
  t.match(told, [{ level: 'error', msg: /^the key store no longer notifies of changes/ }, { level: 'info', msg: 'the key store notifies of changes again' }])
  t.equal(told.length, 2)
  await up.stop()
})

t.test('a start that cannot be is one sentence, without the password', t => {
  const env = { PATH: process.env['PATH'], DATA_DIR: t.testdir(), MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '0', METRICS_PORT: 'off', KEYS_URL: urlOf(server.port, 'nowhere') }
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'start'], { env, encoding: 'utf8' })
  t.equal(status, 2)
  t.match(stderr, /KEYS_URL names a key store that cannot be opened: The key database does not exist: the server has none of that name\.\n$/)
  t.notMatch(stderr, new RegExp(`${password}|${encodeURIComponent(password)}|at .*js:`))
  t.end()
})
