/** The process: how it starts, what it says when it cannot, and how it ends without losing what is under way. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { connect, head } from '../helpers/client.js'
import { endBy } from '../helpers/end.js'
import { startFacade } from '../helpers/facade.js'
import { freePort } from '../../scripts/mlflow/ports.js'
import { answer, echo, silent, standIn } from '../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'

/** Starts the command with this environment and waits for its end. */
async function run (t: { teardown: (fn: () => unknown) => void }, env: NodeJS.ProcessEnv): Promise<{ code: number | null, stdout: string, stderr: string, ms: number }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'facade-'))
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  const start = performance.now()
  const child = spawn(process.execPath, ['dist/cli/main.js', 'start'], { env: { PATH: process.env.PATH, DATA_DIR: dataDir, MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '0', METRICS_PORT: 'off', ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await once(child, 'close')
  clearTimeout(late)
  return { code: child.exitCode, stdout, stderr, ms: performance.now() - start }
}

const portOf = (url: string) => Number(new URL(url).port)

/** Whether a new connection is taken. */
async function takes (port: number): Promise<boolean> {
  const socket = connectSocket(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

t.test('on SIGTERM new connections are refused, idle ones closed, running requests finish, and the exit is 0', async t => {
  const mlflow = await standIn(t, silent)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href })
  const authorization = `Bearer ${await up.createKey('mlflow:write')}`
  const port = portOf(up.url)
  const [idle, running, uploading] = [await connect(t, port), await connect(t, port), await connect(t, port)]
  idle.write(head('GET /live'))
  t.equal((await idle.answer()).status, 200)
  running.write(head(`GET ${search}`, { authorization }))
  const waiting = await mlflow.call(1)
  mlflow.behave(echo)
  uploading.write(head('PUT /mlflow/api/2.0/mlflow-artifacts/artifacts/x', { authorization, 'content-length': '100000' }) + 'x'.repeat(50_000))
  await mlflow.call(2)
  const stopped = up.stop()
  await idle.closed
  while (await takes(port)); // the kernel may still take one in the moment between
  waiting.write(answer(200, 'finished'))
  const answered = await running.answer()
  t.equal(answered.text(), 'finished')
  await running.closed
  uploading.write('x'.repeat(50_000))
  t.equal((await uploading.answer()).body.length, 100_000)
  const start = performance.now()
  await stopped
  t.ok(performance.now() - start < 2000, 'and the process does not wait for its grace')
  t.match(up.output(), /"operation":"searchExperimentsGet".*"status":200/)
  t.notMatch(up.output(), authorization.slice('Bearer '.length))
})

t.test('a connection that was opened ahead and never used does not hold up the end', async t => {
  const mlflow = await standIn(t, echo)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href })
  const unused = await connect(t, portOf(up.url))
  await new Promise(resolve => setTimeout(resolve, 100))
  const start = performance.now()
  await up.stop()
  await unused.closed
  t.ok(performance.now() - start < 2000)
})

t.test('what still runs after the grace is cut, and the exit is 0 all the same', async t => {
  const mlflow = await standIn(t, silent)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { SHUTDOWN_GRACE: '0.5' } })
  const authorization = `Bearer ${await up.createKey('mlflow:write')}`
  const running = await connect(t, portOf(up.url))
  running.write(head(`GET ${search}`, { authorization }))
  await mlflow.call(1)
  const start = performance.now()
  const stopped = up.stop()
  await running.closed
  await stopped
  const ms = performance.now() - start
  t.ok(ms > 400 && ms < 3000, `${Math.round(ms)} ms`)
})

t.test('a later start says since when the first admin key lies in its file, and that others may reach into the folder', async t => {
  const mlflow = await standIn(t, echo)
  const dataDir = mkdtempSync(join(tmpdir(), 'facade-'))
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  const first = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { DATA_DIR: dataDir } })
  await first.stop()
  t.notMatch(first.output(), /lies in DATA_DIR/, 'not when it has just been made: its place is named then')
  writeFileSync(join(dataDir, 'thesis.txt'), '')
  chmodSync(dataDir, 0o755)
  const second = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { DATA_DIR: dataDir } })
  await second.stop()
  t.match(second.output(), new RegExp(`"since":"${statSync(join(dataDir, 'admin-key')).mtime.toISOString()}".*the first admin key is still in DATA_DIR/admin-key`))
  t.match(second.output(), /"level":"warn".*DATA_DIR contains files that are not the facade's.*mode 0755/)
})

t.test('within the delay it says that it is not ready, and still serves', async t => {
  const mlflow = await standIn(t, echo)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { SHUTDOWN_DELAY: '1' } })
  const port = portOf(up.url)
  const kept = await connect(t, port)
  kept.write(head('GET /ready'))
  t.equal((await kept.answer()).status, 200)
  const stopped = up.stop()
  for (;;) {
    const response = await fetch(`${up.url}/ready`)
    if (response.status === 503) {
      t.match(await response.json(), { process: { reason: 'shutting down' } })
      break
    }
  }
  t.ok(await takes(port))
  await stopped
  t.notOk(await takes(port))
})

t.test('it starts without MLflow, says why it is not ready, and finds MLflow when it comes', async t => {
  const mlflow = await standIn(t, echo)
  await mlflow.stop()
  const started = startFacade(t, { mlflowUrl: mlflow.url.href, env: { METRICS_PORT: '0' } })
  await new Promise(resolve => setTimeout(resolve, 6000)) // the process must have started and been asked, on a busy machine too
  await mlflow.start()
  const up = await started
  t.match(up.output(), /"status":503/)
  const metricsPort = Number(/"metrics":(\d+)/.exec(up.output())?.[1])
  const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
  t.match(await metrics.text(), /hokusai_mlflow_upstream_up 1/)
  t.equal((await fetch(`http://127.0.0.1:${metricsPort}/`)).status, 404)
  t.equal((await fetch(`${up.url}/metrics`)).status, 404, 'not on the public port')

  await t.test('a second process on its data is refused in a sentence', async t => {
    const second = await run(t, { DATA_DIR: up.dataDir })
    t.ok(second.code === 1 || second.code === 2)
    t.match(second.stderr, /DATA_DIR/)
    t.notMatch(second.stderr, /\n\s+at /)
  })
  await up.stop()
})

t.test('a port in use is one sentence and a failure, at once', async t => {
  const mlflow = await standIn(t, echo)
  for (const env of [{ PORT: String(mlflow.port) }, { METRICS_PORT: String(mlflow.port) }]) {
    const { code, stderr, ms } = await run(t, env)
    t.equal(code, 1)
    t.match(stderr, new RegExp(`Port ${mlflow.port} is in use.*${Object.keys(env)[0]}`))
    t.notMatch(stderr, /\n\s+at /)
    t.ok(ms < 10_000, `${Math.round(ms)} ms`)
  }
})

t.test('a wrong configuration names all problems at once, no secret, no stack, and exits with 2', async t => {
  const { code, stdout, stderr } = await run(t, { PORT: '99999', LEGACY_PATHS: 'maybe', KEYS_URL: 'mysql://me:s3cret@db/keys', MLFLOW_UPSTREAM_URl: 'x', MLFLOW_UPSTREAM_TIMOUT: '3', MLFLOW_UPSTREAM_URL: 'http://me:s3cret@mlflow' })
  t.equal(code, 2)
  for (const name of ['PORT', 'LEGACY_PATHS', 'KEYS_URL', 'MLFLOW_UPSTREAM_TIMOUT', 'MLFLOW_UPSTREAM_TIMEOUT', 'MLFLOW_UPSTREAM_URL']) t.match(stderr, name)
  t.notMatch(stderr + stdout, /s3cret|\n\s+at /)
  t.equal(stdout, '')
})

t.test('an address that is not this machine\'s is one sentence', async t => {
  for (const name of ['HOST', 'METRICS_HOST']) {
    for (const address of ['203.0.113.1', 'nowhere.invalid']) {
      const { code, stderr } = await run(t, { [name]: address, PORT: String(await freePort()), METRICS_PORT: '0' })
      t.equal(code, 2, 'it is a wrong value, not a failure')
      t.match(stderr, new RegExp(`- ${name} is not an address of this machine`))
      t.notMatch(stderr, /\n\s+at /)
    }
  }
})

t.test('nothing of a request is lost by a signal between its head and its body', async t => {
  const mlflow = await standIn(t, echo)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href })
  const connection = await connect(t, portOf(up.url))
  connection.write(head(`POST ${create}`, { authorization: `Bearer ${await up.createKey('mlflow:write')}`, 'content-length': '4', expect: '100-continue' }))
  t.equal(await connection.interim(), 100)
  const stopped = up.stop()
  while (await takes(portOf(up.url)));
  connection.write('body')
  t.equal((await connection.answer()).text(), 'body')
  await stopped
})

t.test('options of start do what the settings do', async t => {
  const folder = t.testdir({ 'facade.env': 'METRICS_PORT=off\nPORT=99999\n' })
  const args = ['dist/cli/main.js', 'start', '--port', '0', '--host', 'localhost', '--upstream', 'http://127.0.0.1:9', '--data-dir', join(folder, 'kept'), '--env-file', join(folder, 'facade.env')]
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, WORKERS: '2' } })
  t.teardown(async () => { await endBy('SIGTERM', child) })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { printed += text })
  while (!/Listening on http:\/\/127\.0\.0\.1:(?!8080|0)\d+\n/.test(printed) && child.exitCode === null) await delay(20)
  t.match(printed, /Listening on/)
  t.ok(existsSync(join(folder, 'kept', 'keys.db')))
})
