/** Whatever MLflow does wrong, the caller gets the contract's answer or a broken connection, MLflow is asked once, and the next request is fine. */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Answer } from '../../helpers/client.js'
import { facade, requestHead } from '../../helpers/app.js'
import { answer, echo, says, saysAndCloses, saysAndResets, saysEarly, silent, type Behaviour, type Call } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'
const large = Buffer.alloc(300 * 1024, 'x')
const env = { MLFLOW_UPSTREAM_TIMEOUT: '1', MLFLOW_UPSTREAM_IDLE_TIMEOUT: '1' }
/** Fewer bytes than its length says, more than fit into one write. */
const begun = `HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${'y'.repeat(100_000)}`

const requests: ReadonlyArray<{ name: string, method: string, target: string, body?: string | Buffer }> = [
  { name: 'GET', method: 'GET', target: search },
  { name: 'POST of a small body', method: 'POST', target: search, body: '{"max_results":1}' },
  { name: 'PUT of a large body', method: 'PUT', target: upload, body: large }
]

/** How many sockets, pipes and files this process holds. */
function handles (): number {
  return readdirSync('/proc/self/fd').length
}

t.test('faults', async t => await table(t, false))
t.test('faults, all by undici', async t => await table(t, true))

async function table (t: Test, undiciAlone: boolean): Promise<void> {
  const before = handles()
  const up = await facade(t, echo, { env, undiciAlone })
  const { call, connect, mlflow, line, metric } = up

  /** The fault for each kind of request; then the next request is fine. */
  const faulty = async (t: Test, behaviour: Behaviour, check: (answered: Answer, name: string) => unknown) => {
    for (const { name, method, target, body } of requests) {
      mlflow.behave(behaviour)
      mlflow.calls.length = 0
      const answered = await call(method, target, body === undefined ? {} : { body })
      await check(answered, name)
      t.equal(mlflow.calls.length, 1, `${name}: sent once`)
      mlflow.behave(echo)
      t.equal((await call('POST', search, { body: 'next' })).text(), 'next', `${name}: the next request is fine`)
    }
  }

  const refused = (t: Test, status: number, code: string, refusal: string) => async (answered: Answer, name: string) => {
    t.equal(answered.status, status, name)
    const { error_code: errorCode, message, request_id: requestId } = answered.json()
    t.equal(errorCode, code)
    t.equal(requestId, answered.header('x-request-id'))
    t.notMatch(String(message), /127\.0\.0\.1|localhost|\.[jt]s\b|\sat \S+:\d/, 'no address, no stack')
    const logged = await line(String(requestId))
    t.equal(logged.refusal, refusal)
    t.equal(logged.status, status)
    t.equal(logged.level, 50)
    t.ok(logged.error, 'the log holds the cause')
  }

  for (const [what, behaviour, refusal] of [
    ['resets before its head', saysAndResets(''), 'upstream_reset'],
    ['closes before its head', saysAndCloses(''), 'upstream_reset'],
    ['resets within its head', saysAndResets('HTTP/1.1 200 OK\r\nx-a: b'), 'upstream_reset'],
    ['closes within its head', saysAndCloses('HTTP/1.1 200 OK\r\nx-a: b'), 'upstream_reset'],
    ['is another server altogether', says('SSH-2.0-OpenSSH_9.6\r\n'), 'upstream_protocol'],
    ['answers garbage', says('\x00\xff\x16\x03garbage\r\n\r\n'), 'upstream_protocol'],
    ['answers with two lengths', says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc'), 'upstream_reset'],
    ['answers with a huge head', says(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(200_000)}\r\n\r\n`), 'upstream_head'],
    ['answers 199 and keeps still', says('HTTP/1.1 199 Odd\r\ncontent-length: 0\r\n\r\n'), 'upstream_status'],
    ['answers 100 and keeps still', says('HTTP/1.1 100 Continue\r\n\r\n'), 'upstream_reset'],
    ['answers 101 unasked', says('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), 'upstream_reset'],
    ['answers 103 and closes', saysAndCloses('HTTP/1.1 103 Early Hints\r\n\r\n'), 'upstream_reset'],
    ['answers 600', says(answer(600, 'x')), 'upstream_status'],
    ['answers 999', says(answer(999, 'x')), 'upstream_status'],
    ['answers 000', says('HTTP/1.1 000 Zero\r\ncontent-length: 0\r\n\r\n'), 'upstream_status'],
    ['closes within a small body', saysAndCloses('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'), 'upstream_reset'],
    ['resets within a small body', (call: Call) => { call.whole.then(() => call.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', () => call.socket.resetAndDestroy())) }, 'upstream_reset'] // at once: its head waits 25 ms only
  ] as const) {
    t.test(`an MLflow that ${what} is 502`, async t => await faulty(t, behaviour, refused(t, 502, 'INTERNAL_ERROR', refusal)))
  }

  t.test('an MLflow that is silent is 504 when its time is over', async t => {
    const start = performance.now()
    await faulty(t, silent, refused(t, 504, 'DEADLINE_EXCEEDED', 'upstream_timeout'))
    t.ok(performance.now() - start < 3 * 2500, 'and not much later')
    // Else there were one for each, those of probes, and one of each client. An end takes its time on a busy machine.
    for (const end = performance.now() + 2000; mlflow.sockets.size > requests.length + 1 && performance.now() < end;) await delay(20)
    t.ok(mlflow.sockets.size <= requests.length + 1, 'MLflow was let go each time')
  })

  t.test('the head of a small answer waits 25 ms for its body, then it and what is there go out', async t => {
    for (const [length, first, rest] of [[10, '', '0123456789'], [10, '01234', '56789'], [60_000, 'x'.repeat(30_000), 'x'.repeat(30_000)]] as const) {
      mlflow.behave(says(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${first}`))
      mlflow.calls.length = 0
      const connection = await connect()
      connection.write(requestHead('GET', search))
      const forwarded = await mlflow.call(1)
      await forwarded.whole
      const start = performance.now()
      const begun = await connection.head()
      const ms = performance.now() - start
      t.equal(begun.status, 200)
      t.ok(ms > 15 && ms < 150, `after ${Math.round(ms)} ms`)
      forwarded.write(rest)
      const answered = await connection.answer()
      t.equal(answered.text(), first + rest)
      t.notOk(answered.chunked)
      connection.destroy()
    }
  })

  t.test('an answer without a body waits for nothing', async t => {
    mlflow.behave(says('HTTP/1.1 204 No Content\r\n\r\n'))
    let fastest = Infinity
    for (let count = 0; count < 10; count++) {
      const start = performance.now()
      t.equal((await call('GET', search)).status, 204)
      fastest = Math.min(fastest, performance.now() - start)
    }
    t.ok(fastest < 25, `${fastest} ms, where waiting takes 25`)
  })

  t.test('an MLflow that answers slowly, but in time, is no fault', async t => {
    await faulty(t, call => { call.whole.then(() => setTimeout(() => call.write(answer(200, 'slow')), 300)) }, answered => t.equal(answered.text(), 'slow'))
  })

  for (const [what, behaviour] of [
    ['closed', saysAndCloses(begun)],
    ['reset', saysAndResets(begun)],
    ['silent', says(begun)],
    ['left unfinished, though it is small', says('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')],
    ['closed within a chunk', saysAndCloses('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab')],
    ['closed between chunks', saysAndCloses('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n')],
    ['reset between chunks', saysAndResets('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n')],
    ['gone on with a broken chunk', says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n')]
  ] as const) {
    t.test(`an answer that MLflow has begun and then ${what} breaks the caller's connection, and is logged as MLflow's doing`, async t => {
      await faulty(t, behaviour, async (answered, name) => {
        t.equal(answered.status, 200)
        t.notOk(answered.whole, `${name}: it does not look whole`)
        const logged = await line(answered.header('x-request-id'))
        t.not(logged.status, 499, 'the caller did not leave')
        t.ok(logged.error)
      })
    })
  }

  t.test('cut answers are counted', async t => {
    t.ok(await metric('refusals_total{reason="answer_cut"}') >= 18)
  })

  t.test('what MLflow sends beyond its length does not reach the caller', async t => {
    await faulty(t, says('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n\r\n'), answered => t.equal(answered.text(), 'abc'))
  })

  t.test('a head of 90 KiB passes', async t => {
    await faulty(t, says(answer(200, 'ok', { 'x-a': 'a'.repeat(90 * 1024) })), answered => t.equal(answered.header('x-a')?.length, 90 * 1024))
  })

  t.test('an MLflow that closes what it kept alive is no fault', async t => {
    mlflow.behave(saysAndCloses(answer(200, 'bye')))
    for (let count = 0; count < 5; count++) {
      mlflow.calls.length = 0
      t.equal((await call('POST', search, { body: 'x' })).text(), 'bye')
      await mlflow.calls[0]?.closed
    }
  })

  t.test('an MLflow that is gone is 502 at once, and found again when it comes back', async t => {
    await mlflow.stop()
    for (const { method, target, body } of requests) {
      mlflow.calls.length = 0
      const answered = await call(method, target, body === undefined ? {} : { body })
      t.equal(answered.status, 502)
      t.equal(answered.json().error_code, 'INTERNAL_ERROR')
      t.notMatch(answered.text(), /127\.0\.0\.1|ECONN/)
    }
    await mlflow.start()
    mlflow.behave(echo)
    t.equal((await call('POST', search, { body: 'back' })).text(), 'back')
  })

  t.test('an early answer to an upload reaches the caller at once, and can be read while it still sends', async t => {
    for (const [name, bytes] of [['small', answer(413, 'too large')], ['large', answer(413, 'z'.repeat(200_000))], ['chunked', 'HTTP/1.1 413 No\r\ntransfer-encoding: chunked\r\n\r\n9\r\ntoo large\r\n0\r\n\r\n']] as const) {
      mlflow.calls.length = 0
      mlflow.behave(saysEarly(bytes))
      const connection = await connect()
      connection.write(requestHead('PUT', upload, { headers: { 'Content-Length': '100000000' } }))
      connection.write(Buffer.alloc(70_000))
      const answered = await connection.answer()
      t.equal(answered.status, 413, name)
      t.equal(answered.header('connection'), 'close')
      t.ok(answered.whole)
      const pour = setInterval(() => connection.write(Buffer.alloc(8192)), 5)
      await connection.closed
      clearInterval(pour)
      t.equal(mlflow.calls.length, 1)
      const cut = mlflow.calls[0]!
      await cut.closed
      t.notOk(cut.message.whole, 'MLflow has not seen a whole upload')
    }
    mlflow.behave(echo)
    t.equal((await call('POST', search, { body: 'next' })).text(), 'next')
  })

  t.test('an early answer of an MLflow that then closes is the caller\'s answer too', async t => {
    mlflow.behave(call => call.socket.end(answer(400, 'no')))
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: { 'Content-Length': '100000000' } }) + 'x'.repeat(70_000))
    t.equal((await connection.answer()).text(), 'no')
  })

  t.test('events of a stream arrive one by one, not at its end', async t => {
    mlflow.behave(call => call.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'))
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('GET', search))
    const streamed = await connection.head()
    const stream = mlflow.calls[0]!
    for (const event of ['data: 1', 'data: 2', 'data: 3']) {
      const arrived = new Promise(resolve => connection.socket.once('data', resolve))
      stream.write(`${(event.length + 2).toString(16)}\r\n${event}\n\n\r\n`)
      await arrived
      t.match(streamed.text(), event)
    }
    stream.write('0\r\n\r\n')
    t.ok((await connection.answer()).whole)
  })

  t.test('nothing is left: no exchange, no connection, no handle', async t => {
    t.equal(up.upstream.open.items.length, 0)
    await up.close()
    await mlflow.stop()
    await new Promise(resolve => setImmediate(resolve))
    t.ok(handles() <= before + 1, `${handles()} handles, ${before} before`)
  })
}

// Starlette answers what its application raised with a 500, raises again, and uvicorn closes the connection when it has logged that.
t.test('after a 500 the next request takes another connection: uvicorn is about to close that one, and says so to nobody', async t => {
  for (const undiciAlone of [false, true]) {
    const spent = new Set<unknown>()
    const { call } = await facade(t, ({ socket }: Call) => {
      if (spent.has(socket)) return socket.resetAndDestroy()
      spent.add(socket)
      socket.write('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 21\r\n\r\nInternal Server Error')
    }, { undiciAlone })
    for (let time = 0; time < 5; time++) {
      const answer = await call('POST', '/mlflow/api/2.0/mlflow/runs/create', { body: '{}' })
      t.equal(answer.status, 500, `MLflow's own, by ${undiciAlone ? 'undici' : 'our own client'}`)
      t.equal(answer.text(), 'Internal Server Error')
    }
  }
})
