/**
 * The outage: a read key pipelined thirty large documents that it did not read, then a POST that never came whole. The timer of its body
 * refused it twice, the second head was an error thrown in an event of the socket, and the process ended with all that it did for others.
 */
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { FacadeError } from '../../../src/core/errors.js'
import type { Exchange } from '../../../src/proxy/exchange/exchange.js'
import { sendError } from '../../../src/http/answer/send-error.js'
import { facade, requestHead } from '../../helpers/app.js'
import { answer, echo, type Behaviour } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
const graphql = requestHead('POST', '/mlflow/graphql', { key: 'read', headers: { 'Content-Length': '100' } }) + '{'

async function until (condition: () => boolean, withinMs: number = 5000): Promise<void> {
  for (const end = performance.now() + withinMs; !condition() && performance.now() < end;) await delay(2)
}

t.test('a body that never comes whole, behind answers that nobody reads, is refused once and harms nobody', async t => {
  const { call, connect, upstream, lines, line } = await facade(t, echo, { env: { MLFLOW_UPSTREAM_IDLE_TIMEOUT: '0.2' } })
  const connection = await connect()
  connection.socket.pause()
  connection.write(requestHead('GET', '/openapi.json?mlflow=all', { key: null }).repeat(5) + graphql)
  await until(() => upstream.open.items.length > 0)
  await until(() => upstream.open.items.length === 0)
  await delay(500) // twice as long as the timer
  t.equal((await call('GET', search)).status, 200)
  connection.socket.resume()
  for (let count = 0; count < 5; count++) t.equal((await connection.answer()).status, 200)
  const refused = await connection.answer()
  t.equal(refused.status, 408)
  t.equal(refused.json().error_code, 'INVALID_PARAMETER_VALUE')
  await t.rejects(connection.answer(), 'there is no second answer')
  await line(refused.header('x-request-id'))
  t.equal(lines.filter(({ request_id: id }) => id === refused.header('x-request-id')).length, 1)
})

t.test('an answer behind a download that nobody reads comes whole once that is read', async t => {
  const bytes = 16 * 1024 * 1024
  const { connect, mlflow } = await facade(t, call => {
    if (call.target.includes('artifacts')) {
      call.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
      call.write(Buffer.alloc(bytes, 'x'))
    } else call.write(answer(200, 'small'))
  })
  const connection = await connect()
  connection.socket.pause()
  connection.write(requestHead('GET', upload))
  const download = await mlflow.call(1)
  for (let sent = -1; sent !== download.socket.bytesWritten - download.socket.writableLength;) { // until it stands still
    sent = download.socket.bytesWritten - download.socket.writableLength
    await delay(100)
  }
  connection.write(requestHead('GET', search))
  await mlflow.call(2)
  await delay(100)
  connection.socket.resume()
  t.equal((await connection.answer()).body.length, bytes)
  t.equal((await connection.answer()).text(), 'small')
})

t.test('whatever ends a request may do so twice and in any order', async t => {
  const behaviours: Record<string, Behaviour> = {
    echo,
    silent: () => {},
    begun: call => call.write('HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n' + 'x'.repeat(100_000)),
    small: call => call.write(answer(200, 'small')),
    early: call => call.write(answer(413, 'x'.repeat(100_000)))
  }
  const requests = {
    get: requestHead('GET', search),
    post: requestHead('POST', search, { body: 'x'.repeat(10) }) + 'x'.repeat(5),
    put: requestHead('PUT', upload, { body: 'x'.repeat(200_000) }) + 'x'.repeat(1000),
    chunked: requestHead('PUT', upload, { headers: { 'Transfer-Encoding': 'chunked' } }) + '3\r\nabc\r\n',
    graphql,
    download: requestHead('GET', upload)
  }
  /** Node called an answer on a dead socket drained each time that an empty chunk was written to it: for ever. */
  const seen = { behaviour: 'begun', request: 'chunked', before: 1, ends: [{ end: 'broken', turns: 3 }, { end: 'data', turns: 1 }, { end: 'requestEnd', turns: 0 }, { end: 'refuse', turns: 1 }] }
  const late = new FacadeError('timeout', { reason: 'upstream_idle' })
  const ends: Record<string, (exchange: Exchange) => unknown> = {
    cancel: exchange => exchange.cancel(late),
    error: exchange => exchange.onError(new Error('broken')),
    complete: exchange => exchange.onComplete(),
    destroy: exchange => exchange.destroy(),
    refuse: exchange => sendError(exchange.reply, late),
    data: exchange => exchange.onData(Buffer.from('late')),
    drain: exchange => exchange.response.emit('drain'),
    timeout: exchange => exchange.request.socket.emit('timeout'),
    requestClose: exchange => exchange.request.emit('close'),
    requestEnd: exchange => exchange.request.emit('end'),
    broken: exchange => exchange.request.socket.emit('error', Object.assign(new Error('garbage'), { code: 'HPE_INVALID_METHOD' })),
    answerDestroyed: exchange => exchange.response.destroy(),
    socketDestroyed: exchange => exchange.request.socket.destroy()
  }
  const { call, connect, upstream, mlflow } = await facade(t, echo, { env: { MLFLOW_UPSTREAM_IDLE_TIMEOUT: '5' } })
  const name = <T>(table: Record<string, T>): fc.Arbitrary<string> => fc.constantFrom(...Object.keys(table))
  const run = fc.record({ behaviour: name(behaviours), request: name(requests), before: fc.nat(2), ends: fc.array(fc.record({ end: name(ends), turns: fc.nat(3) }), { minLength: 2, maxLength: 6 }) })
  await fc.assert(fc.asyncProperty(run, async ({ behaviour, request, before, ends: order }) => {
    mlflow.behave(behaviours[behaviour]!)
    const connection = await connect()
    connection.socket.pause()
    connection.write(requestHead('GET', '/openapi.json', { key: null }).repeat(before) + requests[request as 'get'])
    await until(() => upstream.open.items.length > 0, 50)
    const exchange = upstream.open.items[0] as Exchange | undefined
    for (const { end, turns } of exchange === undefined ? [] : order) {
      ends[end]!(exchange!)
      for (let count = 0; count < turns; count++) await turn()
    }
    connection.destroy()
    await until(() => upstream.open.items.length === 0)
    return upstream.open.items.length === 0
  }), { numRuns: 150, examples: [[seen]] })
  mlflow.behave(echo)
  t.equal((await call('POST', search, { body: 'next' })).text(), 'next')
})
