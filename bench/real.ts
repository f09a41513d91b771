/** A real MLflow through the facade and directly: what the facade takes from people, where MLflow is the slow part. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStage } from '../scripts/cleanup.js'
import { markdownTable } from '../scripts/markdown.js'
import { startMlflow } from '../scripts/mlflow/server.js'
import type { Options } from './options.js'
import { decimals, spread, whole, type Section } from './report.js'
import type { Peer } from './start.js'
import { measureRate, openStand, say, type Rate, type Stand } from './stand.js'
import { median, ratioOfRounds } from './statistics.js'

const version = '3.17.2'
const connections = 8
const names = ['direct', 'facade'] as const
type Name = typeof names[number]

/** At the rate of an MLflow, V8 takes this long until it has compiled what a request needs. */
const warmUpLeast = 15

/** All sides are up at the same time and take turns of a few seconds, so that what slows the machine for longer slows them alike. */
export async function measureReal ({ rounds, seconds, warmUpSeconds }: Options, caption: string): Promise<Section> {
  const stage = openStage()
  const folder = await mkdtemp(join(tmpdir(), 'hokusai-bench-mlflow-'))
  stage.teardown(async () => await rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  try {
    const dir = join(folder, 'mlflow')
    await mkdir(dir)
    const { port } = await startMlflow(stage, { dir, version })
    const stand = await openStand({ bytes: 0, upstreamPort: port })
    const rates = await withPeers(stand, names, async peers => {
      for (const peer of peers.values()) await measureRate(peer, stand, { calls: 'get', connections, seconds: Math.max(warmUpLeast, warmUpSeconds) })
      return await takeTurns(peers, stand, rounds, seconds)
    })
    return { name: 'real', markdown: `${realTable(rates)}\nMLflow ${version} with one worker and SQLite, GET of an experiment, ${connections} connections; medians of the turns, the ratio of those within a round of turns. Processor time is that of the peer and all that it needs. ${caption}\n` }
  } finally {
    await stage.clear()
  }
}

/** Starts peers that stay up together. */
async function withPeers<T> (stand: Stand, wanted: readonly Name[], use: (peers: ReadonlyMap<Name, Peer>) => Promise<T>): Promise<T> {
  const [name, ...others] = wanted
  if (name === undefined) return await use(new Map())
  return await stand.withPeer(name, async peer => await withPeers(stand, others, async peers => await use(new Map([[name, peer], ...peers]))))
}

async function takeTurns (peers: ReadonlyMap<Name, Peer>, stand: Stand, rounds: number, seconds: number): Promise<Rates> {
  const rates = new Map<Name, Rate[]>(names.map(name => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    const order = [...peers].map((_, place, all) => all[(place + round) % all.length]).filter(entry => entry !== undefined)
    for (const [name, peer] of order) {
      const rate = await measureRate(peer, stand, { calls: 'get', connections, seconds })
      rates.get(name)?.push(rate)
      say(`round ${round}  ${name.padEnd(18)} ${decimals(rate.requestsPerSecond, 1)} requests/s`)
    }
  }
  return rates
}

type Rates = ReadonlyMap<Name, readonly Rate[]>

function realTable (rates: Rates): string {
  const of = (name: Name): readonly Rate[] => rates.get(name) ?? []
  const perSecond = (name: Name): number[] => of(name).map(({ requestsPerSecond }) => requestsPerSecond)
  return markdownTable(['', 'requests/s', 'turns', 'x direct', 'p50 ms', 'p99 ms', 'µs a request'], names.map(name => [
    name,
    whole(median(perSecond(name))),
    spread(perSecond(name)),
    // Rates, not times: the other way round than processor time
    decimals(ratioOfRounds(perSecond('direct'), perSecond(name))),
    decimals(median(of(name).map(({ p50Ms }) => p50Ms)), 1),
    decimals(median(of(name).map(({ p99Ms }) => p99Ms)), 1),
    name === 'direct' ? '–' : whole(median(of(name).map(({ processorUs = Number.NaN }) => processorUs)))
  ]))
}
