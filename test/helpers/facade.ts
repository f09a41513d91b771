/** The facade as it is shipped: the compiled command in a process of its own, with keys made by the same command line. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export interface FacadeProcess {
  readonly url: string
  readonly pid: number
  readonly dataDir: string
  /** Makes a key with these scopes and further options of `keys create`. */
  createKey: (scopes: string, options?: readonly string[]) => Promise<string>
  /** Runs any command of the command line on the same data. @returns what it printed; rejects unless it exits with 0 */
  command: (argv: readonly string[]) => Promise<string>
  /** All that the process has printed: its log lines, and what it says to people. */
  output: () => string
  /** Measures from now on how far resident memory rises at most; the function it returns gives that in bytes. */
  watchGrowth: () => () => number
  /** Ends it by SIGTERM. @throws when it does not exit with 0 */
  stop: () => Promise<void>
}

interface Options {
  readonly mlflowUrl: string
  readonly env?: NodeJS.ProcessEnv
  /** Where its log goes, instead of to `output`: a descriptor, or a socket that nobody reads. */
  readonly stdout?: number | 'unread'
}

interface Teardown { teardown: (fn: () => unknown) => void }

const program = join('dist', 'cli', 'main.js')

/** Starts the facade on a free port with a data folder of its own, and waits until it can serve. */
export async function startFacade (t: Teardown, { mlflowUrl, env, stdout }: Options): Promise<FacadeProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'facade-'))
  const settings = { PATH: process.env.PATH, DATA_DIR: dataDir, MLFLOW_UPSTREAM_URL: mlflowUrl, PORT: '0', METRICS_PORT: 'off', ...env }
  const child = spawn(process.execPath, [program, 'start'], { stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', 'pipe'], env: settings })
  const ended = once(child, 'exit')
  let printed = ''
  for (const stream of stdout === undefined ? [child.stdout, child.stderr] : [child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { printed += text })
  t.teardown(async () => {
    await stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const url = await listening()
  await ready()
  return { url, pid: child.pid!, dataDir, createKey, command, output: () => printed, watchGrowth: () => watchGrowth(child.pid!), stop }

  async function listening (): Promise<string> {
    for (const end = performance.now() + 30_000; performance.now() < end; await delay(20)) {
      const found = /\bListening on (https?:\/\/[\d.]+:\d+)/.exec(printed)?.[1]
      if (found !== undefined) return found
      if (child.exitCode !== null) throw new Error(`the facade ended with ${child.exitCode}:\n${printed}`)
    }
    throw new Error(`the facade did not listen within 30 s:\n${printed}`)
  }

  async function ready (): Promise<void> {
    for (const end = performance.now() + 30_000; performance.now() < end; await delay(50)) {
      if (await isReady(url)) return
    }
    throw new Error(`the facade was not ready within 30 s:\n${printed}`)
  }

  async function command (argv: readonly string[]): Promise<string> {
    return (await promisify(execFile)(process.execPath, [program, ...argv], { env: settings })).stdout
  }

  async function createKey (scopes: string, options: readonly string[] = []): Promise<string> {
    const created = await command(['keys', 'create', '--name', 'test', '--scopes', scopes, '--json', ...options])
    return (JSON.parse(created) as { key: string }).key
  }

  async function stop (): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 40_000)
    await ended
    clearTimeout(late)
    if (child.exitCode !== 0) throw new Error(`the facade ended with ${child.exitCode ?? child.signalCode}, not 0:\n${printed.slice(-4000)}`)
  }
}

/** Whatever certificate it has. */
async function isReady (url: string): Promise<boolean> {
  if (url.startsWith('http:')) return (await fetch(`${url}/ready`)).ok
  const [response] = await once(get(`${url}/ready`, { rejectUnauthorized: false }), 'response') as [IncomingMessage]
  response.resume()
  return response.statusCode === 200
}

/** The kernel keeps the peak of resident memory, and forgets it on demand (proc(5), clear_refs): no sample can miss it. */
function watchGrowth (pid: number): () => number {
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const before = bytes('VmRSS')
  return () => bytes('VmHWM') - before
}
