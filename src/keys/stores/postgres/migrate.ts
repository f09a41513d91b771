/** The schema of the PostgreSQL key store, as numbered steps that are each taken once. */
import { StoreUnavailableError } from '../../contract.js'
import { longMs, type Database, type Sql } from './database.js'

/** Where changes are told of: the id of a key that has changed; `+` and the form of keys that have come; nothing where all have gone. */
export const channel = 'hokusai_mlflow_keys'

/** Step n takes the schema from version n - 1 to n. A released step is never changed. */
const steps: readonly string[] = [
  `CREATE TABLE hokusai_mlflow.keys (
    id text PRIMARY KEY,
    -- As they were made: times may be equal.
    position bigint GENERATED ALWAYS AS IDENTITY,
    -- Only what a hash looks like fits, so that no key can land here in clear.
    hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    hint text NOT NULL CHECK (length(hint) <= 16),
    form text NOT NULL CHECK (form IN ('sealed', 'broken', 'platform', 'foreign', 'unknown')),
    environment text NOT NULL CHECK (environment IN ('live', 'test', 'other')),
    user_id text NOT NULL,
    name text NOT NULL,
    scopes text NOT NULL CHECK (jsonb_typeof(scopes::jsonb) = 'array'),
    workspaces text NOT NULL CHECK (jsonb_typeof(workspaces::jsonb) = 'array'),
    rate_per_hour bigint CHECK (rate_per_hour > 0),
    created_at bigint NOT NULL,
    expires_at bigint,
    overlap_until bigint,
    last_used_at bigint,
    revoked_at bigint,
    revoke_reason text,
    replaced_by text REFERENCES hokusai_mlflow.keys (id) DEFERRABLE
  );
  CREATE INDEX keys_form ON hokusai_mlflow.keys (form);

  -- In triggers, so that what people do by hand is told of as well.
  CREATE FUNCTION hokusai_mlflow.tell_added () RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_notify('${channel}', '+' || form) FROM (SELECT DISTINCT form FROM added) AS forms;
    RETURN NULL;
  END $$;
  CREATE FUNCTION hokusai_mlflow.tell_changed () RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_notify('${channel}', OLD.id);
    RETURN NULL;
  END $$;
  CREATE FUNCTION hokusai_mlflow.tell_emptied () RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_notify('${channel}', '');
    RETURN NULL;
  END $$;
  CREATE TRIGGER added AFTER INSERT ON hokusai_mlflow.keys
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION hokusai_mlflow.tell_added();
  -- All columns but the time of last use, which changes nothing for anybody.
  CREATE TRIGGER changed AFTER DELETE OR UPDATE OF id, hash, hint, form, environment, user_id, name, scopes, workspaces, rate_per_hour,
    created_at, expires_at, overlap_until, revoked_at, revoke_reason, replaced_by ON hokusai_mlflow.keys
    FOR EACH ROW EXECUTE FUNCTION hokusai_mlflow.tell_changed();
  CREATE TRIGGER emptied AFTER TRUNCATE ON hokusai_mlflow.keys
    FOR EACH STATEMENT EXECUTE FUNCTION hokusai_mlflow.tell_emptied()`,
  `CREATE TABLE hokusai_mlflow.sessions (
    -- As with keys: the id itself is nowhere.
    hash text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
    -- No reference: keys may be removed by hand, and a session without its key has ended.
    key_id text NOT NULL,
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL
  );
  CREATE INDEX sessions_key ON hokusai_mlflow.sessions (key_id, created_at)`,
  `ALTER TABLE hokusai_mlflow.keys ADD COLUMN disabled_at bigint, ADD COLUMN disable_reason text;
  CREATE INDEX keys_page ON hokusai_mlflow.keys (created_at, id);
  DROP TRIGGER changed ON hokusai_mlflow.keys;
  CREATE TRIGGER changed AFTER DELETE OR UPDATE OF id, hash, hint, form, environment, user_id, name, scopes, workspaces, rate_per_hour,
    created_at, expires_at, overlap_until, revoked_at, revoke_reason, disabled_at, disable_reason, replaced_by ON hokusai_mlflow.keys
    FOR EACH ROW EXECUTE FUNCTION hokusai_mlflow.tell_changed()`,
  `ALTER TABLE hokusai_mlflow.keys ADD COLUMN permissions text NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(permissions::jsonb) = 'array');
  DROP TRIGGER changed ON hokusai_mlflow.keys;
  CREATE TRIGGER changed AFTER DELETE OR UPDATE OF id, hash, hint, form, environment, user_id, name, scopes, workspaces, permissions,
    rate_per_hour, created_at, expires_at, overlap_until, revoked_at, revoke_reason, disabled_at, disable_reason, replaced_by
    ON hokusai_mlflow.keys FOR EACH ROW EXECUTE FUNCTION hokusai_mlflow.tell_changed()`
]

/** The version that this program knows. */
export const knownVersion = steps.length
/** Any number will do that nobody else locks in the same database. */
const lockId = 5_201_917_231

/** Tables that are brought up to date together: their steps, and the table that counts those that were taken. */
export interface TableSet {
  readonly steps: readonly string[]
  readonly versions: 'schema_version' | 'audit_version'
  /** What holds them, for people. */
  readonly name: string
}

const keyTables: TableSet = { steps, versions: 'schema_version', name: 'key database' }

/** @throws as `migrateTables` */
export async function migrate (database: Database): Promise<void> {
  await migrateTables(database, keyTables)
}

/**
 * Brings tables up to date under one lock, so that replicas that start together do not all do it.
 * @throws StoreUnavailableError, also when they are newer than this version knows
 */
export async function migrateTables (database: Pick<Database, 'sql' | 'transact'>, set: TableSet): Promise<void> {
  const { steps, versions, name } = set
  const known = steps.length
  if (await versionIn(database.sql, versions) === known) return
  await database.transact(async ({ sql, script }) => {
    await sql('SELECT pg_advisory_xact_lock($1)', [lockId])
    const from = await versionIn(sql, versions)
    if (from > known) {
      const problem = `The ${name} has schema ${from}, but this version supports only ${known}`
      throw new StoreUnavailableError(`${problem}: it was written by a newer version of hokusai-mlflow.`)
    }
    if (from === 0) await prepare(sql, script, versions)
    for (const [index, step] of steps.entries()) {
      if (index < from) continue
      await script(step)
      await sql(`INSERT INTO hokusai_mlflow.${versions} (version) VALUES ($1)`, [index + 1])
    }
  }, longMs)
}

/** 0 where there is none. @throws StoreUnavailableError */
export async function versionIn (sql: Sql, versions: TableSet['versions'] = 'schema_version'): Promise<number> {
  if (!await holdsOne(sql, tables, [versions])) return 0
  const { rows: [row] } = await sql<{ version: number | null }>(`SELECT max(version) AS version FROM hokusai_mlflow.${versions}`)
  return row?.version ?? 0
}

/** A schema of its own, which somebody may have made for a user who may not make one: other tables may live beside it. */
async function prepare (sql: Sql, script: (text: string) => Promise<void>, versions: TableSet['versions']): Promise<void> {
  if (!await holdsOne(sql, schemas)) await script('CREATE SCHEMA hokusai_mlflow')
  await script(`CREATE TABLE hokusai_mlflow.${versions} (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`)
}

// Not `to_regclass`: it believes what its connection remembers, and misses what was made while that waited for the lock.
const schemas = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'hokusai_mlflow'"
const tables = `SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'hokusai_mlflow' AND c.relname = $1`

async function holdsOne (sql: Sql, text: string, values: readonly unknown[] = []): Promise<boolean> {
  return (await sql(text, values)).rows.length > 0
}
