/** The stock client in a training loop, as a process beside whatever is done to MLflow meanwhile. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Loop {
  /** Steps that MLflow has acknowledged so far. */
  readonly steps: () => number
  /** Ends the loop and has it read everything back. */
  end: () => Promise<LoopResult>
}

export interface LoopResult {
  readonly acknowledged: number
  /** What was acknowledged and is not there. */
  readonly lost: readonly string[]
  /** Calls that ended in an exception, in spite of the client's own retries. */
  readonly failed: readonly string[]
  readonly longestSeconds: number
}

/** Starts it and waits for its first step. */
export async function startLoop (stage: { teardown: (fn: () => unknown) => void }, python: string, uri: string, key: string): Promise<Loop> {
  const child = spawn(python, ['test/conformance/clients/loop.py', uri], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MLFLOW_TRACKING_TOKEN: key } })
  stage.teardown(() => { child.kill('SIGKILL') })
  let complaint = ''
  let steps = 0
  let longestSeconds = 0
  let last: Pick<LoopResult, 'acknowledged' | 'lost' | 'failed'> | undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(-2000) })
  const lines = createInterface(child.stdout)
  const ended = Promise.all([once(lines, 'close'), once(child, 'exit')])
  const began = new Promise<void>((resolve, reject) => {
    lines.on('line', line => {
      if (!line.startsWith('{')) return // links that the client prints
      const entry = JSON.parse(line) as { step?: number, seconds?: number } & LoopResult
      if (entry.step === undefined) last = entry
      else {
        steps++
        longestSeconds = Math.max(longestSeconds, entry.seconds ?? 0)
        resolve()
      }
    })
    void ended.then(() => reject(new Error(`The training loop ended: ${complaint}`)))
  })
  await began
  return {
    steps: () => steps,
    async end () {
      child.kill('SIGTERM')
      await ended
      if (last === undefined) throw new Error(`The training loop ended without a result: ${complaint}`)
      return { ...last, longestSeconds }
    }
  }
}
