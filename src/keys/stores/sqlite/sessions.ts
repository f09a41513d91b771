/** Sessions in the SQLite file of the keys. */
import { sessionsPerKey, type FoundSession, type SessionRows } from '../../contract.js'
import type { Database } from './database.js'

export function openSessionRows (database: Database, verifyKey: SessionRows['verifyKey']): SessionRows {
  return {
    verifyKey,
    add: async ({ hash, keyId, createdAt, seenAt }, begunBy, seenBy) => database.write(sql => {
      sql('DELETE FROM sessions WHERE created_at <= ? OR seen_at <= ?').run(begunBy, seenBy)
      sql(`DELETE FROM sessions WHERE hash IN
        (SELECT hash FROM sessions WHERE key_id = ? ORDER BY created_at DESC LIMIT -1 OFFSET ${sessionsPerKey - 1})`).run(keyId)
      sql('INSERT INTO sessions (hash, key_id, created_at, seen_at) VALUES (?, ?, ?, ?)').run(hash, keyId, createdAt, seenAt)
    }),
    find: hash => database.read(sql => sql(`SELECT k.hash AS keyHash, s.created_at AS createdAt, s.seen_at AS seenAt
      FROM sessions AS s JOIN keys AS k ON k.id = s.key_id WHERE s.hash = ?`).get(hash) as FoundSession | undefined),
    touch: async (hash, at) => database.writeBestEffort(sql => { sql('UPDATE sessions SET seen_at = max(seen_at, ?) WHERE hash = ?').run(at, hash) }),
    remove: async hash => { database.insist(sql => sql('DELETE FROM sessions WHERE hash = ?').run(hash)) } // signing out works on a full disk, too
  }
}
