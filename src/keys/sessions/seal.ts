/** Texts that only the facade can read or make (AES-256-GCM, NIST SP 800-38D). */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

export interface Seal {
  /** In base64url: four characters for three bytes of JSON, and 38 more. */
  readonly seal: (content: object) => string
  /** What was sealed here for the same purpose, as it was then; undefined: it was not. */
  readonly open: (text: string) => unknown
}

/**
 * @param secret asked for when it is first needed; may throw StoreUnavailableError, as both functions then do
 * @param purpose what is sealed for one purpose opens for no other
 */
export function createSeal (secret: () => string, purpose: string): Seal {
  let key: Buffer | undefined
  const keyOfCipher = (): Buffer => (key ??= Buffer.from(hkdfSync('sha256', secret(), '', purpose, 32)))
  return {
    seal: content => {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv(algorithm, keyOfCipher(), iv)
      const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open: text => {
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length < ivBytes + tagBytes) return undefined
      const decipher = createDecipheriv(algorithm, keyOfCipher(), bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      try {
        return JSON.parse(decipher.update(bytes.subarray(ivBytes + tagBytes)).toString() + decipher.final('utf8'))
      } catch {
        return undefined
      }
    }
  }
}
