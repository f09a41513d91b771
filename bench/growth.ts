/** Whether a request becomes dearer with the number of keys: few and very many in each store, facades side by side. */
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openStage } from '../scripts/cleanup.js'
import { markdownTable } from '../scripts/markdown.js'
import { Caller } from './caller.js'
import { openKeyStores, type FilledStore } from './filled.js'
import type { Options } from './options.js'
import { processorTimeOf, type Running } from './processes.js'
import { decimals, spread, whole, type Section } from './report.js'
import { say, type Stand } from './stand.js'
import { startFacade } from './start.js'
import { median, ratioOfRounds } from './statistics.js'

/** What is measured of a request: its key is remembered by the facade, or has to be asked about. */
const kinds = ['known', 'asked'] as const
type Kind = typeof kinds[number]

/** Of one store with so many keys: microseconds of processor time a request, one for each turn of each round. */
export interface Growth extends Readonly<Record<Kind, readonly number[]>> {
  readonly store: string
  readonly keys: number
}

/** The facades of a store take turns within a round, so that what slows the machine meets them alike. */
const turns = 10
/** Asking takes longer than answering what is known, since the store has to change in between. */
const askingFactor = 3
/** As many keys are in use in each store, for the smallest one has no more: how many there are beside them is what differs. */
const keysInUse = 10
/** Asked about at the same time. */
const keysAtOnce = 5
/** Requests by other keys before that: a change empties the page cache of SQLite, which fills again in service. */
const requestsBefore = 50

/** What `--growth` has to say of keys. */
export async function measureGrowth (stand: Stand, options: Options, caption: string): Promise<{ readonly section: Section, readonly shortfalls: readonly string[] }> {
  const stage = openStage()
  try {
    const stores = await openKeyStores(stage, stand, options.keys)
    const rows = stores.map(({ name, keys }) => ({ store: name, keys, known: [] as number[], asked: [] as number[] }))
    for (let round = 1; round <= options.rounds; round++) {
      for (const name of new Set(stores.map(store => store.name))) {
        const costs = await measureRound(stand, stores.filter(store => store.name === name), options)
        rows.filter(({ store }) => store === name).forEach((row, at) => {
          const { known = [], asked = [] } = costs[at] ?? {}
          row.known.push(...known)
          row.asked.push(...asked)
          say(`round ${round}  ${name.padEnd(10)} ${whole(row.keys)} keys: ${decimals(median(known), 1)} us by a known key, ${decimals(median(asked), 1)} us by one that is asked about`)
        })
      }
    }
    return { section: growthSection(rows, caption), shortfalls: growthShortfalls(rows) }
  } finally {
    await stage.clear()
  }
}

/** Microseconds of processor time a request, one for each turn. */
type Costs = Record<Kind, number[]>

interface Subject {
  readonly store: FilledStore
  readonly facade: Running
  readonly caller: Caller
  readonly costs: Costs
}

/** Each round starts a facade on each of these stores anew: no lucky or unlucky state of one process decides. */
async function measureRound (stand: Stand, stores: readonly FilledStore[], { seconds, warmUpSeconds }: Options): Promise<readonly Costs[]> {
  const subjects: Subject[] = []
  try {
    for (const store of stores) subjects.push(await open(stand, store))
    for (const { caller } of subjects) await caller.callFor(warmUpSeconds * 1000, known)
    for (const kind of kinds) {
      for (let turn = 0; turn < turns; turn++) {
        const order = turn % 2 === 0 ? subjects : subjects.toReversed()
        for (const subject of order) subject.costs[kind].push(await measures[kind](subject, seconds * 1000 / turns))
      }
    }
    return subjects.map(({ costs }) => costs)
  } finally {
    for (const { caller, facade } of subjects) {
      caller.close()
      await facade.stop()
    }
  }
}

async function open (stand: Stand, store: FilledStore): Promise<Subject> {
  const place = { folder: store.folder, dataDir: store.folder, upstreamPort: stand.upstreamPort, core: stand.peerCore, key: store.keyAt(0) }
  const { url, process } = await startFacade(place, { keysUrl: store.url })
  return { store, facade: process, caller: new Caller(url, store.keyAt), costs: { known: [], asked: [] } }
}

const known = (request: number): number => request % keysInUse

/** What a request costs, from calls of so long. */
const measures: Readonly<Record<Kind, (subject: Subject, ms: number) => Promise<number>>> = { known: measureKnown, asked: measureAsked }

async function measureKnown (subject: Subject, ms: number): Promise<number> {
  const { requests, processorUs } = await count(subject, async () => await subject.caller.callFor(ms, known))
  return processorUs / requests
}

/**
 * The facade asks about each key again when its store has changed. Each turn takes other keys, from anywhere in the store; not each change:
 * that a key has been used is written down, and how many are in use is not what differs.
 */
async function measureAsked (subject: Subject, ms: number): Promise<number> {
  const { store, caller } = subject
  const first = randomInt(store.keys)
  const half = Math.floor(store.keys / 2)
  const keys = Array.from({ length: keysAtOnce }, (_, at) => (first + at * stride) % half)
  const others = Array.from({ length: requestsBefore }, (_, at) => half + (first + at * stride) % (store.keys - half))
  const all = { requests: 0, processorUs: 0 }
  for (const end = performance.now() + ms * askingFactor; performance.now() < end;) {
    await store.change()
    await caller.callEach(others)
    await delay(settleMs)
    const { requests, processorUs } = await count(subject, async () => await caller.callEach(keys))
    all.requests += requests
    all.processorUs += processorUs
  }
  return all.processorUs / all.requests
}

/** A prime that divides no usual number of keys: five steps lead to five keys, far from each other. */
const stride = 7919

/** What is done after an answer belongs to its request. */
const settleMs = 5

/** Counts processor time of the facade, and of the server that holds its keys. */
async function count ({ facade, store }: Subject, work: () => Promise<number>): Promise<{ readonly requests: number, readonly processorUs: number }> {
  const groups = [...facade.groups, ...store.serverGroups()]
  const before = processorTimeOf(groups)
  const requests = await work()
  await delay(settleMs)
  return { requests, processorUs: processorTimeOf(groups) - before }
}

/** Within so much of the fewest keys, or of no idle connection, the cost is called flat. */
export const flatWithin = 0.1

const costOf = (rows: readonly Growth[], { store, ...row }: Growth, kind: Kind): number => {
  const base = rows.find(other => other.store === store)
  return ratioOfRounds(base?.[kind] ?? [], row[kind]) ?? Number.NaN
}

function growthSection (rows: readonly Growth[], caption: string): Section {
  const header = ['keys in', 'keys', 'µs by a known key', 'x fewest keys', 'spread', 'µs by a key that is asked about', 'x fewest keys', 'spread']
  const table = markdownTable(header, rows.map(row => [row.store, whole(row.keys), ...kinds.flatMap(kind => [decimals(median(row[kind]), 1), decimals(costOf(rows, row, kind)), spread(row[kind])])]))
  return { name: 'growth', markdown: `${table}\n${method} ${caption}\n` }
}

const method = `Processor time a request, of the facade and of the PostgreSQL that holds its keys, by ${keysInUse} keys in use. Asked about are ${keysAtOnce} keys after each change of the store and ${requestsBefore} requests by others, different ones in each turn. Medians of ${turns} turns in each round, which the facades of a store take one after the other; ratios are medians of those within a turn, less is better.`

/** A sentence for each cost that is not flat. */
export function growthShortfalls (rows: readonly Growth[]): readonly string[] {
  return rows.flatMap(row => kinds.flatMap(kind => {
    const cost = costOf(rows, row, kind)
    if (cost <= 1 + flatWithin) return []
    const what = kind === 'known' ? 'a known key' : 'a key that is asked about'
    return `${row.store} with ${whole(row.keys)} keys: a request by ${what} costs ${decimals(cost)} times what it costs with the fewest; the bound is ${decimals(1 + flatWithin)}.`
  }))
}
