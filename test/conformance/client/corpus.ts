/** Answers as servers send them and as none should: valid ones of every framing, valid ones with mistakes in them, garbage. */

/** An answer, as it comes. */
export interface Case {
  readonly method: string
  /** Its bytes, as they are cut into writes. */
  readonly parts: readonly Buffer[]
  /** Nothing is wrong with it, and its end is in sight or the connection's. */
  readonly isValid: boolean
  /** Who reads it takes pauses. */
  readonly isSlow: boolean
}

export interface Random {
  /** A whole number below `limit`. */
  below: (limit: number) => number
  chance: (probability: number) => boolean
  pick: <T>(items: readonly T[]) => T
}

/** Repeatable (mulberry32). */
export function randomOf (seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { below, chance: probability => next() < probability, pick: items => items[below(items.length)] as typeof items[number] }
}

/** The odd fields and sizes one by one, then as it comes. */
export function * cases (count: number, seed: number): Generator<Case> {
  const random = randomOf(seed)
  const examples = [...oddFields.flatMap(line => [withField('HTTP/1.1 200 OK\r\n\r\nabcde', line), withField('HTTP/1.1 200 OK\r\n\r\n5\r\nabcde\r\n0\r\n\r\n', line), withField(withLength, line), withField(withChunks, line)]), ...oddSizes.map(size => `${chunkedHead}${size}\r\na\r\n0\r\n\r\n`), ...oddChunks.map(rest => chunkedHead + rest), ...oddTrailers.map(line => `${chunkedHead}0\r\n${line}\r\n\r\n`), `${chunkedHead.slice(0, -2)}Content-Length: 5\r\n\r\n5\r\nabcde\r\n0\r\n\r\n`]
  for (let index = 0; index < count; index++) {
    const example = examples[index]
    yield example === undefined ? one(random) : { method: 'GET', parts: [Buffer.from(example, 'latin1')], isValid: false, isSlow: false }
  }
}

const withLength = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde'
const chunkedHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const oddChunks = [`g\r\n${'a'.repeat(16)}\r\n0\r\n\r\n`, '1\r\naXX0\r\n\r\n', '1\r\na\r\n\r\n\r\n', '1\r\na\r\r0\r\n\r\n', '1\r\na\n0\r\n\r\n', '1\rXa\r\n0\r\n\r\n', '100000001\r\na\r\n0\r\n\r\n', '0\r\n', '0\r\n\r', '0\r\n\rX', '1\r\na\r\n0\r\n\r\n0\r\n\r\n']
const oddTrailers = ['content-length: 5', 'transfer-encoding: chunked', 'x', ' x: y', 'x : y', 'x: \0', 'connection: close', 'x: y\r\n folded']
const withChunks = `${chunkedHead}5\r\nabcde\r\n0\r\n\r\n`

function one (random: Random): Case {
  const method = random.pick(['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD'])
  if (random.chance(0.03)) return cut(random, method, Buffer.from(garbage(random), 'latin1'), false)
  let text = validAnswer(random, method)
  let isValid = true
  if (random.chance(0.5)) {
    isValid = false
    const mistakes = 1 + random.below(2)
    for (let count = 0; count < mistakes; count++) text = random.pick(mutations)(text, random)
  }
  return cut(random, method, Buffer.from(text, 'latin1'), isValid)
}

function cut (random: Random, method: string, bytes: Buffer, isValid: boolean): Case {
  const ends = new Set<number>(Array.from({ length: random.pick([0, 0, 1, 2, 5]) }, () => random.below(bytes.length + 1))).add(bytes.length)
  const parts: Buffer[] = []
  let from = 0
  for (const end of [...ends].sort((a, b) => a - b)) {
    if (end > from) parts.push(bytes.subarray(from, end))
    from = end
  }
  return { method, parts, isValid, isSlow: random.chance(0.1) }
}

function validAnswer (random: Random, method: string): string {
  const interim = random.chance(0.1) ? random.pick(['HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n', 'HTTP/1.1 103\r\n\r\n']) : ''
  const status = random.pick([200, 200, 200, 200, 201, 204, 206, 302, 304, 400, 404, 500, 503, 599])
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
  const body = random.chance(0.01) ? 'x'.repeat(random.below(200_000)) : text(random, random.below(60))
  const [framing, bytes] = hasBody || (method === 'HEAD' && status !== 204 && status !== 304) ? framed(random, body) : [random.pick([[], [], status === 304 ? ['ETag: "a"'] : ['x: y']]), '']
  const fields = [...framing, ...Array.from({ length: random.below(5) }, () => field(random))]
  fields.sort(() => random.below(3) - 1)
  const reason = random.pick([' OK', ' OK', ' ', '', ' Not \t\xe9 so'])
  return `${interim}HTTP/1.1 ${status}${reason}\r\n${fields.map(line => `${line}\r\n`).join('')}\r\n${hasBody ? bytes : ''}`
}

function framed (random: Random, body: string): [string[], string] {
  switch (random.below(8)) {
    case 0:
    case 1:
      return [[random.pick(['Transfer-Encoding: chunked', 'transfer-encoding:chunked', 'Transfer-Encoding: Chunked '])], chunks(random, body)]
    case 2:
      return [random.pick([[], ['Connection: close']]), body]
    default:
      return [[`${random.pick(['Content-Length: ', 'content-length:', 'CONTENT-LENGTH: \t'])}${random.chance(0.05) ? '00' : ''}${body.length}${random.pick(['', '', ' '])}`], body]
  }
}

function chunks (random: Random, body: string): string {
  let coded = ''
  const extension = (): string => random.chance(0.1) ? random.pick([';a', ';a=b', ';a="b c"', ';a=b;c', ';a;b="d"']) : ''
  for (let from = 0; from < body.length;) {
    const size = 1 + random.below(body.length > 1000 ? 40_000 : 20)
    const chunk = body.slice(from, from + size)
    const digits = chunk.length.toString(16)
    coded += `${random.pick([digits, digits.toUpperCase(), `00${digits}`])}${extension()}\r\n${chunk}\r\n`
    from += size
  }
  const trailers = random.chance(0.15) ? random.pick(['x: y\r\n', 'X-Checksum: 1\r\nEtag: "a"\r\n', 'server-timing: a;b\r\n']) : ''
  return `${coded}${random.pick(['0', '0', '00'])}${extension()}\r\n${trailers}\r\n`
}

function field (random: Random): string {
  if (random.chance(0.3)) return random.pick(['Connection: keep-alive', 'Connection: close', 'connection: Keep-Alive, x', 'Keep-Alive: timeout=5', 'Keep-Alive: timeout=1', 'Date: now', 'Proxy-Connection: close', 'Upgrade: h2c', 'Set-Cookie: a=b', 'Content-Type: application/json'])
  const name = random.pick(['x-a', 'Server', "!#$%&'*+-.^_`|~09az", 'Content-Lengthx', 'x'])
  return `${name}:${random.pick(['', ' ', '\t'])}${text(random, random.below(20)).replace(/[^\t\x20-\x7e\x80-\xff]/g, '\t')}`
}

/** Mostly letters, sometimes any byte. */
function text (random: Random, length: number): string {
  return Array.from({ length }, () => random.chance(0.9) ? String.fromCharCode(97 + random.below(26)) : String.fromCharCode(random.below(256))).join('')
}

function garbage (random: Random): string {
  return random.pick([
    () => text(random, 1 + random.below(200)),
    () => Array.from({ length: 1 + random.below(100) }, () => String.fromCharCode(random.below(256))).join(''),
    () => 'SSH-2.0-OpenSSH_9.6\r\n',
    () => 'HTTP/1.1 ' + text(random, random.below(30)),
    () => `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(95_000 + random.below(10_000))}\r\ncontent-length: 0\r\n\r\n`,
    () => `HTTP/1.1 ${random.pick(['100 Continue', '101 Switching Protocols', '199 Odd', '000 Zero', '99 X', '600 X', '999 X', '2000 OK'])}\r\n${random.pick(['', 'upgrade: x\r\nconnection: upgrade\r\n', 'content-length: 0\r\n'])}\r\n${random.pick(['', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'])}`
  ])()
}

const special = ['\0', '\r', '\n', '\t', ' ', ':', ';', ',', '"', '\x7f', '\xff', '\x0b', '0', '1', 'a', 'f', 'g', '-', '+', '\r\n', '\n\r', '\r\n\r\n', '\r\n ', '\n\n']

const oddFields = [
  'Content-Length: +5', 'Content-Length: -1', 'Content-Length: 5, 5', 'Content-Length: 5 5', 'Content-Length: 0x5', 'Content-Length:', 'Content-Length: 5', 'Content-Length: 0', 'Content-Length: 99999999999999999999',
  'Content-Length : 5', 'Content-Length: 5\x0b', 'Content-Length: 5\t', 'Content-Length: 5 \t ', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: chunked, gzip', 'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: identity', 'Transfer-Encoding:', 'Transfer-Encoding : chunked', 'Transfer-Encoding: xchunked', 'Transfer-Encoding: chunked;q=1', 'Transfer-Encoding: "chunked"', 'Transfer-Encoding: \x0bchunked', 'Transfer-Encoding: chunked\t', 'Transfer_Encoding: chunked',
  'Connection: close', 'Connection: x, CLOSE', 'Connection: upgrade', 'Keep-Alive: timeout=0', 'Proxy-Connection: close', ': x', ' x: y', '\tx: y', 'x', 'x y: z', 'x\0: y', 'x: y\0z', 'x: y\x7f', 'x: y\rz', 'x: y\nz', 'é: x', 'x: a\r\n folded', 'x:\r\n\tfolded'
]
const oddSizes = ['', 'g', '-1', '+1', '1 ', ' 1', '\t1', '0x1', 'fffffffffffffffff', 'ffffffffffffffff', '10000000000000000', '1;', '1;;', '1;=', '1;a=', '1;a="', '1;a="b', '1;a="b"c', '1;a="\\"', '1; a=b', '1 ;a=b', '1;a =b', '1;a=b ', '1;a\x01', '1;a=b\x7f', '1,', '1\r', '1\n', '0000000000000000000000001', '1;a="\xff"', '1;"a"', '1;a="\x01"', '1;a=b"c"']

const at = (from: string, index: number, removed: number, added: string): string => from.slice(0, index) + added + from.slice(index + removed)

/** What goes wrong; most mistakes are near the start, where the head is. */
const mutations: ReadonlyArray<(from: string, random: Random) => string> = [
  (from, random) => at(from, random.below(from.length), 1, String.fromCharCode(random.below(256))),
  (from, random) => at(from, random.below(from.length), 0, random.pick(special)),
  (from, random) => at(from, random.below(from.length), 1, random.pick(special)),
  (from, random) => at(from, random.below(Math.min(from.length, 20)), 1, random.pick(special)),
  (from, random) => at(from, random.below(from.length), 1 + random.below(3), ''),
  (from, random) => from.slice(0, random.below(from.length)),
  (from, random) => from + random.pick(['x', '\r\n', '\n', '\0', 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison', '0\r\n\r\n', 'abc']),
  (from, random) => from + validAnswer(random, 'GET'),
  (from, random) => withField(from, random.pick(oddFields)),
  (from, random) => withField(from, random.pick(oddFields)),
  (from, random) => from.replace(/(\r\n\r\n(?:[^]*\r\n)?)[\da-f]+(?=\r\n)/i, `$1${random.pick(oddSizes)}`),
  (from, random) => from.replace(/(transfer-encoding:\s*chunked\s*\r\n[^]*?\r\n\r\n)[\da-f]*/i, `$1${random.pick(oddSizes)}`),
  (from, random) => from.replace(/(content-length:\s*)\d+/i, `$1${random.below(80)}`),
  (from, random) => from.replace(/\r\n/g, () => random.chance(0.2) ? random.pick(['\n', '\r', '\n\r', '\r\r\n']) : '\r\n'),
  (from, random) => from.replace('HTTP/1.1', random.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.10', 'HTTP/11', 'ICY', ' HTTP/1.1', '\r\nHTTP/1.1', '\nHTTP/1.1', 'RTSP/1.0'])),
  (from, random) => from.replace(/1\.1 \d{3}/, `1.1${random.pick([' 20', ' 2000', '  200', ' 2 0', ' abc', '\t200', ' 200\t', ' -20', ' 204', ' 304', ' 100', ' 101', ' 103', ' 205'])}`),
  (from, random) => from.replace(/\r\n0(?=[^]*$)/, `\r\n0\r\n${random.pick(oddTrailers)}`)
]

function withField (from: string, line: string): string {
  const end = from.indexOf('\r\n') + 2
  return end === 1 ? from + line : at(from, end, 0, `${line}\r\n`)
}
