/** One key has so much under way and MLflow so many connections: who comes later is told, or waits in a row, and nothing that ended counts. */
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import type { Caller } from '../../../src/keys/contract.js'
import { createBounds } from '../../../src/proxy/bounds.js'
import { facade, requestHead } from '../../helpers/app.js'
import type { Connection } from '../../helpers/client.js'
import { answer, echo, says, saysAndResets, silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'

t.test('a key has so many requests under way, and other keys do not suffer', async t => {
  const { call, connect, mlflow, line, metric } = await facade(t, silent, { env: { REQUESTS_PER_KEY: '3' } })
  const held: Connection[] = []
  for (const request of [requestHead('GET', search), requestHead('POST', '/mlflow/graphql', { headers: { 'Content-Length': '100' } }) + '{', requestHead('POST', create, { body: 'xx' }) + 'x']) {
    const connection = await connect()
    connection.write(request)
    held.push(connection)
  }
  const first = await mlflow.call(1)
  await delay(50) // for the bodies that are waited for
  const refused = await call('GET', search)
  t.equal(refused.status, 429)
  t.equal(refused.json().error_code, 'REQUEST_LIMIT_EXCEEDED')
  t.equal(refused.header('retry-after'), '1')
  t.equal(await metric('refusals_total{reason="requests"}'), 1)
  mlflow.behave(echo)
  t.equal((await call('GET', search, { key: 'read' })).status, 200, 'another key')
  t.equal((await call('GET', '/whoami')).status, 200, 'what never goes to MLflow')
  held[0]?.destroy()
  await line(first.header('x-request-id'))
  t.equal((await call('GET', search)).status, 200, 'one has ended')
  for (const connection of held) connection.destroy()
})

t.test('however a request ends, it counts no more', async t => {
  const { call, connect, mlflow, upstream } = await facade(t, echo, { env: { REQUESTS_PER_KEY: '1', TRANSFERS_PER_KEY: '1', MLFLOW_UPSTREAM_IDLE_TIMEOUT: '0.3', MLFLOW_UPSTREAM_TIMEOUT: '0.3' } })
  const leave = async (bytes: string): Promise<void> => {
    const connection = await connect()
    connection.write(bytes)
    await delay(5)
    connection.destroy()
  }
  const ends: Record<string, () => Promise<unknown>> = {
    answered: async () => { mlflow.behave(echo); await call('POST', create, { body: '{}' }) },
    uploaded: async () => { mlflow.behave(echo); await call('PUT', upload, { body: 'x'.repeat(100_000) }) },
    refused: async () => await call('POST', create, { key: 'read', body: '{}' }),
    foreign: async () => await call('POST', create, { headers: { Origin: 'https://evil.example' } }),
    noGraphql: async () => await call('POST', '/mlflow/graphql', { body: 'x' }),
    largeGraphql: async () => await call('POST', '/mlflow/graphql', { body: 'x'.repeat(2_000_000) }),
    stalledGraphql: async () => { const connection = await connect(); connection.write(requestHead('POST', '/mlflow/graphql', { body: 'xx' }) + 'x'); await connection.answer() },
    broken: async () => { mlflow.behave(saysAndResets('')); await call('GET', search) },
    silent: async () => { mlflow.behave(silent); await call('GET', search) },
    noAnswer: async () => { mlflow.behave(says('garbage')); await call('GET', upload) },
    early: async () => { mlflow.behave(call => call.write(answer(413, 'no'))); const connection = await connect(); connection.write(requestHead('PUT', upload, { body: 'x'.repeat(100_000) }) + 'x'.repeat(70_000)); await connection.answer(); connection.destroy() },
    left: async () => { mlflow.behave(silent); await leave(requestHead('GET', search)) },
    leftUpload: async () => await leave(requestHead('PUT', upload, { body: 'x'.repeat(100_000) }) + 'x'),
    leftBody: async () => await leave(requestHead('POST', create, { body: 'xx' }) + 'x'),
    leftGraphql: async () => await leave(requestHead('POST', '/mlflow/graphql', { body: 'xx' }) + 'x'),
    leftDownload: async () => { mlflow.behave(call => call.write('HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\nx')); await leave(requestHead('GET', upload)) },
    garbage: async () => { mlflow.behave(silent); await leave(requestHead('GET', search) + 'garbage\r\n\r\n') }
  }
  await fc.assert(fc.asyncProperty(fc.shuffledSubarray(Object.keys(ends)), async order => {
    for (const end of order) await ends[end]!()
    mlflow.behave(echo)
    let status = 429
    for (let tries = 0; status === 429 && tries < 200; tries++) { // the last one may have left just now
      status = (await call('PUT', upload, { body: 'x' })).status
      await delay(5)
    }
    return status === 200 && upstream.open.items.length === 0
  }), { numRuns: 5, examples: [[Object.keys(ends)]] })
})

t.test('transfers that were pipelined and cut, one queued behind the other, count no more', async t => {
  const { call, connect, mlflow, upstream, line } = await facade(t, silent)
  for (let round = 0; round < 4; round++) {
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('GET', upload).repeat(8))
    await mlflow.call(8)
    connection.destroy()
    for (const { header } of mlflow.calls) await line(header('x-request-id'))
  }
  t.equal(upstream.open.items.length, 0)
  mlflow.calls.length = 0
  const answers = Array.from({ length: 32 }, async () => await call('GET', upload))
  await Promise.race([mlflow.call(32), ...answers]) // none is answered before all are there: not one of the key's 32 was lost
  for (const { write } of mlflow.calls) write(answer(200, 'ok'))
  for (const { status } of await Promise.all(answers)) t.equal(status, 200)
})

t.test('counting a key\'s requests agrees with a list of them', async () => {
  const keyIds = ['a', 'b', undefined]
  const step = fc.record({ key: fc.constantFrom(...keyIds), isTransfer: fc.boolean(), leaves: fc.nat(3), twice: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), steps => {
    const bounds = createBounds({ requestsPerKey: 4, transfersPerKey: 2 })
    const open: FastifyRequest[] = []
    for (const { key, isTransfer, leaves, twice } of steps) {
      const request = { caller: key === undefined ? undefined : { keyId: key } as Caller, lease: undefined } as FastifyRequest
      const own = open.filter(({ caller }) => caller?.keyId === key)
      const fits = key === undefined || (own.length < 4 && (!isTransfer || own.filter(({ lease }) => lease?.isTransfer).length < 2))
      let entered = true
      try { bounds.enter(request, isTransfer) } catch { entered = false }
      if (entered !== fits) return false
      if (entered && key !== undefined) open.push(request)
      for (const gone of open.splice(0, leaves)) {
        bounds.leave(gone)
        if (twice) bounds.leave(gone)
      }
    }
    return true
  }))
})

t.test('connections to MLflow', async t => {
  const { connect, call, mlflow, upstream, line } = await facade(t, silent, { env: { MLFLOW_UPSTREAM_CONNECTIONS: '2' } })
  t.beforeEach(() => {
    mlflow.calls.length = 0
    mlflow.behave(silent)
  })
  const ask = async (count: number): Promise<Connection[]> => {
    const connections: Connection[] = []
    for (let index = 0; index < count; index++) {
      const connection = await connect()
      connection.write(requestHead('GET', `${search}?n=${index}`))
      connections.push(connection)
      while (upstream.open.items.length <= index) await delay(1)
    }
    return connections
  }

  t.test('are so many at once, and who waits for one is served in the order of coming', async t => {
    const connections = await ask(6)
    await mlflow.call(2)
    connections[3]?.destroy() // gives up while it waits
    while (upstream.open.items.length > 5) await delay(1)
    t.equal(mlflow.calls.length, 2)
    for (const [place, index] of [0, 1, 2, 4, 5].entries()) {
      const { target, write } = await mlflow.call(place + 1)
      t.match(target, `n=${index}`)
      write(answer(200, String(index)))
      t.equal((await connections[index]?.answer())?.text(), String(index))
    }
    t.equal(mlflow.calls.length, 5)
    for (const connection of connections) connection.destroy()
  })

  t.test('are waited for 10 s, then it is 503; whether MLflow is there does not hang on them', async t => {
    const connections = await ask(3)
    await mlflow.call(2)
    t.equal((await call('GET', '/ready', { key: null })).status, 200)
    t.equal((await call('GET', '/mlflow/version', { key: null })).status, 200)
    const start = performance.now()
    const refused = await connections[2]?.answer()
    t.ok(performance.now() - start > 8000 && performance.now() - start < 13_000)
    t.equal(refused?.status, 503)
    t.match(refused?.json(), { error_code: 'TEMPORARILY_UNAVAILABLE', message: /connections to MLflow/ })
    t.ok(Number(refused?.header('retry-after')) > 0)
    t.match(await line(refused?.header('x-request-id')), { refusal: 'upstream_busy' })
    t.equal(mlflow.calls.length, 2)
    for (const connection of connections) connection.destroy()
  })

  t.test('are free again when MLflow breaks them, and hold no row that MLflow refuses', async t => {
    mlflow.behave(call => call.socket.resetAndDestroy())
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await call('GET', search)))
    t.ok(answers.every(({ status }) => status === 502))
    await mlflow.stop()
    const refused = await Promise.all(Array.from({ length: 20 }, async () => await call('GET', search)))
    t.ok(refused.every(({ status }) => status === 502 || status === 503))
    await mlflow.start()
    mlflow.behave(echo)
    t.equal((await call('POST', search, { body: 'next' })).text(), 'next')
    t.equal(upstream.open.items.length, 0)
  })
})
