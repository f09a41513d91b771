/** Events in PostgreSQL: written together, and deleted after a time. */
import type { PostgresAddress } from '../../core/settings/postgres-url.js'
import { longMs, openDatabase, type Database } from '../../keys/stores/postgres/database.js'
import { migrateTables } from '../../keys/stores/postgres/migrate.js'
import type { AuditEvent } from '../event.js'
import { openQueue, type Waiting } from '../queue.js'
import type { AuditSink, OnProblem } from '../sink.js'
import { auditTables } from '../tables.js'

const waitMs = 200
const batchMax = 500
/** What may wait for a server that is away, in characters. */
const heldMaxLength = 8 * 1024 * 1024

/** How often old events are looked for, how soon after the start, and how many go with one statement. */
const sweepEveryMs = 3_600_000
const sweepFirstMs = 10_000
const sweepMax = 5000

const insert = `INSERT INTO hokusai_mlflow.audit (at, source, seq, key_id, key, user_id, operation, outcome, reason, event)
  SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
  ON CONFLICT (source, seq) DO NOTHING`
const sweep = `DELETE FROM hokusai_mlflow.audit WHERE id IN
  (SELECT id FROM hokusai_mlflow.audit WHERE at < $1 ORDER BY at, id LIMIT ${sweepMax} FOR UPDATE SKIP LOCKED)`

/** Opens no connection yet: a server that is away keeps nobody from starting. @param retentionMs undefined: for ever */
export function openPostgresSink (address: PostgresAddress, retentionMs: number | undefined, tell: OnProblem): AuditSink {
  const database = openDatabase(address)
  let isReady = false
  const { take, close } = openQueue({
    waitMs,
    heldMaxLength,
    batchOf: waiting => Math.min(waiting.length, batchMax),
    async write (batch, onWritten) {
      if (!isReady) await migrateTables(database, auditTables)
      isReady = true
      await database.sql(insert, columnsOf(batch))
      onWritten(batch.length)
    },
    tell
  })
  const stopSweeping = retentionMs === undefined ? () => {} : sweepRegularly(database, retentionMs, () => isReady)
  return {
    take,
    async close () {
      stopSweeping()
      await close()
      await database.close()
    }
  }
}

function columnsOf (batch: readonly Waiting[]): readonly unknown[] {
  const column = <T> (of: (event: AuditEvent) => T): T[] => batch.map(({ event }) => of(event))
  // PostgreSQL keeps no NUL, and one such event would hold up all others; in the line it is escaped
  const text = (of: (event: AuditEvent) => string | undefined): Array<string | null> => column(event => of(event)?.replaceAll('\0', '\ufffd') ?? null)
  return [
    column(({ time }) => time),
    column(({ source }) => source),
    column(({ seq }) => seq),
    text(event => event.key_id),
    text(event => event.key),
    text(event => event.user),
    text(event => event.operation),
    column(({ outcome }) => outcome),
    text(event => event.reason),
    batch.map(({ line }) => line.trimEnd())
  ]
}

/** Several facades may do it at once: none waits for another's rows. @returns what ends it */
function sweepRegularly ({ transact }: Database, retentionMs: number, isReady: () => boolean): () => void {
  const once = async (): Promise<void> => {
    if (!isReady()) return
    const before = new Date(Date.now() - retentionMs).toISOString()
    for (let count = sweepMax; count === sweepMax;) count = await transact(async ({ sql }) => (await sql(sweep, [before])).count, longMs)
  }
  const run = (): void => { once().catch(() => {}) } // it is tried again; a server that is away is told of by who writes
  const first = setTimeout(run, sweepFirstMs).unref()
  const clock = setInterval(run, sweepEveryMs).unref()
  return () => {
    clearTimeout(first)
    clearInterval(clock)
  }
}
