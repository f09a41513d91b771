/** What a verdict cache remembers of keys, by their hash, and until when that counts. Asks nobody and reads no clock. */
import { LRUCache } from 'lru-cache'
import type { Verdict } from './contract.js'

export interface MemoryOptions {
  /** How long what is said of a known key counts; Infinity where the store tells of each change. */
  readonly cacheMs: number
  /** How long after it was last seen valid a key stays so while the store cannot answer. */
  readonly staleMs: number
  /** Keeps that a key is unknown until the store tells of a change. Without it such keys are asked about each time. */
  readonly keepUnknown?: boolean
  /** Collects when keys are used, for `takeUsed`. */
  readonly collectUsed?: boolean
}

export interface Entry {
  readonly verdict: Verdict
  readonly askedAt: number
  /** The number of changes that were known when it was asked for. */
  readonly asOf: number
  /** When the store last failed to answer about this key. */
  failedAt: number | undefined
  /** When it was last used, until that is taken. */
  usedAt: number | undefined
}

export interface VerdictMemory {
  readonly find: (hash: string) => Entry | undefined
  readonly isUnknown: (hash: string) => boolean
  /** Whether nobody needs to be asked. */
  readonly isFresh: (entry: Entry, at: number) => boolean
  /** Whether the key counts as valid where nobody answers. */
  readonly isSeenValid: (entry: Entry, at: number) => boolean
  /** The verdict as of now; a valid one counts as a use of the key. */
  readonly use: (entry: Entry, at: number) => Verdict
  /** How often the store has told of a change. */
  readonly changes: () => number
  /** Keeps a verdict, unless the store has told of a change since it was asked; a refusal ends what was known in any case. */
  readonly keep: (hash: string, verdict: Verdict, askedAt: number, asOf: number) => Entry
  readonly invalidate: (keyId?: string) => void
  readonly takeUsed: () => ReadonlyMap<string, number>
}

const remembered = 10_000

export function createVerdictMemory ({ cacheMs, staleMs, keepUnknown = false, collectUsed = false }: MemoryOptions): VerdictMemory {
  const known = new LRUCache<string, Entry>({ max: remembered })
  // Apart, so that a flood of guesses does not push out those who work.
  const unknown = new LRUCache<string, true>({ max: remembered })
  let used: Entry[] = []
  let changes = 0
  /** What was asked for before this change may have changed. */
  let changedAt = 0

  return {
    find: hash => known.get(hash),
    isUnknown: hash => unknown.has(hash),
    isFresh: (entry, at) => entry.asOf >= changedAt && isWithin(cacheMs, entry.askedAt, at),
    isSeenValid: (entry, at) => entry.verdict.valid && isWithin(staleMs, entry.askedAt, at),
    changes: () => changes,
    use: (entry, at) => {
      const verdict = unlessExpired(entry.verdict, at)
      if (collectUsed && verdict.valid) {
        if (entry.usedAt === undefined) used.push(entry)
        entry.usedAt = at
      }
      return verdict
    },
    keep: (hash, verdict, askedAt, asOf) => {
      const entry: Entry = { verdict, askedAt, asOf, failedAt: undefined, usedAt: undefined }
      const isCurrent = asOf === changes
      if (isCurrent && verdict.caller !== undefined) known.set(hash, entry)
      else if (!verdict.valid) known.delete(hash)
      if (isCurrent && keepUnknown && verdict.caller === undefined) unknown.set(hash, true)
      return entry
    },
    invalidate: keyId => {
      changes++
      unknown.clear()
      if (keyId === undefined) changedAt = changes
      // Keys are found by their hash at every request and by their id hardly ever: a look at each of them costs less than an index.
      else for (const [hash, { verdict }] of known.entries()) if (verdict.caller?.keyId === keyId) known.delete(hash)
    },
    takeUsed: () => {
      const taken = used
      used = []
      return lastUses(taken)
    }
  }
}

/** The last use of each key; of one that was asked about again there are two entries. */
function lastUses (entries: readonly Entry[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const entry of entries) {
    const { verdict: { caller }, usedAt = 0 } = entry
    if (caller !== undefined) times.set(caller.keyId, Math.max(usedAt, times.get(caller.keyId) ?? 0))
    entry.usedAt = undefined
  }
  return times
}

/** Whether so little time lies between the two; a clock that was set back makes things old rather than young. */
export function isWithin (ms: number, then: number, at: number): boolean {
  return Math.abs(at - then) < ms
}

export function unlessExpired (verdict: Verdict, at: number): Verdict {
  if (!verdict.valid || verdict.caller.expiresAt === undefined || at < verdict.caller.expiresAt) return verdict
  return { valid: false, reason: 'expired', caller: verdict.caller }
}
