/** Opens the key store that the configuration names. One row a kind of store; a store that is not used loads nothing. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KeysConfig, StoreConfig } from '../core/settings/config.js'
import { StoreNotOursError, StoreUnavailableError, type KeyStore, type KeyVerifier } from './contract.js'
import type { StoreListeners } from './listeners.js'

/** What can be said of a store without opening it. */
interface Facts {
  /** What it is, as a KEYS_URL without user and password. */
  readonly address: string
  /** Whether there is one: opening makes it where it can. @throws StoreUnavailableError */
  readonly exists: () => Promise<boolean>
  /** Why nobody may serve from it, as a sentence; undefined: they may. It can be moved away from all the same. */
  readonly obstacle: () => Promise<string | undefined>
  /** What people see to when it cannot answer. */
  readonly remedy: string
}

/** A kind of store: `managed` where its keys are issued, changed and ended here, and not by somebody else. */
type StoreKind = Facts & (
  | { readonly managed: true, readonly open: (config: KeysConfig, listeners: StoreListeners) => Promise<KeyStore> }
  | { readonly managed: false, readonly open: (config: KeysConfig, listeners: StoreListeners) => Promise<KeyVerifier> }
)

/**
 * By what the scheme of KEYS_URL says (`core/settings/config.ts`): `sqlite:` a file, `postgres:` a database, `http:` and
 * `https:` an auth service.
 */
const kinds: { readonly [Kind in StoreConfig['kind']]: (store: Extract<StoreConfig, { readonly kind: Kind }>) => StoreKind } = {
  sqlite: ({ file }) => ({
    managed: true,
    address: `sqlite:${resolve(file)}`,
    exists: async () => existsSync(file),
    obstacle: async () => {
      const { networkOf } = await import('./stores/sqlite/network.js')
      const network = networkOf(file)
      return network === undefined ? undefined : `A key database in SQLite cannot be on ${network}: use a disk of this machine, or PostgreSQL, which several machines can share.`
    },
    remedy: 'check the file that KEYS_URL names: its permissions, its disk; restore a backup if need be',
    open: async (_config, { report }) => {
      const { openSqlite } = await import('./stores/sqlite/store.js')
      return openSqlite(file, report === undefined ? {} : { report })
    }
  }),
  postgres: ({ address }) => ({
    managed: true,
    address: `postgres://${address.host.includes(':') ? `[${address.host}]` : encodeURIComponent(address.host)}:${address.port}/${encodeURIComponent(address.database)}`,
    exists: async () => {
      const { inspectPostgres } = await import('./stores/postgres/inspect.js')
      return (await inspectPostgres(address)).version > 0
    },
    obstacle: async () => undefined,
    remedy: 'check the PostgreSQL server that KEYS_URL names: that it runs, and its address, user, database and sslmode',
    open: async ({ staleMs }, listeners) => {
      const { openPostgres } = await import('./stores/postgres/store.js')
      return await openPostgres(address, { staleMs, ...listeners })
    }
  }),
  service: ({ url }) => ({
    managed: false,
    address: url.origin,
    exists: async () => true,
    obstacle: async () => undefined,
    remedy: 'start the auth service, or correct KEYS_URL (HOKUSAI_AUTH_SERVICE_URL)',
    open: async config => {
      const { openRemote } = await import('./stores/service.js')
      return openRemote(config, url)
    }
  })
}

/** The kind of the configured store; opens nothing. */
export function storeKind ({ store }: KeysConfig): StoreKind {
  const row = kinds[store.kind] as (store: StoreConfig) => StoreKind // the compiler does not see that both are of one kind
  return row(store)
}

/** Opens what guards requests. @throws StoreUnavailableError when a store of our own cannot be opened */
export async function openVerifier (config: KeysConfig, listeners: StoreListeners = {}): Promise<KeyVerifier> {
  const kind = storeKind(config)
  await refuseObstacle(kind)
  return await kind.open(config, listeners)
}

/** Opens the store for whoever manages keys. @throws StoreNotOursError where that is done elsewhere, StoreUnavailableError */
export async function openStore (config: KeysConfig, listeners: StoreListeners = {}): Promise<KeyStore> {
  const kind = managedKind(config)
  await refuseObstacle(kind)
  return await kind.open(config, listeners)
}

/** As `openStore`, for whoever takes all keys out of it: also where nobody may serve from it. */
export async function openStoreToLeave (config: KeysConfig): Promise<KeyStore> {
  return await managedKind(config).open(config, {})
}

function managedKind (config: KeysConfig): StoreKind & { readonly managed: true } {
  const kind = storeKind(config)
  if (!kind.managed) throw new StoreNotOursError()
  return kind
}

async function refuseObstacle ({ obstacle }: StoreKind): Promise<void> {
  const found = await obstacle()
  if (found !== undefined) throw new StoreUnavailableError(found)
}
