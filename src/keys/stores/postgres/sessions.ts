/** Sessions in the PostgreSQL database of the keys. Nobody is told of their changes: whoever serves asks again soon. */
import { sessionsPerKey, type FoundSession, type SessionRows } from '../../contract.js'
import type { Database } from './database.js'

const add = 'INSERT INTO hokusai_mlflow.sessions (hash, key_id, created_at, seen_at) VALUES ($1, $2, $3, $4)'
const forget = 'DELETE FROM hokusai_mlflow.sessions WHERE created_at <= $1 OR seen_at <= $2'
const oldest = `DELETE FROM hokusai_mlflow.sessions WHERE hash IN
  (SELECT hash FROM hokusai_mlflow.sessions WHERE key_id = $1 ORDER BY created_at DESC OFFSET ${sessionsPerKey - 1})`
const find = `SELECT k.hash AS "keyHash", s.created_at AS "createdAt", s.seen_at AS "seenAt"
  FROM hokusai_mlflow.sessions AS s JOIN hokusai_mlflow.keys AS k ON k.id = s.key_id WHERE s.hash = $1`
const touch = 'UPDATE hokusai_mlflow.sessions SET seen_at = greatest(seen_at, $2) WHERE hash = $1'
const remove = 'DELETE FROM hokusai_mlflow.sessions WHERE hash = $1'

export function openSessionRows ({ sql, transact }: Database, verifyKey: SessionRows['verifyKey']): SessionRows {
  return {
    verifyKey,
    add: async ({ hash, keyId, createdAt, seenAt }, begunBy, seenBy) => await transact(async ({ sql }) => {
      await sql(forget, [begunBy, seenBy])
      await sql(oldest, [keyId])
      await sql(add, [hash, keyId, createdAt, seenAt])
    }),
    find: async hash => (await sql<FoundSession>(find, [hash])).rows[0],
    touch: async (hash, at) => { await sql(touch, [hash, at]) },
    remove: async hash => { await sql(remove, [hash]) }
  }
}
