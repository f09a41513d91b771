/** Puts a memory in front of a key verifier that is far away: what it said is kept for a while, and a key that was seen valid outlives an outage of it. */
import { setTimeout as wait } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { createGuesses, networkOf } from './guesses.js'
import { hashKey, isPlausible } from './key.js'
import { StoreBusyError, StoreUnavailableError, type KeyVerifier, type Verdict } from './contract.js'

export interface CacheOptions {
  /** How long an answer about a known key is kept. */
  readonly cacheMs: number
  /** How long after it was last seen valid a key stays so while the verifier cannot answer. */
  readonly staleMs: number
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

interface Entry {
  readonly verdict: Verdict
  readonly askedAt: number
  /** When the verifier last failed to answer about this key. */
  failedAt: number | undefined
}

/** A question that is under way. */
interface Question {
  readonly answer: Promise<Verdict>
  readonly askedAt: number
}

const remembered = 10_000
/** Validations of new keys in any one second; those whose keys were refused share half, so that they cannot take it all from the others. */
const unseenMax = { perAddress: 10, suspects: 25, inAll: 50 }
const windowMs = 1000
/** How long a known key waits for a verifier that failed last time, and how long until it is asked again about that key. */
const patienceMs = 250
const retryMs = 100

/**
 * Keeps verdicts by the hash of the key. Refusals and failures are not kept, except for lack of balance: that is
 * a known key, too. Calls that come while one with the same key is under way share its answer.
 */
export function cached (verifier: KeyVerifier, { cacheMs, staleMs, now = Date.now }: CacheOptions): KeyVerifier {
  const entries = new LRUCache<string, Entry>({ max: remembered })
  const questions = new Map<string, Question>()
  const turnstile = createTurnstile()
  let isDown = false

  async function ask (key: string, hash: string, address: string, askedAt: number): Promise<Verdict> {
    try {
      const verdict = await verifier.verify(key, address)
      isDown = false
      if (verdict.valid || verdict.reason === 'balance') entries.set(hash, { verdict, askedAt, failedAt: undefined })
      else {
        entries.delete(hash)
        turnstile.refused(address, now())
      }
      return verdict
    } catch (error) {
      isDown = error instanceof StoreUnavailableError
      const entry = entries.get(hash)
      if (entry !== undefined && isDown) entry.failedAt = now()
      throw error
    }
  }

  function question (key: string, hash: string, address: string): Question {
    const running = questions.get(hash)
    if (running !== undefined) return running
    const askedAt = now()
    const started = { answer: ask(key, hash, address, askedAt), askedAt }
    questions.set(hash, started)
    // The first to hear of the end, failures too, so that nobody joins a question that is over.
    const end = (): void => { questions.delete(hash) }
    started.answer.then(end, end)
    return started
  }

  /** Asks again about a key that was seen valid not too long ago; that it was so is the answer where there is no other. */
  async function askAgain ({ answer, askedAt }: Question, old: Verdict): Promise<Verdict> {
    // Without an outage the new answer counts, however slow. In one, hanging calls would add up to nothing but waiting.
    const late = new AbortController()
    const patient = isDown ? [wait(Math.max(0, askedAt + patienceMs - now()), old, { signal: late.signal })] : []
    try {
      return await Promise.race([answer, ...patient])
    } catch (error) {
      if (error instanceof StoreUnavailableError) return old
      throw error
    } finally {
      late.abort()
    }
  }

  return {
    verify: (key, address) => {
      const hash = hashKey(key)
      const at = now()
      const entry = entries.get(hash)
      if (entry !== undefined && isWithin(cacheMs, entry.askedAt, at)) return unlessExpired(entry.verdict, at)
      if (entry?.verdict.valid === true && isWithin(staleMs, entry.askedAt, at)) {
        const old = unlessExpired(entry.verdict, at)
        if (entry.failedAt !== undefined && isWithin(retryMs, entry.failedAt, at)) return old
        return askAgain(question(key, hash, address), old)
      }
      if (!isPlausible(key)) return { valid: false, reason: 'malformed' }
      if (entry === undefined && !questions.has(hash) && !turnstile.admits(address, at)) throw new StoreBusyError('Too many new API keys at once: try again in a second.', 1)
      return question(key, hash, address).answer
    },
    recall: key => {
      const at = now()
      const entry = entries.get(hashKey(key))
      return entry !== undefined && isWithin(Math.max(cacheMs, staleMs), entry.askedAt, at) ? unlessExpired(entry.verdict, at) : undefined
    },
    check: () => verifier.check(),
    close: () => verifier.close()
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

interface Turnstile {
  /** Whether one more new key may be asked about; if so it is counted. */
  readonly admits: (address: string, at: number) => boolean
  /** The verifier refused a key from there. */
  readonly refused: (address: string, at: number) => void
}

function createTurnstile (): Turnstile {
  const all: number[] = []
  const ofSuspects: number[] = []
  const networks = new LRUCache<string, number[]>({ max: remembered })
  const guesses = createGuesses()
  return {
    admits (address, at) {
      const network = networkOf(address)
      const own = networks.get(network) ?? []
      const suspect = guesses.suspects(address, at)
      if (isFull(own, unseenMax.perAddress, at) || isFull(all, unseenMax.inAll, at) || (suspect && isFull(ofSuspects, unseenMax.suspects, at))) return false
      own.push(at)
      all.push(at)
      if (suspect) ofSuspects.push(at)
      networks.set(network, own)
      return true
    },
    refused: guesses.count
  }
}

/** Forgets those that lie a whole window back, then counts. */
function isFull (times: number[], max: number, at: number): boolean {
  let old = 0
  while (old < times.length && !isWithin(windowMs, times[old] ?? at, at)) old++
  times.splice(0, old)
  return times.length >= max
}
