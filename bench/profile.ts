/** Where the facade's time goes: a V8 CPU profile of it under load, by stage. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markdownTable } from '../scripts/markdown.js'
import { BenchError } from './machine.js'
import type { Options } from './options.js'
import type { ProfilerMessage } from './profiler.js'
import { decimals, type Section } from './report.js'
import { measureRate, say, warmUp, type Rate, type Stand } from './stand.js'
import { sharesOf, type Profile } from './stages.js'
import { startFacade, type Peer } from './start.js'

const preload = pathToFileURL(join(import.meta.dirname, 'profiler.js')).href

/** Leaves the profile in the system's folder for temporary files. */
export async function measureProfile (stand: Stand, { calls, seconds, warmUpSeconds }: Options, caption: string): Promise<Section> {
  const file = join(tmpdir(), 'hokusai-mlflow-facade.cpuprofile')
  const start = { preload }
  const rate = await stand.withPeer('facade', async peer => {
    await warmUp(peer, stand, { calls, seconds: warmUpSeconds })
    await tell(peer, {})
    const measured = await measureRate(peer, stand, { calls, seconds })
    await tell(peer, { file })
    return measured
  }, async place => await startFacade(place, start))
  say(`The profile is in ${file}: Chrome's developer tools open it.`)
  return { name: 'profile', markdown: `${profileTable(JSON.parse(readFileSync(file, 'utf8')) as Profile, rate)}\n${method} Calls: ${calls}. ${caption}\n` }
}

const method = 'Shares are of V8\'s samples that are not idle, each by the function that was running; what Node\'s streams, timers and native functions do counts for who called them. ' +
  'Microseconds are these shares of the processor time a request, which the profiler itself makes larger.'

async function tell ({ process }: Peer, message: ProfilerMessage): Promise<void> {
  if (process === undefined) throw new BenchError('There is no process to profile.')
  await process.ask(message, 60_000)
}

function profileTable (profile: Profile, { processorUs = Number.NaN }: Rate): string {
  const rows = sharesOf(profile).map(({ stage, share }) => [stage, decimals(share * processorUs, 1), decimals(share * 100, 1)])
  return markdownTable(['stage', 'µs a request', '%'], [...rows, ['all', decimals(processorUs, 1), '100.0']])
}
