/**
 * Finds the one key that a request presents in its headers, or says that there are none or several. Whether the key is
 * good is not judged here.
 */
import { isJwt } from '../keys/key.js'

/** A `key` may be the empty string: credentials came, but no key can be read from them, which is a malformed key and not an absent one. */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'key', readonly key: string }
  /** The headers in which they stand. */
  | { readonly kind: 'conflict', readonly headers: readonly string[] }

/** The values of the headers, one element for each time the header came. */
export interface CredentialHeaders {
  readonly authorization: readonly string[]
  readonly apiKey: readonly string[]
  /** `x-goog-api-key` and `api-key`. */
  readonly gatewayKey: readonly string[]
}

const none: Presented = { kind: 'none' }

/**
 * The key in `Authorization` (Bearer, ApiKey, or Basic with the key as password) and `X-API-Key`, on the LLM gateway
 * also in the headers of Gemini's and Azure's SDKs. The same key several times is one key. Two different ones are a
 * conflict whichever is valid, for else a proxy in front and the facade could each believe another one. What cannot be a
 * key is none beside one that can; alone it is tried, and refused by the store as it is.
 */
export function presentedKey ({ authorization, apiKey, gatewayKey }: CredentialHeaders, onGateway: boolean): Presented {
  const gatewayCount = onGateway ? gatewayKey.length : 0
  const count = authorization.length + apiKey.length + gatewayCount
  if (count === 0) return none
  const first = authorization[0]
  if (count === 1) {
    return { kind: 'key', key: first === undefined ? (apiKey[0] ?? gatewayKey[0] ?? '').trim() : readAuthorization(first).text }
  }
  const texts: Array<readonly [text: string, header: string]> = [
    ...authorization.map(value => [readAuthorization(value).text, 'Authorization'] as const),
    ...apiKey.map(value => [value.trim(), 'X-API-Key'] as const),
    ...(onGateway ? gatewayKey : []).map(value => [value.trim(), 'x-goog-api-key or api-key'] as const)
  ]
  const keys = texts.filter(([text]) => couldBeKey(text))
  const tried = keys.length > 0 ? keys : texts.filter(([text]) => text !== '')
  if (new Set(tried.map(([text]) => text)).size > 1) return { kind: 'conflict', headers: [...new Set(tried.map(([, header]) => header))] }
  return { kind: 'key', key: tried[0]?.[0] ?? '' }
}

const keyMaxLength = 512

/**
 * Whether a text counts as a key beside another one. A JWT does not: no store takes one, and proxies that sign people in
 * put it beside the caller's key. Any other text does, for imported keys and those of an auth service have any form; also
 * one with a comma or a space in it, for a proxy that joins repeated headers makes such a text of two keys.
 */
export function couldBeKey (text: string): boolean {
  return text !== '' && text.length <= keyMaxLength && !isJwt(text)
}

/** An `Authorization` header taken apart. The text is empty where no key can be read from it. */
export interface Authorization {
  /** In lower case; empty where there is no scheme. */
  readonly scheme: string
  readonly text: string
}

/** RFC 9110, section 11.4: a scheme without case, one or more spaces, the credentials. */
export function readAuthorization (value: string): Authorization {
  if (value.startsWith('Bearer ')) return { scheme: 'bearer', text: value.slice(7).trim() } // what nearly every client sends
  const [, given = '', credentials = ''] = /^\s*([^\s]+) +(.*)$/s.exec(value) ?? []
  const scheme = given.toLowerCase()
  switch (scheme) {
    case 'bearer':
    case 'apikey': return { scheme, text: credentials.trim() }
    case 'basic': return { scheme, text: password(credentials.trim()) }
    default: return { scheme, text: '' }
  }
}

/** RFC 7617: base64 of user, colon, password; only the user name may not hold a colon. */
function password (credentials: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return ''
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon === -1 ? '' : pair.slice(colon + 1)
}
