/**
 * One worker and two, in turns. Load and stub need a part of the two cores that the workers could have, so the rate is that of this
 * machine; what the facade's own processor time says is what two cores give that do nothing else.
 */
import { markdownTable } from '../scripts/markdown.js'
import { usualConnections } from './load.js'
import type { Options } from './options.js'
import { processorTimeOf } from './processes.js'
import { decimals, whole, type Section } from './report.js'
import { measureRate, say, warmUp, type Rate, type Stand } from './stand.js'
import { startFacade } from './start.js'
import { median, ratioOfRounds } from './statistics.js'

interface Measured extends Rate {
  /** Of the facade, in each second: 2 where it had both cores for itself. */
  readonly cores: number
}

/** Measures the facade with one worker and with two, which may use every core of the machine. */
export async function measureWorkers (stand: Stand, options: Options, caption: string): Promise<Section> {
  const found = new Map<number, Measured[]>([[1, []], [2, []]])
  for (let round = 1; round <= options.rounds; round++) {
    for (const [workers, measured] of found) {
      const one = await measure(stand, workers, options)
      measured.push(one)
      say(`round ${round}  WORKERS=${workers}  ${Math.round(one.requestsPerSecond)} requests/s on ${one.cores.toFixed(2)} cores`)
    }
  }
  return { name: 'workers', markdown: toMarkdown(found.get(1) ?? [], found.get(2) ?? [], caption) }
}

async function measure (stand: Stand, workers: number, { seconds, warmUpSeconds, calls }: Options): Promise<Measured> {
  return await stand.withPeer(`WORKERS=${workers}`, async peer => {
    const connections = workers * usualConnections // fewer would leave each less to do at once, which costs more a request
    for (let turn = 0; turn < workers; turn++) await warmUp(peer, stand, { calls, seconds: warmUpSeconds, connections }) // each compiles its hot paths by itself
    const groups = peer.process?.groups ?? []
    const [before, startedAt] = [processorTimeOf(groups), performance.now()]
    const rate = await measureRate(peer, stand, { calls, seconds, connections })
    return { ...rate, cores: (processorTimeOf(groups) - before) / 1000 / (performance.now() - startedAt) }
  }, async place => await startFacade(place, { workers, anyCore: true }))
}

function toMarkdown (one: readonly Measured[], two: readonly Measured[], caption: string): string {
  const row = (workers: string, measured: readonly Measured[]): string[] => {
    const middle = (value: (rate: Measured) => number | undefined): number => median(measured.flatMap(rate => value(rate) ?? []))
    return [
      workers,
      whole(middle(rate => rate.requestsPerSecond)),
      decimals(middle(rate => rate.p99Ms), 1),
      decimals(middle(rate => rate.processorUs), 1),
      decimals(middle(rate => rate.cores))
    ]
  }
  const served = (measured: readonly Measured[]): number[] => measured.map(rate => rate.requestsPerSecond)
  const cost = (measured: readonly Measured[]): Array<number | undefined> => measured.map(rate => rate.processorUs)
  const header = ['workers', 'requests/s', 'p99 ms', 'us of processor time a request', 'cores that the facade had']
  return `${markdownTable(header, [row('1', one), row('2', two)])}
Two workers serve ${decimals(ratioOfRounds(served(one), served(two)))} x what one serves, with load and stub on one of the two cores. On two cores of their own they would
serve ${decimals(2 * (ratioOfRounds(cost(two), cost(one)) ?? Number.NaN))} x, by the processor time of a request. ${usualConnections} connections for each worker. ${caption}
`
}
