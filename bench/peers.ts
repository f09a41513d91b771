/** The peers that are measured side by side, each between the same load and the same stub. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { authRequest, keyMap, stub } from './nginx.js'
import { freePort } from '../scripts/mlflow/ports.js'
import { BenchError } from './machine.js'
import { run, type Running } from './processes.js'

export interface Setting {
  readonly scratch: string
  /** Where the artifacts of the stub are. */
  readonly artifacts: string
  readonly stubPort: number
  /** One, or several as taskset lists them. */
  readonly core: number | string
  /** A key that every peer accepts. */
  readonly key: string
  /** Folder for a V8 CPU profile of the facade. */
  readonly profile: string | undefined
}

export interface Peer {
  /** The URL that stands for MLflow's root. */
  readonly url: string
  /** Undefined for the stub itself. */
  readonly process: Running | undefined
}

/** What shows that a peer answers. */
export const call = '/api/2.0/mlflow/experiments/get?experiment_id=1'

const facadeCommand = join('dist', 'cli', 'main.js')

/** Every peer by its name, in the order of the report. */
export const peers: Readonly<Record<string, (setting: Setting) => Promise<Peer>>> = {
  direct: async setting => ({ url: `http://127.0.0.1:${setting.stubPort}`, process: undefined }),
  facade: startFacade,
  'http-proxy': startBareProxy,
  'nginx-auth_request': async setting => await startAuthRequest(setting, false),
  'nginx-auth_request-log': async setting => await startAuthRequest(setting, true),
  'nginx-key-map': startKeyMap
}

/** Starts the stub that stands for MLflow. */
export async function startStub (folder: string, artifacts: string, port: number, core: number | string): Promise<Running> {
  const process = startNginx(folder, port, core, stub({ folder, port }, artifacts))
  await answers(`http://127.0.0.1:${port}${call}`, '', 'the stub')
  return process
}

/** Makes the facade's key, as an operator would. */
export function createKey (scratch: string): string {
  const printed = execFileSync(process.execPath, [facadeCommand, 'keys', 'create', '--name', 'bench', '--scopes', 'mlflow:write', '--json'], { env: facadeSettings(scratch), encoding: 'utf8' })
  return (JSON.parse(printed) as { key: string }).key
}

/** Keys, classes, log and metrics are all on, as in service. @param more settings beside those */
export async function startFacade (setting: Setting, more: NodeJS.ProcessEnv = {}): Promise<Peer> {
  const port = await freePort()
  const profiler = setting.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${setting.profile}`]
  const process_ = run([process.execPath, ...profiler, facadeCommand, 'start'], {
    core: setting.core,
    log: join(setting.scratch, 'facade.log'),
    env: { ...facadeSettings(setting.scratch), MLFLOW_UPSTREAM_URL: `http://127.0.0.1:${setting.stubPort}`, PORT: String(port), ...more }
  })
  return await whenReady('facade', port, process_, setting)
}

async function startBareProxy (setting: Setting): Promise<Peer> {
  const port = await freePort()
  const process_ = run([process.execPath, join(import.meta.dirname, 'bareproxy.js'), String(port), `http://127.0.0.1:${setting.stubPort}`], { core: setting.core, log: join(setting.scratch, 'http-proxy.log') })
  return await whenReady('http-proxy', port, process_, setting)
}

/** The auth service shares the core, as it would share the machine of one who sets this up instead. */
async function startAuthRequest (setting: Setting, logs: boolean): Promise<Peer> {
  const [port, authPort] = [await freePort(), await freePort()]
  const service = run([process.execPath, join(import.meta.dirname, 'authservice.js'), String(authPort)], { core: setting.core, log: join(setting.scratch, 'authservice.log'), env: { BENCH_KEY: setting.key } })
  const nginx = startNginx(setting.scratch, port, setting.core, authRequest({ folder: setting.scratch, port, logs }, setting.stubPort, authPort))
  const both: Running = { groups: [...nginx.groups, ...service.groups], stop: async () => { await Promise.all([nginx.stop(), service.stop()]) } }
  return await whenReady('nginx-auth_request', port, both, setting)
}

/** Keys in nginx's own configuration: nothing is asked, and nothing changes without a reload. */
async function startKeyMap (setting: Setting): Promise<Peer> {
  const port = await freePort()
  const nginx = startNginx(setting.scratch, port, setting.core, keyMap({ folder: setting.scratch, port }, setting.stubPort, setting.key))
  return await whenReady('nginx-key-map', port, nginx, setting)
}

function startNginx (folder: string, port: number, core: number | string, configuration: string): Running {
  const file = join(folder, `${port}.conf`)
  writeFileSync(file, configuration)
  return run(['nginx', '-c', file], { core, log: join(folder, 'nginx.log') })
}

async function whenReady (name: string, port: number, process: Running, { key }: Setting): Promise<Peer> {
  const url = `http://127.0.0.1:${port}/mlflow`
  await answers(url + call, key, name)
  return { url, process }
}

async function answers (url: string, key: string, name: string): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await delay(50)) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.status === 200) return
  }
  throw new BenchError(`${name} did not answer 200 within 30 s.`)
}

function facadeSettings (scratch: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, DATA_DIR: join(scratch, 'facade'), METRICS_PORT: '0' }
}
