/**
 * Keeps a server process running: starts it, waits until it answers, starts it again when it dies, and ends it with its
 * whole process group.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Env } from './command.js'
import { hold, signal } from './pid-file.js'

export interface Kept {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Env
  /** Where its process is noted for a later start. */
  readonly pidFile: string
  /** Takes what it prints. */
  readonly write: (chunk: Uint8Array) => void
  /** Whether it answers. */
  readonly isUp: () => Promise<boolean>
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  readonly onUp: (startedInMs: number) => void
  /** @param how in words: an exit code or a signal, or why it could not be started */
  readonly onDown: (how: string, restartInMs: number) => void
}

const firstDelayMs = 1000
const delayMaxMs = 30_000
/** Whoever ran for so long did not die of its start. */
export const healthyMs = 60_000
const askEveryMs = 200
const graceMs = 10_000

/** How long to wait before the next start. */
export function nextDelay (previousMs: number, ranMs: number): number {
  return ranMs >= healthyMs ? firstDelayMs : Math.min(delayMaxMs, Math.max(firstDelayMs, previousMs * 2))
}

/** Runs until `stopping` is aborted; then ends the process and resolves when it has gone. */
export async function keep (kept: Kept, stopping: AbortSignal): Promise<void> {
  let delayMs = 0
  while (!stopping.aborted) {
    const startedAt = kept.now()
    const how = await runOnce(kept, startedAt, stopping)
    if (stopping.aborted) return
    delayMs = nextDelay(delayMs, kept.now() - startedAt)
    kept.onDown(how, delayMs)
    await delay(delayMs, undefined, { signal: stopping }).catch(() => {}) // aborted: the loop ends
  }
}

/** One life of the process, told in words. */
async function runOnce (kept: Kept, startedAt: number, stopping: AbortSignal): Promise<string> {
  // A group of its own: Ctrl-C in the terminal must not end MLflow before the requests that still use it.
  const child = spawn(kept.program, kept.args, { cwd: kept.cwd, env: { ...kept.env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  child.stdout.on('data', kept.write)
  child.stderr.on('data', kept.write)
  const ended = endOf(child)
  const { pid } = child
  if (pid === undefined) return await ended
  const release = hold(pid, kept.pidFile)
  const over = new AbortController()
  const end = (): void => { terminate(pid, over.signal) }
  if (stopping.aborted) end()
  else stopping.addEventListener('abort', end, { once: true })
  void awaitUp(kept, startedAt, AbortSignal.any([over.signal, stopping]))

  const how = await ended
  over.abort()
  stopping.removeEventListener('abort', end)
  signal(-pid, 'SIGKILL') // a leader that was killed leaves the server proper behind
  release()
  return how
}

async function endOf (child: ChildProcess): Promise<string> {
  try {
    const [code, name] = await once(child, 'exit') as [number | null, string | null]
    return name ?? `exit code ${code}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no start' // `once` throws what the child emits as an error
  }
}

/** MLflow's parent process passes SIGTERM on to its server; SIGKILL goes to all of the group. */
function terminate (pid: number, over: AbortSignal): void {
  signal(pid, 'SIGTERM')
  const late = setTimeout(() => signal(-pid, 'SIGKILL'), graceMs)
  over.addEventListener('abort', () => clearTimeout(late), { once: true })
}

async function awaitUp ({ isUp, now, onUp }: Kept, startedAt: number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    if (await isUp() && !over.aborted) return onUp(now() - startedAt)
    await delay(askEveryMs, undefined, { signal: over }).catch(() => {})
  }
}
