/** What went wrong between the facade and Redis, in words that may be shown to anyone: without address, user or password. */

/** By the first word of the server's answer, or the code of Node or OpenSSL. */
const meanings: Readonly<Record<string, string>> = {
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  ECONNREFUSED: 'cannot be reached: nothing listens there',
  ENOTFOUND: 'cannot be reached: its host name is not known',
  EAI_AGAIN: 'cannot be reached: its host name cannot be looked up',
  ETIMEDOUT: 'cannot be reached: no connection comes about',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  NOAUTH: 'wants a password, and REDIS_URL has none',
  WRONGPASS: 'refuses the user or the password of REDIS_URL',
  NOPERM: 'does not allow this to the user of REDIS_URL',
  READONLY: 'is a replica, which cannot be written',
  MISCONF: 'cannot write to its disk, and refuses to go on',
  OOM: 'has no memory left',
  LOADING: 'is starting',
  BUSY: 'is busy with somebody\'s script',
  MOVED: 'is a cluster, which is not supported: name one server',
  MASTERDOWN: 'is a replica that has lost its primary'
}

/** Errors of ioredis itself, and of OpenSSL, whose codes are many. */
const messages: ReadonlyArray<readonly [RegExp, string]> = [
  [/certificate|self.signed/i, 'has a certificate that is not accepted (NODE_EXTRA_CA_CERTS adds an authority)'],
  [/SSL|TLS/, 'does not speak TLS, which rediss:// demands'],
  [/unknown command/i, 'does not know a command that is needed'],
  [/invalid DB index|DB index is out of range/i, 'has no database of that number'],
  [/isn't writeable|closed|max retries/i, 'cannot be reached: there is no connection']
]

/** No answer in time. */
export class SilentError extends Error {
  override readonly name = 'SilentError'
}

/** A sentence. */
export function describeRedis (error: unknown): string {
  return `Redis ${meaningOf(error)}.`
}

function meaningOf (error: unknown): string {
  if (error instanceof SilentError) return 'does not answer in time'
  const { code, message = '' } = error as { readonly code?: unknown, readonly message?: string }
  const [word = ''] = /^-?[A-Z]+/.exec(message) ?? []
  const known = meanings[String(code)] ?? meanings[word]
  if (known !== undefined) return known
  const told = messages.find(([pattern]) => pattern.test(message))?.[1]
  return told ?? (typeof code === 'string' && /^\w+$/.test(code) ? `cannot be reached (${code})` : 'failed')
}
