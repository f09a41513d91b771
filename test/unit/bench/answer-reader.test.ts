/** The load generator of the benchmark sees the end of each answer, however it is cut, and refuses what means nothing. */
import t from 'tap'
import { AnswerReader } from '../../../bench/answer-reader.js'

const answer = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello'

t.test('cut anywhere, once and again', async t => {
  const reader = new AnswerReader()
  for (let cut = 1; cut < answer.length; cut++) {
    t.notOk(reader.push(Buffer.from(answer.slice(0, cut))), `the first ${cut} bytes`)
    t.ok(reader.push(Buffer.from(answer.slice(cut))), 'the rest')
  }
  t.ok(reader.push(Buffer.from(answer)), 'whole')
})

t.test('an empty body', async t => {
  t.ok(new AnswerReader().push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')))
})

t.test('what means nothing', async t => {
  for (const [text, message] of [
    ['HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n', 'An answer was not 200: HTTP/1.1 401 Unauthorized'],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', 'An answer has no length.'],
    [`${answer}HTTP/1.1`, 'More than the answer came.'],
    [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`, 'The head of an answer is too long.']
  ] as const) t.throws(() => new AnswerReader().push(Buffer.from(text)), new Error(message))
})
