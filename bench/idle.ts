/** What idle connections cost: memory of each, and whether requests on others become dearer. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { markdownTable } from '../scripts/markdown.js'
import { flatWithin } from './growth.js'
import type { Hold } from './holder.js'
import { read } from './load.js'
import { BenchError } from './machine.js'
import type { Options } from './options.js'
import { memoryOf, run, type Running } from './processes.js'
import { decimals, mebibytes, whole, type Section } from './report.js'
import { measureRate, say, warmUp, type Stand } from './stand.js'
import type { Peer } from './start.js'
import { median } from './statistics.js'

const counts = [10, 1000, 10_000] as const
/** Files that a peer and the holder need beside those connections. */
const otherFiles = 1000
const settleMs = 1000

export interface Step {
  readonly connections: number
  /** More than before any was open. */
  readonly growthBytes: number
  /** For a request, in microseconds: with them open, and without in the same process. */
  readonly processorUs: number
  readonly withoutUs: number
}

/** Each round starts each peer anew, measures it without idle connections, and then with more and more of them. */
export async function measureIdle (stand: Stand, options: Options, caption: string): Promise<{ readonly section: Section, readonly shortfalls: readonly string[] }> {
  const filesMax = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) // NaN: unlimited
  const possible = counts.filter(count => !(count + otherFiles > filesMax))
  const steps = new Map<string, Step[]>(options.names.filter(name => name !== 'direct').map(name => [name, []]))
  for (let round = 1; round <= options.rounds; round++) {
    for (const [name, measured] of steps) {
      const more = await stand.withPeer(name, async peer => await measureSteps(peer, stand, possible, options))
      measured.push(...more)
      for (const { connections, growthBytes, processorUs } of more) {
        say(`round ${round}  ${name.padEnd(20)} ${whole(connections)} idle: +${mebibytes(growthBytes, 1)} MiB, ${decimals(processorUs, 1)} us a request`)
      }
    }
  }
  const left = counts.length === possible.length ? [] : [`More than ${possible.at(-1)} are not possible here: ulimit -Hn is ${filesMax}.`]
  const section = { name: 'idle', markdown: `${idleTable(steps, possible)}\n${[method, ...left, caption].join(' ')}\n` }
  return { section, shortfalls: [...left, ...idleShortfalls(steps.get('facade') ?? [])] }
}

const method = 'Each idle connection has had an answer and keeps alive. Memory is resident memory of the peer and all that it needs, above what it had under load before any was open; the ratio compares processor time a request with and without them (before and after), in the same process. Medians of the rounds.'

async function measureSteps (peer: Peer, stand: Stand, possible: readonly number[], options: Options): Promise<readonly Step[]> {
  const { url, process: running } = peer
  if (running === undefined) return []
  const { seconds, warmUpSeconds } = options
  const loaded = async (): Promise<number> => (await measureRate(peer, stand, { calls: 'get', seconds })).processorUs ?? Number.NaN
  await warmUp(peer, stand, { calls: 'get', seconds: warmUpSeconds })
  const before = await loaded()
  const idleBytes = memoryOf(running.groups).residentBytes
  const command = [process.execPath, join(import.meta.dirname, 'holder.js')]
  const holder = run(command, { core: stand.loadCore, log: join(stand.scratch, 'holder.log'), talks: true })
  const steps: Array<Omit<Step, 'withoutUs'>> = []
  try {
    for (const connections of possible) {
      const hold: Hold = { url: url + read, key: stand.key, connections }
      await hasOpen(holder, hold)
      await delay(settleMs)
      const growthBytes = memoryOf(running.groups).residentBytes - idleBytes
      steps.push({ connections, growthBytes, processorUs: await loaded() })
    }
  } finally {
    await holder.stop()
  }
  // Before and after: a process that has run for longer is faster for that alone.
  const withoutUs = (before + await loaded()) / 2
  return steps.map(step => ({ ...step, withoutUs }))
}

/** Asks twice: what was closed at once is not idle. */
async function hasOpen (holder: Running, hold: Hold): Promise<void> {
  await holder.ask(hold, 60_000)
  await delay(settleMs)
  const open = await holder.ask({ ...hold, connections: 0 }, 60_000)
  if (open !== hold.connections) throw new BenchError(`Of ${hold.connections} connections ${String(open)} stayed open.`)
}

/** A sentence for each number of idle connections with which a request on others costs the facade more. */
export function idleShortfalls (steps: readonly Step[]): readonly string[] {
  return [...new Set(steps.map(({ connections }) => connections))].flatMap(count => {
    const cost = median(steps.filter(({ connections }) => connections === count).map(({ processorUs, withoutUs }) => processorUs / withoutUs))
    if (cost <= 1 + flatWithin) return []
    return `With ${whole(count)} idle connections a request costs the facade ${decimals(cost)} times what it costs without; the bound is ${decimals(1 + flatWithin)}.`
  })
}

function idleTable (steps: ReadonlyMap<string, readonly Step[]>, possible: readonly number[]): string {
  const header = ['peer', 'idle connections', 'MiB more', 'KiB each', 'µs a request', 'x without']
  return markdownTable(header, [...steps].flatMap(([name, all]) => possible.map(count => {
    const own = all.filter(({ connections }) => connections === count)
    const bytes = median(own.map(step => step.growthBytes))
    const time = median(own.map(step => step.processorUs))
    const without = median(own.map(step => step.processorUs / step.withoutUs))
    // The pages of a few connections are lost in those of everything else.
    const each = count < 100 ? '–' : decimals(bytes / count / 1024, 1)
    return [name, whole(count), mebibytes(bytes, 1), each, decimals(time, 1), decimals(without)]
  })))
}
