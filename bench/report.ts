/** The result of a run: the Markdown table for the documentation, and what falls below the floors that the project states. */
import { connections, type Calls, type Load } from './load.js'
import type { Transfer } from './transfer.js'

export interface Rate extends Load {
  /** Of the peer and all that it started, for one request, in microseconds; undefined: it is the stub. */
  readonly processorUs: number | undefined
}

export interface Measured {
  /** One per round, in the order of the rounds. */
  readonly rates: readonly Rate[]
  readonly transfer: Transfer | undefined
}

/** By the names of the peers. */
export type Results = Readonly<Record<string, Measured>>

/** The facade is at least as fast as a bare proxy that checks nothing. */
const rateFloor = 1.0
/** Memory that transfers of any size may add to the idle facade. */
const growthCeilingBytes = 48 * 1024 ** 2

/** The table with a line that names machine and method. */
export function toMarkdown (results: Results, machine: string, { seconds, calls }: { readonly seconds: number, readonly calls: Calls }): string {
  const rounds = Math.max(...Object.values(results).map(({ rates }) => rates.length))
  const header = ['peer', 'us a request', 'x http-proxy', 'x nginx auth_request', 'spread', 'requests/s', 'p50 ms', 'p99 ms', 'down MB/s', 'up MB/s', 'peak MiB', 'growth MiB']
  const rows = Object.entries(results).map(([name, { rates, transfer }]) => [
    name,
    figure(processorUs(rates)),
    decimals(ratio(results, name, 'http-proxy')),
    decimals(ratio(results, name, 'nginx-auth_request')),
    spread(rates),
    Math.round(median(rates.map(rate => rate.requestsPerSecond))).toLocaleString('en'),
    decimals(median(rates.map(rate => rate.p50Ms))),
    decimals(median(rates.map(rate => rate.p99Ms))),
    millions(transfer?.downBytesPerSecond),
    millions(transfer?.upBytesPerSecond),
    mebibytes(transfer?.peakBytes),
    mebibytes(transfer?.growthBytes)
  ])
  const lines = [header, header.map((_, column) => column === 0 ? '---' : '--:'), ...rows].map(cells => `| ${cells.join(' | ')} |`)
  const transfers = Object.values(results).some(({ transfer }) => transfer !== undefined) ? '; 1 GiB down and up, three times each, peak and growth over the idle process' : ''
  return `${lines.join('\n')}\n\n${machine}. Load and stub on one core, the peer alone on another; ${connections} connections, ${rounds} rounds of ${seconds} s in turns, calls: ${calls}; processor time of the peer and all that it needs, medians; ratios of it are medians of those within a round, more is better${transfers}.\n`
}

/** A sentence for each stated floor that the facade misses. */
export function shortfalls (results: Results): readonly string[] {
  const rate = ratio(results, 'facade', 'http-proxy')
  const growthBytes = results.facade?.transfer?.growthBytes
  const found: string[] = []
  if (rate === undefined || rate < rateFloor) found.push(`The facade reaches ${decimals(rate)} x bare http-proxy; the floor is ${rateFloor.toFixed(1)}.`)
  if (growthBytes === undefined || growthBytes >= growthCeilingBytes) found.push(`The facade grows by ${mebibytes(growthBytes)} MiB under 1 GiB transfers; it must stay under ${mebibytes(growthCeilingBytes)}.`)
  return found
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (upper + lower) / 2
}

/** How much less processor time a request takes than with another peer: median over the rounds of the ratio within a round, so that what slows the whole machine cancels out. */
function ratio (results: Results, name: string, base: string): number | undefined {
  const [own, other] = [results[name]?.rates, results[base]?.rates]
  if (own === undefined || other === undefined) return undefined
  const ratios = own.map(({ processorUs }, round) => (other[round]?.processorUs ?? Number.NaN) / (processorUs ?? Number.NaN))
  return ratios.some(Number.isNaN) ? undefined : median(ratios)
}

function processorUs (rates: readonly Rate[]): number | undefined {
  const times = rates.flatMap(rate => rate.processorUs ?? [])
  return times.length === 0 ? undefined : median(times)
}

/** The least and the most processor time of a round. */
function spread (rates: readonly Rate[]): string {
  const times = rates.flatMap(rate => rate.processorUs ?? [])
  return times.length === 0 ? '–' : `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}`
}

const figure = (value: number | undefined): string => value === undefined ? '–' : value.toFixed(1)
const decimals = (value: number | undefined): string => value === undefined ? '–' : value.toFixed(2)
const millions = (value: number | undefined): string => value === undefined ? '–' : String(Math.round(value / 1e6))
const mebibytes = (value: number | undefined): string => value === undefined ? '–' : String(Math.round(value / 1024 ** 2))
