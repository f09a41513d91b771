/** Finds the one key that a request presents in its headers, or says that there are none or several. Whether the key is good is not judged here. */

/** A `key` may be the empty string: credentials came, but no key can be read from them, which is a malformed key and not an absent one. */
export type Presented = { readonly kind: 'none' } | { readonly kind: 'key', readonly key: string } | { readonly kind: 'conflict' }

/** The values of the two headers, one element for each time the header came. */
export interface CredentialHeaders {
  readonly authorization: readonly string[]
  readonly apiKey: readonly string[]
}

const none: Presented = { kind: 'none' }
const conflict: Presented = { kind: 'conflict' }

/**
 * The key in `Authorization` (Bearer, ApiKey, or Basic with the key as password) and `X-API-Key`.
 * The same key several times is one key; two different ones are a conflict whichever is valid, for else
 * a proxy in front and the facade could each believe another one.
 */
export function presentedKey ({ authorization, apiKey }: CredentialHeaders): Presented {
  const first = authorization[0]
  if (first === undefined && apiKey.length === 0) return none
  const key = first === undefined ? (apiKey[0] ?? '').trim() : fromAuthorization(first)
  if (authorization.length + apiKey.length === 1) return { kind: 'key', key }
  const agree = authorization.every(value => fromAuthorization(value) === key) && apiKey.every(value => value.trim() === key)
  return agree ? { kind: 'key', key } : conflict
}

/** RFC 9110, section 11.4: a scheme without case, one or more spaces, the credentials. */
function fromAuthorization (value: string): string {
  if (value.startsWith('Bearer ')) return value.slice(7).trim() // what nearly every client sends
  const [, scheme = '', credentials = ''] = /^\s*([^\s]+) +(.*)$/.exec(value) ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'apikey': return credentials.trim()
    case 'basic': return password(credentials.trim())
    default: return ''
  }
}

/** RFC 7617: base64 of user, colon, password; only the user name may not hold a colon. */
function password (credentials: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return ''
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon === -1 ? '' : pair.slice(colon + 1)
}
