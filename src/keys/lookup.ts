/** Judges keys in memory, and reads the store only for those not seen before. Whoever owns the store says when to forget. */
import { LRUCache } from 'lru-cache'
import { formOf, hashKey, isPlausible } from './key.js'
import type { KeyRecord, Verdict } from './contract.js'

export interface Source {
  /** One indexed read. */
  readonly find: (hash: string) => KeyRecord | undefined
  /** The forms of which the store holds a key, `unknown` where it holds a hash alone. */
  readonly forms: () => ReadonlySet<string>
}

export interface Lookup {
  readonly verify: (key: string, at: number) => Verdict
  readonly forget: () => void
  /** Ids of the keys used since the last time, and when. */
  readonly takeUsed: () => ReadonlyMap<string, number>
}

interface Entry {
  readonly record: KeyRecord
  readonly valid: Verdict
  /** When it was last used, until that is taken. */
  usedAt: number | undefined
}

const remembered = 10_000

export function createLookup (source: Source): Lookup {
  const known = new LRUCache<string, Entry>({ max: remembered })
  // Apart, so that a flood of guesses does not push out those who work.
  const unknown = new LRUCache<string, true>({ max: remembered })
  let forms: ReadonlySet<string> | undefined
  let used: Entry[] = []

  function judge (entry: Entry, at: number): Verdict {
    const { record } = entry
    if (record.revokedAt !== undefined) return { valid: false, reason: 'revoked', caller: record }
    if (record.expiresAt !== undefined && at >= record.expiresAt) return { valid: false, reason: 'expired', caller: record }
    if (entry.usedAt === undefined) used.push(entry)
    entry.usedAt = at
    return entry.valid
  }

  /** A form that nobody imported needs no look into the store: so a wrong checksum is refused here, unless some key is like that. */
  function isHeld (form: string): boolean {
    forms ??= source.forms()
    return forms.has(form) || forms.has('unknown')
  }

  function meet (key: string, hash: string, at: number): Verdict {
    if (!isPlausible(key)) return { valid: false, reason: 'malformed' }
    const form = formOf(key)
    if (!isHeld(form)) return { valid: false, reason: form === 'broken' ? 'checksum' : 'unknown' }
    const record = unknown.has(hash) ? undefined : source.find(hash)
    if (record === undefined) {
      unknown.set(hash, true)
      return { valid: false, reason: 'unknown' }
    }
    const entry: Entry = { record, valid: { valid: true, caller: record }, usedAt: undefined }
    known.set(hash, entry)
    return judge(entry, at)
  }

  return {
    verify: (key, at) => {
      const hash = hashKey(key)
      const entry = known.get(hash)
      return entry === undefined ? meet(key, hash, at) : judge(entry, at)
    },
    forget: () => {
      known.clear()
      unknown.clear()
      forms = undefined
    },
    takeUsed: () => {
      const times = new Map<string, number>()
      for (const entry of used) {
        // Of two entries for one key the later one was used later: the earlier one had been forgotten.
        times.set(entry.record.keyId, entry.usedAt ?? 0)
        entry.usedAt = undefined
      }
      used = []
      return times
    }
  }
}
