/** The session cookie: it is the facade's own, and nobody behind it gets it. */

/** Its name. */
export const sessionCookie = 'hokusai_session'
const transactionCookie = 'hokusai_sign_in'

/** A Cookie header without the session, byte for byte; undefined where nothing is left. */
export function withoutSession (header: string): string | undefined {
  if (!header.includes(sessionCookie)) return header
  const kept = header.split(';').filter(pair => pair.split('=', 1)[0]?.trim() !== sessionCookie).join(';').trim()
  return kept === '' ? undefined : kept
}

/** The value of the session cookie; undefined: none came. */
export function sessionToken (headers: readonly string[]): string | undefined {
  return cookieIn(headers, sessionCookie)
}

/** What the browser brings back from the identity provider; undefined: nothing. */
export function transactionIn (headers: readonly string[]): string | undefined {
  return cookieIn(headers, transactionCookie)
}

/** Of several cookies of a name the first counts, which is the one with the longest path. */
function cookieIn (headers: readonly string[], name: string): string | undefined {
  for (const header of headers) {
    if (!header.includes(name)) continue
    for (const pair of header.split(';')) {
      const equals = pair.indexOf('=')
      if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
    }
  }
  return undefined
}

/**
 * A Set-Cookie for a session (RFC 6265). No script reads it, and no call of another site brings it but a link that is followed.
 * @param secure whether it may come over HTTPS alone
 */
export function setSession (token: string, secure: boolean, maxMs: number): string {
  return `${sessionCookie}=${token}; Path=/; Max-Age=${Math.floor(maxMs / 1000)}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** A Set-Cookie for a sign-in at the identity provider that is under way: only the path by which people come back gets it. */
export function setTransaction (value: string, path: string, secure: boolean, maxMs: number): string {
  return `${transactionCookie}=${value}; Path=${path}; Max-Age=${Math.floor(maxMs / 1000)}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** A Set-Cookie by which the browser forgets its session. */
export function clearSession (secure: boolean): string {
  return setSession('', secure, 0)
}

const always = ['referrer-policy', 'same-origin', 'x-content-type-options', 'nosniff'] as const

/** A cache that people share may keep what was asked for without `Authorization` (RFC 9111, section 3.5). */
const notShared = ['cache-control', 'private'] as const

/** What a browser with a session is told beside a page of MLflow's: no other may show it in a frame, or learn where one was. */
export const uiHeaders = ['content-security-policy', "frame-ancestors 'self'", ...always] as const
/** The same for what is not the same for everybody. */
export const sessionHeaders = [...uiHeaders, ...notShared] as const
/** The same for artifacts, which anybody with a write key may have put there: as a page of their own they run no script. */
export const artifactHeaders = ['content-security-policy', "sandbox; frame-ancestors 'self'", ...always, ...notShared] as const
