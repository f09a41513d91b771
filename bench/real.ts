/** A real MLflow through the facade and directly: what the facade takes from people, where MLflow is the slow part. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStage } from '../scripts/cleanup.js'
import { markdownTable } from '../scripts/markdown.js'
import { startMlflow } from '../scripts/mlflow/server.js'
import type { Options } from './options.js'
import { decimals, spread, whole, type Section } from './report.js'
import { measureRate, openStand, say, type Rate } from './stand.js'
import { median, ratioOfRounds } from './statistics.js'

const version = '3.17.2'
const connections = 8
const names = ['direct', 'facade'] as const

/** Rounds in turns, the second side first in every other one. */
export async function measureReal ({ rounds, seconds, warmUpSeconds }: Options, caption: string): Promise<Section> {
  const stage = openStage()
  const folder = await mkdtemp(join(tmpdir(), 'hokusai-bench-mlflow-'))
  stage.teardown(async () => await rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  try {
    const dir = join(folder, 'mlflow')
    await mkdir(dir)
    const { port } = await startMlflow(stage, { dir, version })
    const stand = await openStand({ bytes: 0, upstreamPort: port })
    const rates: Record<typeof names[number], Rate[]> = { direct: [], facade: [] }
    for (let round = 1; round <= rounds; round++) {
      for (const name of round % 2 === 1 ? names : names.toReversed()) {
        const rate = await stand.withPeer(name, async peer => {
          await measureRate(peer, stand, { calls: 'get', connections, seconds: warmUpSeconds })
          return await measureRate(peer, stand, { calls: 'get', connections, seconds })
        })
        rates[name].push(rate)
        say(`round ${round}  ${name.padEnd(8)} ${decimals(rate.requestsPerSecond, 1)} requests/s`)
      }
    }
    return { name: 'real', markdown: `${realTable(rates)}\nMLflow ${version} with one worker and SQLite, GET of an experiment, ${connections} connections; medians of the rounds, the ratio of those within a round. ${caption}\n` }
  } finally {
    await stage.clear()
  }
}

function realTable (rates: Readonly<Record<typeof names[number], readonly Rate[]>>): string {
  const perSecond = (name: typeof names[number]): number[] => rates[name].map(({ requestsPerSecond }) => requestsPerSecond)
  return markdownTable(['', 'requests/s', 'rounds', 'x direct', 'p50 ms', 'p99 ms'], names.map(name => [
    name,
    whole(median(perSecond(name))),
    spread(perSecond(name)),
    decimals(ratioOfRounds(perSecond('direct'), perSecond(name))),
    decimals(median(rates[name].map(({ p50Ms }) => p50Ms)), 1),
    decimals(median(rates[name].map(({ p99Ms }) => p99Ms)), 1)
  ]))
}
