/** Our own client to MLflow over real sockets: what it sends, what it keeps, what it lets go; and that it is no laxer than undici. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { nameFault, openUpstream, type Upstream } from '../../../src/mlflow/pool.js'
import { Recorder } from '../../conformance/client/judges.js'
import { prove } from '../../conformance/client/main.js'

interface Server {
  readonly upstream: Upstream
  /** What each connection has sent, in the order of connections. */
  readonly heard: string[]
  /** The same, as it came. */
  readonly said: string[]
  readonly sockets: Socket[]
  /** Says how many connections are open. */
  open: () => number
}

/** What was sent from then on, on whatever connections; the origin has another port for each client. */
function sent ({ said }: Server, from: number): string {
  return said.slice(from).join('').replace(/127\.0\.0\.1:\d+/, 'origin')
}

interface Options {
  readonly undiciAlone?: boolean
  readonly connections?: number
  readonly socketPath?: string
  /** What is answered once a request has come; default: 200 with its length. */
  readonly answer?: string
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

async function serve (t: Test, { undiciAlone = false, connections = 4, socketPath, answer = ok }: Options = {}): Promise<Server> {
  const heard: string[] = []
  const said: string[] = []
  const sockets: Socket[] = []
  const server = createServer({ noDelay: true }, socket => {
    const index = sockets.push(socket) - 1
    heard[index] = ''
    socket.on('error', () => {}).on('data', bytes => {
      heard[index] += bytes.toString('latin1')
      said.push(bytes.toString('latin1'))
      if (/^(?:GET|HEAD|DELETE|OPTIONS).*\r\n\r\n$|\r\n\r\n(?:[^]*e)?$/s.test(bytes.toString('latin1'))) socket.write(answer)
    })
  })
  if (socketPath === undefined) server.listen(0, '127.0.0.1')
  else server.listen(socketPath)
  await once(server, 'listening')
  const url = new URL(socketPath === undefined ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : 'http://localhost')
  const config = loadConfig({ MLFLOW_UPSTREAM_URL: url.href, MLFLOW_UPSTREAM_CONNECTIONS: String(connections) }, () => '').upstream
  const upstream = openUpstream(config, url, { undiciAlone, socketPath })
  t.teardown(async () => {
    await upstream.close()
    server.close()
  })
  return { upstream, heard, said, sockets, open: () => sockets.filter(({ destroyed }) => !destroyed).length }
}

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly string[]
  readonly body?: Buffer | Readable | null
}

function ask (upstream: Upstream, { method = 'GET', path = '/', headers = ['host', 'a'], body = null }: Asked = {}): Recorder {
  const recorder = Object.assign(new Recorder(method, path, false, upstream.ended), { headers: [...headers], body })
  upstream.open.add(recorder)
  upstream.send(recorder)
  return recorder
}

async function outcome (upstream: Upstream, asked?: Asked): Promise<string> {
  const recorder = ask(upstream, asked)
  await recorder.ended
  const { verdict: { outcome, status, body } } = recorder
  return outcome === 'complete' ? `${status} ${body}` : 'error'
}

t.test('what it sends is what undici sends, byte for byte', async t => {
  const [own, undici] = [await serve(t), await serve(t, { undiciAlone: true })]
  const requests: Asked[] = [
    {},
    { path: '/a/%2F?b=é\xff|{"' },
    { method: 'HEAD' },
    { method: 'OPTIONS' },
    { method: 'DELETE' },
    { method: 'POST' },
    { method: 'POST', headers: ['Host', 'b:1', 'Content-Length', '0'] },
    { method: 'PUT', body: Buffer.alloc(0) },
    { method: 'PATCH', headers: ['x-a', '', 'x-a', '\xe9\t', 'HOST', 'c', 'content-type', 'text/plain'] },
    { method: 'POST', body: Buffer.from('abcde'), headers: ['host', 'a', 'content-length', '5', 'X-Last', '1'] },
    { method: 'POST', body: Buffer.from('abcde') },
    { method: 'DELETE', body: Buffer.from('abcde') },
    { method: 'GET', body: Buffer.from('abcde') },
    { method: 'POST', body: Buffer.alloc(200_000, 'e') },
    { method: 'GET', headers: ['x-a', 'b'] },
    { method: 'GET', headers: ['host', 'a', 'connection', 'close'] }
  ]
  for (const asked of requests) {
    const before = [own.said.length, undici.said.length] as const
    t.equal(await outcome(own.upstream, asked), await outcome(undici.upstream, asked), JSON.stringify(asked).slice(0, 100))
    await delay(5)
    t.equal(sent(own, before[0]), sent(undici, before[1]))
  }
})

t.test('what undici refuses to send is refused, and nothing is sent', async t => {
  const own = await serve(t, { connections: 20 }) // undici never frees a connection for which it refused something
  for (const asked of [
    { headers: ['host', 'a', 'x', 'b\r\nc: d'] }, { headers: ['host', 'a', 'x', 'b\nc'] }, { headers: ['host', 'a', 'x', '\0'] }, { headers: ['host', 'a', 'x: y\r\nz', 'b'] }, { headers: ['host', 'a', '', 'b'] },
    { headers: ['host', 'a', 'host', 'b'] }, { headers: ['host', 'a', 'transfer-encoding', 'chunked'] }, { headers: ['host', 'a', 'Upgrade', 'x'] }, { headers: ['host', 'a', 'expect', '100-continue'] }, { headers: ['host', 'a', 'x', '\u0100'] },
    { path: '/a b' }, { path: '/a\r\nb' }, { path: 'a' }, { method: 'G T' }, { method: 'POST', headers: ['host', 'a', 'content-length', '4'], body: Buffer.from('abcde') }
  ] satisfies Asked[]) t.equal(await outcome(own.upstream, asked), 'error', JSON.stringify(asked))
  t.equal(own.heard.join(''), '')
})

t.test('a connection is used again, one request after another, and no longer than 4 s', async t => {
  const { upstream, sockets, open } = await serve(t)
  for (let count = 0; count < 20; count++) t.equal(await outcome(upstream, { method: count % 2 === 0 ? 'GET' : 'POST' }), '200 ok')
  t.equal(sockets.length, 1)
  let broken = 0
  upstream.onBroken(() => broken++)
  const start = performance.now()
  while (open() > 0 && performance.now() - start < 6000) await delay(20)
  t.ok(performance.now() - start < 4500, `${performance.now() - start} ms`)
  t.equal(broken, 0, 'which is no fault of MLflow')
})

t.test('a free connection that receives bytes, or that MLflow ends or breaks, is not used again; nothing of it reaches the next request', async t => {
  for (const [name, spoil] of [
    ['bytes', socket => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')],
    ['an end', socket => socket.end()],
    ['a reset', socket => socket.resetAndDestroy()]
  ] as ReadonlyArray<readonly [string, (socket: Socket) => unknown]>) {
    const { upstream, sockets } = await serve(t)
    let broken = 0
    upstream.onBroken(() => broken++)
    t.equal(await outcome(upstream), '200 ok')
    spoil(sockets[0]!)
    const next = delay(0).then(async () => await outcome(upstream)) // perhaps in the turn in which it is noticed
    t.equal(await next, '200 ok', name)
    t.equal(sockets.length, 2, name)
    t.equal(broken, 1, name)
  }
})

t.test('a request that MLflow leaves unanswered is sent once', async t => {
  const { upstream, sockets, heard } = await serve(t)
  t.equal(await outcome(upstream), '200 ok')
  sockets[0]!.removeAllListeners('data').once('data', bytes => {
    heard[0] += bytes.toString('latin1')
    sockets[0]!.destroy()
  })
  const recorder = ask(upstream)
  await recorder.ended
  t.equal(recorder.verdict.outcome, 'error')
  t.equal(heard.join('').split('GET / ').length - 1, 2)
  t.equal(sockets.length, 1)
})

t.test('a request that is given up takes its connection with it, and ends once', async t => {
  const { upstream, open } = await serve(t, { answer: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab' })
  const recorder = ask(upstream)
  while (recorder.verdict.status === 0) await delay(1)
  recorder.giveUp()
  t.equal(recorder.verdict.outcome, 'error')
  while (open() > 0) await delay(1)
  t.notOk(recorder.isBroken)
})

t.test('both clients together have no more connections than they may', async t => {
  const { upstream, open } = await serve(t, { connections: 3 })
  const large = Buffer.alloc(200_000, 'e')
  let most = 0
  for (let round = 0; round < 40; round++) {
    const kinds = Array.from({ length: 6 }, (_, index): Asked => (round + index) % 3 === 0 || round % 5 === 0 ? { method: 'PUT', body: large } : {})
    const outcomes = kinds.map(async asked => await outcome(upstream, asked))
    await delay(1)
    most = Math.max(most, open())
    for (const each of outcomes) t.equal(await each, '200 ok')
  }
  t.ok(most <= 3, `${most}`)
})

/** How a fault is named for callers. */
async function faultAt (t: Test, href: string, undiciAlone: boolean): Promise<string> {
  const upstream = openUpstream(loadConfig({ MLFLOW_UPSTREAM_URL: href }, () => '').upstream, new URL(href), { undiciAlone })
  t.teardown(async () => await upstream.close())
  return await new Promise(resolve => {
    const recorder = new Recorder('GET', '/', false, upstream.ended)
    recorder.onError = error => resolve(nameFault(error).reason)
    upstream.open.add(recorder)
    upstream.send(recorder)
  })
}

t.test('a server that is not there is named so, by both clients', async t => {
  for (const undiciAlone of [false, true]) t.equal(await faultAt(t, 'http://127.0.0.1:1', undiciAlone), 'upstream_refused')
})

t.test('a server that takes no connection is given up after 5 s, by both clients', async t => {
  const program = "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })"
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [port] = await once(child.stdout, 'data') as [Buffer]
  child.kill('SIGSTOP') // its row of connections fills, and the system answers no more
  const fillers = Array.from({ length: 8 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
  t.teardown(() => fillers.forEach(socket => socket.destroy()))
  await delay(100)
  const start = performance.now()
  t.same(await Promise.all([false, true].map(async undiciAlone => await faultAt(t, `http://127.0.0.1:${Number(port)}`, undiciAlone))), ['upstream_refused', 'upstream_refused'])
  const ms = performance.now() - start
  t.ok(ms > 4500 && ms < 7500, `${ms} ms`)
})

const hasIpv6 = Object.values(networkInterfaces()).flat().some(address => address?.address === '::1')
t.test('names, and addresses of both families, lead to a server', async t => {
  for (const [address, host] of [['127.0.0.1', 'localhost'], ...hasIpv6 ? [['::1', '[::1]'] as const] : []] as const) {
    const server = createServer(socket => socket.on('error', () => {}).once('data', () => socket.write(ok))).listen(0, address)
    await once(server, 'listening')
    const href = `http://${host}:${(server.address() as AddressInfo).port}`
    const upstream = openUpstream(loadConfig({ MLFLOW_UPSTREAM_URL: href }, () => '').upstream, new URL(href))
    t.teardown(async () => {
      await upstream.close()
      server.close()
    })
    t.equal(await outcome(upstream), '200 ok', address)
  }
})

t.test('the socket of an MLflow of our own is a way like any', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'client-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { upstream, heard } = await serve(t, { socketPath: join(folder, 's') })
  t.equal(await outcome(upstream), '200 ok')
  t.match(heard[0], /^GET \/ HTTP\/1\.1\r\nhost: a\r\n/)
})

t.test('whoever closes the upstream ends what is under way, and what comes later', async t => {
  const { upstream } = await serve(t, { answer: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab', connections: 1 })
  const [first, second] = [ask(upstream), ask(upstream)]
  while (first.verdict.status === 0) await delay(1)
  await upstream.close()
  await Promise.all([first.ended, second.ended])
  t.equal(first.verdict.outcome, 'error')
  t.equal(second.verdict.outcome, 'error')
  t.equal(await outcome(upstream), 'error')
})

t.test('of generated answers it makes what undici makes, or less, and each seeded mistake is caught (npm run client:proof has more of them)', async t => {
  await prove(3000, 20261128, ({ line, problems }) => t.same(problems, [], line))
})
