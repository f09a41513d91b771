/** Answers come in the order of the requests, also where what follows a request is none, or is late: nobody takes another's answer for the own one. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { facade, requestHead } from '../../helpers/app.js'
import { answer, silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const post = requestHead('POST', create, { body: '{}' }) + '{}'

t.test('what is no request', async t => {
  const { connect, mlflow, line } = await facade(t, silent)
  t.beforeEach(() => { mlflow.calls.length = 0 })

  for (const [what, bytes] of [
    ['garbage', '\r\nX\r\n\r\n'],
    ['a CONNECT', 'CONNECT mlflow:5000 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a coding that is none', requestHead('POST', create, { headers: { 'Transfer-Encoding': 'identity' } })],
    ['a body with broken chunks', `${requestHead('PUT', '/mlflow/api/2.0/mlflow-artifacts/artifacts/x', { headers: { 'Transfer-Encoding': 'chunked' } })}zz\r\n`]
  ] as const) {
    t.test(`${what} behind a POST is answered after it`, async t => {
      const connection = await connect()
      connection.write(post + bytes)
      const call = await mlflow.call(1)
      await call.whole
      await delay(20) // for an answer that comes too early
      t.equal(connection.socket.bytesRead, 0)
      call.write(answer(200, 'made'))
      const made = await connection.answer()
      t.match([made.status, made.text()], [200, 'made'])
      t.match(await line(call.header('x-request-id')), { status: 200 })
      t.equal((await connection.answer()).status, 400)
      await connection.closed
    })

    t.test(`${what} behind twelve GETs, of which four wait, is answered after them`, async t => {
      const connection = await connect()
      connection.write(Array.from({ length: 12 }, (_, index) => requestHead('GET', `${search}?n=${index}`)).join('') + bytes)
      await mlflow.call(8)
      mlflow.behave(call => call.write(answer(200, call.target.split('=')[1])))
      t.teardown(() => mlflow.behave(silent))
      for (const call of mlflow.calls.slice()) call.write(answer(200, call.target.split('=')[1]))
      for (let index = 0; index < 12; index++) t.equal((await connection.answer()).text(), String(index))
      t.equal((await connection.answer()).status, 400)
      await connection.closed
    })
  }

  t.test('does not stop a large answer before it', async t => {
    const bytes = 16 * 1024 * 1024
    const connection = await connect()
    connection.write(requestHead('GET', '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/x') + 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')
    const call = await mlflow.call(1)
    call.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
    call.write(Buffer.alloc(bytes))
    const large = await connection.answer()
    t.match([large.status, large.whole, large.body.length], [200, true, bytes])
    t.equal((await connection.answer()).status, 400)
  })

  t.test('ends the connection when it goes on without end, without an answer to anything', async t => {
    const connection = await connect()
    connection.write(`${post}X\r\n\r\n`)
    const call = await mlflow.call(1)
    const pour = setInterval(() => connection.write('x'.repeat(20_000)), 10)
    t.teardown(() => clearInterval(pour))
    await connection.closed
    t.equal(connection.socket.bytesRead, 0)
    await call.closed
  })
})

t.test('a head that takes too long', async t => {
  const up = await facade(t, silent)
  const { mlflow, connectBoth } = up
  t.beforeEach(() => { mlflow.calls.length = 0 })
  /** What Node's check of connections does. */
  const late = (socket: unknown): void => { up.server.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket) }

  t.test('is told so after the answers to requests before it', async t => {
    const { connection, socket } = await connectBoth()
    connection.write(`${post}GET ${search} HTTP/1.1\r\n`)
    const call = await mlflow.call(1)
    late(socket)
    await delay(20) // for an answer that comes too early
    t.equal(connection.socket.bytesRead, 0)
    call.write(answer(200, 'made'))
    t.equal((await connection.answer()).text(), 'made')
    t.equal((await connection.answer()).status, 408)
    await connection.closed
  })

  t.test('and becomes a request while others are open is answered as one', async t => {
    const { connection, socket } = await connectBoth()
    const [start, rest] = [requestHead('GET', search).slice(0, 20), requestHead('GET', search).slice(20)]
    connection.write(post + start)
    const first = await mlflow.call(1)
    late(socket)
    connection.write(rest)
    const second = await mlflow.call(2)
    first.write(answer(200, 'made'))
    second.write(answer(200, 'found'))
    t.equal((await connection.answer()).text(), 'made')
    t.equal((await connection.answer()).text(), 'found')
    await delay(1200) // longer than a late head gets
    connection.write(requestHead('GET', search))
    ;(await mlflow.call(3)).write(answer(200, 'more'))
    t.equal((await connection.answer()).text(), 'more', 'and the connection goes on')
  })

  t.test('since we did not read on, with eight requests under way, is read and answered', async t => {
    const { connection, socket } = await connectBoth()
    connection.write(requestHead('GET', search).repeat(10) + requestHead('GET', search).slice(0, 20))
    await mlflow.call(8)
    late(socket)
    connection.write(requestHead('GET', search).slice(20))
    mlflow.behave(call => call.write(answer(200, 'ok')))
    t.teardown(() => mlflow.behave(silent))
    for (const call of mlflow.calls.slice()) call.write(answer(200, 'ok'))
    for (let count = 0; count < 11; count++) t.match([(await connection.answer()).status, count], [200, count])
  })
})
