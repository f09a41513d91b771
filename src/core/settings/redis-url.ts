/** `redis://` URLs as REDIS_URL takes them: what each part means. One that would be without effect makes the whole not allowed. */

export interface RedisAddress {
  readonly host: string
  readonly port: number
  /** Empty: the server's default user. */
  readonly user: string
  /** Empty where the server asks for none. */
  readonly password: string
  readonly database: number
  /** The certificate has to be good for the host, by the roots that Node knows (NODE_EXTRA_CA_CERTS adds some); false: in clear. */
  readonly tls: boolean
}

/** To complete the sentence "It must be …". */
export const redisAllowed = 'redis://USER:PASSWORD@HOST:PORT/DATABASE, or rediss:// for TLS ' +
  '(user, password, port and the number of the database may be left out)'

const defaultPort = 6379

export function readRedisUrl (given: string): RedisAddress | undefined {
  if (!/^rediss?:\/\/[^\s\\]+$/i.test(given) || !URL.canParse(given)) return undefined
  const url = new URL(given)
  const [user, password] = [url.username, url.password].map(decoded)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (user === undefined || password === undefined || url.search !== '' || url.hash !== '' || url.port === '0') return undefined
  if (user !== '' && password === '') return undefined // the server takes no user by itself
  if (!/^([\da-z][\da-z._-]*|[\da-f:.]+)$/i.test(host) || !/^\/?(\d{1,4})?$/.test(url.pathname)) return undefined
  return {
    host,
    port: Number(url.port === '' ? defaultPort : url.port),
    user,
    password,
    database: Number(url.pathname.slice(1)),
    tls: url.protocol === 'rediss:'
  }
}

/** Percent-decoded; undefined where it cannot be. */
function decoded (text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
