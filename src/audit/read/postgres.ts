/** Reads events from PostgreSQL, the newest first. */
import type { PostgresAddress } from '../../core/settings/postgres-url.js'
import { UserError } from '../../core/user-error.js'
import { openDatabase } from '../../keys/stores/postgres/database.js'
import { versionIn } from '../../keys/stores/postgres/migrate.js'
import { readLine } from '../event.js'
import { auditTables, problemOf } from '../tables.js'
import { hintsOf, PageTokenError, type AuditReader } from './query.js'

/** Searching a long time for a few events takes its time. */
const statementMs = 20_000

const select = `SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, event FROM hokusai_mlflow.audit
  WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2)
    AND ($3::text IS NULL OR key_id = $3 OR key = ANY ($4::text[]))
    AND ($5::text IS NULL OR user_id = $5) AND ($6::text IS NULL OR operation = $6)
    AND ($7::text IS NULL OR outcome = $7) AND ($8::text IS NULL OR reason = $8)
    AND ($9::timestamptz IS NULL OR (at, id) < ($9, $10::bigint))
  ORDER BY at DESC, id DESC LIMIT $11`

interface Row {
  readonly id: number
  readonly at: string
  readonly event: string
}

export function openPostgresReader (address: PostgresAddress): AuditReader {
  const { sql, transact, close } = openDatabase(address)
  return {
    async read (filter, { max, token }) {
      const { since, until, key, user, operation, outcome, reason } = filter
      const [at, id] = token === undefined ? [null, null] : placeOf(token)
      const spellings = key === undefined ? undefined : hintsOf(key)
      const given = [key, spellings, user, operation, outcome, reason].map(value => value ?? null)
      const values = [timeOf(since), timeOf(until), ...given, at, id, max + 1]
      try {
        if (await versionIn(sql, auditTables.versions) === 0) return { events: [], next: undefined, skipped: 0 }
        const { rows } = await transact(async transaction => await transaction.sql<Row>(select, values), statementMs)
        const shown = rows.slice(0, max)
        const events = shown.flatMap(({ event }) => readLine(event) ?? [])
        const last = shown.at(-1)
        const next = rows.length > max && last !== undefined ? Buffer.from(`${last.at} ${last.id}`).toString('base64url') : undefined
        return { events, next, skipped: shown.length - events.length }
      } catch (error) {
        throw new UserError(problemOf(error))
      }
    },
    close
  }
}

function timeOf (at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString()
}

/** @throws PageTokenError */
function placeOf (token: string): readonly [at: string, id: string] {
  const [, at, id] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\d{1,16})$/.exec(Buffer.from(token, 'base64url').toString('latin1')) ?? []
  if (at === undefined || id === undefined || Number.isNaN(Date.parse(at))) throw new PageTokenError()
  return [at, id]
}
