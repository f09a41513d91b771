/** The open loop of the benchmark: a server that stands still for a moment is seen to, by every request that was meant for that moment. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Pace, Paced } from '../../../bench/pacer.js'

const pacer = new URL('../../../bench/pacer.js', import.meta.url)
/** Of two seconds, with two connections: a closed loop would have noticed twice, of 400 requests. */
const stillMs = 500
/** A request in the midst of those that count: 200 are sent before, to warm up. */
const stillAt = 350

t.test('a moment of standing still', async t => {
  let requests = 0
  const server = createServer((_request, response) => {
    if (++requests === stillAt) for (const end = performance.now() + stillMs; performance.now() < end;); // nothing of this process moves
    response.writeHead(200, { 'content-length': 2 }).end('ok')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const child = fork(pacer)
  t.teardown(() => {
    child.kill('SIGKILL')
    server.close()
    server.closeAllConnections()
  })
  const pace: Pace = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    key: 'any',
    connections: 2,
    requestsPerSecond: 200,
    warmUpSeconds: 1,
    seconds: 2
  }
  child.send(pace)
  const [paced] = await once(child, 'message') as [Paced]
  t.equal(paced.offered, 400)
  t.equal(paced.answered, 400)
  t.ok(paced.maxMs > stillMs * 0.9, `the longest wait: ${paced.maxMs} ms`)
  t.ok(paced.p99Ms > stillMs * 0.8, `a hundred requests were meant for that moment, so p99 is of it too: ${paced.p99Ms} ms`)
  t.ok(paced.p50Ms < stillMs / 2, `the others were not late: ${paced.p50Ms} ms`)
})

t.test('an answer that is no 200 ends it', async t => {
  const server = createServer((_request, response) => response.writeHead(503, { 'content-length': 0 }).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const child = fork(pacer, { silent: true })
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const pace: Pace = { url, key: 'any', connections: 1, requestsPerSecond: 10, warmUpSeconds: 1, seconds: 1 }
  child.send(pace)
  t.same(await once(child, 'exit'), [1, null])
})
