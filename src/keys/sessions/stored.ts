/** Sessions that are kept beside the keys: the cookie holds a random id, the store its hash. */
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { StoreUnavailableError, type FoundSession, type SessionRows, type Verdict } from '../contract.js'
import { hashKey } from '../key.js'
import { lag, lasts, ofSession, type Lifetimes, type Sessions } from './sessions.js'

/** 256 bits in base64url. */
const idBytes = 32
const idPattern = /^[\w-]{43}$/
/** So long a session counts as it was found: what ends elsewhere has ended everywhere within a second. */
const freshMs = 500
const remembered = 10_000

interface Known {
  readonly found: FoundSession
  readonly lookedAt: number
}

export interface StoredOptions extends Lifetimes {
  /** How long a session that was there goes on while the store does not answer, milliseconds. */
  readonly staleMs: number
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

export function openStoredSessions (rows: SessionRows, { staleMs, now = Date.now, ...lifetimes }: StoredOptions): Sessions {
  const known = new LRUCache<string, Known>({ max: remembered })
  const questions = new Map<string, Promise<FoundSession | undefined>>()

  function find (hash: string): FoundSession | undefined | Promise<FoundSession | undefined> {
    const at = now()
    const before = known.get(hash)
    if (before !== undefined && Math.abs(at - before.lookedAt) < freshMs) return before.found
    const keep = (found: FoundSession | undefined): FoundSession | undefined => {
      if (found === undefined) known.delete(hash)
      else known.set(hash, { found, lookedAt: at })
      return found
    }
    const outlast = (error: unknown): FoundSession => {
      if (error instanceof StoreUnavailableError && before !== undefined && Math.abs(at - before.lookedAt) < staleMs) return before.found
      throw error
    }
    const shared = questions.get(hash)
    if (shared !== undefined) return shared
    try {
      const found = rows.find(hash)
      if (!(found instanceof Promise)) return keep(found)
      // Whoever signs out meanwhile takes the question away: what was there before is not kept
      const isAsked = (): boolean => questions.get(hash) === answer
      const answer: Promise<FoundSession | undefined> = found
        .then(given => isAsked() ? keep(given) : given, outlast)
        .finally(() => { if (isAsked()) questions.delete(hash) })
      questions.set(hash, answer)
      return answer
    } catch (error) {
      return outlast(error)
    }
  }

  function judge (hash: string, found: FoundSession | undefined): Verdict | undefined | Promise<Verdict | undefined> {
    const at = now()
    if (found === undefined || !lasts(found, lifetimes, at)) return undefined
    const verdict = rows.verifyKey(found.keyHash)
    return verdict instanceof Promise ? verdict.then(given => conclude(hash, found, given, at)) : conclude(hash, found, verdict, at)
  }

  function conclude (hash: string, found: FoundSession, verdict: Verdict, at: number): Verdict {
    if (verdict.valid && at - found.seenAt >= lag(lifetimes)) {
      const noted = known.peek(hash)
      if (noted !== undefined) known.set(hash, { ...noted, found: { ...found, seenAt: at } })
      rows.touch(hash, at).catch(() => {}) // the next look finds it as it was, and tries again
    }
    return ofSession(verdict)
  }

  return {
    begin: async (_key, { keyId }) => {
      const id = randomBytes(idBytes).toString('base64url')
      const at = now()
      await rows.add({ hash: hashKey(id), keyId, createdAt: at, seenAt: at }, at - lifetimes.maxMs, at - lifetimes.idleMs)
      return id
    },
    verify: id => {
      if (!idPattern.test(id)) return undefined
      const hash = hashKey(id)
      const found = find(hash)
      return found instanceof Promise ? found.then(given => judge(hash, given)) : judge(hash, found)
    },
    renew: () => undefined,
    end: async id => {
      if (!idPattern.test(id)) return
      const hash = hashKey(id)
      await rows.remove(hash)
      known.delete(hash)
      questions.delete(hash)
    }
  }
}
