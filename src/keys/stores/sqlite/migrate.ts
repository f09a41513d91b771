/** The schema of the SQLite key store, as numbered steps that are each taken once. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

/** Step n takes the schema from version n - 1 to n. A released step is never changed. */
const steps: readonly string[] = [
  `CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    -- Only what a hash looks like fits, so that no key can land here in clear.
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    hint TEXT NOT NULL CHECK (length(hint) <= 16),
    form TEXT NOT NULL CHECK (form IN ('sealed', 'broken', 'platform', 'foreign', 'unknown')),
    environment TEXT NOT NULL CHECK (environment IN ('live', 'test', 'other')),
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    workspaces TEXT NOT NULL CHECK (json_valid(workspaces)),
    rate_per_hour INTEGER CHECK (rate_per_hour > 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    overlap_until INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER,
    revoke_reason TEXT,
    replaced_by TEXT REFERENCES keys (id)
  ) STRICT;
  CREATE INDEX keys_form ON keys (form)`,
  `CREATE TABLE sessions (
    -- As with keys: the id itself is nowhere.
    hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    -- No reference: a key may be removed by hand, and a session without its key has ended.
    key_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_key ON sessions (key_id, created_at)`,
  `ALTER TABLE keys ADD COLUMN disabled_at INTEGER;
  ALTER TABLE keys ADD COLUMN disable_reason TEXT;
  CREATE INDEX keys_page ON keys (created_at, id)`,
  'ALTER TABLE keys ADD COLUMN permissions TEXT NOT NULL DEFAULT \'[]\' CHECK (json_type(permissions) = \'array\')'
]

/**
 * Brings the schema up to date under one lock, so that processes that start together do not both do it.
 * @throws Error in words for people when the schema is newer than this version knows
 */
export function migrate (db: DatabaseSyncInstance): void {
  if (version(db) === steps.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    const from = version(db)
    if (from > steps.length) {
      throw new Error(
        `the key database has schema ${from}, but this version supports only ${steps.length}: it was written by a newer version of hokusai-mlflow`
      )
    }
    for (const step of steps.slice(from)) db.exec(step)
    db.exec(`PRAGMA user_version = ${steps.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function version (db: DatabaseSyncInstance): number {
  const row = db.prepare('PRAGMA user_version').get() as { user_version: number }
  return row.user_version
}
