/** Several processes as one facade: they serve, count, revoke, die and end as one that is alone would. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort } from '../../scripts/mlflow/ports.js'
import { connect, head, type Connection } from '../helpers/client.js'
import { startFacade, type FacadeProcess } from '../helpers/facade.js'
import { answer, echo, silent, standIn, type Stand } from '../helpers/upstream.js'
import { machine } from './managed/machine.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const oldSearch = '/api/2.0/mlflow/experiments/search'

type Line = Readonly<Record<string, unknown>>

const linesOf = (up: FacadeProcess): readonly Line[] => up.output().split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Line)
const pidsOf = (up: FacadeProcess): ReadonlyMap<number, number> => new Map(linesOf(up).filter(({ msg }) => msg === 'a worker serves').map(({ worker, pid }) => [worker as number, pid as number]))
const firstKey = (dataDir: string): string => readFileSync(join(dataDir, 'admin-key'), 'utf8').trim()
const portOf = (up: FacadeProcess): number => Number(new URL(up.url).port)
const runs = (pid: number): boolean => {
  try { return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) } catch { return false }
}

async function until (what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end; await delay(20)) if (await holds()) return
  throw new Error(`not within ${withinMs} ms: ${what}`)
}

/** The command as such, for ends that are not in order. */
function spawnTwo (t: Test, mlflow: Stand, env: NodeJS.ProcessEnv): { child: ChildProcess, dataDir: string, printed: () => string, closed: Promise<unknown>, pids: () => Promise<readonly number[]> } {
  const dataDir = env['DATA_DIR'] ?? t.testdir()
  const settings = { PATH: process.env.PATH, DATA_DIR: dataDir, MLFLOW_UPSTREAM_URL: mlflow.url.href, PORT: '0', METRICS_PORT: 'off', WORKERS: '2', ...env }
  const child = spawn(process.execPath, ['dist/cli/main.js', 'start'], { env: settings, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { printed += text })
  const pids = (): readonly number[] => [...printed.matchAll(/"worker":\d,"pid":(\d+)/g)].map(([, pid]) => Number(pid))
  return {
    child,
    dataDir,
    printed: () => printed,
    closed: once(child, 'close'),
    async pids () {
      await until('both serve', () => pids().length === 2)
      return pids()
    }
  }
}

/** A facade of two workers, and a connection to each of them (the primary gives them out in turns). */
async function startTwo (t: Test, env: NodeJS.ProcessEnv = {}): Promise<{ up: FacadeProcess, mlflow: Stand, both: readonly [Connection, Connection], key: string, request: string }> {
  const mlflow = await standIn(t, call => call.write(answer(200, '{}')))
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { WORKERS: '2', ...env } })
  await until('both are in the log', () => pidsOf(up).size === 2)
  const key = await up.createKey('mlflow:write')
  const request = head(`GET ${search}`, { authorization: `Bearer ${key}` })
  const both = [await connect(t, portOf(up)), await connect(t, portOf(up))] as const
  return { up, mlflow, both, key, request }
}

async function ask (connection: Connection, request: string): Promise<number> {
  connection.write(request)
  return (await connection.answer()).status
}

t.test('two workers share a port that the system gave, serve, and stand in the log by their numbers', async t => {
  const { up, both, request } = await startTwo(t)
  for (const connection of both) t.equal(await ask(connection, request), 200)
  t.equal(up.output().match(/Listening on/g)?.length, 1, 'people are greeted once')
  t.equal(linesOf(up).filter(({ msg }) => msg === 'listening').length, 1)
  const pids = pidsOf(up)
  t.same([...pids.keys()].sort(), [1, 2])
  t.notOk([...pids.values()].includes(up.pid))
  await up.stop()
  t.same(linesOf(up).filter(({ operation }) => operation === 'searchExperimentsGet').map(({ worker }) => worker).sort(), [1, 2])
  for (const pid of pids.values()) t.notOk(runs(pid))
})

t.test('a worker that is alone says nothing of workers', async t => {
  const mlflow = await standIn(t, echo)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href })
  await up.stop()
  t.notMatch(up.output(), /"worker"/)
})

t.test('a key that was revoked ends within a second at all workers', async t => {
  const { up, both, key, request } = await startTwo(t)
  for (const connection of both) t.equal(await ask(connection, request), 200)
  const { id } = (JSON.parse(await up.command(['keys', 'list', '--json'])) as Array<{ id: string, name: string }>).find(({ name }) => name === 'test') ?? { id: '' }
  await up.command(['keys', 'revoke', id])
  const start = performance.now()
  for (const connection of both) await until('refused', async () => await ask(connection, request) === 401, 5000)
  t.ok(performance.now() - start < 1000, `${Math.round(performance.now() - start)} ms`)
  t.notMatch(up.output(), key)
  await up.stop()
})

t.test('the one port of the metrics has the sum of all, and a worker that died still counts in it', async t => {
  const metricsPort = await freePort()
  const { up, both, request } = await startTwo(t, { METRICS_PORT: String(metricsPort) })
  const scrape = async (): Promise<string> => {
    await delay(1100) // a text is shared for a second
    return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  }
  const requests = (text: string): number => Number(/^hokusai_mlflow_requests_total\{operation="searchExperimentsGet",method="GET",status="200"\} (\d+)/m.exec(text)?.[1])
  for (const [index, connection] of both.entries()) for (let each = 0; each < 3 + index; each++) await ask(connection, request)
  const text = await scrape()
  t.equal(requests(text), 7)
  t.match(text, /^hokusai_mlflow_request_duration_seconds_count\{operation="searchExperimentsGet"\} 7$/m)
  t.match(text, /^hokusai_mlflow_upstream_up 1$/m)
  t.match(text, /^hokusai_mlflow_key_store_link_up 1$/m)
  t.match(text, /^hokusai_mlflow_open_exchanges 0$/m)
  t.match(text, /^hokusai_mlflow_worker_restarts_total 0$/m)
  t.match(text, /^process_start_time_seconds \d+/m)
  t.match(text, /^nodejs_version_info\{.*\} 1$/m)
  t.equal(new Set(text.match(/^# HELP \S+/gm)).size, text.match(/^# HELP \S+/gm)?.length, 'each metric once')
  process.kill(pidsOf(up).get(1) ?? 0, 'SIGKILL')
  await until('two serve again', () => linesOf(up).filter(({ msg }) => msg === 'a worker serves').length === 3)
  const after = await scrape()
  t.equal(requests(after), 7)
  t.match(after, /^hokusai_mlflow_worker_restarts_total 1$/m)
  await up.stop()
})

t.test('a worker that is killed is named and replaced, while requests at the other go on', async t => {
  const { up, both, request, mlflow } = await startTwo(t)
  for (const connection of both) await ask(connection, request)
  await until('logged', () => linesOf(up).filter(({ operation }) => operation === 'searchExperimentsGet').length === 2)
  mlflow.behave(silent)
  for (const connection of both) connection.write(request)
  const waiting = [await mlflow.call(3), await mlflow.call(4)]
  const victim = pidsOf(up).get(1) ?? 0
  process.kill(victim, 'SIGKILL')
  await until('one connection broke', () => both.some(({ socket }) => socket.destroyed))
  const survivor = both.find(({ socket }) => !socket.destroyed)
  for (const call of waiting) call.write(answer(200, 'finished'))
  t.equal((await survivor?.answer())?.text(), 'finished')
  await until('replaced', () => linesOf(up).filter(({ msg }) => msg === 'a worker serves').length === 3)
  t.match(linesOf(up).find(({ msg }) => msg === 'a worker died: another one takes its place'), { level: 'error', worker: 1, pid: victim, signal: 'SIGKILL', next_start_ms: 1000 })
  t.not(pidsOf(up).get(1), victim)
  mlflow.behave(call => call.write(answer(200, '{}')))
  for (const connection of [await connect(t, portOf(up)), await connect(t, portOf(up))]) t.equal(await ask(connection, request), 200)
  process.kill(pidsOf(up).get(1) ?? 0, 'SIGKILL')
  await until('named again', () => linesOf(up).some(({ next_start_ms: ms }) => ms === 2000)) // one that dies soon after its start has to wait longer
  await up.stop()
})

t.test('when the primary is killed, what runs at the workers finishes and nothing is left', async t => {
  const mlflow = await standIn(t, silent)
  const port = await freePort()
  const { child, dataDir, pids: started } = spawnTwo(t, mlflow, { PORT: String(port) })
  const pids = await started()
  const running = await connect(t, port)
  running.write(head(`GET ${search}`, { authorization: `Bearer ${firstKey(dataDir)}` }))
  const waiting = await mlflow.call(1)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await delay(1000)
  t.equal(pids.filter(runs).length, 1, 'the one that has nothing to do is gone')
  waiting.write(answer(200, 'finished'))
  t.equal((await running.answer()).text(), 'finished')
  await until('both are gone', () => pids.every(pid => !runs(pid)), 5000)
})

t.test('SIGTERM to all of the group lets a slow transfer finish, and the exit is 0', async t => {
  const { up, mlflow, both, key } = await startTwo(t, { SHUTDOWN_DELAY: '0.5' })
  const pids = [...pidsOf(up).values()]
  mlflow.behave(echo)
  for (const { write } of both) write(head('PUT /mlflow/api/2.0/mlflow-artifacts/artifacts/x', { authorization: `Bearer ${key}`, 'content-length': '100000' }) + 'x'.repeat(50_000))
  await mlflow.call(2)
  for (const pid of pids) process.kill(pid, 'SIGTERM')
  const stopped = up.stop()
  await until('not ready', async () => (await fetch(`${up.url}/ready`)).status === 503, 450)
  await until('no more connections', async () => await connect(t, portOf(up)).then(({ destroy }) => { destroy(); return false }, () => true), 5000)
  for (const connection of both) {
    connection.write('x'.repeat(50_000))
    t.equal((await connection.answer()).body.length, 100_000)
  }
  await stopped
  t.ok(pids.every(pid => !runs(pid)))
})

t.test('a second signal ends all at once', async t => {
  const mlflow = await standIn(t, silent)
  const port = await freePort()
  const { child, dataDir, pids: started, closed } = spawnTwo(t, mlflow, { PORT: String(port) })
  const pids = await started()
  const request = head(`GET ${search}`, { authorization: `Bearer ${firstKey(dataDir)}` })
  for (const { write } of [await connect(t, port), await connect(t, port)]) write(request)
  await mlflow.call(2)
  child.kill('SIGINT')
  await delay(300)
  t.ok(pids.every(runs))
  const start = performance.now()
  child.kill('SIGINT')
  await closed
  await until('all are gone', () => pids.every(pid => !runs(pid)), 2000)
  t.ok(performance.now() - start < 2000)
  t.equal(child.exitCode, 1)
})

t.test('a start that cannot be is one sentence and an exit code, without a second try', async t => {
  const mlflow = await standIn(t, echo)
  for (const name of ['PORT', 'METRICS_PORT']) {
    const { child, printed, closed } = spawnTwo(t, mlflow, { [name]: String(mlflow.port) })
    await closed
    t.equal(child.exitCode, 1)
    t.equal(printed().match(new RegExp(`Port ${mlflow.port} is in use.*${name}`, 'g'))?.length, 1, printed())
    t.notMatch(printed(), /\n\s+at |died/)
  }
})

t.test('calls of old paths at all workers stand in one file', async t => {
  const { up, both, key } = await startTwo(t)
  for (const connection of both) for (let each = 0; each < 2; each++) await ask(connection, head(`GET ${oldSearch}`, { authorization: `Bearer ${key}` }))
  await until('told once', () => up.output().includes('a key still uses old paths'), 5000)
  await up.stop()
  t.equal(up.output().match(/a key still uses old paths/g)?.length, 1, 'once for both')
  const { uses } = JSON.parse(readFileSync(join(up.dataDir, 'old-paths.json'), 'utf8')) as { uses: Array<{ calls: number, name: string }> }
  t.match(uses, [{ name: 'test', calls: 4 }])
  t.match(await up.command(['legacy']), /test/)
})

t.test('an MLflow of our own is one for all: both tell how it comes up, and it ends after them', async t => {
  const mlflow = await standIn(t, echo)
  for (const [install, reason] of [['hang', /^preparing MLflow \(installing\)$/], ['', /^MLflow is not ready/]] as const) {
    await t.test(reason.source, async t => {
      const { env, dataDir, calls } = machine(t, { uv: 'fake', python3: 'fake' }, install === '' ? {} : { FAKE_INSTALL: install })
      const port = await freePort()
      const { child, pids: started, closed } = spawnTwo(t, mlflow, { ...env, DATA_DIR: dataDir, MLFLOW_UPSTREAM_URL: '', PORT: String(port) })
      const pids = await started()
      for (const connection of [await connect(t, port), await connect(t, port)]) {
        await until(reason.source, async () => {
          connection.write(head('GET /ready'))
          return reason.test(((await connection.answer()).json() as { mlflow: { reason?: string } }).mlflow.reason ?? '')
        })
      }
      await until('prepared', () => calls().some(call => call.startsWith('uv venv')))
      child.kill('SIGTERM')
      await closed
      t.equal(child.exitCode, 0)
      t.ok(pids.every(pid => !runs(pid)))
      t.equal(calls().filter(call => call.startsWith('uv venv')).length, 1, 'it was prepared once')
      t.notOk(existsSync(join(dataDir, 'mlflow', 'mlflow.pid')), 'and stopped')
    })
  }
})

t.test('the limit of a key holds over all workers together', async t => {
  const { up, both } = await startTwo(t)
  const limited = await up.createKey('mlflow:read', ['--rate', '9/hour'])
  const statuses: number[] = []
  for (let call = 0; call < 12; call++) {
    for (const connection of both) statuses.push(await ask(connection, head(`GET ${search}`, { authorization: `Bearer ${limited}` })))
  }
  t.same(statuses, [...Array<number>(9).fill(200), ...Array<number>(15).fill(429)])
  await up.stop()
})
