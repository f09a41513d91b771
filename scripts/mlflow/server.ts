/** Real MLflow servers for tests: a virtual environment per version, a server per test file, ended by process id. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { newest } from '../../src/mlflow/versions.js'
import { freePort } from './ports.js'

/** No calls home, and none of the six processes that run jobs: they take longer to start than the server. */
const quiet = { MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }

export interface Mlflow {
  readonly url: string
  readonly port: number
  readonly python: string
  /** Folder of the database, the artifacts and the log. */
  readonly dir: string
  /** Starts it again on the same port and data, perhaps in another version or with other arguments. */
  start: (version?: string, args?: readonly string[]) => Promise<void>
  /** Ends it: SIGTERM, or SIGKILL for a crash. Resolves when the port is free. */
  stop: (signal?: NodeJS.Signals) => Promise<void>
}

interface Options {
  readonly version?: string
  readonly dir: string
  /** Further arguments of `mlflow server`, such as `--static-prefix /mlflow`. */
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

interface Teardown { teardown: (fn: () => unknown) => void }

/** The Python that has this MLflow installed; the first call for a version may take minutes. */
export async function mlflowPython (version: string = newest): Promise<string> {
  const { stdout } = await promisify(execFile)('scripts/mlflow/venv', [version], { cwd: process.cwd() })
  return stdout.trim()
}

/** Starts `mlflow server` on loopback with a SQLite database in `dir`, and waits until it answers. */
export async function startMlflow (t: Teardown, options: Options): Promise<Mlflow> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const server: Mlflow = { url: `http://127.0.0.1:${port}`, port, dir: options.dir, python: await mlflowPython(options.version), start, stop }

  async function start (version: string = options.version ?? newest, args: readonly string[] = options.args ?? []): Promise<void> {
    const python = await mlflowPython(version)
    const log = createWriteStream(join(options.dir, 'mlflow.log'), { flags: 'a' })
    child = spawn(python, ['-m', 'mlflow', 'server', '--backend-store-uri', `sqlite:///${join(options.dir, 'mlflow.db')}`,
      '--artifacts-destination', join(options.dir, 'artifacts'), '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: options.dir, env: { ...process.env, ...quiet, ...options.env } })
    child.stdout?.pipe(log)
    child.stderr?.pipe(log)
    for (let waited = 0; waited < 120_000; waited += 250) {
      if (child.exitCode !== null) throw new Error(`MLflow ${version} ended with ${child.exitCode}: see ${options.dir}/mlflow.log`)
      for (const path of ['/health', '/mlflow/health']) {
        const answer = await fetch(server.url + path).catch(() => undefined)
        if (answer?.ok === true) return
      }
      await delay(250)
    }
    throw new Error(`MLflow ${version} did not answer in 120 s: see ${options.dir}/mlflow.log`)
  }

  async function stop (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    process.kill(-child.pid, signal) // the whole group: uvicorn and its workers, by process id
    const late = setTimeout(() => { if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL') }, 10_000)
    await ended
    clearTimeout(late)
  }

  t.teardown(async () => await stop('SIGKILL'))
  await start()
  return server
}
