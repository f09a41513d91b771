/** How a peer is started, and what it is given. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../scripts/mlflow/ports.js'
import { read } from './load.js'
import { BenchError } from './machine.js'
import { stub } from './nginx.js'
import { run, type Running } from './processes.js'

/** What a peer is given. */
export interface Place {
  /** For its configuration and its log: its own, gone when it has been stopped. */
  readonly folder: string
  /** Of the facade, with its keys: the same for every start. */
  readonly dataDir: string
  /** On loopback: the stub, or an MLflow. */
  readonly upstreamPort: number
  readonly core: number
  /** A key that every peer accepts. */
  readonly key: string
}

export interface Peer {
  /** The URL that stands for MLflow's root. */
  readonly url: string
  /** Undefined for the stub itself. */
  readonly process: Running | undefined
}

/** One that is a process of its own. */
export interface PeerProcess extends Peer {
  readonly process: Running
}

const facadeCommand = join('dist', 'cli', 'main.js')

interface FacadeOptions {
  /** The program `node`; default the one that runs this. */
  readonly node?: string
  /** A module that is loaded before, and that answers messages. */
  readonly preload?: string
  readonly workers?: number
  /** Its key store; default the file in its folder. */
  readonly keysUrl?: string
  /** It may use every core, where others have one. */
  readonly anyCore?: boolean
}

/** Keys, classes, log and metrics are all on, as in service. */
export async function startFacade (place: Place, { node = process.execPath, preload, workers = 1, keysUrl, anyCore = false }: FacadeOptions = {}): Promise<PeerProcess> {
  const port = await freePort()
  const before = preload === undefined ? [] : ['--import', preload]
  const started = run([node, ...before, facadeCommand, 'start'], {
    core: anyCore ? `0-${availableParallelism() - 1}` : place.core,
    log: join(place.folder, 'facade.log'),
    env: {
      ...facadeSettings(place.dataDir),
      MLFLOW_UPSTREAM_URL: `http://127.0.0.1:${place.upstreamPort}`,
      PORT: String(port),
      WORKERS: String(workers),
      ...keysUrl === undefined ? {} : { KEYS_URL: keysUrl }
    },
    talks: preload !== undefined
  })
  return await whenReady('the facade', port, started, place)
}

/** Makes the facade's key, as an operator would. @param node the program that does it */
export function createKey (dataDir: string, node: string = process.execPath): string {
  const command = [facadeCommand, 'keys', 'create', '--name', 'bench', '--scopes', 'mlflow:write', '--json']
  const printed = execFileSync(node, command, { env: facadeSettings(dataDir), encoding: 'utf8', timeout: 30_000 })
  return (JSON.parse(printed) as { key: string }).key
}

/** Starts the stub that stands for MLflow. */
export async function startStub (folder: string, artifacts: string, port: number, core: number): Promise<Running> {
  const process = startNginx(folder, port, core, stub({ folder, port }, artifacts))
  await answers(`http://127.0.0.1:${port}${read}`, '', 'the stub')
  return process
}

export function startNginx (folder: string, port: number, core: number, configuration: string): Running {
  const file = join(folder, `${port}.conf`)
  writeFileSync(file, configuration, { mode: 0o600 })
  return run(['nginx', '-c', file], { core, log: join(folder, 'nginx.log') })
}

/** @throws BenchError when it does not serve within 30 s; it is stopped then */
export async function whenReady (name: string, port: number, process: Running, { key }: Place): Promise<PeerProcess> {
  const url = `http://127.0.0.1:${port}/mlflow`
  try {
    await answers(url + read, key, name)
  } catch (error) {
    await process.stop()
    throw error
  }
  return { url, process }
}

async function answers (url: string, key: string, name: string): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await delay(50)) {
    const signal = AbortSignal.timeout(5000)
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` }, signal }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.status === 200) return
  }
  throw new BenchError(`${name} did not answer 200 within 30 s.`)
}

function facadeSettings (dataDir: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, DATA_DIR: dataDir, METRICS_PORT: '0' }
}
