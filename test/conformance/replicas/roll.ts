/** Three facades on one PostgreSQL and one Redis behind HAProxy, restarted one after the other under load. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { startPostgres, urlOf, type Postgres } from '../../helpers/postgres.js'
import { certifyLocalhost, startProxy } from '../../helpers/proxy-process.js'
import { startRedis } from '../../helpers/redis.js'
import { standIn } from '../../helpers/upstream.js'
import { countArrivals, loadThrough, type Arrivals, type LoadResult } from './load.js'

interface Teardown { teardown: (fn: () => unknown) => void }

const config = 'deploy/proxies/haproxy-replicas.cfg'
/** Of the file: each second a look, two of which decide. */
const noticedMs = 3000

export interface Replicas {
  readonly origin: string
  readonly ca: Buffer
  readonly key: string
  readonly postgres: Postgres
  readonly database: string
  /** What MLflow has got. */
  readonly arrivals: Arrivals
  /** Ends one as an orchestrator does, and puts a new one in its place. */
  readonly restart: (index: number) => Promise<void>
  readonly processes: readonly FacadeProcess[]
}

export async function startReplicas (t: Teardown): Promise<Replicas> {
  const arrivals = countArrivals()
  const mlflow = await standIn(t, call => {
    mlflow.calls.length = 0 // it would else keep them all
    arrivals.behaviour(call)
  })
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const database = await postgres.createDatabase()
  const common = {
    KEYS_URL: urlOf(postgres.port, database),
    REDIS_URL: redis.url,
    TRUST_PROXY: '127.0.0.1',
    SHUTDOWN_DELAY: '5' // as the file says
  }
  const ports = [await freePort(), await freePort(), await freePort()]
  const start = async (port: number): Promise<FacadeProcess> =>
    await startFacade(t, { mlflowUrl: mlflow.url.href, env: { ...common, PORT: String(port) } })
  const processes = await Promise.all(ports.map(start))
  const { origin, ca } = await startBalancer(t, ports)
  const key = await processes[0]?.createKey('mlflow:write', ['--rate', '100000000/hour']) ?? ''
  return {
    origin,
    ca,
    key,
    postgres,
    database,
    arrivals,
    processes,
    async restart (index) {
      await processes[index]?.stop()
      processes[index] = await start(ports[index] ?? 0)
      await delay(noticedMs)
    }
  }
}

async function startBalancer (t: Teardown, behind: readonly number[]): Promise<{ readonly origin: string, readonly ca: Buffer }> {
  const folder = mkdtempSync(join(tmpdir(), 'replicas-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const { both, certificate } = certifyLocalhost(folder)
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  let text = readFileSync(config, 'utf8').replace(':443', `127.0.0.1:${port}`).replace('/etc/ssl/registry-with-key.pem', both)
  for (const [index, each] of behind.entries()) text = text.replaceAll(`127.0.0.1:808${index}\n`, `127.0.0.1:${each}\n`)
  writeFileSync(file, text)
  await startProxy(t, ['haproxy', '-db', '-f', file], { folder, port })
  return { origin: `https://localhost:${port}`, ca: readFileSync(certificate) }
}

export interface Rolled extends LoadResult {
  readonly restarts: number
  readonly seconds: number
  readonly arrived: number
  readonly twice: number
}

/** Restarts all of them in turns until so many requests are answered, and each of them at least once. */
export async function roll (replicas: Replicas, requests: number, callers = 16): Promise<Rolled> {
  const { origin, ca, key, arrivals, restart, processes } = replicas
  const before = arrivals.writes()
  const startedAt = performance.now()
  const progress = { requests: 0, restarts: 0, isRestarting: true }
  const restartAll = async (): Promise<void> => {
    while (progress.restarts < processes.length || progress.requests < requests) await restart(progress.restarts++ % processes.length)
  }
  const isOver = (count: number): boolean => {
    progress.requests = count
    return !progress.isRestarting && count >= requests
  }
  const restarted = restartAll().finally(() => { progress.isRestarting = false })
  const [result] = await Promise.all([loadThrough(origin, { key, ca, callers, isOver }), restarted])
  const after = arrivals.writes()
  const seconds = (performance.now() - startedAt) / 1000
  return { ...result, restarts: progress.restarts, seconds, arrived: after.arrived - before.arrived, twice: after.twice - before.twice }
}
