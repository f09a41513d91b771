/** MLflow closes its connection while the caller is slow: what arrived whole is handed on whole, what did not is a cut connection, and the process lives (nodejs/undici#5360). */
import t, { type Test } from 'tap'
import { facade, requestHead } from '../../helpers/app.js'
import { says, type Call } from '../../helpers/upstream.js'

const path = '/mlflow/get-artifact?path=a&run_uuid=b'
const size = 8 * 1024 * 1024
const body = Buffer.alloc(size, 'y')
const short = body.subarray(0, size - 100_000)
const close = 'connection: close\r\n'
const length = `content-length: ${size}\r\n`
const chunk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
const last = Buffer.from('0\r\n\r\n')

const endings: ReadonlyArray<{ name: string, head: string, sent: Buffer, whole: boolean }> = [
  { name: 'a length, connection: close', head: length + close, sent: body, whole: true },
  { name: 'a length, kept alive', head: length, sent: body, whole: true },
  { name: 'chunked, connection: close', head: `transfer-encoding: chunked\r\n${close}`, sent: Buffer.concat([chunk(body), last]), whole: true },
  { name: 'chunked, kept alive', head: 'transfer-encoding: chunked\r\n', sent: Buffer.concat([chunk(body), last]), whole: true },
  { name: 'ended by its connection', head: close, sent: body, whole: true },
  { name: 'a length, cut, connection: close', head: length + close, sent: short, whole: false },
  { name: 'a length, cut, kept alive', head: length, sent: short, whole: false },
  { name: 'chunked, cut, connection: close', head: `transfer-encoding: chunked\r\n${close}`, sent: chunk(short), whole: false },
  { name: 'chunked, cut, kept alive', head: 'transfer-encoding: chunked\r\n', sent: chunk(short), whole: false }
]

t.test('answers that end under a slow caller', async t => await slowEnds(t, false))
t.test('answers that end under a slow caller, all by undici', async t => await slowEnds(t, true))

async function slowEnds (t: Test, undiciAlone: boolean): Promise<void> {
  const { connect, mlflow, call } = await facade(t, undefined, { undiciAlone })
  for (const { name, head, sent, whole } of endings) {
    for (const way of ['FIN', 'RST'] as const) {
      // A reset may overtake bytes that nobody has read: then a cut answer is right, too. Where only the end of the connection
      // ends the body, libuv takes a reset right behind bytes for an end (POLLHUP after a short read): the next test waits.
      if (way === 'RST' && head === close) continue
      t.test(`${name}, ${way}`, async t => {
        mlflow.behave((call: Call) => {
          call.socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`)
          if (way === 'FIN') call.socket.end(sent)
          else call.socket.write(sent, () => call.socket.resetAndDestroy())
        })
        const connection = await connect()
        connection.write(requestHead('GET', path))
        await connection.head()
        for (let pause = 0; pause < 30; pause++) { // reads in steps, so that the facade waits again and again, up to the end
          connection.socket.pause()
          await new Promise(resolve => setTimeout(resolve, 10))
          connection.socket.resume()
          await new Promise(resolve => setImmediate(resolve))
        }
        const answered = await connection.answer()
        if (way === 'FIN') t.equal(answered.whole, whole)
        if (answered.whole) t.ok(answered.body.equals(body))
        else t.ok(answered.body.length < size)
        connection.destroy()
        mlflow.behave(says('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext'))
        t.equal((await call('GET', path)).text(), 'next', 'the next request is fine')
      })
    }
  }

  t.test('a reset is no end, even of a body that has no other', async t => {
    mlflow.behave((call: Call) => {
      call.socket.write(`HTTP/1.1 200 OK\r\n${close}\r\n${'y'.repeat(100_000)}`)
      setTimeout(() => call.socket.resetAndDestroy(), 200)
    })
    const answered = await call('GET', path)
    t.equal(answered.body.length, 100_000)
    t.equal(answered.whole, false)
  })
}
