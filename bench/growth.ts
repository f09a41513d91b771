/**
 * `npm run bench:growth`: what a request costs the facade, in processor time, with few and with very many keys in each store of our own,
 * as a Markdown table: by keys that the facade knows, and by keys that it asks the store about.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openStage, type Stage } from '../scripts/cleanup.js'
import { freePort } from '../scripts/mlflow/ports.js'
import { toScopes } from '../src/access/scopes.js'
import { readStoreUrl } from '../src/core/settings/config.js'
import { openStore } from '../src/keys/open.js'
import { startPostgres, urlOf, type Postgres } from '../test/helpers/postgres.js'
import { answer, standIn } from '../test/helpers/upstream.js'
import { BenchError, pickCores, type Cores } from './machine.js'
import { processorTimeOf, run, type Running } from './processes.js'
import { median } from './statistics.js'

export interface GrowthOptions {
  readonly sizes: readonly number[]
  readonly rounds: number
  /** Requests of each round by keys that are known. */
  readonly requests: number
}

export interface Growth {
  readonly store: 'SQLite' | 'PostgreSQL'
  readonly keys: number
  /** Microseconds of processor time a request, one for each round. */
  readonly known: readonly number[]
  /** Empty: there are too few keys for that. */
  readonly asked: readonly number[]
}

interface Subject {
  readonly store: Growth['store']
  readonly keys: number
  readonly url: string
  readonly facade: Running
  /** The next key that the facade has not seen. */
  unseen: number
  readonly known: number[]
  readonly asked: number[]
}

/** So many keys are used again and again, where there are so many. */
const workingSet = 1000
/** Keys of a round that the facade sees for the first time; of 10,000 keys five rounds leave none. It remembers 10,000. */
const unseenPerRound = 1800
const callers = 16
const search = '/mlflow/api/2.0/mlflow/experiments/search?max_results=1'

/** All sizes of both stores take turns in each round, so that what slows the machine meets them alike. */
export async function measureGrowth (stage: Stage, { sizes, rounds, requests }: GrowthOptions, say: (line: string) => void): Promise<readonly Growth[]> {
  const cores = pickCores()
  const mlflow = await standIn(stage, call => {
    mlflow.calls.length = 0 // it would else keep them all
    call.write(answer(200, '{}'))
  })
  const postgres = await startPostgres(stage)
  const subjects: Subject[] = []
  for (const store of ['SQLite', 'PostgreSQL'] as const) {
    for (const keys of sizes) {
      say(`${store}, ${keys} keys: filling`)
      subjects.push(await open(stage, { store, keys, cores, mlflowUrl: mlflow.url.href, postgres }))
    }
  }
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`)
    for (const subject of subjects) await measure(subject, requests)
  }
  return subjects
}

interface Place {
  readonly store: Growth['store']
  readonly keys: number
  readonly cores: Cores
  readonly mlflowUrl: string
  readonly postgres: Postgres
}

async function open (stage: Stage, { store, keys, cores, mlflowUrl, postgres }: Place): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-growth-'))
  stage.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const keysUrl = store === 'SQLite' ? `sqlite:${join(folder, 'keys.db')}` : urlOf(postgres.port, await postgres.createDatabase())
  await fill(keysUrl, keys)
  const port = await freePort()
  const env = { DATA_DIR: folder, KEYS_URL: keysUrl, MLFLOW_UPSTREAM_URL: mlflowUrl, PORT: String(port), METRICS_PORT: 'off' }
  const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
  const facade = run([process.execPath, program, 'start'], { core: cores.peer, log: join(folder, 'log'), env })
  stage.teardown(facade.stop)
  const url = `http://127.0.0.1:${port}`
  for (const end = performance.now() + 60_000; !await fetch(`${url}/ready`).then(({ ok }) => ok, () => false); await delay(100)) {
    if (performance.now() > end) throw new BenchError(`The facade with ${keys} keys in ${store} is not ready.`)
  }
  const subject: Subject = { store, keys, url, facade, unseen: 0, known: [], asked: [] }
  await spend(subject, workingSet * 10, index => index % Math.min(keys, workingSet)) // it gets warm, and knows them
  subject.unseen = workingSet
  return subject
}

const keyAt = (index: number): string => `a-key-of-the-benchmark-${index}`

/** By their hashes, as keys of another system come. */
async function fill (url: string, count: number): Promise<void> {
  const store = readStoreUrl(url, () => '')
  if (store === undefined) throw new BenchError('The store has no URL.')
  const keys = await openStore({ store, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' })
  const grants = { name: 'bench', userId: 'bench', scopes: toScopes(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined }
  const batch = 10_000
  for (let from = 0; from < count; from += batch) {
    await keys.import(Array.from({ length: Math.min(batch, count - from) }, (_, index) => {
      return { ...grants, hash: createHash('sha256').update(keyAt(from + index)).digest('hex') }
    }))
  }
  await keys.close()
}

async function measure (subject: Subject, requests: number): Promise<void> {
  const { keys, known, asked } = subject
  known.push(await spend(subject, requests, index => index % Math.min(keys, workingSet)))
  const first = subject.unseen
  if (first + unseenPerRound > keys) return
  subject.unseen += unseenPerRound
  asked.push(await spend(subject, unseenPerRound, index => first + index))
}

/** Microseconds of the facade's processor time a request. */
async function spend ({ url, facade }: Subject, requests: number, pick: (index: number) => number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const before = processorTimeOf(facade.groups)
  let made = 0
  await Promise.all(Array.from({ length: callers }, async () => {
    while (made < requests) await get(`${url}${search}`, keyAt(pick(made++)), agent)
  }))
  const spent = processorTimeOf(facade.groups) - before
  agent.destroy()
  return spent / requests
}

/** @throws BenchError when the answer is not 200: such a figure means nothing */
async function get (url: string, key: string, agent: Agent): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request(url, { agent, headers: { authorization: `Bearer ${key}` } }, response => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new BenchError(`An answer was ${response.statusCode}.`))
      })
    }).once('error', reject).end()
  })
}

/** Within so much of the smallest store the cost is called flat. */
const flatWithin = 0.1

/** The table, and a sentence for each cost that is not flat. */
export function growthReport (rows: readonly Growth[]): { readonly markdown: string, readonly steep: readonly string[] } {
  const steep: string[] = []
  const lines = rows.map(({ store, keys, ...costs }) => {
    const cells = (['known', 'asked'] as const).map(what => {
      if (costs[what].length === 0) return '–'
      const base = rows.find(row => row.store === store && row[what].length > 0)?.[what] ?? []
      const ratio = median(costs[what]) / median(base)
      if (ratio > 1 + flatWithin) steep.push(`${store}, ${keys} keys, ${what}: ${ratio.toFixed(2)} times what the fewest cost`)
      return `${median(costs[what]).toFixed(0)} (${ratio.toFixed(2)})`
    })
    return `| ${store} | ${keys.toLocaleString('en')} | ${cells.join(' | ')} |\n`
  })
  const head = '| store | keys | µs a request by a known key (ratio) | µs a request by a key that is asked about (ratio) |\n|---|--:|--:|--:|\n'
  return { markdown: head + lines.join(''), steep }
}

async function main (): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '10,10000,1000000' },
      rounds: { type: 'string', default: '5' },
      requests: { type: 'string', default: '4000' }
    }
  })
  const stage = openStage()
  try {
    const options = { sizes: values.sizes.split(',').map(Number), rounds: Number(values.rounds), requests: Number(values.requests) }
    const { markdown, steep } = growthReport(await measureGrowth(stage, options, line => process.stderr.write(`${line}\n`)))
    process.stdout.write(`${markdown}\n${steep.length === 0 ? 'Flat within 10 %.' : steep.join('\n')}\n`)
    process.exitCode = steep.length === 0 ? 0 : 1
  } finally {
    await stage.clear()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
