/** The reader of MLflow's answers by itself: what it tells of bytes, however they are cut, and what it refuses. */
import fc from 'fast-check'
import t from 'tap'
import { AnswerReader } from '../../../../src/mlflow/client/reader.js'
import { nameFault } from '../../../../src/mlflow/pool.js'

interface Told {
  readonly heads: Array<[number, ...string[]]>
  body: string
  ends: Array<'kept' | 'ended'>
  /** How a fault is named. */
  fault?: string
  /** The connection's end was the answer's. */
  ended?: boolean
}

/** Feeds pieces to a reader, then the end of the connection. */
function told (method: string, pieces: readonly Buffer[]): Told {
  const seen: Told = { heads: [], body: '', ends: [] }
  const reader = new AnswerReader({
    onHead: (status, fields) => { seen.heads.push([status, ...fields]) },
    onBody: (bytes, from, to) => { seen.body += bytes.toString('latin1', from, to) },
    onEnd: keep => { seen.ends.push(keep ? 'kept' : 'ended') }
  })
  reader.begin(method)
  try {
    for (const piece of pieces) reader.read(piece, piece.length)
    seen.ended = reader.end()
  } catch (error) {
    seen.fault = nameFault(error as Error).reason
  }
  return seen
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const read = (text: string, method: string = 'GET'): Told => told(method, [bytes(text)])

const answers: ReadonlyArray<{ name: string, text: string, method?: string, status: number, body: string, end: 'kept' | 'ended' }> = [
  { name: 'a length', text: 'HTTP/1.1 200 OK\r\nServer:  a \r\nContent-Length: 5\r\n\r\nabcde', status: 200, body: 'abcde', end: 'kept' },
  { name: 'a length of nothing', text: 'HTTP/1.1 200\r\ncontent-length:0\r\n\r\n', status: 200, body: '', end: 'kept' },
  { name: 'chunks', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A;a="b";c\r\n0123456789\r\n0\r\n\r\n', status: 200, body: 'abc0123456789', end: 'kept' },
  { name: 'chunks and trailers', text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n', status: 200, body: 'a', end: 'ended' },
  { name: 'the end of the connection', text: 'HTTP/1.1 200 OK\r\n\r\nabc', status: 200, body: 'abc', end: 'ended' },
  { name: 'a length, and connection: close', text: 'HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 1\r\n\r\na', status: 200, body: 'a', end: 'ended' },
  { name: 'HTTP/1.0', text: 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na', status: 200, body: 'a', end: 'ended' },
  { name: 'a server that closes at once', text: 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=2\r\ncontent-length: 1\r\n\r\na', status: 200, body: 'a', end: 'ended' },
  { name: 'no body of 204', text: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, body: '', end: 'kept' },
  { name: 'no body of 304', text: 'HTTP/1.1 304 Not Modified\r\netag: a\r\n\r\n', status: 304, body: '', end: 'kept' },
  { name: 'no body of 304, whose length a GET would have', text: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n', status: 304, body: '', end: 'ended' },
  { name: 'no body of HEAD', method: 'HEAD', text: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', status: 200, body: '', end: 'ended' },
  { name: 'interim answers', text: 'HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na', status: 200, body: 'a', end: 'kept' },
  { name: 'bytes behind the end', text: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', status: 200, body: 'a', end: 'ended' }
]

for (const { name, text, method = 'GET', status, body, end } of answers) {
  t.test(`${name}: is read`, async t => {
    const seen = read(text, method)
    t.equal(seen.heads.at(-1)?.[0], status)
    t.equal(seen.body, body)
    t.same(seen.ends, [end])
    t.equal(seen.fault, undefined)
  })

  t.test(`${name}: is read alike, cut at every byte and into single bytes`, async t => {
    const whole = read(text, method)
    for (let at = 1; at < text.length; at++) {
      const cut = told(method, [bytes(text.slice(0, at)), bytes(text.slice(at))])
      // Bytes behind the end may come later: then they are for whoever holds the connection.
      t.same({ ...cut, ends: cut.ends.map(() => end) }, whole, `at ${at}`)
    }
    const single = told(method, [...bytes(text)].map(byte => Buffer.of(byte)))
    t.same({ ...single, ends: single.ends.map(() => end) }, whole)
  })
}

t.test('names and values are told as they came, without the blanks before and the spaces behind values', async t => {
  t.same(read('HTTP/1.1 200 OK\r\nX-a:\t \xe9\tb  \r\nX-a:\r\n!#: :\r\ncontent-length: 0\r\n\r\n').heads, [[200, 'X-a', '\xe9\tb', 'X-a', '', '!#', ':', 'content-length', '0']])
})

const head = 'HTTP/1.1 200 OK\r\n'
for (const [what, text, fault = 'upstream_protocol'] of [
  ['another protocol', 'SSH-2.0-OpenSSH\r\n'],
  ['a version of which nothing is known', 'HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a line before the status line', `\r\n${head}\r\n`],
  ['a control character in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
  ['LF alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['LF alone behind a field', `${head}x: y\ncontent-length: 0\r\n\r\n`],
  ['CR alone', `${head}x: y\rcontent-length: 0\r\n\r\n`],
  ['a folded line', `${head}x: y\r\n z\r\ncontent-length: 0\r\n\r\n`],
  ['a blank before the colon', `${head}content-length : 0\r\n\r\n`],
  ['a name that is empty', `${head}: 0\r\n\r\n`],
  ['NUL in a value', `${head}x: \0\r\n\r\n`],
  ['DEL in a value', `${head}x: \x7f\r\n\r\n`],
  ['a length and chunks', `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks and a length', `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${head}content-length: 1\r\ncontent-length: 2\r\n\r\nab`, 'upstream_reset'],
  ['the same length twice', `${head}content-length: 1\r\ncontent-length: 1\r\n\r\na`, 'upstream_reset'],
  ['a list of lengths', `${head}content-length: 1, 1\r\n\r\na`],
  ['a length with a sign', `${head}content-length: +1\r\n\r\na`],
  ['a length with a tab behind it', `${head}content-length: 1\t\r\n\r\na`],
  ['a length that is empty', `${head}content-length:\r\n\r\na`],
  ['a length beyond all numbers', `${head}content-length: 9999999999999999\r\n\r\na`],
  ['an unknown transfer coding', `${head}transfer-encoding: gzip\r\n\r\na`],
  ['a list of transfer codings', `${head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunks of chunks', `${head}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a size that is none', `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`],
  ['a size that is empty', `${head}transfer-encoding: chunked\r\n\r\n\r\n`],
  ['a size with a blank', `${head}transfer-encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n`],
  ['a size beyond all numbers', `${head}transfer-encoding: chunked\r\n\r\nffffffffffffff\r\n`],
  ['an extension that is none', `${head}transfer-encoding: chunked\r\n\r\n1;a="\r\na\r\n0\r\n\r\n`],
  ['an extension without end', `${head}transfer-encoding: chunked\r\n\r\n1;${'a'.repeat(2000)}`],
  ['a chunk longer than its size', `${head}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
  ['a chunk that LF alone ends', `${head}transfer-encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n`],
  ['a trailer that frames', `${head}transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 1\r\n\r\n`],
  ['a body of 204', 'HTTP/1.1 204 No\r\ncontent-length: 1\r\n\r\na', 'upstream_reset'],
  ['a body of an interim answer', 'HTTP/1.1 103 Hints\r\ncontent-length: 1\r\n\r\na', 'upstream_reset'],
  ['an interim answer that ends the connection', `HTTP/1.1 103 Hints\r\nconnection: close\r\n\r\n${head}content-length: 0\r\n\r\n`],
  ['100, which nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${head}content-length: 0\r\n\r\n`, 'upstream_reset'],
  ['101, which nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'upstream_reset'],
  ['a head of more than 96 KiB', `${head}x: ${'a'.repeat(100_000)}`, 'upstream_head'],
  ['trailers of more than 96 KiB', `${head}transfer-encoding: chunked\r\n\r\n0\r\nx: ${'a'.repeat(100_000)}`, 'upstream_head']
] as const) {
  t.test(`${what}: is refused, whole and by single bytes`, async t => {
    const whole = read(text)
    t.equal(whole.fault, fault)
    t.same(whole.ends, [], 'and is no answer')
    const single = told('GET', [...bytes(text)].map(byte => Buffer.of(byte)))
    t.equal(single.fault, fault)
    t.same(single.ends, [])
  })
}

t.test('what the end of the connection cuts is no answer', async t => {
  for (const text of ['', 'HTTP/1.1 200', `${head}x: y\r\n`, `${head}content-length: 2\r\n\r\na`, `${head}transfer-encoding: chunked\r\n\r\n1\r\na\r\n`, `${head}transfer-encoding: chunked\r\n\r\n0\r\n`]) {
    const seen = read(text)
    t.equal(seen.ended, false, text)
    t.same(seen.ends, [])
  }
})

t.test('a reader that was stopped tells nothing more', async t => {
  let heads = 0
  const reader: AnswerReader = new AnswerReader({
    onHead: () => {
      heads++
      reader.stop()
    },
    onBody: () => t.fail('a body'),
    onEnd: () => t.fail('an end')
  })
  reader.begin('GET')
  const text = bytes(`${head}content-length: 1\r\n\r\na`)
  reader.read(text, text.length)
  t.equal(reader.end(), false)
  t.equal(heads, 1)
})

t.test('a head of 96 KiB in single bytes takes no longer than it must', async t => {
  const text = bytes(`${head}x: ${'a'.repeat(95_000)}\r\ncontent-length: 0\r\n\r\n`)
  const start = performance.now()
  t.same(told('GET', [...text].map(byte => Buffer.of(byte))).ends, ['kept'])
  t.ok(performance.now() - start < 2000, `${performance.now() - start} ms`)
})

t.test('no bytes make it throw what is not named', async () => {
  const known = ['upstream_protocol', 'upstream_reset', 'upstream_head']
  const piece = fc.oneof(fc.uint8Array({ maxLength: 60 }).map(array => Buffer.from(array)), fc.constantFrom(...answers.map(({ text }) => text), head, '\r\n', '\r\n\r\n', 'transfer-encoding: chunked\r\n', '5\r\nabcde\r\n', '0\r\n', 'content-length: 5\r\n').map(bytes))
  fc.assert(fc.property(fc.constantFrom('GET', 'HEAD', 'POST'), fc.array(piece, { maxLength: 8 }), (method, pieces) => {
    const seen = told(method, pieces)
    return seen.ends.length <= 1 && (seen.fault === undefined || known.includes(seen.fault))
  }), { numRuns: 5000 })
})
