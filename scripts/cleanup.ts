/** The facade as people run it, for scripts that put it between a real client and a real MLflow: a process, a folder and a key of its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const command = 'dist/cli/main.js'

export interface Facade {
  readonly url: string
  readonly pid: number
  /** An administrator's key. */
  readonly key: string
  /** Its log, as lines of JSON. */
  readonly logFile: string
  /** Ends it as an orchestrator does. @returns its exit code, or the signal that ended it */
  stop: () => Promise<number | string | null>
}

/** Collects what has to be undone, and undoes it last first: the `teardown` that the helpers of tests ask for. */
export interface Stage {
  teardown: (fn: () => unknown) => void
  clear: () => Promise<void>
}

/** A stage that is also cleared when the process is told to end. */
export function openStage (): Stage {
  const undo: Array<() => unknown> = []
  const stage: Stage = {
    teardown: fn => { undo.push(fn) },
    async clear () {
      for (let fn = undo.pop(); fn !== undefined; fn = undo.pop()) await fn()
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { void stage.clear().finally(() => process.exit(1)) })
  return stage
}

/** Starts the facade on a free port, with a new key unless one of an auth service is given. Needs `npm run build` before. */
export async function startFacade (stage: Pick<Stage, 'teardown'>, mlflowUrl: string, folder: string, { env = {}, key: given }: { readonly env?: NodeJS.ProcessEnv, readonly key?: string } = {}): Promise<Facade> {
  await mkdir(folder, { recursive: true })
  const all = { ...process.env, DATA_DIR: folder, HOST: '127.0.0.1', PORT: '0', METRICS_PORT: 'off', MLFLOW_UPSTREAM_URL: mlflowUrl, ...env }
  const key = given ?? await createKey(all)

  const child = spawn(process.execPath, [command, 'start'], { env: all, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string | null)
  const stop = async (): Promise<number | string | null> => {
    child.kill('SIGTERM')
    return await ended
  }
  stage.teardown(stop)
  const logFile = join(folder, 'facade.log')
  child.stdout.pipe(createWriteStream(logFile))
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const found = /^Listening on (http[^\s;]+)[;\n]/m.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    void ended.then(code => reject(new Error(`The facade ended with ${code}: ${text}`)))
  })
  return { url, pid: child.pid ?? 0, key, logFile, stop }
}

async function createKey (env: NodeJS.ProcessEnv): Promise<string> {
  const made = await promisify(execFile)(process.execPath, [command, 'keys', 'create', '--name', 'script', '--scopes', 'mlflow:admin', '--json'], { env })
  return (JSON.parse(made.stdout) as { key: string }).key
}

export interface Footprint {
  readonly residentBytes: number
  readonly handles: number
}

/** Resident memory and open file handles of a process (proc(5)). */
export function footprintOf (pid: number): Footprint {
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  return { residentBytes: kibibytes * 1024, handles: readdirSync(`/proc/${pid}/fd`).length }
}

/** Waits until the facade says that it can serve. */
export async function untilReady (url: string, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await fetch(`${url}/ready`)
    const text = await answer.text()
    if (answer.ok) return
    if (performance.now() > deadline) throw new Error(`The facade is not ready: ${text}`)
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}
