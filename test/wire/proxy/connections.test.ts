/** Callers who pipeline without end or take nothing of what they asked for hold little, and not for long; who reads slowly is left alone. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { facade, requestHead } from '../../helpers/app.js'
import { answer, echo, silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
/** Enough for many reads of the socket. */
const many = Number(process.env.PIPELINED ?? 2000)

t.test('HOST=localhost is one server, whose connections are looked after like all', async t => {
  const { server, connect, mlflow } = await facade(t, silent, { env: { HOST: 'localhost' } })
  t.equal(server.addresses().length, 1)
  const connection = await connect()
  connection.write(requestHead('GET', search).repeat(20))
  await mlflow.call(8)
  await delay(50)
  t.equal(mlflow.calls.length, 8)
})

t.test('requests of one connection', async t => {
  const { connect, mlflow, upstream, line, metric } = await facade(t, silent, { env: { REQUESTS_PER_KEY: '1000', MLFLOW_UPSTREAM_CONNECTIONS: '1000' } })
  t.beforeEach(() => {
    mlflow.calls.length = 0
    mlflow.behave(silent)
  })

  t.test('reach MLflow eight at a time, up to 72 that are unanswered, and are answered in order', async t => {
    let open = 0
    let most = 0
    mlflow.behave(call => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        call.write(answer(200, call.target.split('=')[1]))
      }, 1)
    })
    const connection = await connect()
    const requests = Array.from({ length: many }, (_, index) => requestHead('GET', `${search}?n=${index}`))
    connection.write(requests.slice(0, 72).join(''))
    let inOrder = 0
    for (let index = 0; index < many; index++) {
      if ((await connection.answer()).text() === String(index)) inOrder++
      if (index % 36 === 35) connection.write(requests.slice(index + 37, index + 73).join(''))
    }
    t.equal(inOrder, many)
    t.equal(most, 8)
    t.equal(upstream.open.items.length, 0)
    connection.write(requestHead('GET', `${search}?n=more`))
    t.equal((await connection.answer()).text(), 'more', 'the connection goes on')
  })

  t.test('beyond that end it, and hold nothing any more, however many connections do so', async t => {
    const before = process.memoryUsage().heapUsed
    const connections = await Promise.all(Array.from({ length: 100 }, async () => await connect()))
    for (const connection of connections) connection.write(requestHead('GET', search).repeat(8))
    await mlflow.call(800)
    let most = 0
    await Promise.all(connections.map(async ({ write, closed }) => {
      write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2400))
      await closed
      most = Math.max(most, process.memoryUsage().heapUsed - before)
    }))
    t.ok(most < 100 * 2 ** 20, `${Math.round(most / 2 ** 20)} MiB`)
    for (const call of mlflow.calls) await call.closed
    t.equal(mlflow.calls.length, 800)
    t.equal(upstream.open.items.length, 0)
    t.match(await line(mlflow.calls[0]?.header('x-request-id')), { status: 499, refusal: 'pipelined' })
    t.equal(await metric('refusals_total{reason="pipelined"}'), 800)
  })

  t.test('that wait take their bodies with them', async t => {
    const body = 'x'.repeat(300_000)
    mlflow.behave(call => { if (call.method === 'PUT') echo(call) })
    const connection = await connect()
    connection.write(requestHead('GET', search).repeat(8) + requestHead('PUT', upload, { body }) + body + requestHead('GET', `${search}?last`))
    const first = await mlflow.call(8)
    await delay(50)
    t.equal(mlflow.calls.length, 8, 'the upload has not begun')
    for (const call of mlflow.calls.slice(0, 8)) call.write(answer(200, 'ok'))
    for (let count = 0; count < 8; count++) t.equal((await connection.answer()).text(), 'ok')
    t.equal((await connection.answer()).text(), body)
    ;(await mlflow.call(10)).write(answer(200, 'last'))
    t.equal((await connection.answer()).text(), 'last')
    t.ok(first)
  })

  t.test('stream their bodies while others before them are under way', async t => {
    const connection = await connect()
    connection.write(requestHead('GET', search).repeat(7) + requestHead('PUT', upload, { headers: { 'Content-Length': '200000' } }) + 'x'.repeat(1000))
    await mlflow.call(8)
    connection.write('x'.repeat(199_000))
    const put = mlflow.calls.find(({ method }) => method === 'PUT')
    t.equal((await put?.whole)?.length, 200_000)
    connection.destroy()
  })

  t.test('that still wait when their caller leaves never reach MLflow', async t => {
    const connection = await connect()
    connection.write(requestHead('GET', search).repeat(20))
    await mlflow.call(8)
    connection.destroy()
    for (const call of mlflow.calls) call.write(answer(200, 'ok'))
    while (upstream.open.items.length > 0) await delay(5)
    t.ok(mlflow.calls.length <= 16, `${mlflow.calls.length}`)
  })
})

t.test('answers that nobody takes', async t => {
  const bytes = 16 * 1024 * 1024
  const { call, connect, mlflow, line, upstream, server } = await facade(t, call => {
    call.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
    call.write(Buffer.alloc(bytes, 'x'))
  }, { stallMs: 1000 })

  t.test('end their connection, and the log says why', async t => {
    const connection = await connect()
    connection.socket.pause()
    connection.write(requestHead('GET', upload))
    const cut = await mlflow.call(1)
    const start = performance.now()
    await cut.closed
    t.ok(performance.now() - start < 3000)
    t.match(await line(cut.header('x-request-id')), { refusal: 'output_stalled' })
  })

  const document = '/openapi.yaml?mlflow=all'
  t.test('do so for documents of the facade\'s own, however many are asked for', async t => {
    await call('GET', document, { key: null }) // it is made once
    const connections = await Promise.all(Array.from({ length: 30 }, async () => await connect()))
    for (const connection of connections) {
      connection.socket.pause()
      connection.write(requestHead('GET', document, { key: null }).repeat(12))
    }
    const open = async () => await new Promise<number>((resolve, reject) => server.server.getConnections((error, count) => { if (error === null) resolve(count); else reject(error) }))
    const before = process.memoryUsage().rss
    let most = 0
    for (const end = performance.now() + 8000; await open() > 0 && performance.now() < end;) {
      most = Math.max(most, process.memoryUsage().rss - before)
      await delay(50)
    }
    t.equal(await open(), 0)
    t.ok(most < 100 * 2 ** 20, `${Math.round(most / 2 ** 20)} MiB`)
    for (const connection of connections) connection.destroy()
  })

  t.test('are told from those that are taken slowly', async t => {
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('GET', upload))
    while (connection.socket.bytesRead < bytes) {
      connection.socket.pause()
      await delay(200)
      connection.socket.resume()
      for (const aim = Math.min(bytes, connection.socket.bytesRead + 1_500_000); connection.socket.bytesRead < aim;) await once(connection.socket, 'data')
    }
    t.ok((await connection.answer()).whole)
    t.equal(upstream.open.items.length, 0)
  })

  t.test('are told from those that MLflow has not given yet', async t => {
    mlflow.behave(call => setTimeout(() => call.write(answer(200, 'late')), 2500))
    const connection = await connect()
    connection.write(requestHead('GET', search))
    t.equal((await connection.answer()).text(), 'late')
  })
})
