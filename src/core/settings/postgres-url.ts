/** `postgres://` URLs as KEYS_URL takes them: what each part means. One that would be without effect makes the whole not allowed. */
import { X509Certificate } from 'node:crypto'

export interface PostgresAddress {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  /** Empty where the server asks for none. */
  readonly password: string
  readonly database: string
  /** Undefined: in clear. `verify`: the certificate has to be good for the host, by `ca` (PEM) or the roots that Node brings. */
  readonly tls: { readonly verify: boolean, readonly ca?: string } | undefined
}

/** Undefined where it cannot, which it tells of itself. */
export type ReadText = (path: string) => string | undefined

/** To complete the sentence "It must be …". */
export const postgresAllowed = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE with sslmode=disable, require or verify-full ' +
  '(the default, except on loopback and unix sockets) and sslrootcert=PEM_FILE for verify-full'

const defaultPort = 5432

/**
 * The modes of libpq that say what they do: `require` encrypts and trusts any certificate, `verify-full` checks it and its name.
 * Not `prefer` and `allow`, which go on in clear where they are told to, nor `verify-ca`.
 * @param readText reads the file of `sslrootcert`
 */
export function readPostgresUrl (given: string, readText: ReadText): PostgresAddress | undefined {
  if (!/^postgres(ql)?:\/\/[^\s\\]+$/i.test(given) || !URL.canParse(given)) return undefined
  const url = new URL(given)
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded)
  const host = decoded(url.hostname.replace(/^\[|\]$/g, ''))
  if (user === undefined || password === undefined || host === undefined || database === undefined) return undefined
  if (user === '' || database === '' || database.includes('/') || url.hash !== '' || url.port === '0') return undefined
  if (!/^(\/.+|[\da-z][\da-z._-]*|[\da-f:.]+)$/i.test(host)) return undefined // several hosts, among others
  const tls = readTls(url.searchParams, host, readText)
  return tls === false ? undefined : { host, port: Number(url.port === '' ? defaultPort : url.port), user, password, database, tls }
}

/** False: not allowed. */
function readTls (parameters: URLSearchParams, host: string, readText: ReadText): PostgresAddress['tls'] | false {
  const names = [...parameters.keys()]
  if (names.some(name => name !== 'sslmode' && name !== 'sslrootcert') || new Set(names).size !== names.length) return false
  const isSocket = host.startsWith('/')
  const mode = parameters.get('sslmode') ?? (isSocket || isLoopback(host) ? 'disable' : 'verify-full')
  const file = parameters.get('sslrootcert')
  if (isSocket && mode !== 'disable') return false // libpq ignores it there
  if (mode !== 'verify-full') return file === null && (mode === 'disable' ? undefined : mode === 'require' && { verify: false })
  if (file === null) return { verify: true }
  const ca = readText(file)
  if (ca === undefined) return { verify: true } // told of already
  return isCertificate(ca) && { verify: true, ca }
}

function isCertificate (pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

export function isLoopback (host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)
}

/** Percent-decoded; undefined where it cannot be, or holds a NUL, which ends a text in PostgreSQL's protocol. */
function decoded (text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    return plain.includes('\0') ? undefined : plain
  } catch {
    return undefined
  }
}
