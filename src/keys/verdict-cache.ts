/** The memory in front of every key store: what it said counts until it is too old or the store tells of a change, and outlives an outage. */
import { setTimeout as wait } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { StoreUnavailableError, type KeyVerifier, type Verdict } from './contract.js'
import { formOf, hashKey, isPlausible, type KeyForm } from './key.js'

/** The store behind a cache, as far as single keys are concerned. */
export interface VerdictSource {
  /**
   * What the store says of a key, whose hash comes along; at once where it does not have to wait. Whether a valid key has expired since may be
   * left to the cache. A refusal names a caller only where the store knows the key.
   * @throws StoreUnavailableError, StoreBusyError, at once or later
   */
  readonly ask: (key: string, address: string, hash: string) => Verdict | Promise<Verdict>
  /** Whether the store may hold a key of this form; one of another form is refused without asking. Without it: any. */
  readonly holds?: (form: KeyForm) => boolean
  /** Called before the store is asked about a key that is new here. @throws StoreBusyError when that has to wait */
  readonly admit?: (address: string) => void
}

export interface VerdictCacheOptions {
  /** How long what is said of a known key counts; Infinity where the store tells of each change. */
  readonly cacheMs: number
  /** How long after it was last seen valid a key stays so while the store cannot answer. */
  readonly staleMs: number
  /** Keeps that a key is unknown until the store tells of a change. Without it such keys are asked about each time. */
  readonly keepUnknown?: boolean
  /** Collects when keys are used, for `takeUsed`. */
  readonly collectUsed?: boolean
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

export interface VerdictCache extends Pick<KeyVerifier, 'verify'>, Required<Pick<KeyVerifier, 'recall'>> {
  /**
   * The store has changed: with an id, that key, of which nothing is left here; without, anything may have, so that each key is asked about
   * again, and was seen valid only for the case that there is no answer. Answers that are on their way are not kept.
   */
  readonly invalidate: (keyId?: string) => void
  /** Ids of the keys used since the last time, and when. */
  readonly takeUsed: () => ReadonlyMap<string, number>
}

interface Entry {
  readonly verdict: Verdict
  readonly askedAt: number
  /** The number of changes that were known when it was asked for. */
  readonly asOf: number
  /** When the store last failed to answer about this key. */
  failedAt: number | undefined
  /** When it was last used, until that is taken. */
  usedAt: number | undefined
}

/** A question that is under way. */
interface Question {
  readonly answer: Promise<Verdict>
  readonly askedAt: number
}

const remembered = 10_000
/** How long a known key waits for a store that failed last time, and how long until it is asked again about that key. */
const patienceMs = 250
const retryMs = 100

const unknown: Verdict = { valid: false, reason: 'unknown' }

/**
 * Keeps verdicts by the hash of the key; what it has kept, and what cannot be a key, is answered at once and without a promise. Failures
 * are not kept. Calls that come while a question about the same key is under way share its answer.
 */
export function createVerdictCache (source: VerdictSource, options: VerdictCacheOptions): VerdictCache {
  const { cacheMs, staleMs, keepUnknown = false, collectUsed = false, now = Date.now } = options
  const known = new LRUCache<string, Entry>({ max: remembered })
  // Apart, so that a flood of guesses does not push out those who work.
  const refused = new LRUCache<string, true>({ max: remembered })
  const questions = new Map<string, Question>()
  let used: Entry[] = []
  let changes = 0
  /** What was asked for before this change may have changed. */
  let changedAt = 0
  let isDown = false

  function isFresh (entry: Entry, at: number): boolean {
    return entry.asOf >= changedAt && isWithin(cacheMs, entry.askedAt, at)
  }

  /** The verdict as of now; a valid one counts as a use of the key. */
  function use (entry: Entry, at: number): Verdict {
    const verdict = unlessExpired(entry.verdict, at)
    if (collectUsed && verdict.valid) {
      if (entry.usedAt === undefined) used.push(entry)
      entry.usedAt = at
    }
    return verdict
  }

  function keep (hash: string, verdict: Verdict, askedAt: number, asOf: number): Verdict {
    isDown = false
    const entry: Entry = { verdict, askedAt, asOf, failedAt: undefined, usedAt: undefined }
    const isCurrent = asOf === changes
    if (isCurrent && verdict.caller !== undefined) known.set(hash, entry)
    else if (!verdict.valid) known.delete(hash)
    if (isCurrent && keepUnknown && verdict.caller === undefined) refused.set(hash, true)
    return use(entry, now())
  }

  function noteFailure (hash: string, error: unknown): void {
    isDown = error instanceof StoreUnavailableError
    const entry = known.get(hash)
    if (entry !== undefined && isDown) entry.failedAt = now()
  }

  /** Asks the store, unless somebody is asking it about this key already. */
  function ask (key: string, address: string, hash: string, at: number): Verdict | Question {
    const running = questions.get(hash)
    if (running !== undefined) return running
    const asOf = changes
    try {
      const verdict = source.ask(key, address, hash)
      if (!(verdict instanceof Promise)) return keep(hash, verdict, at, asOf)
      const answer = verdict.then(verdict => keep(hash, verdict, at, asOf), (error: unknown) => {
        noteFailure(hash, error)
        throw error
      })
      const question = { answer, askedAt: at }
      questions.set(hash, question)
      // The first to hear of the end, failures too, so that nobody joins a question that is over.
      const end = (): void => { if (questions.get(hash) === question) questions.delete(hash) }
      answer.then(end, end)
      return question
    } catch (error) {
      noteFailure(hash, error)
      throw error
    }
  }

  /** Asks again about a key that was seen valid not too long ago; that it was so is the answer where there is no other. */
  async function askAgain (key: string, address: string, hash: string, at: number, entry: Entry): Promise<Verdict> {
    const late = new AbortController()
    try {
      const asked = ask(key, address, hash, at)
      if (!('answer' in asked)) return asked
      // Without an outage the new answer counts, however slow. In one, hanging calls would add up to nothing but waiting.
      const patient = isDown ? [wait(Math.max(0, asked.askedAt + patienceMs - now()), undefined, { signal: late.signal })] : []
      return await Promise.race([asked.answer, ...patient]) ?? use(entry, now())
    } catch (error) {
      if (error instanceof StoreUnavailableError) return use(entry, now())
      throw error
    } finally {
      late.abort()
    }
  }

  /** A key of which nothing is known that would still count. */
  function meet (key: string, address: string, hash: string, at: number, isNew: boolean): Verdict | Promise<Verdict> {
    if (!isPlausible(key)) return { valid: false, reason: 'malformed' }
    if (source.holds !== undefined) {
      const form = formOf(key)
      if (!source.holds(form)) return form === 'broken' ? { valid: false, reason: 'checksum' } : unknown
    }
    if (refused.has(hash)) return unknown
    if (isNew && !questions.has(hash)) source.admit?.(address)
    const asked = ask(key, address, hash, at)
    return 'answer' in asked ? asked.answer : asked
  }

  return {
    verify: (key, address) => {
      const hash = hashKey(key)
      const at = now()
      const entry = known.get(hash)
      if (entry === undefined) return meet(key, address, hash, at, true)
      if (isFresh(entry, at)) return use(entry, at)
      if (!entry.verdict.valid || !isWithin(staleMs, entry.askedAt, at)) return meet(key, address, hash, at, false)
      if (entry.failedAt !== undefined && isWithin(retryMs, entry.failedAt, at)) return use(entry, at)
      return askAgain(key, address, hash, at, entry)
    },
    recall: key => {
      const at = now()
      const entry = known.get(hashKey(key))
      return entry !== undefined && (isFresh(entry, at) || isWithin(staleMs, entry.askedAt, at)) ? unlessExpired(entry.verdict, at) : undefined
    },
    invalidate: keyId => {
      changes++
      refused.clear()
      questions.clear()
      if (keyId === undefined) changedAt = changes
      // Keys are found by their hash at every request and by their id hardly ever: a look at each of them costs less than an index.
      else for (const [hash, { verdict }] of known.entries()) if (verdict.caller?.keyId === keyId) known.delete(hash)
    },
    takeUsed: () => {
      const times = new Map<string, number>()
      for (const { verdict, usedAt = 0 } of used) {
        // Two entries for one key, when it was asked about again.
        if (verdict.caller !== undefined) times.set(verdict.caller.keyId, Math.max(usedAt, times.get(verdict.caller.keyId) ?? 0))
      }
      for (const entry of used) entry.usedAt = undefined
      used = []
      return times
    }
  }
}

/** Whether so little time lies between the two; a clock that was set back makes things old rather than young. */
function isWithin (ms: number, then: number, at: number): boolean {
  return Math.abs(at - then) < ms
}

function unlessExpired (verdict: Verdict, at: number): Verdict {
  if (!verdict.valid || verdict.caller.expiresAt === undefined || at < verdict.caller.expiresAt) return verdict
  return { valid: false, reason: 'expired', caller: verdict.caller }
}
