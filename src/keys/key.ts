/** The shape of API keys: how new ones are made, how any key is recognised, hashed and hinted at. Knows no store. */
import { hash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type Environment = 'live' | 'test' | 'other'

/**
 * What a key looks like from outside, which decides whether a store needs to be asked at all:
 * `sealed` is made by us and its checksum is right, `broken` has the length of ours but another checksum,
 * `platform` has the prefix and any other length (32 and 40 characters are known), `foreign` is everything else.
 */
export type KeyForm = 'sealed' | 'broken' | 'platform' | 'foreign'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 36
const checksumLength = 6

/**
 * The key format, for secret scanners: `hk_live_` or `hk_test_`, 36 random characters of base62 (214 bits), 6 of checksum.
 * The checksum is the CRC-32 (as in zlib) of all that stands before it, prefix included, in base62 with the digits in the
 * order 0-9, A-Z, a-z, most significant first, filled up with 0 on the left.
 */
export const keyPattern = /^hk_(?:live|test)_[0-9A-Za-z]{36}[0-9A-Za-z]{6}$/

/** A new key. */
export function generateKey (environment: 'live' | 'test'): string {
  const body = `hk_${environment}_${randomText(randomLength)}`
  return body + checksum(body)
}

/** A new id by which a key is managed; it is no secret. */
export function createId (): string {
  return `key_${randomText(16)}`
}

/** How the id begins by which an account of the identity provider goes, in place of a key's. */
export const accountPrefix = 'oidc:'

/**
 * What a store keeps in place of the key: SHA-256 as 64 hexadecimal characters.
 * A slow hash would add nothing: the keys have far more than 128 random bits.
 */
export function hashKey (key: string): string {
  return hash('sha256', key, 'hex')
}

/** Whether it could be anybody's key: 1 to 512 visible ASCII characters, which is what every way of presenting one can carry. */
export function isPlausible (key: string): boolean {
  return /^[\x21-\x7e]{1,512}$/.test(key)
}

export function formOf (key: string): KeyForm {
  if (keyPattern.test(key)) return checksum(key.slice(0, -checksumLength)) === key.slice(-checksumLength) ? 'sealed' : 'broken'
  return /^hk_(?:live|test)_[0-9A-Za-z]+$/.test(key) ? 'platform' : 'foreign'
}

/** Whether a text is no key but a JWT or JWE (RFC 7519: three or five parts, the first of them JSON in base64url). */
export function isJwt (text: string): boolean {
  return /^eyJ[\w-]*(?:\.[\w-]*){2,4}$/.test(text)
}

export function environmentOf (key: string): Environment {
  return key.startsWith('hk_live_') ? 'live' : key.startsWith('hk_test_') ? 'test' : 'other'
}

/** The first characters, by which people and log lines tell keys apart; of a foreign key never more than a quarter. */
export function hintOf (key: string): string {
  const prefix = /^hk_(?:live|test)_/.exec(key)?.[0] ?? ''
  const shown = Math.min(4, Math.floor((key.length - prefix.length) / 4))
  return `${key.slice(0, prefix.length + shown)}…`
}

/** `randomInt` is unbiased, unlike a remainder of random bytes. */
function randomText (length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}

function checksum (body: string): string {
  let rest = crc32(body)
  let digits = ''
  for (let place = 0; place < checksumLength; place++) {
    digits = alphabet.charAt(rest % alphabet.length) + digits
    rest = Math.floor(rest / alphabet.length)
  }
  return digits
}
