/** A key store in a PostgreSQL database of its own, reached over connections that a test can break. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { KeyStore } from '../../src/keys/contract.js'
import { openPostgres, type PostgresOptions } from '../../src/keys/stores/postgres/store.js'
import { addressOf, urlOf, type Postgres } from './postgres.js'
import type { StoreSubject } from './store-subject.js'
import { startWobbly, type Wobbly } from './wobbly.js'

interface PostgresSubject extends StoreSubject {
  readonly database: string
  readonly network: Wobbly
  readonly open: (more?: Partial<PostgresOptions>) => Promise<KeyStore>
}

/** A store with a clock that stands still unless a test moves it. */
export async function openIn (t: Test, server: Postgres, options: Partial<PostgresOptions> = {}): Promise<PostgresSubject> {
  const clock = { at: Date.parse('2027-01-01') }
  const database = await server.createDatabase()
  const network = await startWobbly(t, server.port)
  let statements = 0
  const open = async (more: Partial<PostgresOptions> = {}): Promise<KeyStore> => {
    const store = await openPostgres(addressOf(urlOf(network.port, database)), { staleMs: 600_000, now: () => clock.at, ...more })
    let closed: Promise<void> | undefined
    const close = async (): Promise<void> => await (closed ??= store.close())
    t.teardown(close)
    return { ...store, close }
  }
  return {
    store: await open({ onStatement: () => { statements++ }, ...options }),
    another: open,
    open,
    database,
    network,
    clock,
    passSecond: async () => {
      clock.at += 1000
      await delay(300)
    },
    fail: async () => { network.cut() },
    statements: () => statements
  }
}
