/** Looks at a PostgreSQL key store without changing it: for `doctor`, and for whoever has to know whether there is one. */
import pg from 'pg'
import type { PostgresAddress } from '../../../core/settings/postgres-url.js'
import { connectionOptions, type Sql } from './database.js'
import { toUnavailable } from './failures.js'
import { channel, knownVersion, versionIn, type TableSet } from './migrate.js'
import type { StoreUnavailableError } from '../../contract.js'

export interface PostgresFacts {
  /** Of the schema; 0: there is none yet. */
  readonly version: number
  /** The version that this program knows. */
  readonly knownVersion: number
  /** The protocol, such as `TLSv1.3`; undefined: in clear. */
  readonly tls: string | undefined
  readonly isReadOnly: boolean
  /** The server's clock less ours, milliseconds. */
  readonly skewMs: number
  /** Why no changes are told of; undefined: they are. */
  readonly deaf: StoreUnavailableError | undefined
}

/** @param versions which tables are looked at. @throws StoreUnavailableError */
export async function inspectPostgres (address: PostgresAddress, versions: TableSet['versions'] = 'schema_version'): Promise<PostgresFacts> {
  const client = new pg.Client(connectionOptions(address))
  client.on('error', () => {}) // its query fails, too
  const sql: Sql = async (text, values = []) => {
    const { rows, rowCount } = await client.query(text, [...values])
    return { rows, count: rowCount ?? 0 }
  }
  try {
    await client.connect()
    const askedAt = Date.now()
    const { rows: [seen] } = await sql<{ at: number, read_only: string, tls: string | null }>(
      `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at, current_setting('transaction_read_only') AS read_only,
        (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls`)
    const skewMs = (seen?.at ?? 0) - (askedAt + Date.now()) / 2
    const version = await versionIn(sql, versions)
    const deaf = await sql(`LISTEN ${channel}`).then(() => undefined, toUnavailable)
    return { version, knownVersion, tls: seen?.tls ?? undefined, isReadOnly: seen?.read_only === 'on', skewMs, deaf }
  } catch (error) {
    throw toUnavailable(error)
  } finally {
    client.connection.stream.destroy()
  }
}
