/** Minutes of mixed traffic while MLflow is killed and started again and again: is anything lost that was acknowledged, does anything grow? Usage: `npm run soak [-- --minutes 5] [--report docs/soak.md]`. */
import { randomInt } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startMlflow, type Mlflow } from '../../scripts/mlflow/server.js'
import { newest } from '../../src/mlflow/versions.js'
import { configureGateway, gatewayEnv, startProvider } from './clients/gateway.js'
import { startLoop, type LoopResult } from './clients/loop.js'
import { footprintOf, startFacade, untilReady, type Facade, type Footprint, type Stage } from '../../scripts/cleanup.js'
import { startTraffic, type Traffic } from './clients/traffic.js'
import { runCommand } from './command.js'

/** What a V8 heap may keep of traffic that is over; a leak of a few hundred bytes a request passes this within minutes. */
const growthMaxBytes = 64 * 2 ** 20
/** MLflow runs for so long between two kills. */
const aliveMs = [3000, 25_000] as const

await runCommand({
  name: 'soak',
  amount: ['minutes', '5'],
  document: 'report',
  async run (minutes, stage, report) {
    const { lines, faults } = await soak(minutes, stage)
    process.stdout.write(`${lines.join('\n')}\n\n${faults.length === 0 ? 'nothing lost, nothing grown' : `FAILED: ${faults.join('; ')}`}\n`)
    if (report !== undefined) await writeFile(report, page(minutes, lines, faults))
    return faults.length === 0
  }
})

async function soak (minutes: number, stage: Stage): Promise<{ lines: string[], faults: string[] }> {
  const root = await mkdtemp(join(tmpdir(), 'hokusai-soak-'))
  stage.teardown(async () => await rm(root, { recursive: true, force: true, maxRetries: 3 }))
  const dir = join(root, 'mlflow')
  await mkdir(dir)
  const mlflow = await startMlflow(stage, { dir, env: gatewayEnv })
  const facade = await startFacade(stage, mlflow.url, join(root, 'facade'))
  const uri = `${facade.url}/mlflow`
  await untilReady(facade.url)
  await configureGateway(uri, facade.key, await startProvider(stage))

  const warmUp = await startTraffic(uri, facade.key)
  await delay(15_000)
  await warmUp.stop()
  const before = await settled(facade.pid)

  const traffic = await startTraffic(uri, facade.key)
  const loop = await startLoop(stage, mlflow.python, uri, facade.key)
  const outages = await killAgainAndAgain(mlflow, facade, minutes * 60_000, loop.steps)
  await traffic.stop()
  const trained = await loop.end()
  const missing = await traffic.missing()
  const after = await settled(facade.pid, before.handles)
  const exit = await facade.stop()
  return judge({ minutes, traffic, trained, missing, before, after, outages, exit, statuses: await statusesIn(facade.logFile) })
}

interface Outages {
  kills: number
  peakBytes: number
  longestReadyMs: number
  /** Outages after which the training loop made no step. */
  stalls: number
}

async function killAgainAndAgain (mlflow: Mlflow, facade: Facade, durationMs: number, steps: () => number): Promise<Outages> {
  const outages: Outages = { kills: 0, peakBytes: 0, longestReadyMs: 0, stalls: 0 }
  const clock = setInterval(() => { outages.peakBytes = Math.max(outages.peakBytes, footprintOf(facade.pid).residentBytes) }, 500)
  const end = performance.now() + durationMs
  while (performance.now() < end) {
    await delay(randomInt(...aliveMs))
    const done = steps()
    await mlflow.stop('SIGKILL')
    outages.kills++
    await delay(randomInt(2000))
    await mlflow.start()
    const up = performance.now()
    await untilReady(facade.url)
    outages.longestReadyMs = Math.max(outages.longestReadyMs, performance.now() - up)
    if (!await moves(() => steps() > done)) outages.stalls++
  }
  clearInterval(clock)
  return outages
}

/** The client's own back-off doubles up to two minutes, so it may notice late that MLflow is there again. */
async function moves (moved: () => boolean): Promise<boolean> {
  for (const deadline = performance.now() + 150_000; performance.now() < deadline; await delay(100)) if (moved()) return true
  return false
}

/** What is left when all is quiet: idle connections to MLflow are closed after four seconds. */
async function settled (pid: number, handles = Infinity): Promise<Footprint> {
  await delay(6000)
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await delay(250)) if (footprintOf(pid).handles <= handles) break
  return footprintOf(pid)
}

/** How the facade answered, by its own log. */
async function statusesIn (logFile: string): Promise<string> {
  const counts = new Map<number, number>()
  for (const line of (await readFile(logFile, 'utf8')).split('\n')) {
    const status = line === '' ? undefined : (JSON.parse(line) as { status?: number }).status
    if (status !== undefined) counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`).join(', ')
}

interface Results {
  readonly minutes: number
  readonly traffic: Traffic
  readonly trained: LoopResult
  readonly missing: readonly string[]
  readonly before: Footprint
  readonly after: Footprint
  readonly outages: Outages
  readonly exit: number | string | null
  readonly statuses: string
}

function judge ({ minutes, traffic, trained, missing, before, after, outages, exit, statuses }: Results): { lines: string[], faults: string[] } {
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  const lines = [
    `machine: ${cpus()[0]?.model ?? process.arch}, ${cpus().length} cores, ${mebibytes(totalmem())} memory, Node ${process.version}; MLflow ${newest}, one worker`,
    `duration: ${minutes} minutes, MLflow killed ${outages.kills} times`,
    `acknowledged writes: ${traffic.acknowledged()}, lost: ${missing.length}`,
    `training loop of the stock client: ${trained.acknowledged} acknowledged, ${trained.lost.length} lost, ${trained.failed.length} failed, longest step ${trained.longestSeconds.toFixed(0)} s, ${outages.stalls} stalls`,
    `ready again after MLflow: ${(outages.longestReadyMs / 1000).toFixed(1)} s at most`,
    `resident memory: ${mebibytes(before.residentBytes)} at the start, ${mebibytes(after.residentBytes)} at the end, ${mebibytes(Math.max(outages.peakBytes, after.residentBytes))} at most`,
    `file handles: ${before.handles} at the start, ${after.handles} at the end`,
    `statuses by the facade's log: ${statuses}`,
    `exit code of the facade: ${exit}`,
    ...[...traffic.answers].sort(([a], [b]) => a < b ? -1 : 1).map(([name, count]) => `${name}: ${count}`)
  ]
  const faults = [
    ...missing.slice(0, 10).map(name => `lost: ${name}`),
    ...[...trained.lost, ...trained.failed].slice(0, 10).map(name => `training loop: ${name}`),
    ...[...new Set(traffic.surprises)].slice(0, 10),
    ...outages.stalls > 0 ? ['the training loop did not go on'] : [],
    ...traffic.acknowledged() === 0 || outages.kills === 0 ? ['nothing was tried'] : [],
    ...after.handles > before.handles ? [`${after.handles - before.handles} file handles more`] : [],
    ...after.residentBytes > before.residentBytes + growthMaxBytes ? [`${mebibytes(after.residentBytes - before.residentBytes)} of memory more`] : [],
    ...exit === 0 ? [] : [`the facade ended with ${exit}`]
  ]
  return { lines, faults }
}

function page (minutes: number, lines: readonly string[], faults: readonly string[]): string {
  return `# Soak

Written by \`npm run soak -- --minutes ${minutes} --report docs/soak.md\`. Registrations, batches of metrics, uploads (every second one chunked), downloads, server-sent events through MLflow's gateway and refusals run side by side, and the stock client trains in a loop, while MLflow is ended by SIGKILL after ${aliveMs.map(ms => ms / 1000).join(' to ')} seconds and started again. Each write that was acknowledged is read back at the end. Memory and handles are read when all is quiet, after a warm-up and at the end.

"cut" is an answer or an upload that broke off with MLflow: never a short success. 502 and 503 acknowledge nothing; clients send such a call again.

${lines.map(line => `- ${line}`).join('\n')}

Verdict: ${faults.length === 0 ? 'nothing acknowledged was lost, nothing has grown.' : `failed: ${faults.join('; ')}`}
`
}
