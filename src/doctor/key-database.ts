/** Checks of a PostgreSQL that holds the keys: what is seen on one connection, without changing anything there. */
import type { KeysConfig } from '../core/settings/config.js'
import { isLoopback, type PostgresAddress } from '../core/settings/postgres-url.js'
import type { PostgresFacts } from '../keys/stores/postgres/inspect.js'
import { type Check, error, fine, skipped, type Verdict, warning } from './check.js'

const elsewhere = 'keys are not kept in PostgreSQL'
const verify = 'set sslmode=verify-full in KEYS_URL, with sslrootcert where the authority is your own'
/** Keys end at a time; a replica whose clock is behind lets them in for longer. */
const skewMaxMs = 5000

export const keyDatabaseChecks: readonly Check[] = [
  {
    id: 'key-database',
    about: 'PostgreSQL has the tables of this version, can be written, and tells of changes (LISTEN), else it is asked all the time',
    run: async ({ config: { keys } }) => await look(keys, judgeTables)
  },
  {
    id: 'key-database-tls',
    about: 'the way to PostgreSQL is encrypted and its certificate checked, unless it stays on this machine',
    run: async ({ config: { keys } }) => await look(keys, ({ tls }, { host, tls: wanted }) => {
      if (host.startsWith('/') || isLoopback(host)) return fine('it does not leave this machine')
      if (tls === undefined) return warning('Hashes of keys, and who may do what, go to PostgreSQL in clear.', verify)
      if (wanted?.verify !== true) return warning('Nobody checks who answers as PostgreSQL: sslmode=require takes any certificate.', verify)
      return fine(`${tls}, with a certificate that is good for the host`)
    })
  },
  {
    id: 'key-database-clock',
    about: 'the clock of PostgreSQL and ours agree, and so those of all replicas: keys end at a time',
    run: async ({ config: { keys } }) => await look(keys, ({ skewMs }) => {
      if (Math.abs(skewMs) <= skewMaxMs) return fine('the clocks agree')
      const [where, when] = skewMs > 0 ? ['behind', 'late'] : ['ahead of', 'early']
      const seconds = Math.round(Math.abs(skewMs) / 1000)
      return warning(`The clock here is ${seconds} s ${where} PostgreSQL's: keys end ${when}.`, 'set both by NTP: timedatectl set-ntp true')
    })
  }
]

function judgeTables ({ version, knownVersion, isReadOnly, deaf }: PostgresFacts): Verdict {
  if (version > knownVersion) {
    const message = `The key database has schema ${version} and this version knows ${knownVersion}.`
    return error(message, 'run the version of hokusai-mlflow that has been here, or a newer one')
  }
  if (isReadOnly) {
    const fix = 'let KEYS_URL name the primary, or set default_transaction_read_only = off'
    return error('The key database is read-only: keys can neither be made nor ended.', fix)
  }
  if (deaf !== undefined) {
    const fix = 'connect to the server itself, not to a standby or a pool of transactions (pgbouncer)'
    return error(`The key database tells of no changes: ${deaf.message}`, fix)
  }
  if (version === 0) return fine('there are no tables yet: the first start makes them')
  const next = version < knownVersion ? `, which the next start brings to ${knownVersion}` : ''
  return fine(`has schema ${version}${next}, and tells of changes`)
}

async function look ({ store }: KeysConfig, judge: (facts: PostgresFacts, address: PostgresAddress) => Verdict): Promise<Verdict> {
  if (store.kind !== 'postgres') return fine(elsewhere)
  try {
    const { inspectPostgres } = await import('../keys/stores/postgres/inspect.js')
    return judge(await inspectPostgres(store.address), store.address)
  } catch (fault) {
    return skipped(`the key database cannot be asked: ${fault instanceof Error ? fault.message : String(fault)}`)
  }
}
