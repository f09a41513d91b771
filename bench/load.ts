/** One measurement of the request rate with wrk. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BenchError } from './machine.js'

export interface Load {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface LoadOptions {
  readonly core: number
  readonly key: string
  readonly seconds: number
  readonly calls: Calls
  /** As many are kept open and have a call under way; default 32. */
  readonly connections?: number
  /** For wrk's script. */
  readonly scratch: string
}

/** What is called: a read of an experiment, the most common kind; a batch of 20 metrics; seven reads to three batches. */
export type Calls = 'get' | 'post' | 'mix'
export const kindsOfCalls: readonly Calls[] = ['get', 'post', 'mix']

export const usualConnections = 32

/** The experiment that every MLflow has. */
export const read = '/api/2.0/mlflow/experiments/get?experiment_id=0'
const write = '/api/2.0/mlflow/runs/log-batch'
const metrics = Array.from({ length: 20 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), timestamp: 1763880000000 + step, step }))
const batch = JSON.stringify({ run_id: '0123456789abcdef0123456789abcdef', metrics, params: [], tags: [] })

/** @throws BenchError when any answer was not 2xx: such a rate means nothing */
export async function load (root: string, options: LoadOptions): Promise<Load> {
  const { core, key, seconds, calls, connections = usualConnections, scratch } = options
  const script = join(scratch, `${calls}.lua`)
  writeFileSync(script, wrkScript(new URL(root).pathname.replace(/\/$/, ''), key, calls))
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', '-s', script, root]
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(core), ...wrk], { timeout: (seconds + 20) * 1000, killSignal: 'SIGKILL' })
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1]
  if (refused !== undefined) throw new BenchError(`${refused} answers were not 2xx.`)
  const broken = /Socket errors: (.+)/.exec(stdout)?.[1]
  if (broken !== undefined) throw new BenchError(`Connections broke (${broken}).`)
  const requests = Number(field(stdout, /^\s+(\d+) requests in /m))
  if (requests === 0) throw new BenchError(`Nothing was answered in ${seconds} s.`)
  const requestsPerSecond = Number(field(stdout, /Requests\/sec:\s+([\d.]+)/))
  return { requests, requestsPerSecond, p50Ms: milliseconds(stdout, 50), p99Ms: milliseconds(stdout, 99) }
}

/** The requests are made once, in the order in which they are sent. */
function wrkScript (root: string, key: string, calls: Calls): string {
  const kinds = { get: [true], post: [false], mix: [true, false, true, true, false, true, true, false, true, true] }[calls]
  const made = kinds.map(isRead => isRead
    ? `wrk.format("GET", "${root}${read}", { ["Authorization"] = "Bearer ${key}" })`
    : `wrk.format("POST", "${root}${write}", { ["Authorization"] = "Bearer ${key}", ["Content-Type"] = "application/json" }, '${batch}')`)
  return `init = function(args)
  calls = { ${made.join(',\n')} }
  at = 0
end
request = function()
  at = at % #calls + 1
  return calls[at]
end
`
}

function milliseconds (output: string, percentile: number): number {
  const text = field(output, new RegExp(`^\\s+${percentile}%\\s+(\\S+)`, 'm'))
  const unit = text.replace(/[\d.]+/, '')
  return Number.parseFloat(text) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN)
}

function field (output: string, pattern: RegExp): string {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new BenchError(`wrk printed something else than expected:\n${output}`)
  return found
}
