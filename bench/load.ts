/** One measurement of the request rate with wrk. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { BenchError } from './machine.js'

export interface Rate {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Options {
  readonly core: number
  readonly key: string
  readonly seconds: number
}

export const connections = 32

/** @throws BenchError when any answer was not 2xx: such a rate means nothing */
export async function measureRate (url: string, { core, key, seconds }: Options): Promise<Rate> {
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(core), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', `Authorization: Bearer ${key}`, url])
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1]
  if (refused !== undefined) throw new BenchError(`${refused} answers were not 2xx.`)
  const broken = /Socket errors: (.+)/.exec(stdout)?.[1]
  if (broken !== undefined) throw new BenchError(`Connections broke (${broken}).`)
  const requestsPerSecond = Number(field(stdout, /Requests\/sec:\s+([\d.]+)/))
  if (requestsPerSecond === 0) throw new BenchError(`Nothing was answered in ${seconds} s.`)
  return { requestsPerSecond, p50Ms: milliseconds(stdout, 50), p99Ms: milliseconds(stdout, 99) }
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
