/** Checks of a PostgreSQL that holds the keys: what is seen on one connection, without changing anything there. */
import type { KeysConfig } from '../core/settings/config.js'
import { isLoopback, type PostgresAddress } from '../core/settings/postgres-url.js'
import type { PostgresFacts } from '../keys/stores/postgres/inspect.js'
import { type Check, error, fine, skipped, type Verdict, warning } from './check.js'

const elsewhere = 'keys are not stored in PostgreSQL'
const verify = 'set sslmode=verify-full in KEYS_URL, with sslrootcert for your own certificate authority'
/** Keys end at a time; a replica whose clock is behind lets them in for longer. */
const skewMaxMs = 5000

export const keyDatabaseChecks: readonly Check[] = [
  {
    id: 'key-database',
    about: 'PostgreSQL has tables of a newer version, is read-only, or does not announce changes (LISTEN), so keys are looked up all the time',
    run: async ({ config: { keys } }) => await look(keys, judgeTables)
  },
  {
    id: 'key-database-tls',
    about: 'the connection to PostgreSQL on another machine is unencrypted, or its certificate is not verified',
    run: async ({ config: { keys } }) => await look(keys, ({ tls }, { host, tls: wanted }) => {
      if (host.startsWith('/') || isLoopback(host)) return fine('the connection stays on this machine')
      if (tls === undefined) return warning('Key hashes and permissions travel to PostgreSQL unencrypted.', verify)
      if (wanted?.verify !== true) return warning('PostgreSQL\'s certificate is not verified: sslmode=require accepts any certificate.', verify)
      return fine(`${tls}, with a certificate that is valid for the host`)
    })
  },
  {
    id: 'key-database-clock',
    about: 'the clocks of PostgreSQL and of this machine differ, so keys expire early or late, and not at once on all replicas',
    run: async ({ config: { keys } }) => await look(keys, ({ skewMs }) => {
      if (Math.abs(skewMs) <= skewMaxMs) return fine('the clocks agree')
      const [where, when] = skewMs > 0 ? ['behind', 'late'] : ['ahead of', 'early']
      const seconds = Math.round(Math.abs(skewMs) / 1000)
      return warning(`The clock here is ${seconds} s ${where} PostgreSQL's: keys expire ${when}.`, 'synchronize both clocks by NTP: timedatectl set-ntp true')
    })
  }
]

function judgeTables ({ version, knownVersion, isReadOnly, deaf }: PostgresFacts): Verdict {
  if (version > knownVersion) {
    const message = `The key database has schema ${version}, but this version supports only ${knownVersion}.`
    return error(message, 'run the version of hokusai-mlflow that wrote it, or a newer one')
  }
  if (isReadOnly) {
    const fix = 'point KEYS_URL at the primary, or set default_transaction_read_only = off'
    return error('The key database is read-only: keys can be neither created nor revoked.', fix)
  }
  if (deaf !== undefined) {
    const fix = 'connect to the server itself, not to a standby or through a transaction pooler (pgbouncer)'
    return error(`The key database announces no changes: ${deaf.message}`, fix)
  }
  if (version === 0) return fine('there are no tables yet: the first start creates them')
  const next = version < knownVersion ? `, which the next start upgrades to ${knownVersion}` : ''
  return fine(`has schema ${version}${next}, and announces changes`)
}

async function look ({ store }: KeysConfig, judge: (facts: PostgresFacts, address: PostgresAddress) => Verdict): Promise<Verdict> {
  if (store.kind !== 'postgres') return fine(elsewhere)
  try {
    const { inspectPostgres } = await import('../keys/stores/postgres/inspect.js')
    return judge(await inspectPostgres(store.address), store.address)
  } catch (fault) {
    return skipped(`the key database cannot be queried: ${fault instanceof Error ? fault.message : String(fault)}`)
  }
}
