/** HTTPS of our own: what is served, what is not, and a certificate that is renewed while it runs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { facade, requestHead } from '../helpers/app.js'
import { selfSigned } from '../helpers/certificates.js'
import { startFacade } from '../helpers/facade.js'
import { answer, says, standIn } from '../helpers/upstream.js'

const first = selfSigned()
const ok = says(answer(200, '{}'))
const search = '/mlflow/api/2.0/mlflow/experiments/search'

interface Teardown { teardown: (fn: () => unknown) => void }

async function handshake (t: Teardown, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

t.test('a call over HTTPS is answered, and MLflow is told of the scheme', async t => {
  const { call, mlflow } = await facade(t, ok, { env: first })
  t.equal((await call('POST', search, { body: '{}' })).status, 200)
  t.match(mlflow.calls[0]?.header('x-forwarded-proto'), 'https')
})

t.test('a page of our own may write by https alone', async t => {
  const { call, port } = await facade(t, ok, { env: first })
  const from = async (scheme: string): Promise<number> => {
    const headers = { Host: `127.0.0.1:${port}`, Origin: `${scheme}://127.0.0.1:${port}` }
    return (await call('POST', search, { body: '{}', headers })).status
  }
  t.equal(await from('https'), 200)
  t.equal(await from('http'), 403)
})

t.test('TLS 1.2 and 1.3, and nothing older', async t => {
  const { port } = await facade(t, ok, { env: first })
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    t.equal((await handshake(t, port, { minVersion: version, maxVersion: version })).getProtocol(), version)
  }
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await t.rejects(handshake(t, port, old), { code: /ALERT|SSL|ECONNRESET/ })
})

t.test('clear text gets no answer, and harms nobody', async t => {
  const { call, port } = await facade(t, ok, { env: first })
  const socket = connectPlain({ port, host: '127.0.0.1' })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => { received += text }).on('error', () => {})
  socket.write('GET /live HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'close')
  t.notMatch(received, 'HTTP/')
  t.equal((await call('GET', '/live')).status, 200)
})

t.test('a broken head is answered over TLS too', async t => {
  const { connect } = await facade(t, ok, { env: first })
  const { write, answer: next } = await connect()
  write('GET / HTTP/9.9\r\n\r\n')
  t.equal((await next()).status, 400)
})

t.test('a caller who takes nothing is cut, and a large answer that is taken comes whole', async t => {
  const bytes = 32 * 1024 ** 2
  const large = says(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`), Buffer.alloc(bytes, 7)]))
  const { call, connect, line } = await facade(t, large, { env: first, stallMs: 500 })
  t.equal((await call('GET', '/mlflow/api/2.0/mlflow-artifacts/artifacts/model')).body.length, bytes)
  const { socket, write, head, closed } = await connect()
  write(requestHead('GET', '/mlflow/api/2.0/mlflow-artifacts/artifacts/model'))
  const begun = await head()
  socket.pause()
  t.match(await line(begun.header('x-request-id')), { refusal: 'output_stalled' })
  socket.destroy()
  await closed
})

t.test('handshakes that are never finished hold up no shutdown', async t => {
  const { port, server } = await facade(t, ok, { env: first })
  const socket = connectPlain({ port, host: '127.0.0.1' })
  const accepted = once(server.server, 'connection')
  await Promise.all([once(socket, 'connect'), accepted])
  const gone = once(socket, 'close')
  server.connections.closeIdle()
  await gone
})

t.test('a renewed certificate is served within seconds; what cannot be served leaves the old one', async t => {
  const folder = t.testdir()
  const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  const swap = (from: typeof first, name: string): void => { // by links, as Kubernetes does
    for (const [file, target] of [[TLS_CERT_FILE, from.TLS_CERT_FILE], [TLS_KEY_FILE, from.TLS_KEY_FILE]] as const) {
      symlinkSync(target, `${file}.${name}`)
      renameSync(`${file}.${name}`, file)
    }
  }
  swap(first, 'a')
  const { port, lines, metric, call } = await facade(t, ok, { env: { TLS_CERT_FILE, TLS_KEY_FILE } })
  const served = async (): Promise<string | undefined> => (await handshake(t, port)).getPeerX509Certificate()?.serialNumber
  const said = async (msg: RegExp): Promise<Record<string, unknown>> => {
    for (const end = performance.now() + 10_000; performance.now() < end; await delay(50)) {
      const found = lines.find(line => msg.test(line.msg))
      if (found !== undefined) return found
    }
    throw new Error(`nothing said of ${String(msg)}`)
  }
  const [before, expiry] = [await served(), await metric('tls_certificate_expiry_timestamp_seconds')]
  t.ok(expiry > Date.now() / 1000)

  writeFileSync(join(folder, 'broken'), 'no certificate')
  renameSync(join(folder, 'broken'), TLS_CERT_FILE)
  t.notMatch(JSON.stringify(await said(/cannot be served/)), folder)
  t.equal(await served(), before)
  t.equal((await call('POST', search, { body: '{}' })).status, 200)

  const second = selfSigned('127.0.0.1', 60)
  swap(second, 'b')
  await said(/read again/)
  t.not(await served(), before)
  t.ok(await metric('tls_certificate_expiry_timestamp_seconds') > expiry)
})

t.test('files whose state the system does not tell leave the old certificate, and the facade runs on', async t => {
  const folder = t.testdir()
  const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  symlinkSync(first.TLS_CERT_FILE, TLS_CERT_FILE)
  symlinkSync(first.TLS_KEY_FILE, TLS_KEY_FILE)
  const { call, lines } = await facade(t, ok, { env: { TLS_CERT_FILE, TLS_KEY_FILE } })
  symlinkSync(TLS_CERT_FILE, `${TLS_CERT_FILE}.new`) // leads to itself once it has taken its place
  renameSync(`${TLS_CERT_FILE}.new`, TLS_CERT_FILE)
  const told = (): boolean => lines.some(line => line.msg.includes('cannot be served') && line.problem === 'ELOOP')
  for (const end = performance.now() + 10_000; performance.now() < end && !told(); await delay(50));
  t.ok(told())
  t.equal((await call('POST', search, { body: '{}' })).status, 200)
})

t.test('what is promised over TCP holds over TLS', async t => {
  for (const name of ['forwarding', 'hostile', 'connections']) {
    const file = fileURLToPath(new URL(`../wire/proxy/${name}.test.js`, import.meta.url))
    const child = spawn(process.execPath, [file], { stdio: 'ignore', env: { PATH: process.env.PATH, FACADE_TLS: '1' } })
    t.strictSame(await once(child, 'exit'), [0, null], name)
  }
})

t.test('the process says https, and warns where keys would travel in clear', async t => {
  const { url: mlflowUrl } = await standIn(t)
  const folder = t.testdir()
  const env = { TLS_CERT_FILE: join(folder, 'cert.pem'), TLS_KEY_FILE: join(folder, 'key.pem') }
  copyFileSync(first.TLS_CERT_FILE, env.TLS_CERT_FILE)
  copyFileSync(first.TLS_KEY_FILE, env.TLS_KEY_FILE)
  const warned = async (settings: NodeJS.ProcessEnv): Promise<boolean> => {
    const { output, stop, url } = await startFacade(t, { mlflowUrl: mlflowUrl.href, env: settings })
    t.match(output(), `export MLFLOW_TRACKING_URI=${url.startsWith('https') ? 'https' : 'http'}:`)
    await stop()
    return output().includes('API keys travel in clear text')
  }
  t.equal(await warned({ HOST: '0.0.0.0', ...env }), false)
  t.equal(await warned({ HOST: '0.0.0.0' }), true)
  t.equal(await warned({}), false)
})
