/** Runs a program to its end and keeps what it printed. */
import { spawn } from 'node:child_process'

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
  /** Ends the program. */
  readonly signal?: AbortSignal
}

const outputMaxChars = 16_384

/** @throws Error with code ENOENT where there is no such program, AbortError when the signal ended it */
export async function run (program: string, args: readonly string[], { cwd, env, signal }: Surroundings): Promise<Finished> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...signal === undefined ? {} : { signal } })
    let output = ''
    const keep = (chunk: string): void => { output = (output + chunk).slice(-outputMaxChars) }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? -1, output }))
  })
}
