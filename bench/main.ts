/** `npm run bench`: the facade beside its peers on this machine, in one run, as Markdown. */
import { measureGrowth } from './growth.js'
import { measureIdle } from './idle.js'
import { largeSections, largeShortfalls, measureLarge, artifactBytes } from './large.js'
import { BenchError, describeMachine, UsageError } from './machine.js'
import { measureNodes } from './nodes.js'
import { commandOf, readOptions, usage, type Options, type Part } from './options.js'
import { measurePace } from './pace.js'
import { installedPeers } from './peers.js'
import { measureProfile } from './profile.js'
import { joined, measureRates, rateSections, rateShortfalls } from './rates.js'
import { measureReal } from './real.js'
import { requireSections, writeSections, type Section } from './report.js'
import { openStand, say, type Stand } from './stand.js'
import { measureWorkers } from './workers.js'

interface Result {
  readonly sections: readonly Section[]
  /** Sentences about stated bounds that are missed. */
  readonly shortfalls?: readonly string[]
}

/** Measures, given the sentence that says how. */
type Measure = (options: Options, caption: string) => Promise<Result>

/** Nothing here takes longer by far; a benchmark that hangs ends itself. */
const longestMs = 60 * 60_000
/** Room for logs of half a minute. */
const logBytes = 512 * 1024 ** 2
/** In a file of SQLite. */
const bytesPerKey = 500

/** A part that is one section, measured over the stub. */
function onStub (measure: (stand: Stand, options: Options, caption: string) => Promise<Section>): Measure {
  return async (options, caption) => ({ sections: [await measure(await openStand({ bytes: logBytes }), options, caption)] })
}

const measures: Readonly<Record<Part, Measure>> = {
  async rates (options, caption) {
    const { names, skipped } = installedPeers(options.names)
    for (const line of skipped) say(line)
    const stand = await openStand({ bytes: logBytes })
    let rates = await measureRates(stand, names, options)
    if (options.check && rateShortfalls(rates).length > 0) {
      say('Below a bound: measured once more, since a busy machine looks the same.')
      rates = joined(rates, await measureRates(stand, names, options))
    }
    return { sections: rateSections(rates, options.calls, [caption, ...skipped].join(' ')), shortfalls: rateShortfalls(rates) }
  },
  async large (options, caption) {
    const transfers = await measureLarge(await openStand({ bytes: artifactBytes * 2.5 }), options)
    return { sections: largeSections(transfers, caption), shortfalls: largeShortfalls(transfers) }
  },
  profile: onStub(measureProfile),
  pace: onStub(measurePace),
  idle: async (options, caption) => ({ sections: [(await measureIdle(await openStand({ bytes: logBytes }), options, caption)).section] }),
  async growth (options, caption) {
    const stand = await openStand({ bytes: logBytes + Math.max(...options.keys) * bytesPerKey })
    const measured = [await measureGrowth(stand, options, caption), await measureIdle(stand, options, caption)]
    return { sections: measured.map(({ section }) => section), shortfalls: measured.flatMap(({ shortfalls }) => shortfalls) }
  },
  node: onStub(measureNodes),
  workers: async (options, caption) => ({ sections: [await measureWorkers(await openStand({ bytes: logBytes }), options, caption)] }),
  real: async (options, caption) => ({ sections: [await measureReal(options, caption)] })
}

/** The names of the sections that a part may write. */
function sectionNames ({ part, calls }: Options): readonly string[] {
  if (part === 'growth') return ['growth', 'idle']
  if (part !== 'rates') return [part]
  return calls === 'get' ? ['rates', 'summary'] : [`rates-${calls}`]
}

/** @returns the exit code: 0 fine, 1 below a bound or impossible, 2 wrong usage */
async function main (argv: readonly string[]): Promise<number> {
  const options = readOptions(argv)
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }
  for (const file of options.markdown) requireSections(file, sectionNames(options))
  const { sections, shortfalls = [] } = await measures[options.part](options, `\`${commandOf(argv)}\` on ${describeMachine()}.`)
  for (const { name, markdown } of sections) if (name !== 'summary') process.stdout.write(markdown)
  for (const file of options.markdown) writeSections(file, sections)
  if (!options.check) return 0
  for (const problem of shortfalls) say(problem)
  return shortfalls.length === 0 ? 0 : 1
}

const watchdog = setTimeout(() => {
  say(`The benchmark was not done after ${longestMs / 60_000} minutes.`)
  process.exit(1)
}, longestMs)
watchdog.unref()
try {
  process.exit(await main(process.argv.slice(2))) // the stub still runs; leaving ends it
} catch (error) {
  if (error instanceof UsageError) say(`${error.message}\n\n${usage}`)
  else say(error instanceof BenchError ? error.message : String((error as Error).stack))
  process.exit(error instanceof UsageError ? 2 : 1)
}
