/** The session cookie: it is the facade's own, and nobody behind it gets it. */

/** Its name. */
export const sessionCookie = 'hokusai_session'

/** A Cookie header without the session, byte for byte; undefined where nothing is left. */
export function withoutSession (header: string): string | undefined {
  if (!header.includes(sessionCookie)) return header
  const kept = header.split(';').filter(pair => pair.split('=', 1)[0]?.trim() !== sessionCookie).join(';').trim()
  return kept === '' ? undefined : kept
}
