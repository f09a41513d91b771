/** How much a body may bring: what is no artifact has a bound, and what is spooled to disk has one for all together, so that no key fills the disk on which keys live. */
import { once } from 'node:events'
import fs, { promises, readdirSync, readlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { facade, requestHead, type Facade, type Request } from '../../helpers/app.js'
import { connect, head, type Connection } from '../../helpers/client.js'
import { smallDisk } from '../../helpers/disk.js'
import { startFacade } from '../../helpers/facade.js'
import { answer, echo, shapeB, silent, standIn } from '../../helpers/upstream.js'

const create = '/mlflow/api/2.0/mlflow/runs/create'
/** Its body is read and judged before it is sent. */
const judged = '/mlflow/api/2.0/mlflow/experiments/create'
const search = '/mlflow/api/2.0/mlflow/experiments/search'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
const chunked = { 'Transfer-Encoding': 'chunked' }
const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`
const lastChunk = '0\r\n\r\n'

/** Waits until the facade has read all that was written, or has closed its end. */
async function allRead ({ socket: { bytesWritten } }: Connection, socket: Socket): Promise<void> {
  while (!socket.closed && socket.bytesRead < bytesWritten) await delay(5) // Node's parser reads past the event of data
}

/** Begins a chunked request. */
async function begin ({ connect }: Facade, method: string, target: string, request: Request = {}): Promise<Connection> {
  const connection = await connect()
  connection.write(requestHead(method, target, { ...request, headers: chunked }))
  return connection
}

t.test('a body that is no artifact is bounded', async t => {
  const up = await facade(t, echo, { env: { BODY_MAX_BYTES: '100000' } })
  const { call, connect, mlflow, line } = up
  t.beforeEach(() => { mlflow.calls.length = 0 })

  t.test('by its length, before a byte of it is read', async t => {
    for (const target of [create, judged, '/api/2.0/mlflow/experiments/create', '/mlflow/v1/traces', '/mlflow/gateway/openai/v1/chat/completions']) {
      const connection = await connect()
      connection.write(requestHead('POST', target, { key: 'admin', headers: { 'Content-Length': '100001' } }))
      const answered = await connection.answer()
      t.equal(answered.status, 413, target)
      t.match(answered.json(), { error_code: 'INVALID_PARAMETER_VALUE', message: /100000 bytes/ })
      t.equal(answered.header('connection'), 'close')
      t.equal((await line(answered.header('x-request-id'))).refusal, 'body_too_large')
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('by counting, where it is chunked: MLflow gets it cut, never as a shorter whole', async t => {
    const connection = await begin(up, 'POST', create)
    connection.write(chunk(60_000))
    const forwarded = await mlflow.call(1)
    connection.write(chunk(60_000))
    const answered = await connection.answer()
    t.equal(answered.status, 413)
    t.equal(answered.header('connection'), 'close')
    await forwarded.closed
    t.notOk(forwarded.message.whole)
    await connection.closed
  })

  t.test('and up to its bound it passes, as an artifact does beyond it', async t => {
    const fitting = 'x'.repeat(100_000)
    t.equal((await call('POST', create, { body: fitting })).body.length, 100_000)
    t.equal((await call('POST', create, { headers: chunked, body: chunk(50_000) + chunk(50_000) + lastChunk })).body.length, 100_000)
    t.equal((await call('PUT', upload, { body: fitting + fitting })).body.length, 200_000)
    t.equal((await call('PUT', upload, { headers: chunked, body: chunk(200_000) + lastChunk })).body.length, 200_000)
  })
})

t.test('the spooled bodies of one key have half of the bound for all together', async t => {
  const up = await facade(t, echo, { shape: shapeB, env: { BODY_MAX_BYTES: '70000', SPOOL_TOTAL_BYTES: '200000' } })
  const { call, mlflow, line } = up
  /** Waits until the last one's file is closed: an empty body needs room, and takes none. */
  const room = async (): Promise<void> => { while ((await call('PUT', upload, { headers: chunked, body: lastChunk })).status === 503); }
  t.beforeEach(() => { mlflow.calls.length = 0 })

  t.test('one that is no artifact has the bound of such bodies besides', async t => {
    for (const target of [create, judged]) {
      const answered = await call('POST', target, { headers: chunked, body: chunk(80_000) + lastChunk })
      t.equal(answered.status, 413)
      t.match(answered.json().message, /70000 bytes/)
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('the one that finds no room left is 503, its space is free at once, and the others go on', async t => {
    const { connection: first, socket } = await up.connectBoth()
    const taken = async (): Promise<void> => await allRead(first, socket)
    first.write(requestHead('PUT', upload, { headers: chunked }) + chunk(80_000))
    await taken()
    const second = await begin(up, 'PUT', upload)
    second.write(chunk(80_000))
    const refused = await second.answer()
    t.equal(refused.status, 503)
    t.equal(refused.json().error_code, 'TEMPORARILY_UNAVAILABLE')
    t.ok(Number(refused.header('retry-after')) > 0)
    t.equal((await line(refused.header('x-request-id'))).refusal, 'spool_full')
    first.write(chunk(20_000))
    await taken()
    const third = await begin(up, 'PUT', upload)
    const early = await third.answer()
    t.equal(early.status, 503, 'before a byte of it is sent')
    first.write(lastChunk)
    t.equal((await first.answer()).body.length, 100_000)
    await room()
    t.equal((await call('PUT', upload, { headers: chunked, body: chunk(100_000) + lastChunk })).status, 200, 'room again')
  })

  t.test('the space of one that is cut, or that MLflow refuses or breaks, is free again', async t => {
    await room()
    for (const end of ['cut', 'refused', 'broken'] as const) {
      mlflow.behave(call => end === 'broken' ? call.socket.resetAndDestroy() : call.write(answer(400, '{}')))
      const { connection, socket } = await up.connectBoth()
      connection.write(requestHead('PUT', upload, { headers: chunked }) + chunk(100_000))
      await allRead(connection, socket)
      if (end === 'cut') connection.destroy()
      else {
        connection.write(lastChunk)
        t.equal((await connection.answer()).status, end === 'broken' ? 502 : 400)
      }
      mlflow.behave(echo)
      await room()
      t.equal((await call('PUT', upload, { headers: chunked, body: chunk(100_000) + lastChunk })).status, 200, end)
      await room()
    }
  })
})

t.test('spooled bodies of all keys have a bound together, and no key takes more than half of it', async t => {
  const up = await facade(t, echo, { shape: shapeB, env: { SPOOL_TOTAL_BYTES: '100000' } })
  const send = async (key: Request['key'], bytes: number): Promise<number> => (await up.call('POST', search, { ...key === undefined ? {} : { key }, headers: chunked, body: chunk(bytes) + lastChunk })).status
  const hold = async (key: 'write' | 'admin', bytes: number): Promise<Connection> => {
    const { connection, socket } = await up.connectBoth()
    connection.write(requestHead('POST', search, { key, headers: chunked }) + chunk(bytes))
    await allRead(connection, socket)
    return connection
  }
  t.equal(await send('write', 50_001), 503)
  const first = await hold('write', 50_000)
  t.equal(await send('write', 1), 503)
  const second = await hold('admin', 45_000)
  t.equal(await send('read', 6000), 503, 'no more than half, but more than all may')
  for (const connection of [first, second]) {
    connection.write(lastChunk)
    t.equal((await connection.answer()).status, 200)
  }
})

t.test('a disk that fails within an upload takes no room from later ones', async t => {
  const up = await facade(t, echo, { shape: shapeB, env: { SPOOL_TOTAL_BYTES: '200000' } })
  const { write, writev } = fs
  t.teardown(() => Object.assign(fs, { write, writev }))
  for (let round = 0; round < 4; round++) {
    const { connection, socket } = await up.connectBoth()
    connection.write(requestHead('PUT', upload, { headers: chunked }) + chunk(10))
    await allRead(connection, socket)
    const broken = (...given: unknown[]): void => (given.at(-1) as (error: Error) => void)(Object.assign(new Error('broken'), { code: 'EIO' }))
    Object.assign(fs, { write: broken, writev: broken })
    connection.write(chunk(10))
    const refused = await connection.head()
    t.equal(refused.status, 503)
    connection.write(chunk(50_000)) // while the answer lingers
    await allRead(connection, socket)
    Object.assign(fs, { write, writev })
    t.equal((await up.line(refused.header('x-request-id'))).refusal, 'spool_failed')
    connection.destroy()
  }
  t.equal((await up.call('PUT', upload, { headers: chunked, body: chunk(90_000) + lastChunk })).status, 200)
})

t.test('a body that was spooled for nothing, or whose file cannot be unnamed, leaves no handle', async t => {
  const up = await facade(t, echo, { shape: shapeB })
  const handles = (): string[] => readdirSync('/proc/self/fd').map(fd => { try { return readlinkSync(`/proc/self/fd/${fd}`) } catch { return '' } }).filter(file => file.startsWith(up.dataDir))
  const { rm } = promises
  t.teardown(() => { promises.rm = rm; syncBuiltinESMExports() })
  promises.rm = async () => { throw new Error('no') }
  syncBuiltinESMExports()
  const answered = await up.call('PUT', upload, { headers: chunked, body: chunk(5) + lastChunk })
  t.equal(answered.status, 503)
  t.equal((await up.line(answered.header('x-request-id'))).refusal, 'spool_failed')
  while (handles().length > 0) await new Promise(resolve => setTimeout(resolve, 5))
  promises.rm = rm
  syncBuiltinESMExports()
  Object.defineProperty(up.upstream, 'host', { get () { throw new Error('no header can be made') } })
  t.equal((await up.call('PUT', upload, { headers: chunked, body: chunk(5) + lastChunk })).status, 500)
  while (handles().length > 0) await new Promise(resolve => setTimeout(resolve, 5))
})

t.test('a spooled body counts as a transfer of its key', async t => {
  const up = await facade(t, echo, { shape: shapeB, env: { TRANSFERS_PER_KEY: '2' } })
  const open = [await begin(up, 'POST', search, { key: 'read' }), await begin(up, 'POST', search, { key: 'read' })]
  for (const connection of open) connection.write(chunk(5))
  const third = await begin(up, 'POST', search, { key: 'read' })
  const refused = await third.answer()
  t.equal(refused.status, 429)
  t.equal((await up.line(refused.header('x-request-id'))).refusal, 'transfers')
  t.equal((await up.call('POST', search, { key: 'read', body: '{}' })).status, 200, 'a body with a length does not')
  for (const connection of open) {
    connection.write(lastChunk)
    t.equal((await connection.answer()).text(), 'xxxxx')
  }
})

t.test('256 MiB of the disk stay free, whoever takes the rest', { skip: process.getuid?.() === 0 ? false : 'only root may mount a disk' }, async t => {
  const mib = 1024 ** 2
  const disk = smallDisk(t, 280 * mib)
  const up = await facade(t, echo, { shape: shapeB, env: { DATA_DIR: disk?.folder ?? '', SPOOL_TOTAL_BYTES: String(1000 * mib) } })
  const send = async (bytes: number): Promise<number> => (await up.call('PUT', upload, { headers: chunked, body: chunk(bytes) + lastChunk })).status
  t.equal(await send(10 * mib), 200)
  t.equal(await send(30 * mib), 503)
  t.equal(await send(10 * mib), 200, 'what the refused one took is free again')
  const free = disk?.fill(255 * mib)
  const connection = await begin(up, 'PUT', upload)
  t.equal((await connection.answer()).status, 503, 'before a byte of it is sent')
  free?.()
  t.equal(await send(10 * mib), 200)
})

t.test('a hundred chunked uploads at once take neither memory by their size nor handles beyond their end', async t => {
  const mlflow = await standIn(t, silent, shapeB)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href })
  const keys = await Promise.all(Array.from({ length: 4 }, async () => await up.createKey('mlflow:write')))
  const before = handlesOf(up.pid).length
  // Files by their name: other handles of the start (a thread's, sockets over which the keys were made) are given back at any time.
  const files = (): number => handlesOf(up.pid).filter(name => name.includes('/spool/')).length
  const growth = up.watchGrowth()
  const connections = await Promise.all(Array.from({ length: 100 }, async (_, index) => await pour(t, up.url, keys[index % 4] ?? '')))
  const until = async (isSo: () => boolean, what: string): Promise<void> => {
    for (const end = performance.now() + 60_000; !isSo(); await delay(10)) {
      if (performance.now() > end) throw new Error(`${what}: ${files()} files`)
    }
  }
  await until(() => files() === connections.length, 'a hundred uploads with a file each')
  t.ok(growth() < 150 * 1024 ** 2, `${Math.round(growth() / 1024 ** 2)} MiB more`)
  for (const connection of connections) connection.destroy()
  await until(() => files() === 0 && handlesOf(up.pid).length <= before + 2, 'all have left')
  t.equal(mlflow.calls.length, 0)
  await up.stop()
})

/** What each handle of a process stands for; one that is closed meanwhile is left out. */
function handlesOf (pid: number | undefined): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap(handle => {
    try {
      return [readlinkSync(`${folder}/${handle}`)]
    } catch {
      return []
    }
  })
}

/** A chunked upload of 3 MiB that does not end. */
async function pour (t: Test, url: string, key: string): Promise<Connection> {
  const connection = await connect(t, Number(new URL(url).port))
  connection.write(head(`PUT ${upload}`, { ...chunked, authorization: `Bearer ${key}` }))
  for (let sent = 0; sent < 3; sent++) {
    if (!connection.socket.write(chunk(1024 ** 2))) await once(connection.socket, 'drain')
  }
  return connection
}
