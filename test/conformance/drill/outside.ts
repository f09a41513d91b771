/** What the facades of the drill lean on, each a process that can be stopped, hung and started. */
import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../scripts/mlflow/ports.js'
import type { NewKey } from '../../../src/keys/contract.js'
import { readStoreUrl } from '../../../src/core/settings/config.js'
import { openStore } from '../../../src/keys/open.js'
import { endBy } from '../../helpers/end.js'
import { startPostgres, urlOf } from '../../helpers/postgres.js'
import { startRedis } from '../../helpers/redis.js'
import type { Told } from './auth-service.js'
import type { DrillKey } from './judge.js'

export interface Teardown { teardown: (fn: () => unknown) => void }

/** A service that can fail. */
export interface Outside {
  readonly start: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly hang: () => void
  readonly resume: () => void
}

/** Whoever makes and ends keys. Both reject when they cannot, and then nobody may know whether they did. */
export interface Registrar {
  readonly make: () => Promise<DrillKey>
  readonly end: (key: DrillKey) => Promise<void>
  /** Replaces a key, which ends at once. */
  readonly rotate: (key: DrillKey) => Promise<DrillKey>
}

const now = (): number => performance.now()
const fresh = (text: string): DrillKey => ({ text, madeAt: now(), endingAt: undefined, endedAt: undefined })

/** Marks a key as ended only when the store has said so. */
async function ending<T> (key: DrillKey, work: () => Promise<T>): Promise<T> {
  key.endingAt = now()
  key.endedAt = Infinity
  const result = await work()
  key.endedAt = now()
  return result
}

export async function openRedis (t: Teardown): Promise<Outside & { readonly url: string }> {
  return await startRedis(t)
}

/** PostgreSQL, and a registrar that writes to it as the command line would. */
export async function openPostgres (t: Teardown): Promise<Outside & { readonly url: string, readonly registrar: Registrar }> {
  const server = await startPostgres(t)
  const url = urlOf(server.port, await server.createDatabase())
  const store = readStoreUrl(url, () => '')
  if (store === undefined) throw new Error('PostgreSQL has no URL.')
  const keys = await openStore({ store, cacheMs: 0, staleMs: 0, serviceId: 'platform', emptyScopes: 'none' })
  t.teardown(async () => await keys.close())
  const ids = new Map<DrillKey, string>()
  const grants: NewKey = {
    name: 'drill',
    userId: 'drill',
    environment: 'test',
    scopes: new Set(['mlflow:write']),
    workspaces: [],
    ratePerHour: 10_000_000, // each call is counted, and none is too many
    expiresAt: undefined
  }
  const known = (key: DrillKey, id: string): DrillKey => {
    ids.set(key, id)
    return key
  }
  const idOf = (key: DrillKey): string => ids.get(key) ?? ''
  const registrar: Registrar = {
    async make () {
      const { key, record } = await keys.create(grants)
      return known(fresh(key), record.keyId)
    },
    async end (key) { await ending(key, async () => await keys.revoke(idOf(key), 'drill')) },
    async rotate (key) {
      const issued = await ending(key, async () => await keys.rotate(idOf(key), 0))
      if (issued === undefined) throw new Error('The key is not there.')
      return known(fresh(issued.key), issued.record.keyId)
    }
  }
  return { ...server, url, registrar }
}

/** The auth service, and a registrar that tells it. It remembers across its ends: the platform's database does not die with it. */
export async function openAuthService (t: Teardown): Promise<Outside & { readonly url: string, readonly registrar: Registrar }> {
  const port = await freePort()
  const good = new Set<string>()
  let child: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()
  /** One after the other: an answer does not say what it answers. */
  const tell = async (told: Told): Promise<void> => {
    const turn = last.then(async () => {
      if (child?.connected !== true) throw new Error('The auth service is gone.')
      const answered = once(child, 'message')
      child.send(told)
      await answered
    })
    last = turn.catch(() => {}) // whoever told it hears of it
    await turn
  }
  const start = async (): Promise<void> => {
    child = fork(fileURLToPath(new URL('auth-service.js', import.meta.url)), [String(port)], { stdio: 'ignore' })
    await tell({ good: [...good] })
  }
  const kill = async (): Promise<void> => await endBy('SIGKILL', child)
  t.teardown(kill)
  const registrar: Registrar = {
    async make () {
      const text = `hk_test_${randomBytes(20).toString('hex')}`
      await tell({ good: [text] })
      good.add(text)
      return fresh(text)
    },
    async end (key) {
      await ending(key, async () => await tell({ ended: key.text }))
      good.delete(key.text)
    },
    async rotate (key) {
      await registrar.end(key)
      return await registrar.make()
    }
  }
  await start()
  return { start, kill, hang: () => child?.kill('SIGSTOP'), resume: () => child?.kill('SIGCONT'), url: `http://127.0.0.1:${port}/base/`, registrar }
}
