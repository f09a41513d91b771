/** The table of events in PostgreSQL. It may stand beside the keys, or in a database of its own. */
import type { TableSet } from '../keys/stores/postgres/migrate.js'

/** A released step is never changed. */
export const auditTables: TableSet = {
  versions: 'audit_version',
  name: 'audit database',
  steps: [
    `CREATE TABLE hokusai_mlflow.audit (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL,
      source text NOT NULL,
      seq bigint NOT NULL,
      key_id text,
      key text,
      user_id text,
      operation text NOT NULL,
      outcome text NOT NULL,
      reason text,
      -- The whole event, as a line of JSON.
      event text NOT NULL,
      -- What is sent again after an answer that was lost is there once.
      UNIQUE (source, seq)
    );
    CREATE INDEX audit_at ON hokusai_mlflow.audit (at, id);
    CREATE INDEX audit_key ON hokusai_mlflow.audit (key_id, at)`
  ]
}

/** What went wrong, said of the audit database: the key store's words name KEYS_URL. */
export function problemOf (error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace('The key database', 'The audit database').replaceAll('KEYS_URL', 'AUDIT_LOG')
}
