/** `npm run bench:keys`: what a key costs in each store of our own, as a Markdown table: when it is asked about, and when it is known. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStage, type Stage } from '../scripts/cleanup.js'
import { markdownTable } from '../scripts/markdown.js'
import { toScopes } from '../src/access/scopes.js'
import { openStore } from '../src/keys/open.js'
import type { KeysConfig, StoreConfig } from '../src/core/settings/config.js'
import type { KeyStore } from '../src/keys/contract.js'
import { addressOf, startPostgres, urlOf } from '../test/helpers/postgres.js'
import { median } from './statistics.js'

const usage = `Usage: npm run bench:keys -- [--keys N] [--rounds N] [--postgres URL]

  --keys N        keys in each store, 9000 at most: what a facade remembers (5000)
  --rounds N      how often each store is opened anew and measured, in turns (5)
  --postgres URL  a database that may be filled; default: a server of its own, on loopback
`

/** As many callers as wait at the same time. */
const callers = 32

interface Times {
  /** Microseconds a key: one after the other, by many at once, and when it is known. */
  readonly asked: number
  readonly askedTogether: number
  readonly known: number
}

const stage = openStage()
try {
  const { values } = parseArgs({
    options: {
      keys: { type: 'string', default: '5000' },
      rounds: { type: 'string', default: '5' },
      postgres: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) process.stdout.write(usage)
  else process.stdout.write(await measure(Number(values.keys), Number(values.rounds), values.postgres))
} finally {
  await stage.clear()
}

async function measure (count: number, rounds: number, postgres: string | undefined): Promise<string> {
  const keys = Array.from({ length: count }, (_, index) => `a-key-of-the-benchmark-${index}`)
  const address = addressOf(postgres ?? await startServer())
  const stores: ReadonlyArray<readonly [string, StoreConfig]> = [['SQLite', openFile(stage)], ['PostgreSQL', { kind: 'postgres', address }]]
  const times = new Map<string, Times[]>(stores.map(([name]) => [name, []]))
  for (const [, store] of stores) await fill(store, keys)
  for (let round = 1; round <= rounds; round++) {
    for (const [name, store] of stores) times.get(name)?.push(await timesOf(store, keys))
  }
  const rows = [...times].map(([name, measured]) => {
    return [name, ...(['asked', 'askedTogether', 'known'] as const).map(what => median(measured.map(each => each[what])).toFixed(1))]
  })
  return markdownTable([`µs a key, median of ${rounds}`, 'asked about, one after the other', `asked about, ${callers} at once`, 'known'], rows)
}

function openFile (stage: Stage): StoreConfig {
  const folder = mkdtempSync(join(tmpdir(), 'bench-keys-'))
  stage.teardown(() => rmSync(folder, { recursive: true }))
  return { kind: 'sqlite', file: join(folder, 'keys.db') }
}

async function startServer (): Promise<string> {
  const server = await startPostgres(stage)
  return urlOf(server.port, await server.createDatabase())
}

async function open (store: StoreConfig): Promise<KeyStore> {
  const config: KeysConfig = { store, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' }
  return await openStore(config)
}

async function fill (config: StoreConfig, keys: readonly string[]): Promise<void> {
  const store = await open(config)
  const scopes = toScopes(['mlflow:read'])
  const grants = { name: 'bench', userId: 'bench', scopes, workspaces: [], ratePerHour: undefined, expiresAt: undefined }
  await store.import(keys.map(key => ({ ...grants, key })))
  await store.close()
}

async function timesOf (config: StoreConfig, keys: readonly string[]): Promise<Times> {
  const [one, many] = [await open(config), await open(config)]
  const asked = await perKey(keys, async () => { for (const key of keys) await check(one, key) })
  const known = await perKey(keys, async () => { for (const key of keys) await check(one, key) })
  const askedTogether = await perKey(keys, async () => {
    await Promise.all(Array.from({ length: callers }, async (_, caller) => {
      for (let at = caller; at < keys.length; at += callers) await check(many, keys[at] ?? '')
    }))
  })
  await Promise.all([one.close(), many.close()])
  return { asked, askedTogether, known }
}

async function check (store: KeyStore, key: string): Promise<void> {
  const verdict = store.verify(key, '127.0.0.1')
  const { valid } = verdict instanceof Promise ? await verdict : verdict
  if (!valid) throw new Error('A key of the benchmark is not valid: the figures mean nothing.')
}

/** Microseconds. */
async function perKey (keys: readonly string[], work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) * 1000 / keys.length
}
