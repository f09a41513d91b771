/**
 * Keys are made, rotated and revoked under load while Redis, PostgreSQL and the auth service are each killed, hung and
 * started again; every answer is judged.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { echo, standIn } from '../../helpers/upstream.js'
import { judge, type Call, type DrillKey } from './judge.js'
import { openTally, type Figures, type Tally } from './ledger.js'
import { startLoad, startTransfer, type Load } from './load.js'
import { openAuthService, openPostgres, openRedis, type Outside, type Registrar, type Teardown } from './outside.js'

/** So long after the end of a key counts its transfers have ended. */
const transferMs = 2000
const keysAtOnce = 12
const changeEveryMs = 250

/** One kind of facades: whose keys, and which processes. */
interface Side {
  readonly name: 'postgres' | 'service'
  readonly facades: readonly FacadeProcess[]
  readonly registrar: Registrar
  /** Within so long the end of a key counts: a second with PostgreSQL, KEYS_CACHE_SECONDS with an auth service. */
  readonly revokedWithinMs: number
  readonly keys: DrillKey[]
  tally: Tally
}

export interface Row extends Figures {
  readonly outage: string
  readonly side: Side['name']
}

export interface DrillOptions {
  /** How long each service is away, and how long it then has to come back. */
  readonly outageMs: number
  /** Nothing fails: keys are made, rotated and ended, and that is all. */
  readonly isCalm?: boolean
  /** How long an answer of the auth service counts here; the default of the facade is 60. */
  readonly cacheSeconds?: number
  /** KEYS_CACHE_SECONDS of the facade, where that is another one: the judge has to find it out. */
  readonly believedSeconds?: number
}

export async function drill (t: Teardown, options: DrillOptions, say: (line: string) => void): Promise<Row[]> {
  const { outageMs, isCalm = false, cacheSeconds = 2, believedSeconds = cacheSeconds } = options
  const mlflow = await standIn(t, call => {
    if (call.target.startsWith('/get-artifact')) call.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun')
    else echo(call)
  })
  const [redis, postgres, service] = await Promise.all([openRedis(t), openPostgres(t), openAuthService(t)])
  const start = async (env: NodeJS.ProcessEnv): Promise<FacadeProcess> =>
    await startFacade(t, { mlflowUrl: mlflow.url.href, env: { REDIS_URL: redis.url, KEYS_STALE_SECONDS: '600', ...env } })
  const onPostgres = [await start({ KEYS_URL: postgres.url }), await start({ KEYS_URL: postgres.url })]
  const onService = [await start({ KEYS_URL: service.url, KEYS_CACHE_SECONDS: String(believedSeconds) })]
  const sides: Side[] = [
    { name: 'postgres', facades: onPostgres, registrar: postgres.registrar, revokedWithinMs: 1000, keys: [], tally: openTally(0) },
    { name: 'service', facades: onService, registrar: service.registrar, revokedWithinMs: cacheSeconds * 1000, keys: [], tally: openTally(0) }
  ]
  for (const side of sides) for (let count = 0; count < keysAtOnce; count++) side.keys.push(await side.registrar.make())
  const loads = sides.flatMap(startLoads)

  const rows: Row[] = []
  const phase = async (outage: string, away: Side['name'] | undefined, outside?: Outside, hangs = false): Promise<void> => {
    say(outage)
    for (const side of sides) side.tally = openTally(performance.now())
    if (outside !== undefined) {
      if (hangs) outside.hang()
      else await outside.kill()
    }
    const lost = sides.filter(({ name }) => name === away && !hangs).map(tryToEnd)
    await change(sides.filter(({ name }) => name !== away), outageMs)
    const tried = await Promise.all(lost)
    if (outside !== undefined) {
      if (hangs) outside.resume()
      else await outside.start()
    }
    for (const { side, key } of tried) await endAtLast(side, key)
    await change(sides, outageMs)
    // What was ended last counts everywhere before the next service goes.
    await delay(Math.max(...sides.map(({ revokedWithinMs }) => revokedWithinMs)) + 200)
    rows.push(...sides.map(({ name, tally }) => ({ outage, side: name, ...tally.figures })))
  }
  await phase('none', undefined)
  if (!isCalm) {
    await phase('Redis killed', undefined, redis)
    await phase('Redis hung', undefined, redis, true)
    await phase('PostgreSQL killed', 'postgres', postgres)
    await phase('PostgreSQL hung', 'postgres', postgres, true)
    await phase('auth service killed', 'service', service)
    await phase('auth service hung', 'service', service, true)
  }
  await Promise.all(loads.map(async load => await load.stop()))
  return rows
}

/** On each facade, by good keys and by ended ones, each of which is judged. */
function startLoads (side: Side): Load[] {
  const onCall = (key: DrillKey, call: Call): void => {
    side.tally.note(key, call, judge(key, call, side), performance.now())
  }
  return side.facades.flatMap(({ url }) => [
    startLoad(url, { callers: 4, from: '127.0.0.1', next: () => pick(side.keys.filter(isGood)), onCall }),
    startLoad(url, { callers: 1, from: '127.0.0.2', next: () => pick(side.keys.filter(key => !isGood(key))), onCall })
  ])
}

/** Makes, rotates and ends keys for so long, and follows a transfer of a key that ends in the midst. */
async function change (sides: readonly Side[], forMs: number): Promise<void> {
  const until = performance.now() + forMs
  await Promise.all(sides.flatMap(side => [changeKeys(side, until), endTransfer(side)]))
  await delay(Math.max(0, until - performance.now()))
}

async function changeKeys ({ registrar, keys }: Side, until: number): Promise<void> {
  for (let turn = 0; performance.now() < until; turn++) {
    const good = keys.filter(isGood)
    const [oldest] = good
    if (oldest !== undefined && good.length >= keysAtOnce && turn % 2 === 0) await registrar.end(oldest)
    else if (oldest !== undefined && turn % 4 === 1) keys.push(await registrar.rotate(oldest))
    else keys.push(await registrar.make())
    // Ended keys are tried on for a while, and then forgotten.
    while (keys.length > keysAtOnce * 3) keys.splice(keys.findIndex(({ endedAt }) => endedAt !== undefined), 1)
    await delay(changeEveryMs)
  }
}

/** An end that could not be written has not happened: the key is as good as before, and somebody has to end it again. */
async function tryToEnd (side: Side): Promise<{ readonly side: Side, readonly key: DrillKey }> {
  const key = side.keys.find(isGood)
  if (key === undefined) throw new Error('The drill has no good key left.')
  await side.registrar.end(key).then(() => side.tally.figures.violations.push('a key was ended, and nobody was there to write it'), () => {})
  key.endingAt = key.endedAt = undefined
  return { side, key }
}

/** Whoever lost the store takes a second or two to find it again. */
async function endAtLast ({ registrar }: Side, key: DrillKey): Promise<void> {
  for (const lastAt = performance.now() + 5000; ; await delay(100)) {
    try {
      await registrar.end(key)
      return
    } catch (error) {
      if (performance.now() > lastAt) throw error
    }
  }
}

async function endTransfer (side: Side): Promise<void> {
  const { registrar, facades, revokedWithinMs, tally } = side
  const withinMs = revokedWithinMs + transferMs
  const key = await registrar.make()
  const begun = await Promise.all(facades.map(async ({ url }) => await startTransfer(url, key.text)))
  for (const one of begun) if ('status' in one) tally.figures.violations.push(`a transfer of a good key got ${one.status}`)
  const transfers = begun.flatMap(one => 'ended' in one ? [one] : [])
  await registrar.end(key)
  const endedAt = performance.now()
  await Promise.race([Promise.all(transfers.map(async ({ ended }) => await ended)), delay(withinMs + 1000)])
  const ms = performance.now() - endedAt
  tally.transferEnded(ms)
  if (ms > withinMs) tally.figures.violations.push(`a transfer went on for ${Math.round(ms)} ms after the end of its key`)
}

function isGood ({ endingAt }: DrillKey): boolean {
  return endingAt === undefined
}

function pick (keys: readonly DrillKey[]): DrillKey | undefined {
  return keys[Math.floor(Math.random() * keys.length)]
}
