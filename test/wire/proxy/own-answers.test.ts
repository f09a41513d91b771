/** What the facade answers by itself: small bodies are read and the connection goes on, nobody keeps or misreads the answer. */
import t from 'tap'
import { facade, keys, requestHead, type Request } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const chunked = { 'Transfer-Encoding': 'chunked' }

/** Requests that are answered without MLflow, with the status that each gets. */
const answered: ReadonlyArray<{ method: string, target: string, status: number, key?: Request['key'] }> = [
  { method: 'POST', target: create, status: 401, key: null },
  { method: 'POST', target: create, status: 401, key: 'unknown' },
  { method: 'POST', target: create, status: 403, key: 'read' },
  { method: 'POST', target: '/mlflow/%zz', status: 400 },
  { method: 'POST', target: '/mlflow/..', status: 400 },
  { method: 'PUT', target: '/nowhere', status: 404 },
  { method: 'QUERY', target: '/live', status: 404 },
  { method: 'OPTIONS', target: search, status: 204 },
  { method: 'POST', target: '/mlflow', status: 308 },
  { method: 'GET', target: '/mlflow', status: 308 },
  { method: 'GET', target: '/live', status: 200 },
  { method: 'GET', target: '/ready', status: 200 },
  { method: 'GET', target: '/whoami', status: 200 },
  { method: 'GET', target: '/', status: 200 },
  { method: 'GET', target: '/openapi.json', status: 200 },
  { method: 'GET', target: '/docs/', status: 200 },
  { method: 'GET', target: '/mlflow/health', status: 200 },
  { method: 'GET', target: search.slice('/mlflow'.length), status: 307 },
  { method: 'POST', target: '/mlflow/graphql', status: 400 }
]

t.test('a small body', async t => {
  const { connect, mlflow } = await facade(t, echo)
  const bodies: Record<string, { headers: Record<string, string>, parts: string[] }> = {
    'with its length': { headers: { 'Content-Length': '10' }, parts: ['0123456789'] },
    'of 64 KiB': { headers: { 'Content-Length': '65536' }, parts: ['x'.repeat(30_000), 'x'.repeat(35_536)] },
    'in chunks': { headers: chunked, parts: ['3\r\nabc\r\n', '2\r\nde\r\n0\r\n\r\n'] },
    'after an expectation': { headers: { 'Content-Length': '4', Expect: '100-continue' }, parts: ['abcd'] }
  }
  for (const { method, target, status, key } of answered) {
    t.test(`is read after ${method} ${target} (${status}), and the connection goes on`, async t => {
      const connection = await connect()
      for (const [what, { headers, parts }] of Object.entries(bodies)) {
        connection.write(requestHead(method, target, { ...key === undefined ? {} : { key }, headers }))
        for (const part of parts) {
          await new Promise(resolve => setImmediate(resolve))
          connection.write(part)
        }
        const { status: given, header } = await connection.answer()
        t.equal(given, status, what)
        t.equal(header('connection'), 'keep-alive', what)
      }
      mlflow.calls.length = 0
      connection.write(requestHead('POST', search, { body: 'next' }) + 'next')
      t.equal((await connection.answer()).text(), 'next')
      t.equal(mlflow.calls.length, 1)
    })
  }

  t.test('is not taken for the next request, which may be there already', async t => {
    const connection = await connect()
    const smuggled = requestHead('GET', '/live', { key: null })
    connection.write(requestHead('POST', create, { key: null, body: smuggled }) + smuggled + requestHead('GET', '/version', { key: null }))
    t.equal((await connection.answer()).status, 401)
    t.ok((await connection.answer()).json().version)
  })

  t.test('that does not come in a second ends the connection after the answer', async t => {
    await Promise.all([{ 'Content-Length': '10' }, chunked].map(async headers => {
      const connection = await connect()
      const start = performance.now()
      connection.write(requestHead('POST', create, { key: null, headers }))
      const refused = await connection.answer()
      t.equal(refused.status, 401)
      t.equal(refused.header('connection'), 'close')
      await connection.closed
      t.ok(performance.now() - start < 4000)
    }))
  })
})

t.test('a larger body ends the connection after the answer', async t => {
  const { connect } = await facade(t, echo)
  for (const { method, target, status, key } of answered.filter(({ target, method, status }) => target !== '/mlflow/graphql' && (method === 'POST' || status === 200))) {
    const connection = await connect()
    connection.write(requestHead(method, target, { ...key === undefined ? {} : { key }, headers: { 'Content-Length': '900000' } }) + 'x'.repeat(200_000))
    const given = await connection.answer()
    t.equal(given.status, status, target)
    t.equal(given.header('connection'), 'close')
    connection.destroy()
  }
})

t.test('an unknown transfer coding is told in MLflow\'s JSON, also where its body follows', async t => {
  const { connect, mlflow, lines, line } = await facade(t, echo)
  for (const [coding, body] of [['xchunked', ''], ['xchunked', '0\r\n\r\n'], ['xchunked', 'x'.repeat(30_000)], ['identity', 'abc'], ['chunked, gzip', '0\r\n\r\n'], ['chunked;q=1', '0\r\n\r\n']] as const) {
    const connection = await connect()
    connection.write(`POST ${search} HTTP/1.1\r\nHost: facade.test\r\nAuthorization: Bearer ${keys.write}\r\nTransfer-Encoding: ${coding}\r\n\r\n${body}`)
    const refused = await connection.answer()
    t.equal(refused.status, 400, coding)
    t.ok(refused.whole)
    t.equal(refused.json().error_code, 'INVALID_PARAMETER_VALUE')
    t.equal(refused.header('connection'), 'close')
    await connection.closed
    await line(refused.header('x-request-id'))
    t.equal(lines.filter(({ msg, status }) => msg === 'request' && status === 400).length, 1, 'one line')
    lines.length = 0
  }
  t.equal(mlflow.calls.length, 0)
})

t.test('an answer of the facade\'s own is kept by nobody, and is what it says', async t => {
  const { call, connect } = await facade(t, echo)
  for (const { method, target, key } of answered.filter(({ method, target }) => method !== 'OPTIONS' && !/openapi|docs/.test(target))) {
    const given = await call(method, target, key === undefined ? {} : { key })
    t.strictSame(given.all('x-content-type-options'), ['nosniff'], target)
    t.strictSame(given.all('cache-control'), ['no-store'], target)
  }
  t.equal((await call('GET', '/openapi.json')).header('cache-control'), 'no-cache', 'but documents are revalidated')
  const connection = await connect()
  connection.write('garbage\r\n\r\n')
  const broken = await connection.answer()
  t.equal(broken.header('x-content-type-options'), 'nosniff')
  t.equal(broken.header('cache-control'), 'no-store')
  const forwarded = await call('GET', search)
  t.equal(forwarded.header('cache-control'), undefined, 'MLflow\'s answers are its own')
})

t.test('the mount without its slash leads to it, by every method', async t => {
  const { call } = await facade(t, echo)
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const given = await call(method, '/mlflow?a=b', { key: null })
    t.equal(given.status, 308, method)
    t.equal(given.header('location'), '/mlflow/?a=b')
  }
  t.equal((await call('OPTIONS', '/mlflow', { key: null })).status, 204)
})

t.test('the body of a GET', async t => {
  const { call, mlflow } = await facade(t, echo)
  t.beforeEach(() => { mlflow.calls.length = 0 })

  t.test('reaches MLflow with its length, byte for byte', async t => {
    for (const body of ['{"experiment_id": "0"}', 'x'.repeat(100_000), 'y'.repeat(1024 * 1024)]) {
      mlflow.calls.length = 0
      const given = await call('GET', search, { body, headers: { 'Content-Type': 'application/json' } })
      t.equal(given.status, 200)
      t.equal(given.text(), body)
      t.strictSame(mlflow.calls[0]?.all('content-length'), [String(body.length)])
      t.equal(mlflow.calls[0]?.header('content-type'), 'application/json')
    }
  })

  t.test('that comes in chunks gets a length', async t => {
    t.equal((await call('GET', search, { headers: chunked, body: '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n' })).text(), 'abcde')
    t.equal(mlflow.calls[0]?.header('content-length'), '5')
    t.equal(mlflow.calls[0]?.header('transfer-encoding'), undefined)
  })

  t.test('of more than 1 MiB is refused, as is one of a HEAD', async t => {
    for (const [method, request] of [
      ['GET', { headers: { 'Content-Length': String(1024 * 1024 + 1) } }],
      ['GET', { headers: chunked, body: `110000\r\n${'x'.repeat(0x110000)}\r\n0\r\n\r\n` }],
      ['HEAD', { body: 'x' }]
    ] as const) {
      const given = await call(method, search, request)
      t.equal(given.status, 400, method)
    }
    t.equal(mlflow.calls.length, 0)
  })
})
