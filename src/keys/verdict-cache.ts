/** Stands in front of every key store: what the store said counts until it is too old or the store tells of a change, also in an outage. */
import { within } from '../core/within.js'
import { StoreUnavailableError, type KeyVerifier, type Verdict } from './contract.js'
import { formOf, hashKey, isPlausible, type KeyForm } from './key.js'
import { createVerdictMemory, isWithin, unlessExpired, type MemoryOptions, type VerdictMemory } from './verdict-memory.js'

/** The store behind a cache, as far as single keys are concerned. */
export interface VerdictSource {
  /**
   * What the store says of a key, whose hash comes along; at once where it does not have to wait. Whether a valid key has expired since may
   * be left to the cache. A refusal names a caller only where the store knows the key.
   * @throws StoreUnavailableError, StoreBusyError, at once or later
   */
  readonly ask: (key: string, address: string, hash: string) => Verdict | Promise<Verdict>
  /** Whether the store may hold a key of this form; one of another form is refused without asking. Without it: any. */
  readonly holds?: (form: KeyForm) => boolean
  /** Whether a text is worth asking about at all. Without it: what could be anybody's key. */
  readonly isPlausible?: (key: string) => boolean
  /** Called before the store is asked about a key that is new here. @throws StoreBusyError when that has to wait */
  readonly admit?: (address: string) => void
}

export interface VerdictCacheOptions extends MemoryOptions {
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

export interface VerdictCache extends Pick<KeyVerifier, 'verify'>, Required<Pick<KeyVerifier, 'recall'>> {
  /** As `verify`, of a key known by its hash alone: for sources that ask by nothing else. */
  readonly verifyHash: (hash: string) => Verdict | Promise<Verdict>
  /**
   * The store has changed: with an id, that key, of which nothing is left here; without, anything may have, so that each key is asked about
   * again, and was seen valid only for the case that there is no answer. Answers that are on their way are not kept.
   */
  readonly invalidate: (keyId?: string) => void
  /** Ids of the keys used since the last time, and when. */
  readonly takeUsed: () => ReadonlyMap<string, number>
}

/**
 * Keeps verdicts by the hash of the key; what it has kept, and what cannot be a key, is answered at once and without a promise. Failures
 * are not kept. Calls that come while a question about the same key is under way share its answer.
 */
export function createVerdictCache (source: VerdictSource, { now = Date.now, ...options }: VerdictCacheOptions): VerdictCache {
  const memory = createVerdictMemory(options)
  const questions = createQuestions(source, memory, now)

  /** A key of which nothing is known that would still count. @param key undefined: only its hash is known */
  function meet (key: string | undefined, address: string, hash: string, isNew: boolean): Verdict | Promise<Verdict> {
    if (key !== undefined) {
      if (!(source.isPlausible ?? isPlausible)(key)) return { valid: false, reason: 'malformed' }
      const form = source.holds === undefined ? undefined : formOf(key)
      if (form !== undefined && source.holds?.(form) === false) return { valid: false, reason: form === 'broken' ? 'checksum' : 'unknown' }
    }
    if (memory.isUnknown(hash)) return { valid: false, reason: 'unknown' }
    if (isNew && !questions.isAsked(hash)) source.admit?.(address)
    const asked = questions.ask(key ?? '', address, hash)
    return 'answer' in asked ? asked.answer : asked
  }

  /** Asks again about a key that was seen valid not too long ago; that it was so is the answer where there is no other. */
  async function outlast (ask: () => Verdict | Question, hash: string, at: number): Promise<Verdict> {
    try {
      const asked = ask()
      if (!('answer' in asked)) return asked
      // Without an outage the new answer counts, however slow. In one, hanging calls would add up to nothing but waiting.
      return await (questions.isDown() ? within(asked.askedAt + patienceMs - now(), asked.answer, tooLate) : asked.answer)
    } catch (error) {
      // Not what was known when the call came: the store may have told since that the key has changed.
      const entry = error instanceof StoreUnavailableError ? memory.find(hash) : undefined
      if (entry !== undefined && memory.isSeenValid(entry, at)) return memory.use(entry, now())
      throw error
    }
  }

  function judge (key: string | undefined, address: string, hash: string): Verdict | Promise<Verdict> {
    const at = now()
    const entry = memory.find(hash)
    if (entry === undefined) return meet(key, address, hash, true)
    if (memory.isFresh(entry, at)) return memory.use(entry, at)
    if (!memory.isSeenValid(entry, at)) return meet(key, address, hash, false)
    if (entry.failedAt !== undefined && isWithin(retryMs, entry.failedAt, at)) return memory.use(entry, at)
    return outlast(() => questions.ask(key ?? '', address, hash), hash, at)
  }

  return {
    verify: (key, address) => judge(key, address, hashKey(key)),
    verifyHash: hash => judge(undefined, '', hash),
    recall: key => {
      const at = now()
      const entry = memory.find(hashKey(key))
      const counts = entry !== undefined && (memory.isFresh(entry, at) || memory.isSeenValid(entry, at))
      return counts ? unlessExpired(entry.verdict, at) : undefined
    },
    invalidate: keyId => {
      memory.invalidate(keyId)
      questions.forget()
    },
    takeUsed: memory.takeUsed
  }
}

/** A question that is under way. */
interface Question {
  readonly answer: Promise<Verdict>
  readonly askedAt: number
}

interface Questions {
  readonly isAsked: (hash: string) => boolean
  /** Asks the store, unless somebody is asking it about this key already. */
  readonly ask: (key: string, address: string, hash: string) => Verdict | Question
  /** Whether the store did not answer last time. */
  readonly isDown: () => boolean
  /** Lets nobody join the questions that are under way. */
  readonly forget: () => void
}

/** How long a known key waits for a store that failed last time, and how long until it is asked again about that key. */
const patienceMs = 250
const retryMs = 100

function createQuestions (source: VerdictSource, memory: VerdictMemory, now: () => number): Questions {
  const running = new Map<string, Question>()
  let isDown = false

  function keep (hash: string, verdict: Verdict, askedAt: number, asOf: number): Verdict {
    isDown = false
    return memory.use(memory.keep(hash, verdict, askedAt, asOf), now())
  }

  function noteFailure (hash: string, error: unknown): void {
    isDown = error instanceof StoreUnavailableError
    const entry = memory.find(hash)
    if (entry !== undefined && isDown) entry.failedAt = now()
  }

  function share (hash: string, answer: Promise<Verdict>, askedAt: number): Question {
    const question = { answer, askedAt }
    running.set(hash, question)
    // The first to hear of the end, failures too, so that nobody joins a question that is over.
    const end = (): void => { if (running.get(hash) === question) running.delete(hash) }
    answer.then(end, end)
    return question
  }

  function ask (key: string, address: string, hash: string): Verdict | Question {
    const shared = running.get(hash)
    if (shared !== undefined) return shared
    const askedAt = now()
    const asOf = memory.changes()
    const failed = (error: unknown): never => {
      noteFailure(hash, error)
      throw error
    }
    try {
      const verdict = source.ask(key, address, hash)
      if (!(verdict instanceof Promise)) return keep(hash, verdict, askedAt, asOf)
      return share(hash, verdict.then(verdict => keep(hash, verdict, askedAt, asOf), failed), askedAt)
    } catch (error) {
      return failed(error)
    }
  }

  return { isAsked: hash => running.has(hash), isDown: () => isDown, ask, forget: () => running.clear() }
}

function tooLate (): StoreUnavailableError {
  return new StoreUnavailableError('The key store does not answer.')
}
