/** Callers that leave, stall, trickle, cut or pour: MLflow is freed at once, a half of an upload is never a whole one, and patience has its limits. */
import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Verdict } from '../../../src/keys/contract.js'
import { facade, keys, requestHead, type Request } from '../../helpers/app.js'
import { answer, echo, shapeB, silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
/** Nothing waits: what takes longer has waited for a timer (the machine may be busy, too). */
const atOnceMs = 200
const endless = 'HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n'

/** Writes a part every so often until all is written or the connection is gone. */
async function trickle (socket: Socket, parts: ReadonlyArray<string | Buffer>, everyMs: number): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed) return
    socket.write(part)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

/** Uploads of every kind of handling, in ten parts each. */
const query = JSON.stringify({ query: `{ mlflowGetRun { ${'a '.repeat(100)} } }` })
const uploads: ReadonlyArray<{ name: string, method: string, target: string, headers: Record<string, string>, parts: string[], spooled?: true }> = [
  { name: 'large', method: 'PUT', target: upload, headers: { 'Content-Length': '100000' }, parts: Array<string>(10).fill('x'.repeat(10_000)) },
  { name: 'small', method: 'POST', target: create, headers: { 'Content-Length': '100' }, parts: Array<string>(10).fill('x'.repeat(10)) },
  { name: 'chunked', method: 'PUT', target: upload, headers: { 'Transfer-Encoding': 'chunked' }, parts: [...Array<string>(9).fill('3\r\nabc\r\n'), '0\r\n\r\n'] },
  { name: 'spooled', method: 'POST', target: create, headers: { 'Transfer-Encoding': 'chunked' }, parts: [...Array<string>(9).fill('3\r\nabc\r\n'), '0\r\n\r\n'], spooled: true },
  { name: 'inspected', method: 'POST', target: '/mlflow/graphql', headers: { 'Content-Length': String(query.length) }, parts: query.match(/.{1,25}/gs) ?? [] }
]

t.test('a caller who leaves', async t => {
  const up = await facade(t, silent, { env: { TRANSFERS_PER_KEY: '1' } })
  const { call, connect, connectBoth, mlflow, line, verdicts } = up
  t.beforeEach(() => {
    mlflow.calls.length = 0
    mlflow.behave(silent)
  })

  t.test('while MLflow is thinking frees it at once, and is a 499 in the log', async t => {
    for (const { method, target, body } of [{ method: 'GET', target: search, body: undefined }, { method: 'POST', target: search, body: '{}' }, { method: 'PUT', target: upload, body: 'x'.repeat(200_000) }]) {
      mlflow.calls.length = 0
      const connection = await connect()
      connection.write(requestHead(method, target, body === undefined ? {} : { body }) + (body ?? ''))
      const forwarded = await mlflow.call(1)
      await forwarded.whole
      const left = performance.now()
      connection.destroy()
      t.ok(await forwarded.closed - left < atOnceMs, method)
      const logged = await line(forwarded.header('x-request-id'))
      t.equal(logged.status, 499)
      t.equal(logged.level, 30)
      t.equal(logged.refusal, undefined)
    }
  })

  t.test('within an answer frees MLflow at once', async t => {
    mlflow.behave(call => call.write(endless + 'x'.repeat(500_000)))
    const connection = await connect()
    connection.write(requestHead('GET', upload))
    await connection.head()
    const left = performance.now()
    connection.destroy()
    const forwarded = await mlflow.call(1)
    t.ok(await forwarded.closed - left < atOnceMs)
    t.equal((await line(forwarded.header('x-request-id'))).status, 499)
  })

  t.test('within an upload leaves it cut at MLflow, whether it has a length or comes in chunks', async t => {
    mlflow.behave(echo)
    for (const { name, method, target, headers, parts } of uploads.filter(({ name }) => name === 'large' || name === 'chunked')) {
      mlflow.calls.length = 0
      const connection = await connect()
      connection.write(requestHead(method, target, { headers }) + parts.slice(0, -1).join(''))
      const forwarded = await mlflow.call(1)
      const left = performance.now()
      connection.destroy()
      t.ok(await forwarded.closed - left < atOnceMs, name)
      t.notOk(forwarded.message.whole, 'not a shorter whole')
      t.equal((await line(forwarded.header('x-request-id'))).status, 499)
    }
  })

  t.test('within a small upload, or one that is judged by its body, has sent MLflow nothing', async t => {
    mlflow.behave(echo)
    for (const { method, target, headers, parts } of uploads.filter(({ name }) => name === 'small' || name === 'inspected')) {
      const { connection, socket } = await connectBoth()
      connection.write(requestHead(method, target, { headers }) + parts.slice(0, -1).join(''))
      await once(socket, 'data')
      connection.destroy()
      await once(socket, 'close')
    }
    t.equal((await call('POST', search, { body: 'next' })).text(), 'next')
    t.equal(mlflow.calls.length, 1, 'only the next one')
  })

  t.test('while the key is looked up has sent MLflow nothing', async t => {
    mlflow.behave(echo)
    const verdict = verdicts.get(keys.write) as Verdict
    let settle = (): void => {}
    verdicts.set(keys.write, new Promise(resolve => { settle = () => resolve(verdict) }))
    for (const { method, target, headers, parts } of [{ method: 'POST', target: create, headers: {}, parts: [] }, ...uploads.filter(({ name }) => name !== 'spooled' && name !== 'large')]) {
      const { connection, socket } = await connectBoth()
      connection.write(requestHead(method, target, { headers }) + parts.slice(0, -1).join(''))
      await once(socket, 'data')
      connection.destroy()
      await once(socket, 'close')
    }
    verdicts.set(keys.write, verdict)
    settle()
    t.equal((await call('POST', search, { body: 'next' })).text(), 'next')
    t.equal(mlflow.calls.length, 1, 'only the next one')
    t.equal(up.upstream.open.items.length, 0)
    for (let count = 0; count < 3; count++) t.equal((await call('PUT', upload, { body: 'x' })).status, 200, 'no transfer counts as open')
  })

  t.test('while MLflow is being looked for has sent it nothing', async t => {
    mlflow.behave(echo)
    await mlflow.start({ hangs: true })
    for (const socket of mlflow.sockets) socket.resetAndDestroy()
    await new Promise(resolve => setTimeout(resolve, 20)) // for the facade to see the resets
    for (const { method, target, headers, parts } of [{ method: 'POST', target: create, headers: {}, parts: [] }, ...uploads.filter(({ name }) => name !== 'spooled' && name !== 'large')]) {
      const { connection, socket } = await connectBoth()
      connection.write(requestHead(method, target, { headers }) + parts.slice(0, -1).join(''))
      await once(socket, 'data')
      connection.destroy()
      await once(socket, 'close')
    }
    await mlflow.start({ hangs: false })
    t.equal((await call('POST', search, { body: 'next' })).text(), 'next')
    t.equal(mlflow.calls.length, 1, 'only the next one')
    t.equal(up.upstream.open.items.length, 0)
  })
})

t.test('the patience with a body that is judged ends when it is there', async t => {
  const { call, mlflow } = await facade(t, echo, { env: { MLFLOW_UPSTREAM_IDLE_TIMEOUT: '0.5', MLFLOW_UPSTREAM_TIMEOUT: '10' } })
  mlflow.behave(call => setTimeout(() => call.write(answer(200, '{}')), 1500))
  t.equal((await call('POST', '/mlflow/graphql', { body: '{"query": "{ __typename }"}' })).status, 200)
})

t.test('slow callers', async t => {
  const env = { MLFLOW_UPSTREAM_TIMEOUT: '1', MLFLOW_UPSTREAM_IDLE_TIMEOUT: '1' }
  const [plain, spooling] = await Promise.all([facade(t, echo, { env }), facade(t, echo, { env, shape: shapeB })])

  t.test('an upload that trickles for longer than any timeout survives', async t => {
    await Promise.all(uploads.map(async ({ name, method, target, headers, parts, spooled }) => {
      const connection = await (spooled === true ? spooling : plain).connect()
      connection.write(requestHead(method, target, { headers }))
      await trickle(connection.socket, parts, 250)
      const answered = await connection.answer()
      t.equal(answered.status, 200, name)
      t.equal(answered.body.length, parts.join('').replaceAll(/\r\n|^3|^0/gm, '').length)
    }))
  })

  t.test('an upload that stalls does not: it ends within its time, and MLflow has no whole one', async t => {
    const start = performance.now()
    await Promise.all(uploads.map(async ({ name, method, target, headers, parts, spooled }) => {
      const { connect, mlflow } = spooled === true ? spooling : plain
      mlflow.calls.length = 0
      const connection = await connect()
      connection.write(requestHead(method, target, { headers }) + parts.slice(0, 5).join(''))
      const answered = await connection.answer()
      t.equal(answered.status, 408, name)
      t.match(answered.json(), { error_code: 'INVALID_PARAMETER_VALUE', message: 'The body did not arrive in time.' })
      t.equal(answered.header('connection'), 'close')
      // The rest comes too late to be sent.
      connection.write(parts.slice(5).join(''))
      await connection.closed
    }))
    t.ok(performance.now() - start < 4000)
    for (const { message, closed } of [...plain.mlflow.calls, ...spooling.mlflow.calls]) {
      await closed
      t.notOk(message.whole)
    }
    t.equal(plain.upstream.open.items.length + spooling.upstream.open.items.length, 0)
  })

  t.test('an upload that MLflow does not take is no fault of the caller', async t => {
    const { connect, mlflow } = await facade(t, call => call.socket.pause(), { env })
    const connection = await connect()
    const bytes = 64 * 1024 * 1024
    connection.write(requestHead('PUT', upload, { headers: { 'Content-Length': String(bytes) } }))
    connection.socket.write(Buffer.alloc(bytes))
    const answered = await connection.answer()
    t.match([answered.status, answered.json().error_code], [504, 'DEADLINE_EXCEEDED'])
    t.equal(mlflow.calls.length, 1)
  })

  t.test('a download to a slow reader survives, one to a reader who has stopped does not', async t => {
    const { connect, mlflow, line } = await facade(t, echo, { env: { MLFLOW_UPSTREAM_IDLE_TIMEOUT: '2' } })
    const bytes = 16 * 1024 * 1024
    mlflow.behave(call => {
      call.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
      call.write(Buffer.alloc(bytes, 'x'))
    })
    mlflow.calls.length = 0
    const stopped = await connect()
    stopped.socket.pause()
    stopped.write(requestHead('GET', upload))
    const slow = await connect()
    slow.write(requestHead('GET', upload))
    for (let taken = 0; taken < 30 && slow.socket.bytesRead < bytes; taken++) {
      slow.socket.pause()
      await new Promise(resolve => setTimeout(resolve, 100))
      slow.socket.resume()
      for (const aim = Math.min(bytes, slow.socket.bytesRead + bytes / 30); slow.socket.bytesRead < aim;) await once(slow.socket, 'data')
    }
    const answered = await slow.answer()
    t.ok(answered.whole)
    t.equal(answered.body.length, bytes)
    const cut = await mlflow.call(1)
    await cut.closed
    t.equal((await line(cut.header('x-request-id'))).refusal, 'upstream_idle')
  })
})

t.test('callers who pour on after a refusal', async t => {
  const { connectBoth, connect, mlflow } = await facade(t, echo)
  const refused: ReadonlyArray<{ status: number, method?: string, target?: string, request: Request }> = [
    { status: 401, request: { key: 'unknown' } },
    { status: 401, request: { key: null } },
    { status: 403, request: { key: 'read' } },
    { status: 400, request: {}, target: '/mlflow/..' },
    { status: 404, request: {}, target: '/nowhere' },
    { status: 401, request: { key: null }, target: upload.slice('/mlflow'.length) }
  ]

  t.test('can read the answer, but pour in no more than 64 KiB or so', async t => {
    for (const { status, method = 'PUT', target = upload, request } of refused) {
      for (const headers of [{ 'Content-Length': '10000000000' }, { 'Transfer-Encoding': 'chunked' }]) {
        const { connection, socket } = await connectBoth()
        let taken = 0
        socket.once('close', () => { taken = socket.bytesRead })
        connection.write(requestHead(method, target, { ...request, headers }))
        const chunk = 'Content-Length' in headers ? Buffer.alloc(0x4000) : Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`)
        const pour = async () => { while (!connection.socket.destroyed && connection.socket.write(chunk)) await new Promise(resolve => setImmediate(resolve)) }
        connection.socket.on('drain', pour)
        void pour()
        const answered = await connection.answer()
        t.equal(answered.status, status, `${method} ${target}`)
        t.equal(answered.header('connection'), 'close')
        t.ok(answered.json().request_id)
        await connection.closed
        t.ok(taken > 0 && taken < 300_000, `${taken} bytes were taken`)
      }
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('have a second, however slowly they pour', async t => {
    await Promise.all(refused.map(async ({ method = 'PUT', target = upload, request }) => {
      const connection = await connect()
      const start = performance.now()
      connection.write(requestHead(method, target, { ...request, headers: { 'Content-Length': '10000000' } }))
      const pour = setInterval(() => connection.write('x'), 50)
      await connection.closed
      clearInterval(pour)
      const ms = performance.now() - start
      t.ok(ms > 500 && ms < 1600, `closed after ${Math.round(ms)} ms`)
      t.ok((await connection.answer()).whole)
    }))
  })

  t.test('an answer without a body goes out at once, too', async t => {
    const connection = await connect()
    const start = performance.now()
    connection.write(requestHead('OPTIONS', '/x', { key: null, headers: { 'Content-Length': '100000' } }))
    t.equal((await connection.head()).status, 204)
    t.ok(performance.now() - start < 500)
    await connection.closed
  })

  t.test('a large answer of MLflow that came early can be read by a caller who still sends', async t => {
    const large = 'y'.repeat(200_000)
    mlflow.behave(call => call.write(answer(200, large)))
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: { 'Content-Length': '10000000' } }) + 'x'.repeat(1000))
    const answered = await connection.answer()
    const start = performance.now()
    t.equal(answered.text(), large)
    t.ok(answered.whole)
    await connection.closed
    t.ok(performance.now() - start > 500, 'a second to read it in')
    mlflow.behave(echo)
  })

  t.test('a refusal of a request without a body leaves the connection open', async t => {
    const connection = await connect()
    for (const key of ['unknown', null, 'write'] as const) {
      connection.write(requestHead('GET', search, { key }))
      t.equal((await connection.answer()).status, key === 'write' ? 200 : 401)
    }
  })
})

t.test('broken framing', async t => {
  const { connect, mlflow, lines } = await facade(t, echo)

  t.test('a broken chunk in an upload is one 400, and a cut upload for MLflow', async t => {
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: { 'Transfer-Encoding': 'chunked' } }) + '3\r\nabc\r\n')
    const forwarded = await mlflow.call(1)
    connection.write('nonsense\r\n')
    const answered = await connection.answer()
    t.equal(answered.status, 400)
    t.equal(answered.json().error_code, 'INVALID_PARAMETER_VALUE')
    await connection.closed
    await t.rejects(connection.answer(), 'there is no second answer')
    await forwarded.closed
    t.notOk(forwarded.message.whole)
  })

  t.test('garbage behind a request never gets into the answer that is under way', async t => {
    mlflow.behave(call => {
      call.write('HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n')
      call.write('x'.repeat(100_000))
      setTimeout(() => call.write('x'.repeat(200_000)), 50)
    })
    const connection = await connect()
    connection.write(requestHead('GET', upload))
    await connection.head()
    connection.write('garbage\r\n\r\n')
    await connection.closed
    t.match((await connection.answer()).text(), /^x+$/)
    t.ok(lines.some(({ error }) => typeof error === 'string' && error.startsWith('HPE_')))
  })
})

t.test('bounds of one key', async t => {
  const { call, connect, mlflow, line, verdicts, metric } = await facade(t, silent, { env: { TRANSFERS_PER_KEY: '2' } })

  t.test('a key has so many artifact transfers open, and other keys and calls do not suffer', async t => {
    const [first, second] = [await connect(), await connect()]
    first.write(requestHead('GET', upload))
    second.write(requestHead('PUT', upload, { body: '' }))
    const one = await mlflow.call(1)
    await mlflow.call(2)
    mlflow.behave(echo)
    const answered = await call('GET', upload)
    t.equal(answered.status, 429)
    t.equal(answered.json().error_code, 'REQUEST_LIMIT_EXCEEDED')
    t.equal(answered.header('retry-after'), '2')
    t.equal((await call('GET', search)).status, 200, 'a call that moves no artifact')
    t.equal((await call('GET', upload, { key: 'admin' })).status, 200, 'another key')
    t.equal(await metric('refusals_total{reason="transfers"}'), 1)
    for (const { request, connection } of [{ request: one, connection: first }]) {
      connection.destroy()
      await line(request.header('x-request-id'))
    }
    t.equal((await call('GET', upload)).status, 200, 'one has ended')
    second.destroy()
  })

  t.test('downloads beside the artifact paths count, too', async t => {
    mlflow.calls.length = 0
    mlflow.behave(silent)
    for (const path of ['/mlflow/get-artifact?run_uuid=r&path=p', '/mlflow/model-versions/get-artifact?name=n&version=1&path=p', '/mlflow/ajax-api/2.0/mlflow/get-trace-artifact?request_id=r']) {
      const held = [await connect(), await connect()]
      for (const connection of held) connection.write(requestHead('GET', path))
      while (mlflow.calls.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
      t.equal((await call('GET', path)).status, 429, path)
      for (const connection of held) connection.destroy()
      for (const { header } of mlflow.calls) await line(header('x-request-id'))
      mlflow.calls.length = 0
    }
  })

  t.test('a body that is judged is not sent for a key that has ended meanwhile', async t => {
    const verdict = verdicts.get(keys.write) as Verdict & { valid: true }
    mlflow.calls.length = 0
    const connection = await connect()
    const body = '{"query": "{ __typename }"}'
    connection.write(requestHead('POST', '/mlflow/graphql', { body }) + body.slice(0, 5))
    await new Promise(resolve => setTimeout(resolve, 100))
    verdicts.set(keys.write, { valid: false, reason: 'revoked', caller: verdict.caller })
    connection.write(body.slice(5))
    t.equal((await connection.answer()).status, 401)
    t.equal(mlflow.calls.length, 0)
    verdicts.set(keys.write, verdict)
  })

  t.test('a download ends within two seconds of its key, a request that waits gets the 401', async t => {
    const verdict = verdicts.get(keys.write) as Verdict & { valid: true }
    mlflow.calls.length = 0
    mlflow.behave(call => { if (call.target.includes('artifacts')) call.write(endless + 'x'.repeat(100_000)) })
    const [download, waiting] = [await connect(), await connect()]
    download.write(requestHead('GET', upload))
    waiting.write(requestHead('GET', search))
    const begun = await download.head()
    await mlflow.call(2)
    verdicts.set(keys.write, { valid: false, reason: 'revoked', caller: verdict.caller })
    const start = performance.now()
    await download.closed
    const refused = await waiting.answer()
    t.ok(performance.now() - start < 2200)
    t.notOk(begun.whole)
    t.equal(refused.status, 401)
    t.strictSame(refused.all('www-authenticate'), ['Bearer', 'Basic realm="MLflow"'])
    for (const { closed, header } of mlflow.calls) {
      await closed
      t.equal((await line(header('x-request-id'))).refusal, 'revoked')
    }
    verdicts.set(keys.write, verdict)
  })

  t.test('a store that cannot say ends no download', async t => {
    const verdict = verdicts.get(keys.write) as Verdict
    mlflow.calls.length = 0
    const download = await connect()
    download.write(requestHead('GET', upload))
    await mlflow.call(1)
    verdicts.set(keys.write, new Error('down'))
    await new Promise(resolve => setTimeout(resolve, 2200))
    t.notOk(download.socket.destroyed)
    verdicts.set(keys.write, verdict)
    download.destroy()
  })
})

t.test('spooling for an MLflow that takes chunked bodies for empty', async t => {
  const before = readdirSync('/proc/self/fd').length
  const { call, connect, connectBoth, mlflow, dataDir, line, close } = await facade(t, echo, { shape: shapeB, env: { SPOOL_MAX_BYTES: '100000' } })
  const folder = join(dataDir, 'spool')
  const files = () => readdirSync(folder)
  const chunked = { 'Transfer-Encoding': 'chunked' }
  t.beforeEach(() => {
    mlflow.calls.length = 0
    mlflow.behave(echo)
  })

  t.test('a chunked body arrives with its length, byte for byte, and leaves no file', async t => {
    const body = Buffer.from(Array.from({ length: 90_000 }, (_, index) => index % 251))
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: chunked }))
    for (let at = 0; at < body.length; at += 10_000) {
      connection.write('2710\r\n')
      connection.write(body.subarray(at, at + 10_000))
      connection.write('\r\n')
    }
    connection.write('0\r\n\r\n')
    const answered = await connection.answer()
    t.same(answered.body, body)
    const forwarded = await mlflow.call(1)
    t.equal(forwarded.header('content-length'), '90000')
    t.equal(forwarded.header('transfer-encoding'), undefined)
    t.strictSame(files(), [])
  })

  t.test('an empty chunked body is an empty body', async t => {
    const answered = await call('POST', create, { headers: chunked, body: '0\r\n\r\n' })
    t.equal(answered.status, 200)
    t.equal((await mlflow.call(1)).header('content-length'), '0')
    t.strictSame(files(), [])
  })

  t.test('one that is too large is 413, says what to do, and reaches MLflow not at all', async t => {
    const answered = await call('PUT', upload, { headers: chunked, body: `20000\r\n${'x'.repeat(0x20000)}\r\n0\r\n\r\n` })
    t.equal(answered.status, 413)
    t.match(answered.json(), { error_code: 'INVALID_PARAMETER_VALUE', message: /Content-Length/ })
    t.equal(mlflow.calls.length, 0)
    t.strictSame(files(), [])
  })

  t.test('one that is cut reaches MLflow not at all and leaves no file', async t => {
    const { connection, socket } = await connectBoth()
    connection.write(requestHead('PUT', upload, { headers: { ...chunked, 'X-Request-Id': 'x' } }) + '3\r\nabc\r\n')
    await once(socket, 'data')
    connection.destroy()
    await once(socket, 'close')
    t.equal((await call('PUT', upload, { headers: chunked, body: '2\r\nok\r\n0\r\n\r\n' })).text(), 'ok')
    t.equal(mlflow.calls.length, 1)
    t.strictSame(files(), [])
  })

  t.test('one whose caller leaves while MLflow thinks leaves no file', async t => {
    mlflow.behave(silent)
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: chunked }) + '2\r\nok\r\n0\r\n\r\n')
    const forwarded = await mlflow.call(1)
    await forwarded.whole
    connection.destroy()
    await forwarded.closed
    await line(forwarded.header('x-request-id'))
    t.strictSame(files(), [])
  })

  t.test('traces of OTLP go through as they come', async t => {
    const connection = await connect()
    connection.write(requestHead('POST', '/mlflow/v1/traces', { headers: chunked }) + '3\r\nabc\r\n')
    const forwarded = await mlflow.call(1)
    t.ok(forwarded.message.chunked, 'before its end')
    connection.write('0\r\n\r\n')
    t.equal((await connection.answer()).text(), 'abc')
  })

  t.test('a disk that fails is 503, and its reason is in the log alone', async t => {
    rmSync(folder, { recursive: true })
    writeFileSync(folder, 'in the way')
    const answered = await call('PUT', upload, { headers: chunked, body: '2\r\nok\r\n0\r\n\r\n' })
    t.equal(answered.status, 503)
    t.notMatch(answered.text(), /EEXIST|ENOTDIR|spool\//)
    t.match(await line(answered.header('x-request-id')), { refusal: 'spool_failed', error: /EEXIST|ENOTDIR/ })
    t.equal(mlflow.calls.length, 0)
  })

  t.test('no handle is left', async t => {
    await close()
    await mlflow.stop()
    t.ok(readdirSync('/proc/self/fd').length <= before)
  })
})
