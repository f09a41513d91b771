/** The main part: what a small request costs each peer. */
import { markdownTable } from '../scripts/markdown.js'
import { usualConnections, type Calls } from './load.js'
import type { Options } from './options.js'
import { decimals, mebibytes, spread, whole, type Section } from './report.js'
import { measureRate, say, warmUp, type Rate, type Stand } from './stand.js'
import { median, ratioOfRounds } from './statistics.js'
import type { Peer, Place } from './start.js'

/** One rate per round, in the order of the rounds, by the names of the peers. */
export type Rates = ReadonlyMap<string, readonly Rate[]>

/**
 * Theirs by the facade's: of the least processor time a request in any round, since what else runs on a machine only adds to it. On a
 * machine with three busy neighbours a core that held 0.49 to 0.54 and 1.3 to 1.7, where medians fell to 0.37 and rose to 1.6.
 */
const floors: Readonly<Record<string, number>> = { 'http-proxy': 0.85, 'nginx-auth_request': 0.4 }

type Start = (place: Place) => Promise<Peer>

/** Measures peers in turns. @param starts how those are started that are no peers by their names */
export async function measureRates (
  stand: Stand,
  names: readonly string[],
  { rounds, seconds, warmUpSeconds, calls }: Pick<Options, 'rounds' | 'seconds' | 'warmUpSeconds' | 'calls'>,
  starts: ReadonlyMap<string, Start> = new Map()
): Promise<Rates> {
  const rates = new Map<string, Rate[]>(names.map(name => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [name, measured] of rates) {
      const rate = await stand.withPeer(name, async peer => {
        await warmUp(peer, stand, { calls, seconds: warmUpSeconds })
        return await measureRate(peer, stand, { calls, seconds })
      }, starts.get(name))
      measured.push(rate)
      say(`round ${round}  ${name.padEnd(24)} ${whole(rate.requestsPerSecond)} requests/s, ${decimals(rate.processorUs, 1)} us of processor time each`)
    }
  }
  return rates
}

/** The rounds of two runs in one. */
export function joined (first: Rates, second: Rates): Rates {
  return new Map([...first].map(([name, rounds]) => [name, [...rounds, ...second.get(name) ?? []]]))
}

/** @param bases what each is compared with, and how the column is called */
export function ratesTable (rates: Rates, bases: ReadonlyArray<readonly [name: string, title: string]>): string {
  const header = ['peer', 'µs a request', 'spread', ...bases.map(([, title]) => title), 'requests/s', 'p50 ms', 'p99 ms', 'MiB']
  return markdownTable(header, [...rates].map(([name, measured]) => [
    name,
    decimals(medianOf(measured, 'processorUs'), 1),
    spread(measured.flatMap(({ processorUs }) => processorUs ?? [])),
    ...bases.map(([base]) => decimals(ratio(rates, name, base))),
    whole(medianOf(measured, 'requestsPerSecond')),
    decimals(medianOf(measured, 'p50Ms')),
    decimals(medianOf(measured, 'p99Ms')),
    mebibytes(medianOf(measured, 'residentBytes'))
  ]))
}

/** For the page about performance, and a shorter one for README. */
export function rateSections (rates: Rates, calls: Calls, caption: string): readonly Section[] {
  const [facade, auth, logged] = ['facade', 'nginx-auth_request', 'nginx-auth_request-log']
  const full = ratesTable(rates, [[auth, 'x auth_request'], [logged, 'x auth_request, log'], ['http-proxy', 'x http-proxy']])
  const method = `Calls: ${calls}; ${usualConnections} connections. Processor time is that of the peer and all that it needs; the ratios are of it, medians of those within a round, more is better.`
  const brief = [facade, 'http-proxy', auth, logged].filter(name => rates.has(name)).map(name => [
    name,
    decimals(medianOf(rates.get(name) ?? [], 'processorUs'), 0),
    decimals(ratio(rates, name, 'http-proxy')),
    decimals(ratio(rates, name, auth)),
    decimals(ratio(rates, name, logged)),
    whole(medianOf(rates.get(name) ?? [], 'requestsPerSecond'))
  ])
  const header = ['peer', 'µs a request', 'x http-proxy', 'x auth_request', 'x auth_request, log', 'requests/s']
  return [
    { name: calls === 'get' ? 'rates' : `rates-${calls}`, markdown: `${full}\n${method} ${caption}\n` },
    ...calls === 'get' ? [{ name: 'summary', markdown: `${markdownTable(header, brief)}\n${caption}\n` }] : []
  ]
}

/** A sentence for each stated bound that the facade misses. */
export function rateShortfalls (rates: Rates): readonly string[] {
  const least = (name: string): number => Math.min(...(rates.get(name) ?? [undefined]).map(rate => rate?.processorUs ?? Number.NaN))
  return Object.entries(floors).flatMap(([base, floor]) => {
    const reached = least(base) / least('facade')
    return reached >= floor ? [] : `The facade reaches ${decimals(reached)} of ${base} by processor time; the floor is ${decimals(floor)}.`
  })
}

function ratio (rates: Rates, name: string, base: string): number | undefined {
  const times = (peer: string): Array<number | undefined> => (rates.get(peer) ?? []).map(({ processorUs }) => processorUs)
  return ratioOfRounds(times(name), times(base))
}

/** NaN of none. */
function medianOf (measured: readonly Rate[], field: 'processorUs' | 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'residentBytes'): number {
  return median(measured.flatMap(rate => rate[field] ?? []))
}
