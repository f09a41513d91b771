/** No process that we start outlives us: MLflow and its installers end with this process, or with the next start after a crash. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const patienceMs = 10_000

/**
 * Keeps a process group from outliving us: killed when this process exits, however that comes about (at a second Ctrl-C nothing
 * is waited for), and noted in the file, where one is given, for a later start to end what outlived a crash.
 * @param pid the leader of the group
 * @returns to be called when it has ended
 */
export function hold (pid: number, file: string | undefined): () => void {
  const kill = (): void => signal(-pid, 'SIGKILL')
  process.once('exit', kill)
  const startedAt = startOf(pid)
  if (file !== undefined && startedAt !== undefined) writeFileSync(file, JSON.stringify({ pid, startedAt }), { mode: 0o600 })
  return () => {
    process.off('exit', kill)
    if (file !== undefined) rmSync(file, { force: true })
  }
}

/** Ends the process that the file names, where it still is that process. Resolves when it has gone; true if there was one. */
export async function endLeftOver (file: string): Promise<boolean> {
  const noted = read(file)
  if (noted === undefined || startOf(noted.pid) !== noted.startedAt) return false
  signal(noted.pid, 'SIGTERM')
  // It is no child of ours: nothing tells of its end.
  for (let waitedMs = 0; startOf(noted.pid) === noted.startedAt; waitedMs += 50) {
    if (waitedMs === patienceMs) signal(-noted.pid, 'SIGKILL')
    await delay(50)
  }
  signal(-noted.pid, 'SIGKILL')
  rmSync(file, { force: true })
  return true
}

/** Sends a signal to a process, or to a group by its negative id; one that has gone is fine. */
export function signal (pid: number, name: NodeJS.Signals): void {
  try { process.kill(pid, name) } catch { /* gone already */ }
}

/**
 * When a process started, in a form that only serves comparison; undefined where it does not run. Ids are given anew,
 * ids with their start are not.
 */
function startOf (pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() ||
        undefined
      )
    }
    // proc(5): the name in parentheses may hold anything; behind it the state is field 3 and the start time field 22.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function read (file: string): { readonly pid: number, readonly startedAt: string } | undefined {
  try {
    const noted = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown, startedAt?: unknown }
    if (Number.isSafeInteger(noted.pid) && Number(noted.pid) > 1 && typeof noted.startedAt === 'string') {
      return { pid: Number(noted.pid), startedAt: noted.startedAt }
    }
  } catch { /* none, or half-written: nothing is known */ }
  return undefined
}
