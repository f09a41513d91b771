/**
 * Sessions where an auth service has the keys, and nothing is kept here: the cookie holds the key itself, sealed so that only the facade
 * can read or make it (AES-256-GCM, NIST SP 800-38D).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { KeyVerifier } from '../contract.js'
import { lag, lasts, ofSession, type Lifetimes, type Sessions } from './sessions.js'

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16
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
  let cipherKey: Buffer | undefined
  const keyOfCipher = (): Buffer => (cipherKey ??= Buffer.from(hkdfSync('sha256', secret(), '', 'hokusai-mlflow session', 32)))

  function seal (content: Content): string {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv(algorithm, keyOfCipher(), iv)
    const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
  }

  /** What was sealed here; undefined: it was not, or has ended. */
  function open (token: string): Content | undefined {
    if (!tokenPattern.test(token)) return undefined
    const bytes = Buffer.from(token, 'base64url')
    const decipher = createDecipheriv(algorithm, keyOfCipher(), bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    let text: string
    try {
      text = decipher.update(bytes.subarray(ivBytes + tagBytes)).toString() + decipher.final('utf8')
    } catch {
      return undefined
    }
    const content = JSON.parse(text) as Content // only what the facade has sealed comes so far
    return lasts(content, lifetimes, now()) && !ended.has(content.id) ? content : undefined
  }

  return {
    begin: async key => seal({ id: randomUUID(), key, createdAt: now(), seenAt: now() }),
    verify: (token, address) => {
      const content = open(token)
      if (content === undefined) return undefined
      const verdict = verifier.verify(content.key, address)
      return verdict instanceof Promise ? verdict.then(ofSession) : ofSession(verdict)
    },
    renew: token => {
      const content = open(token)
      return content === undefined || now() - content.seenAt < lag(lifetimes) ? undefined : seal({ ...content, seenAt: now() })
    },
    end: async token => {
      const content = open(token)
      if (content !== undefined) ended.set(content.id, now())
    }
  }
}
