/**
 * Sessions where an auth service has the keys, and nothing is kept here: the cookie holds the key itself, sealed so that only the facade
 * can read or make it.
 */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { KeyVerifier } from '../contract.js'
import { createSeal } from './seal.js'
import { lag, lasts, ofSession, type Lifetimes, type Sessions } from './sessions.js'

/** What is made here has at most half of it: a key has 512 characters. */
const tokenPattern = /^[\w-]{64,2048}$/
/** Sessions that were ended and whose cookie might come again, until they would have ended by themselves. */
const rememberedEnds = 100_000

interface Content {
  readonly id: string
  readonly key: string
  readonly createdAt: number
  readonly seenAt: number
}

export interface SealedOptions extends Lifetimes {
  /** Asked for when it is first needed. @throws StoreUnavailableError */
  readonly secret: () => string
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

export function openSealedSessions (verifier: KeyVerifier, { secret, now = Date.now, ...lifetimes }: SealedOptions): Sessions {
  const ended = new LRUCache<string, number>({ max: rememberedEnds })
  const { seal, open: unseal } = createSeal(secret, 'hokusai-mlflow session')

  /** What was sealed here; undefined: it was not, or has ended. */
  function open (token: string): Content | undefined {
    if (!tokenPattern.test(token)) return undefined
    const content = unseal(token) as Content | undefined // only what the facade has sealed comes so far
    return content !== undefined && lasts(content, lifetimes, now()) && !ended.has(content.id) ? content : undefined
  }

  return {
    begin: async key => seal({ id: randomUUID(), key, createdAt: now(), seenAt: now() } satisfies Content),
    verify: (token, address) => {
      const content = open(token)
      if (content === undefined) return undefined
      const verdict = verifier.verify(content.key, address)
      return verdict instanceof Promise ? verdict.then(ofSession) : ofSession(verdict)
    },
    renew: token => {
      const content = open(token)
      if (content === undefined || now() - content.seenAt < lag(lifetimes)) return undefined
      return seal({ ...content, seenAt: now() } satisfies Content)
    },
    end: async token => {
      const content = open(token)
      if (content !== undefined) ended.set(content.id, now())
    }
  }
}
