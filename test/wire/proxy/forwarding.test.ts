/** Requests and answers pass byte for byte; what belongs to one hop, and what would betray the caller, does not. */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { facade, keys, requestHead } from '../../helpers/app.js'
import { answer, echo, says } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const upload = '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin'

t.test('requests', async t => {
  const { call, connect, mlflow } = await facade(t)
  const sent = async (method: string, target: string, request: Parameters<typeof call>[2] = {}) => {
    mlflow.calls.length = 0
    const answered = await call(method, target, request)
    t.equal(answered.status, 200, `${method} ${target.slice(0, 80)}: ${answered.text().slice(0, 200)}`)
    t.equal(mlflow.calls.length, 1, 'sent once')
    return { call: mlflow.calls[0]!, answered }
  }

  t.test('path and query reach MLflow as they came, the mount taken off once', async t => {
    for (const [target, expected = target.slice('/mlflow'.length)] of [
      ['/mlflow/'], ['/mlflow/?'],
      ['/mlflow/api/2.0/mlflow/runs/get?run_id=a&run_id=b'], ['/mlflow/api/2.0/mlflow/runs/get?a=&b&&c'], ['/mlflow/api/2.0/mlflow/runs/get?x=%zz&y=../b&z=a+b&q=%2F%25%252F'],
      ['/mlflow/api/2.0/mlflow/runs/get?x={"a"}<b>|\\^`'], ['/mlflow/api/2.0/mlflow/runs/get?x=??&/'],
      ['/mlflow/api/2.0/mlflow-artifacts/artifacts/1/a%2Fb%25%252F[c]|;d=e'], ['/mlflow/api/2.0/mlflow-artifacts/artifacts/1/{a}"<b>`^'], ['/mlflow/api/2.0/mlflow-artifacts/artifacts/run../..x/...'],
      ['/mlflow/api/2.0/mlflow-artifacts/artifacts/1//a///b'], ['/mlflow/api/2.0/mlflow-artifacts/artifacts/%C3%A9'],
      ['/mlflow/mlflow/x', '/mlflow/x'], ['/mlflow//api/2.0//mlflow/runs/get', '/api/2.0/mlflow/runs/get']
    ] as Array<[string, string?]>) {
      const { call } = await sent('GET', target, { key: 'admin' })
      t.equal(call.target, expected)
    }
  })

  t.test('headers keep their order, case and repeats, and none is invented', async t => {
    const mine = [['X-b', '1'], ['x-A', 'caf\xe9'], ['X-b', '2'], ['ACCEPT', '*/*'], ['x-empty', '']] as const
    const { call } = await sent('GET', search, { headers: mine })
    const ours = new Set(['host', 'x-request-id', 'traceparent', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'x-hokusai-user-id', 'x-hokusai-api-key-id', 'connection'])
    t.strictSame(call.headers.filter(([name]) => !ours.has(name.toLowerCase())), mine)
    for (const name of ours) t.equal(call.all(name).length, 1, `${name} once`)
    t.equal(call.header('host'), mlflow.url.host)
    t.equal(call.header('x-hokusai-user-id'), 'user-write')
    t.equal(call.header('x-hokusai-api-key-id'), 'key_write')
    t.equal(call.header('x-forwarded-prefix'), '/mlflow')
  })

  t.test('the caller\'s credentials and cookies never reach MLflow, in whatever form', async t => {
    const basic = Buffer.from(`me:${keys.write}`).toString('base64')
    for (const headers of [{ authorization: `bearer ${keys.write}` }, { Authorization: `Basic ${basic}` }, { authorization: `APIKEY  ${keys.write}` }, { 'X-API-Key': keys.write }, { 'x-api-KEY': keys.write, Authorization: `Bearer ${keys.write}` }]) {
      const { call } = await sent('GET', search, { key: null, headers: { ...headers, Cookie: `session=${keys.write}`, 'Proxy-Authorization': `Bearer ${keys.write}` } })
      t.notMatch(JSON.stringify(call.headers), new RegExp(`${keys.write}|${basic}|session|authorization`, 'i'))
    }
  })

  t.test('hop-by-hop headers stay on their hop, also those that Connection names', async t => {
    const { call } = await sent('GET', search, { headers: [['Connection', 'X-Named, keep-alive'], ['connection', 'x-other'], ['X-Named', '1'], ['x-other', '2'], ['Keep-Alive', 'timeout=5'], ['Proxy-Connection', 'x'], ['TE', 'trailers'], ['Trailer', 'x'], ['Upgrade', 'h2c'], ['HTTP2-Settings', 'AA'], ['X-Kept', '3']] })
    t.strictSame(['x-named', 'x-other', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'http2-settings'].filter(name => call.header(name) !== undefined), [])
    t.equal(call.header('x-kept'), '3')
    t.equal(call.header('connection'), 'keep-alive')
  })

  t.test('Connection cannot take off what the facade says of the caller', async t => {
    const { call } = await sent('GET', search, { headers: { Connection: 'x-hokusai-user-id, x-forwarded-for, x-request-id, host, authorization' } })
    for (const name of ['x-hokusai-user-id', 'x-forwarded-for', 'x-request-id', 'host']) t.ok(call.header(name), name)
  })

  t.test('Keep-Alive without Connection is no error', async () => {
    await sent('GET', search, { headers: { 'Keep-Alive': 'timeout=5, max=100' } })
  })

  t.test('Expect: 100-continue is answered on this hop and ends here', async t => {
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: { Expect: '100-continue', 'Content-Length': '5' } }))
    t.equal(await connection.interim(), 100)
    connection.write('hello')
    const answered = await connection.answer()
    t.equal(answered.status, 200)
    t.equal(answered.text(), 'hello')
    t.equal(mlflow.calls[0]?.header('expect'), undefined)
  })

  t.test('an expectation that nobody knows is no reason to fail without words', async t => {
    const answered = await call('GET', search, { headers: { Expect: 'the-spanish-inquisition' } })
    t.equal(answered.status, 200)
  })

  t.test('any content type passes as it came, or none', async t => {
    for (const type of ['garbage', '', 'application/json', 'application/json; charset=;;', 'text/plain;x="', 'multipart/form-data', '\xe9']) {
      const { call } = await sent('POST', search, { headers: { 'Content-Type': type }, body: '{' })
      t.strictSame(call.all('content-type'), [type])
    }
    const { call } = await sent('POST', search, { body: '{}' })
    t.strictSame(call.all('content-type'), [])
  })

  t.test('a body is never looked at: empty, invalid or not UTF-8, JSON or not', async t => {
    for (const body of [Buffer.alloc(0), Buffer.from('{'), Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x80]), gzipSync('{}')]) {
      const { call, answered } = await sent('POST', search, { headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, body })
      t.same(await call.whole, body)
      t.same(answered.body, body)
      t.strictSame(call.all('content-length'), [String(body.length)])
      t.strictSame(call.all('content-encoding'), ['gzip'])
    }
  })

  t.test('a POST without a body has Content-Length 0, and no chunking is invented', async t => {
    const { call } = await sent('POST', search)
    t.strictSame(call.all('content-length'), ['0'])
    t.equal(call.header('transfer-encoding'), undefined)
  })

  t.test('a DELETE carries its body', async t => {
    const { call } = await sent('DELETE', '/mlflow/api/2.0/mlflow/registered-models/delete', { body: '{"name":"m"}' })
    t.equal(String(await call.whole), '{"name":"m"}')
    t.equal(call.header('transfer-encoding'), undefined)
  })

  t.test('a large body keeps its length, a chunked one stays chunked', async t => {
    const body = Buffer.alloc(1024 * 1024 + 7, 'x')
    const long = await sent('PUT', upload, { body })
    t.strictSame(long.call.all('content-length'), [String(body.length)])
    t.same(await long.call.whole, body)
    t.same(long.answered.body, body)
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('PUT', upload, { headers: { 'Transfer-Encoding': 'chunked' } }) + '5\r\nhello\r\n')
    const call = await mlflow.call(1)
    connection.write('1;x=y\r\n!\r\n0\r\nTrailer: gone\r\n\r\n')
    t.equal((await connection.answer()).text(), 'hello!')
    t.ok(call.message.chunked)
    t.equal(call.header('content-length'), undefined)
    t.equal(call.header('trailer'), undefined)
  })

  t.test('two pipelined requests are answered in their order', async t => {
    mlflow.calls.length = 0
    const connection = await connect()
    connection.write(requestHead('POST', search, { body: 'one' }) + 'one' + requestHead('POST', search, { body: 'two' }) + 'two')
    t.equal((await connection.answer()).text(), 'one')
    t.equal((await connection.answer()).text(), 'two')
    t.equal(mlflow.calls.length, 2)
  })

  t.test('a caller of HTTP/1.0 gets its answer, and no chunks', async t => {
    mlflow.behave(says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'))
    const connection = await connect()
    connection.write(requestHead('GET', search).replace('HTTP/1.1', 'HTTP/1.0'))
    const answered = await connection.answer()
    t.equal(answered.text(), 'hi')
    t.notOk(answered.chunked)
    await connection.closed
    mlflow.behave(echo)
    const nameless = await connect()
    nameless.write(requestHead('GET', search).replace('HTTP/1.1', 'HTTP/1.0').replace(/Host: .*\r\n/, ''))
    t.equal((await nameless.answer()).status, 200, 'it may leave out Host')
    t.equal(mlflow.calls.at(-1)?.header('x-forwarded-host'), undefined)
  })

  t.test('more headers than Node keeps by itself are no way to hide one', async t => {
    const many = Array.from({ length: 2100 }, (_, index) => [`x${index}`, ''] as const)
    const { call } = await sent('POST', search, { headers: [...many, ['Content-Length', '4']], body: 'body' })
    t.equal(String(await call.whole), 'body')
    const answered = await connect()
    answered.write(requestHead('GET', search, { headers: [...many, ['Content-Length', '4']] }) + 'body')
    t.equal((await answered.answer()).text(), 'body', 'nor the body of a GET')
  })

  t.test('a workspace reaches MLflow', async t => {
    const { call } = await sent('GET', search, { headers: { 'x-mlflow-WORKSPACE': 'team-a' } })
    t.strictSame(call.all('x-mlflow-workspace'), ['team-a'])
  })

  t.test('a good traceparent is kept with its state, a broken or repeated one is replaced', async t => {
    const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { call } = await sent('GET', search, { headers: [['traceparent', good], ['tracestate', 'a=1'], ['tracestate', 'b=2']] })
    t.strictSame([...call.all('traceparent'), ...call.all('tracestate')], [good, 'a=1', 'b=2'])
    for (const bad of [[good.replace('00-', 'ff-')], ['x'], [good, good], [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`]]) {
      const { call } = await sent('GET', search, { headers: [...bad.map(value => ['traceparent', value] as const), ['tracestate', 'a=1']] })
      t.match(call.header('traceparent'), /^00-[\da-f]{32}-[\da-f]{16}-00$/)
      t.equal(call.header('tracestate'), undefined)
    }
  })
})

t.test('answers', async t => {
  const { call, mlflow } = await facade(t)
  const get = async (bytes: string, method = 'GET') => {
    mlflow.behave(says(bytes))
    return await call(method, search)
  }

  t.test('status, headers and body pass as MLflow sent them', async t => {
    const answered = await get('HTTP/1.1 418 Odd Reason\r\nX-b: 1\r\nx-A: caf\xe9\r\nX-b: 2\r\nServer: uvicorn\r\ncontent-length: 2\r\n\r\n\xff\x00')
    t.equal(answered.status, 418)
    t.strictSame(answered.headers.filter(([name]) => /^(x-[ab]|server)$/i.test(name)), [['X-b', '1'], ['x-A', 'caf\xe9'], ['X-b', '2'], ['Server', 'uvicorn']])
    t.same(answered.body, Buffer.from([0xff, 0]))
    t.equal(answered.header('content-type'), undefined)
    t.equal(answered.all('x-request-id').length, 1)
  })

  t.test('MLflow\'s own errors are not rewritten', async t => {
    for (const status of [400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 599]) {
      const answered = await get(answer(status, '{"error_code":"X","message":"MLflow says so"}', { 'content-type': 'application/json', 'retry-after': '1' }))
      t.equal(answered.status, status)
      t.equal(answered.text(), '{"error_code":"X","message":"MLflow says so"}')
      t.equal(answered.header('retry-after'), '1')
    }
  })

  t.test('a 503 of MLflow to a GET is not asked for again', async t => {
    mlflow.calls.length = 0
    t.equal((await get(answer(503, '', { 'retry-after': '1' }))).status, 503)
    t.equal(mlflow.calls.length, 1)
  })

  t.test('hop-by-hop headers of MLflow stay there, also those that Connection names', async t => {
    const answered = await get('HTTP/1.1 200 OK\r\nConnection: x-named\r\nconnection: X-Other\r\nX-Named: 1\r\nx-other: 2\r\nKeep-Alive: timeout=1\r\nProxy-Authenticate: Basic\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTrailer: x\r\nTE: x\r\nX-Kept: 3\r\ncontent-length: 0\r\n\r\n')
    t.strictSame(['x-named', 'x-other', 'proxy-authenticate', 'proxy-connection', 'upgrade', 'trailer', 'te'].filter(name => answered.header(name) !== undefined), [])
    t.equal(answered.header('keep-alive'), 'timeout=75', 'the facade\'s own')
    t.equal(answered.header('x-kept'), '3')
  })

  t.test('the request id is the facade\'s, once', async t => {
    const answered = await get(answer(200, 'x', { 'X-Request-Id': 'of-mlflow' }))
    t.equal(answered.all('x-request-id').length, 1)
    t.not(answered.header('x-request-id'), 'of-mlflow')
  })

  t.test('MLflow\'s cookies do not pass, one or two', async t => {
    const answered = await get('HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok')
    t.equal(answered.header('set-cookie'), undefined)
    t.equal(answered.text(), 'ok')
  })

  t.test('HEAD keeps the length that GET would have, and has no body', async t => {
    const answered = await get('HTTP/1.1 200 OK\r\ncontent-length: 123456789\r\n\r\n', 'HEAD')
    t.equal(answered.header('content-length'), '123456789')
    t.equal(mlflow.calls.at(-1)?.method, 'HEAD')
  })

  t.test('204 and 304 have no body and wait for none', async t => {
    t.equal((await get('HTTP/1.1 204 No Content\r\n\r\n')).status, 204)
    const answered = await get('HTTP/1.1 304 Not Modified\r\netag: "x"\r\ncontent-length: 5\r\n\r\n')
    t.equal(answered.status, 304)
    t.equal(answered.header('etag'), '"x"')
  })

  t.test('Range and its answer pass', async t => {
    mlflow.behave(says('HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 2-3/10\r\naccept-ranges: bytes\r\ncontent-length: 2\r\n\r\ncd'))
    const answered = await call('GET', upload, { headers: { Range: 'bytes=2-3', 'If-Range': '"x"' } })
    t.equal(mlflow.calls.at(-1)?.header('range'), 'bytes=2-3')
    t.equal(mlflow.calls.at(-1)?.header('if-range'), '"x"')
    t.equal(answered.status, 206)
    t.equal(answered.header('content-range'), 'bytes 2-3/10')
    t.equal(answered.text(), 'cd')
  })

  t.test('compressed bytes stay compressed', async t => {
    const body = gzipSync('x'.repeat(1000))
    const answered = await get(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n${body.toString('latin1')}`)
    t.equal(answered.header('content-encoding'), 'gzip')
    t.same(answered.body, body)
  })

  t.test('answers without a length come whole: chunked, or until MLflow closes', async t => {
    const chunked = await get('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
    t.equal(chunked.text(), 'abcde')
    mlflow.behave(call => call.socket.end('HTTP/1.0 200 OK\r\n\r\nuntil the end'))
    const closing = await call('GET', search)
    t.equal(closing.text(), 'until the end')
    t.ok(closing.whole)
  })

  t.test('informational answers of MLflow stay on its hop', async t => {
    const answered = await get('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    t.equal(answered.status, 200)
    t.equal(answered.text(), 'ok')
    t.equal(answered.header('link'), undefined)
  })

  t.test('a Location of MLflow\'s own becomes one under the mount, a foreign one stays', async t => {
    const { host } = mlflow.url
    for (const [given, expected] of [
      ['/x?y=%2F', '/mlflow/x?y=%2F'], [`http://${host}/x`, '/mlflow/x'], [`http://${host}`, '/mlflow/'], [`https://${host}/x`, '/mlflow/x'],
      ['https://bucket.s3.amazonaws.com/k?X-Amz-Signature=%2B', 'https://bucket.s3.amazonaws.com/k?X-Amz-Signature=%2B'], [`http://${host}.evil.example/`, `http://${host}.evil.example/`],
      [`HTTP://${host}/x`, '/mlflow/x'], [`http://${host}?x=1`, '/mlflow/?x=1'], [`//${host}/x`, '/mlflow/x'], [`http://${host}//evil.example/x`, '/mlflow/evil.example/x'],
      ['//other.example/x', '//other.example/x'], ['http://other.example?x', 'http://other.example?x'], ['relative', 'relative'], ['?q', '?q']
    ] as const) t.equal((await get(answer(307, '', { Location: given }))).header('location'), expected, given)
  })
})
