/** PostgreSQL as the key store uses it: few connections, bounded waits, transactions, failures named. Knows no key. */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresAddress } from '../../../core/settings/postgres-url.js'
import { StoreUnavailableError } from '../../contract.js'
import { createBreaker } from './breaker.js'
import { isAnswer, isQueueTimeout, patience, toUnavailable } from './failures.js'

/** Runs a statement, prepared once for each connection, so its text is one of few. @throws StoreUnavailableError */
export type Sql = <Row>(text: string, values?: readonly unknown[]) => Promise<Result<Row>>

export interface Result<Row> {
  readonly rows: readonly Row[]
  /** Rows written. */
  readonly count: number
}

export interface Transaction {
  readonly sql: Sql
  /** Runs several statements that give nothing. */
  readonly script: (text: string) => Promise<void>
}

export interface Database {
  /** One statement by itself. */
  readonly sql: Sql
  /** Does all of the work or none of it. @param ms what each statement may take. @throws StoreUnavailableError, and what the work throws */
  readonly transact: <T>(work: (transaction: Transaction) => Promise<T>, ms?: number) => Promise<T>
  /** Whether a backend of the server is one of our connections here. */
  readonly owns: (processId: number) => boolean
  /** The server is known to answer: whoever comes need not be told otherwise. */
  readonly noteAnswer: () => void
  /** Waits for what is under way, not for a server that hangs. */
  readonly close: () => Promise<void>
}

/** Requests with unknown keys, and whoever manages keys: a statement takes a fraction of a millisecond. */
const connectionsMax = 4
const idleMs = 30_000
const endWaitMs = 1000
/** For what reads or writes all keys. */
export const longMs = 60_000

/** pg knows of the time for an answer, and its types do not. */
type QueryOptions = Partial<pg.QueryConfig> & { readonly query_timeout?: number | undefined }

/** How each connection is made. Nothing is left to `PG…` variables or to files in somebody's home. */
export function connectionOptions ({ host, port, user, password, database, tls }: PostgresAddress): pg.ClientConfig {
  return {
    host,
    port,
    user,
    password: () => password, // as a text that is empty, pg would look for another one
    database,
    ssl: tls === undefined ? false : { rejectUnauthorized: tls.verify, ...tls.ca === undefined ? {} : { ca: tls.ca } },
    application_name: 'hokusai-mlflow',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: patience.answerMs,
    query_timeout: patience.answerMs,
    statement_timeout: patience.statementMs,
    idle_in_transaction_session_timeout: 2 * patience.answerMs, // a facade that stops within one holds up no other
    types: { getTypeParser: (oid, format) => oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format) }
  }
}

/** Opens no connection yet. @param onStatement told of each statement before it runs */
export function openDatabase (address: PostgresAddress, onStatement: (text: string) => void = () => {}): Database {
  const pool = new pg.Pool({ ...connectionOptions(address), max: connectionsMax, idleTimeoutMillis: idleMs })
  const clients = new Set<pg.PoolClient>()
  const breaker = createBreaker()
  pool.on('error', () => {}) // of one that is not in use: the pool has dropped it
  pool.on('connect', client => {
    client.on('error', () => {}) // of one that is in use: its statement fails, too
    clients.add(client)
  })
  pool.on('remove', client => clients.delete(client))

  /** Names what goes wrong, and notes whether the server answers at all. */
  async function heed<T> (answer: Promise<T>, isStatement: boolean): Promise<T> {
    try {
      const result = await answer
      if (isStatement) breaker.succeeded() // a connection that was kept may lead to a server that hangs
      return result
    } catch (error) {
      const unavailable = toUnavailable(error)
      if (isAnswer(error)) breaker.succeeded()
      else if (isQueueTimeout(error)) breaker.undecided(unavailable)
      else breaker.failed(unavailable)
      throw unavailable
    }
  }

  async function query<Row> (client: pg.PoolClient, text: string, more: QueryOptions): Promise<Result<Row>> {
    onStatement(text)
    const { rows, rowCount } = await heed(client.query({ text, ...more }), true)
    return { rows: rows as Row[], count: rowCount ?? 0 }
  }

  const sqlOn = (client: pg.PoolClient, answerMs?: number): Sql => async (text, values = []) =>
    await query(client, text, { name: nameOf(text), values: [...values], query_timeout: answerMs })

  async function withClient<T> (work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    breaker.admit()
    const client = await heed(pool.connect(), false)
    let isBroken = false
    try {
      return await work(client)
    } catch (error) {
      isBroken = error instanceof StoreUnavailableError && !isAnswer(error.cause)
      throw error
    } finally {
      client.release(isBroken || client.getTransactionStatus() !== 'I')
    }
  }

  return {
    sql: async (text, values) => await withClient(async client => await sqlOn(client)(text, values)),
    transact: async (work, ms) => await withClient(async client => {
      const answerMs = ms === undefined ? undefined : ms + patience.answerMs
      const script = async (text: string): Promise<void> => { await query(client, text, { query_timeout: answerMs }) }
      await script(ms === undefined ? 'BEGIN' : `BEGIN; SET LOCAL statement_timeout = ${ms}`)
      try {
        const result = await work({ script, sql: sqlOn(client, answerMs) })
        await script('COMMIT')
        return result
      } catch (error) {
        await script('ROLLBACK').catch(() => {}) // the connection is dropped then
        throw error
      }
    }),
    owns: processId => [...clients].some(client => (client as { processID?: number }).processID === processId),
    noteAnswer: breaker.succeeded,
    close: async () => {
      await Promise.race([pool.end(), wait(endWaitMs, undefined, { ref: false })])
      for (const client of clients) client.connection.stream.destroy()
    }
  }
}

const names = new Map<string, string>()

function nameOf (text: string): string {
  const name = names.get(text) ?? `hokusai_mlflow_${names.size + 1}`
  names.set(text, name)
  return name
}
