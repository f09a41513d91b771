/** Standard output on a full disk, or with nobody who reads it: requests go on, memory stays, and the process ends when it is told to. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connect, head } from '../helpers/client.js'
import { smallDisk } from '../helpers/disk.js'
import { startFacade, type FacadeProcess } from '../helpers/facade.js'
import { freePort } from '../../scripts/mlflow/ports.js'
import { answer, standIn } from '../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const needsRoot = process.getuid?.() === 0 ? false : 'only root may mount a disk'

/** A facade whose log goes there, in front of an MLflow that answers at once. */
async function start (t: Test, stdout: number | 'unread'): Promise<{ up: FacadeProcess, call: (count: number) => Promise<number>, dropped: () => Promise<number> }> {
  const mlflow = await standIn(t, call => call.write(answer(200, '{}')))
  const metricsPort = await freePort()
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, stdout, env: { METRICS_PORT: String(metricsPort) } })
  if (stdout !== 'unread') closeSync(stdout)
  const request = head(`GET ${search}`, { authorization: `Bearer ${await up.createKey('mlflow:read')}` })

  /** Sends so many requests, and counts those that are answered with 200. */
  async function call (count: number): Promise<number> {
    let answered = 0
    await Promise.all(Array.from({ length: 8 }, async () => {
      const connection = await connect(t, Number(new URL(up.url).port))
      for (let sent = 0; sent < count / 8; sent += 5) {
        connection.write(request.repeat(5))
        for (let each = 0; each < 5; each++) if ((await connection.answer()).status === 200) answered++
      }
      connection.destroy()
    }))
    return answered
  }

  async function dropped (): Promise<number> {
    await delay(1100) // a scrape may be a second old
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return Number(/^hokusai_mlflow_log_lines_dropped_total (\d+)/m.exec(text)?.[1])
  }

  return { up, call, dropped }
}

/** A pipe whose both ends are held and of which nobody reads. */
function unreadPipe (t: Test): number {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const held = openSync(pipe, constants.O_RDWR)
  t.teardown(() => closeSync(held))
  return openSync(pipe, constants.O_WRONLY)
}

const places: ReadonlyArray<{ name: string, open: (t: Test) => number | 'unread', drops: boolean, skip?: string | false }> = [
  { name: 'a device that is full', open: () => openSync('/dev/full', 'w'), drops: true },
  { name: 'a disk of 64 KiB', open: t => openSync(join(smallDisk(t, 64 * 1024)?.folder ?? '', 'log'), 'a'), drops: true, skip: needsRoot },
  { name: 'a pipe that nobody reads', open: unreadPipe, drops: false },
  { name: 'a socket that nobody reads', open: () => 'unread', drops: false }
]

for (const { name, open, drops, skip = false } of places) {
  t.test(`a log on ${name} stops neither requests nor the end, and takes a bounded part of memory`, { skip }, async t => {
    const { up, call, dropped } = await start(t, open(t))
    const growth = up.watchGrowth()
    t.equal(await call(5000), 5000)
    t.ok(growth() < 100 * 1024 ** 2, `${Math.round(growth() / 1024 ** 2)} MiB more`)
    const before = await dropped()
    t.equal(before > 0, drops, `${before} lines were dropped`)
    t.equal(await call(40), 40)
    t.equal(await dropped() - before, drops ? 40 : 0)
    const begin = performance.now()
    await up.stop()
    t.ok(performance.now() - begin < 4000, `${Math.round(performance.now() - begin)} ms`)
  })
}

t.test('when the disk has room again, lines pass whole, the first of them with how many were lost', { skip: needsRoot }, async t => {
  const file = join(smallDisk(t, 64 * 1024)?.folder ?? '', 'log')
  const { up, call, dropped } = await start(t, openSync(file, 'a'))
  await call(5000)
  const lost = await dropped()
  let seen = ''
  const alarm = (): string | undefined => seen.split('\n').find(line => line.includes('log lines were dropped'))
  for (const end = performance.now() + 60_000; alarm() === undefined && performance.now() < end; await delay(50)) {
    seen += readFileSync(file, 'utf8')
    truncateSync(file) // whoever keeps the disk makes room
  }
  t.match(JSON.parse(alarm() ?? '{}'), { level: 'error', lines: lost })
  await up.stop()
})

t.test('standard output and error on a full disk, or with readers that have gone, stop neither the start nor the end', async t => {
  const mlflow = await standIn(t, call => call.write(answer(200, '{}')))
  for (const stdio of [openSync('/dev/full', 'w'), 'pipe'] as const) {
    const port = await freePort()
    const env = { PATH: process.env.PATH, DATA_DIR: t.testdir(), MLFLOW_UPSTREAM_URL: mlflow.url.href, PORT: String(port), METRICS_PORT: 'off' }
    const child = spawn(process.execPath, ['dist/cli/main.js', 'start'], { stdio: ['ignore', stdio, stdio], env })
    t.teardown(() => child.kill('SIGKILL'))
    for (const stream of [child.stdout, child.stderr]) stream?.destroy()
    const ready = async (): Promise<boolean> => await fetch(`http://127.0.0.1:${port}/ready`).then(({ ok }) => ok, () => false)
    while (child.exitCode === null && !await ready()) await delay(50)
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    t.equal(child.exitCode, 0, typeof stdio === 'number' ? 'full' : 'gone')
  }
})
