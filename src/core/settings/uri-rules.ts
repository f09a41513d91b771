/**
 * Which URIs are allowed, by their beginnings, as the settings POLICY_… list them. What a rule covers is compared part by part and never
 * decoded: a URI that readers of it could take in two ways is covered by none. Pure.
 */

/** `SCHEME:` (what names no host), `SCHEME://HOST/PATH/`, `SCHEME://*` (every host), or the path of a folder. */
export interface UriRules {
  /** As they were written, in their order. */
  readonly texts: readonly string[]
  readonly cover: (uri: string) => boolean
}

/** A URI in parts that every reader of it sees alike. */
interface Uri {
  readonly scheme: string
  /** With user and port, where it has them; empty: it names no host. */
  readonly authority: string
  /** Without query and fragment. */
  readonly path: string
}

/** More than MLflow keeps of any of them. */
const uriMaxLength = 4096
const rulesMax = 1000

/** Undefined: no such list. Null: `any`. */
export function uriRules (given: string): UriRules | null | undefined {
  if (given === 'any') return null
  const texts = given === 'none' ? [] : given.split(',').map(text => text.trim())
  const rules = texts.map(toRule)
  if (!rules.every(rule => rule !== undefined) || rules.length > rulesMax) return undefined
  return {
    texts,
    cover: text => {
      const uri = readUri(text)
      return uri !== undefined && uri.path !== '' && rules.some(rule => covers(rule, uri))
    }
  }
}

function covers ({ scheme, authority, path }: Uri, uri: Uri): boolean {
  if (uri.scheme !== scheme) return false
  const isThere = authority === '*' ? uri.authority !== '' && !uri.authority.includes('@') : uri.authority === authority
  return isThere && withSlash(uri.path).startsWith(withSlash(path))
}

/** A rule for `/data/a` covers nothing of `/data/ab`. */
function withSlash (path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

function toRule (text: string): Uri | undefined {
  const [, scheme] = /^([a-z][a-z\d+.-]+):\/\/\*\/?$/i.exec(text) ?? []
  if (scheme !== undefined) return { scheme: scheme.toLowerCase(), authority: '*', path: '/' }
  return /[?#%*\s]/.test(text) ? undefined : readUri(text)
}

/**
 * Where a text leads, scheme and host alone; undefined: not to be told. For people: it holds no user, password, path or query.
 */
export function placeOf (text: string): string | undefined {
  const uri = readUri(text)
  if (uri === undefined) return undefined
  return uri.authority === '' ? `${uri.scheme}:` : `${uri.scheme}://${uri.authority.slice(uri.authority.indexOf('@') + 1)}`
}

/** Undefined: readers may differ about it, or it is relative. */
function readUri (text: string): Uri | undefined {
  if (text.length > uriMaxLength || /[\p{Cc}\\]/u.test(text)) return undefined
  const [, named, rest = ''] = /^([a-z][a-z\d+.-]+):(.*)$/i.exec(text) ?? [undefined, 'file', text.startsWith('/') ? text : undefined]
  if (named === undefined || (rest === '' && !text.endsWith(':'))) return undefined
  const scheme = named.toLowerCase()
  const isWithHost = rest.startsWith('//') && rest !== text
  const end = isWithHost ? endOfAuthority(rest) : 0
  const authority = isWithHost ? readAuthority(scheme, rest.slice(2, end)) : ''
  const path = rest.slice(end).split(/[?#]/, 1)[0] ?? ''
  // A second slash could begin a host for one reader and a path for another.
  const isRooted = end < rest.length ? path.startsWith('/') && !path.startsWith('//') : true
  return authority === undefined || !isRooted || wanders(rest.slice(end)) ? undefined : { scheme, authority, path }
}

function endOfAuthority (rest: string): number {
  const length = rest.slice(2).search(/[/?#]/)
  return length === -1 ? rest.length : length + 2
}

/** Hosts that are found by name are without case; a bucket is not. */
const caseless: ReadonlySet<string> = new Set(['http', 'https', 'ftp', 'sftp', 'hdfs', 'viewfs', 'mlflow-artifacts'])
const defaultPorts: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** A user is part of it, for stores that name a container so (`abfss://container@account…`); a password is for nobody to see. */
function readAuthority (scheme: string, text: string): string | undefined {
  if (text === '') return ''
  const start = text.indexOf('@') + 1
  const [user, host] = [text.slice(0, start), text.slice(start)]
  if (!/^(?:[\w.~-]+@)?$/.test(user) || !/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(host)) return undefined
  const port = defaultPorts[scheme]
  const bare = port !== undefined && host.endsWith(port) ? host.slice(0, -port.length) : host
  return user + (caseless.has(scheme) ? bare.toLowerCase() : bare)
}

/**
 * Whether a path may lead elsewhere than it says: by dot segments, also where those show only when it is decoded, or cut at a `;`, `?` or
 * `#`, as readers do; or since it is encoded twice, so that one reader more sees another path.
 */
function wanders (path: string): boolean {
  const decoded = path.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return /%[\da-f]{2}/i.test(decoded) || /[\p{Cc}\\]/u.test(decoded.replace(/[\x80-\xff]/g, '')) || /(?:^|\/)\.{1,2}(?:[/;?#]|$)/.test(decoded)
}
