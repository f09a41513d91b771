/** Latency below saturation: the facade and nginx with auth_request, each at the same fixed rates (open loop). */
import { join } from 'node:path'
import { markdownTable } from '../scripts/markdown.js'
import { read, usualConnections } from './load.js'
import type { Options } from './options.js'
import type { Pace, Paced } from './pacer.js'
import { run } from './processes.js'
import { decimals, spread, whole, type Section } from './report.js'
import { measureRate, say, warmUp, type Stand } from './stand.js'
import type { Peer } from './start.js'
import { median } from './statistics.js'

const names = ['nginx-auth_request', 'facade'] as const
type Name = typeof names[number]
/** The stub alone is the floor: what the generator itself and the answer take. */
const driven = ['direct', ...names] as const

/** Of its peak, in requests a second. */
const share = 0.8
const pacerWarmUpSeconds = 1

interface Row extends Paced {
  readonly load: Name
  readonly peer: typeof driven[number]
  readonly requestsPerSecond: number
}

/** Each round takes both peaks anew, and then drives both peers at 80 % of either. */
export async function measurePace (stand: Stand, options: Options, caption: string): Promise<Section> {
  const rows: Row[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const rates = { 'nginx-auth_request': 0, facade: 0 }
    for (const name of names) rates[name] = share * await stand.withPeer(name, async peer => await peakOf(peer, stand, options))
    for (const peer of driven) {
      for (const load of names) {
        const requestsPerSecond = rates[load]
        const paced = await stand.withPeer(peer, async started => await drive(stand, options, started, requestsPerSecond))
        rows.push({ load, peer, requestsPerSecond, ...paced })
        say(`round ${round}  ${peer.padEnd(20)} at ${whole(requestsPerSecond)}/s: p50 ${decimals(paced.p50Ms)} ms, p99 ${decimals(paced.p99Ms)} ms`)
      }
    }
  }
  return { name: 'pace', markdown: `${paceTable(rows)}\n${method} ${caption}\n` }
}

const method = `Open loop over ${usualConnections} connections: a request is sent at its time, whether or not others have been answered; latencies count from the time at which it was meant to be sent, ` +
  'and one that is never answered counts with its wait. Peaks are those of `wrk` in the same round; medians of the rounds. The generator looks at its clock each millisecond and shares a core with the stub: how late it was itself (p99) is part of every latency, and `direct` is the floor.'

async function peakOf (peer: Peer, stand: Stand, { warmUpSeconds, seconds }: Options): Promise<number> {
  await warmUp(peer, stand, { calls: 'get', seconds: warmUpSeconds })
  return (await measureRate(peer, stand, { calls: 'get', seconds })).requestsPerSecond
}

/** Warm before it is paced: a backlog from starting up would not say what it does in service. */
async function drive (stand: Stand, { warmUpSeconds, seconds }: Options, peer: Peer, requestsPerSecond: number): Promise<Paced> {
  await warmUp(peer, stand, { calls: 'get', seconds: warmUpSeconds })
  const where = { url: peer.url + read, key: stand.key, connections: usualConnections }
  const pace: Pace = { ...where, requestsPerSecond, warmUpSeconds: pacerWarmUpSeconds, seconds }
  const command = [process.execPath, join(import.meta.dirname, 'pacer.js')]
  const pacer = run(command, { core: stand.loadCore, log: join(stand.scratch, 'pacer.log'), talks: true })
  try {
    return await pacer.ask(pace, (pacerWarmUpSeconds + seconds + 30) * 1000) as Paced
  } finally {
    await pacer.stop()
  }
}

function paceTable (rows: readonly Row[]): string {
  const header = ['80 % of the peak of', 'peer', 'meant, requests/s', 'answered/s', 'p50 ms', 'p99 ms', 'p99, rounds', 'generator ms']
  return markdownTable(header, names.flatMap(load => driven.map(peer => {
    const own = rows.filter(row => row.load === load && row.peer === peer)
    const middle = (value: (row: Row) => number): number => median(own.map(value))
    return [
      load, peer, whole(middle(row => row.requestsPerSecond)), whole(middle(row => row.answeredPerSecond)),
      decimals(middle(row => row.p50Ms)), decimals(middle(row => row.p99Ms)), spread(own.map(row => row.p99Ms), 2),
      decimals(middle(row => row.lateP99Ms))
    ]
  })))
}
