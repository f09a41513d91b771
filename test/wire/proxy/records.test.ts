/** One line and one count for each request: enough for operators, nothing of what callers would not want kept. */
import t from 'tap'
import { Exchange } from '../../../src/proxy/exchange/exchange.js'
import { clientKind } from '../../../src/http/client-kind.js'
import { facade, keys, requestHead } from '../../helpers/app.js'
import { answer, echo, says, silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'

t.test('log lines', async t => {
  const { call, connect, line, lines, mlflow } = await facade(t, echo)

  t.test('a request has one line that says who, what, how long and how much', async t => {
    const answered = await call('POST', create, { body: 'hello', headers: { 'User-Agent': 'mlflow-python-client/3.17.2' } })
    const logged = await line(answered.header('x-request-id'))
    t.match(logged, { operation: 'createExperiment', method: 'POST', status: 200, bytes_in: 5, bytes_out: 5, key: 'hk_test_writ…', key_id: 'key_write', user: 'user-write', address: '127.0.0.1', client: 'mlflow-python', msg: 'request', level: 30 })
    t.ok(Number(logged.ms) >= Number(logged.upstream_ms) && Number(logged.upstream_ms) > 0)
    t.equal(lines.filter(({ request_id: id }) => id === logged.request_id).length, 1)
    t.equal(mlflow.calls.at(-1)?.header('x-request-id'), logged.request_id, 'MLflow hears the same id')
  })

  t.test('every kind of answer has just one line', async t => {
    const ids = new Set<string>()
    for (const [method, target, key] of [['GET', '/live', null], ['GET', '/mlflow', null], ['GET', '/mlflow/health', null], ['GET', '/nowhere', null], ['OPTIONS', '/x', null], ['GET', '/mlflow/%zz', null], ['GET', '/mlflow/..', null], ['GET', '/whoami', 'read'], ['GET', '/mlflow/ajax-api/2.0/mlflow/users/current', 'read'], ['GET', '/api/2.0/mlflow/x', null], ['HEAD', search, 'read'], ['PUT', upload, 'read'], ['POST', '/mlflow/graphql', 'read']] as const) {
      const answered = await call(method, target, { key, ...method === 'PUT' || method === 'POST' ? { body: 'x'.repeat(10) } : {} })
      const id = answered.header('x-request-id') ?? ''
      t.match(id, /^[\da-f-]{36}$/, `${method} ${target} has an id`)
      await line(id)
      ids.add(id)
    }
    for (const id of ids) t.equal(lines.filter(({ request_id: given }) => given === id).length, 1)
  })

  t.test('a key never gets into a line, wherever it was put', async t => {
    const secret = keys.write
    const encoded = [...secret].map(letter => `%${letter.charCodeAt(0).toString(16)}`).join('')
    const basic = Buffer.from(`user:${secret}`).toString('base64')
    const before = lines.length
    let sent = 0
    for (const target of [`${search}?api_key=${secret}`, `/mlflow/${secret}`, `/mlflow/api/2.0/mlflow-artifacts/artifacts/${secret}`, `/${secret}`, `/mlflow/${encoded}`, `/api/mlflow/${secret}`, `/mlflow/${secret}/%zz`, `/mlflow/${secret}/..`, `${search}#${secret}`, `/mlflow/gateway/proxy/${secret}/x`]) {
      for (const headers of [{ Authorization: `Bearer ${secret}` }, { Authorization: `Basic ${basic}` }, { Authorization: secret }, { 'X-API-Key': secret, Cookie: secret, Referer: secret, 'User-Agent': secret, 'X-Request-Id': secret, Origin: `https://${secret}`, 'X-MLFLOW-WORKSPACE': secret, 'Content-Type': secret }, { Host: secret, [secret]: secret }]) {
        await call('GET', target, { key: null, headers })
        sent++
      }
      await call(secret, target, { key: null })
      sent++
    }
    const last = await call('GET', search)
    await line(last.header('x-request-id'))
    t.ok(lines.length - before > sent)
    t.notMatch(JSON.stringify(lines), new RegExp(`${secret}|${secret.toLowerCase()}|${basic}|${encoded}`, 'i'))
  })

  t.test('a fault is logged with its cause, and the caller reads none of it', async t => {
    mlflow.behave(call => call.socket.resetAndDestroy())
    const answered = await call('POST', create, { body: '{}' })
    const logged = await line(answered.header('x-request-id'))
    t.match(logged, { level: 50, refusal: 'upstream_reset' })
    t.match(logged.error, /ECONNRESET|UND_ERR_SOCKET/)
    t.notMatch(answered.text(), /ECONNRESET|UND_ERR|127\.0\./)
    mlflow.behave(echo)
  })

  t.test('what MLflow refused is no fault of the facade', async t => {
    mlflow.behave(says(answer(500, 'no')))
    const logged = await line((await call('GET', search)).header('x-request-id'))
    t.match(logged, { level: 30, status: 500 })
    t.equal(logged.refusal, undefined)
    mlflow.behave(echo)
  })

  t.test('two requests on one connection are two lines, also when the second is cut', async t => {
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('POST', search, { body: 'x' }) + 'x')
    const first = await connection.answer()
    mlflow.behave(silent)
    connection.write(requestHead('GET', search))
    const second = await mlflow.call(2)
    connection.destroy()
    t.equal((await line(first.header('x-request-id'))).status, 200)
    t.equal((await line(second.header('x-request-id'))).status, 499)
    mlflow.behave(echo)
  })
})

t.test('metrics', async t => {
  const { call, connect, metric, line, mlflow } = await facade(t, echo)

  t.test('requests are counted by operation, method and status, never by path', async t => {
    for (let count = 0; count < 3; count++) await call('POST', create, { body: 'x' })
    for (let count = 0; count < 20; count++) {
      const answered = await call('GET', `/mlflow/unknown/${count}`, { key: 'admin' })
      await line(answered.header('x-request-id'))
      await line((await call('GET', `/nowhere/${count}`, { key: null })).header('x-request-id'))
    }
    t.equal(await metric('requests_total{operation="createExperiment",method="POST",status="200"}'), 3)
    t.equal(await metric('requests_total{operation="unknown",method="GET",status="200"}'), 20)
    t.equal(await metric('requests_total{operation="none",method="GET",status="404"}'), 20)
    t.equal(await metric('unknown_operations_total'), 20)
    t.equal(await metric('refusals_total{reason="notFound"}'), 20)
    t.equal(await metric('bytes_total{direction="in"}'), 3)
  })

  t.test('what is open is seen while it is, and a caller who left is a 499', async t => {
    mlflow.behave(silent)
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('GET', search))
    const forwarded = await mlflow.call(1)
    t.equal(await metric('open_exchanges'), 1)
    connection.destroy()
    await line(forwarded.header('x-request-id'))
    t.equal(await metric('open_exchanges'), 0)
    t.equal(await metric('requests_total{operation="searchExperimentsGet",method="GET",status="499"}'), 1)
    t.equal(await metric('upstream_up'), 1)
  })
})

t.test('an answer of MLflow that went through is given up by nobody; one that a refusal of ours overtook is', async t => {
  const { call, connect, mlflow, line, upstream } = await facade(t, echo)
  const given = t.capture(Exchange.prototype, 'cancel', Exchange.prototype.cancel)
  for (const [method, target, body] of [['GET', search, undefined], ['POST', create, 'hello'], ['PUT', upload, 'x'.repeat(200_000)]] as const) {
    const answered = await call(method, target, body === undefined ? {} : { body })
    t.equal(answered.status, 200)
    await line(answered.header('x-request-id'))
  }
  t.equal(given().length, 0)
  mlflow.behave(silent)
  const connection = await connect()
  connection.write(requestHead('PUT', upload, { headers: { 'Transfer-Encoding': 'chunked' } }) + '3\r\nabc\r\n')
  const forwarded = await mlflow.call(4)
  connection.write('garbage\r\n')
  t.equal((await connection.answer()).status, 400)
  await forwarded.closed
  t.equal(upstream.open.items.length, 0)
})

t.test('a client is one of a few kinds, whatever it calls itself', async t => {
  for (const [agent, kind] of [['mlflow-python-client/3.17.2', 'mlflow-python'], ['mlflow-java-client/2.17', 'mlflow-java'], ['OTel-OTLP-Exporter-Python/1.45.0', 'opentelemetry'], ['python-requests/2', 'python'], ['curl/8.5.0', 'curl'], ['Mozilla/5.0', 'browser'], ['node', 'node'], ['Go-http-client/1.1', 'go'], ['Java/17', 'java'], ['', 'other'], ['hk_live_x', 'other'], [undefined, 'none']] as const) t.equal(clientKind(agent), kind)
})
