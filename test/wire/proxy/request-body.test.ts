/** Bodies on their way, without any network: gathered, handed on, or cut. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { gather, through } from '../../../src/proxy/request-body.js'

/** A request whose body a test writes. */
function request (): { message: IncomingMessage, write: (text: string) => void, end: () => void, cut: () => void } {
  const message = new IncomingMessage(new Socket())
  return {
    message,
    write: text => { message.push(text) },
    end: () => {
      message.complete = true
      message.push(null)
    },
    cut: () => { message.destroy() }
  }
}

/** What a promise fails with. */
async function failureOf (promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => 'nothing', (error: unknown) => error)
}

t.test('a body is gathered whole, in whatever parts it comes', async t => {
  for (const parts of [[], ['one'], ['on', 'e', ' two']]) {
    const { message, write, end } = request()
    const whole = gather(message, 100)
    parts.forEach(write)
    end()
    t.equal(String(await whole), parts.join(''))
  }
})

t.test('above its bound it is 413, at its bound it is not', async t => {
  const { message, write } = request()
  const whole = gather(message, 4)
  write('12345')
  t.match(await failureOf(whole), { statusCode: 413 })
  const fitting = request()
  const four = gather(fitting.message, 4)
  fitting.write('1234')
  fitting.end()
  t.equal((await four).length, 4)
})

t.test('a body that is cut is never a shorter whole', async t => {
  const { message, write, cut } = request()
  const whole = gather(message, 100)
  write('half')
  cut()
  await t.rejects(whole, { message: 'the upload was cut' })
  const streamed = request()
  const body = through(streamed.message)
  body.resume()
  streamed.write('half')
  streamed.cut()
  await t.rejects(finished(body), { message: 'the upload was cut' })
})

t.test('a caller who cuts before MLflow reads the body is nobody else\'s error', async t => {
  const { message, write, cut } = request()
  const body = through(message)
  write('part')
  cut()
  // Nobody listens to the body yet: without a listener of its own its error would end the process.
  await new Promise(resolve => setImmediate(resolve))
  t.ok(body.destroyed)
})

t.test('a body that MLflow no longer wants leaves the caller\'s connection alone', async t => {
  const { message, write, end } = request()
  const body = through(message)
  write('part')
  body.destroy(new Error('reset'))
  await t.rejects(finished(body))
  t.notOk(message.destroyed)
  write('more')
  end()
  message.resume()
  await finished(message)
})
