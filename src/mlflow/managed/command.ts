/** Runs a program to its end and keeps what it printed. */
import { spawn } from 'node:child_process'
import { hold, signal as send } from './pid-file.js'

export type Env = Readonly<Record<string, string | undefined>>

export interface Finished {
  /** Exit code; -1 where a signal ended it. */
  readonly code: number
  /** The end of what it printed on either stream, since installers may print megabytes. */
  readonly output: string
}

export interface Surroundings {
  readonly cwd: string
  readonly env: Env
  /** Ends the program with all that it has started. */
  readonly signal?: AbortSignal
  /** Where its process is noted, for a later start to end what outlived a crash. */
  readonly pidFile?: string
}

const outputMaxChars = 16_384

/** @throws Error with code ENOENT where there is no such program, another Error when the signal ended it */
export async function run (program: string, args: readonly string[], { cwd, env, signal, pidFile }: Surroundings): Promise<Finished> {
  signal?.throwIfAborted()
  return await new Promise((resolve, reject) => {
    // A group of its own, for installers start others.
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const { pid } = child
    const release = pid === undefined ? () => {} : hold(pid, pidFile)
    const abort = (): void => { if (pid !== undefined) send(-pid, 'SIGKILL') }
    signal?.addEventListener('abort', abort, { once: true })
    let output = ''
    const keep = (chunk: string): void => { output = (output + chunk).slice(-outputMaxChars) }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    const ended = (): void => {
      release()
      signal?.removeEventListener('abort', abort)
    }
    child.once('error', error => {
      ended()
      reject(error)
    })
    child.once('close', code => {
      ended()
      if (signal?.aborted === true) reject(new Error(`${program} was ended`, { cause: signal.reason }))
      else resolve({ code: code ?? -1, output })
    })
  })
}
