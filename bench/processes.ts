/** The processes of the benchmark: each in a group of its own, pinned to a core, and ended by process id whatever happens. */
import { spawn, type ChildProcess, type Serializable, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BenchError } from './machine.js'

export interface Running {
  /** Ids of its process groups: each a program and all that it started. */
  readonly groups: readonly number[]
  /**
   * Sends a message to a program that was started to talk, and waits for its answer.
   * @throws BenchError when it ends or is silent for so long
   */
  ask: (message: unknown, withinMs: number) => Promise<unknown>
  /** Ends it and waits until it is gone. */
  stop: () => Promise<void>
}

interface Options {
  /** One, or several as taskset lists them. */
  readonly core: number | string
  /** File for all that the process prints. */
  readonly log: string
  readonly env?: NodeJS.ProcessEnv
  /** It is a Node program that answers messages. */
  readonly talks?: boolean
}

const started = new Set<number>()

/** Starts a program on one core. */
export function run (command: readonly string[], { core, log, env, talks = false }: Options): Running {
  const output = openSync(log, 'a')
  const stdio: StdioOptions = talks ? ['ignore', output, output, 'ipc'] : ['ignore', output, output]
  const child = spawn('taskset', ['-c', String(core), ...command], { detached: true, stdio, env: { ...process.env, ...env } })
  closeSync(output)
  const group = child.pid
  if (group === undefined) throw new BenchError(`${command[0]} could not be started.`)
  started.add(group)
  const ended = once(child, 'exit')
  return {
    groups: [group],
    ask: async (message, withinMs) => await ask({ child, log, name: basename(command.at(-1) ?? '') }, message, withinMs),
    async stop () {
      signal(group, 'SIGTERM')
      const late = setTimeout(() => signal(group, 'SIGKILL'), 10_000)
      await ended
      clearTimeout(late)
      signal(group, 'SIGKILL') // what the program left behind
      started.delete(group)
    }
  }
}

interface Talking {
  readonly child: ChildProcess
  readonly name: string
  readonly log: string
}

async function ask ({ child, name, log }: Talking, message: unknown, withinMs: number): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  try {
    child.send(message as Serializable)
    return await Promise.race([
      once(child, 'message', { signal }).then(([answer]: unknown[]) => answer),
      once(child, 'exit', { signal }).then(() => { throw new BenchError(`${name} ended without an answer: ${readFileSync(log, 'utf8').trim().split('\n').at(-1)}`) }),
      delay(withinMs, undefined, { signal }).then(() => { throw new BenchError(`${name} did not answer within ${withinMs / 1000} s.`) })
    ])
  } finally {
    settled.abort()
  }
}

/** Whatever ends the benchmark, an error and Ctrl-C too, also ends its processes and removes its folder. */
export function cleanUpAtExit (scratch: string): void {
  process.once('exit', () => {
    for (const group of started) signal(group, 'SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  })
  for (const [name, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) process.once(name, () => process.exit(code))
}

export interface Memory {
  readonly residentBytes: number
  readonly peakBytes: number
}

/** Resident memory of process groups, now and at its highest since the last `resetPeak`. */
export function memoryOf (groups: readonly number[]): Memory {
  let residentBytes = 0
  let peakBytes = 0
  for (const pid of membersOf(groups)) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    residentBytes += kibibytes(status, 'VmRSS') * 1024
    peakBytes += kibibytes(status, 'VmHWM') * 1024
  }
  return { residentBytes, peakBytes }
}

/** Forgets what starting up has taken, so that the peak is that of the transfers (proc(5), clear_refs). */
export function resetPeak (groups: readonly number[]): void {
  for (const pid of membersOf(groups)) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/**
 * Processor time of process groups so far, user and system, in microseconds: the scheduler's own count (proc(5), schedstat), which
 * a busy machine blurs least.
 */
export function processorTimeOf (groups: readonly number[]): number {
  let nanoseconds = 0
  for (const pid of membersOf(groups)) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      try {
        nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
      } catch {
        // a thread that has ended meanwhile
      }
    }
  }
  return nanoseconds / 1000
}

function membersOf (groups: readonly number[]): readonly string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      // After the name, which may hold anything, come state, parent and group.
      return groups.includes(Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2]))
    } catch {
      return false // gone meanwhile
    }
  })
}

function kibibytes (status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

function signal (group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name)
  } catch {
    // nobody is left in the group
  }
}
