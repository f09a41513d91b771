/** One request, as a person writes it down and as rules look at it. */
import { addressBits } from './solver/address.js'
import { isHost } from './solver/shapes.js'

/** A request as it can be sent; one that shows something is a witness. */
export interface Witness {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly sourceIp?: string
}

/** The same as rules look at it. */
export interface Request {
  readonly method: string
  readonly protocol: 'HTTP' | 'HTTPS'
  readonly port: number
  readonly host: string
  /** As sent: nothing decoded, no dots folded. */
  readonly path: string
  /** As sent, without the question mark. */
  readonly query: string
  /** By name in lower case; every occurrence. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** Undefined: not known. */
  readonly sourceIp: string | undefined
  /** The path may reach the rules in another form than it is sent in. */
  readonly isPathOpen?: true
}

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~\da-z]+$/i

/** What is not a request: one sentence. */
export class RequestError extends Error {}

/** @throws RequestError for a URL or address that cannot be sent */
export function createRequest ({ method, url, headers, sourceIp }: Witness): Request {
  const [, scheme = '', authority = '', path = '', query = ''] = /^(https?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/i.exec(url) ?? []
  const { host, port } = endpointOf(authority) ?? {}
  if (host === undefined || (path !== '' && !path.startsWith('/')) || /[^!-~]/.test(path + query)) throw new RequestError(`${url} is not a URL such as https://example.com/path`)
  if (!token.test(method)) throw new RequestError(`${method} is not a method`)
  if (sourceIp !== undefined && addressBits(sourceIp) === undefined) throw new RequestError(`${sourceIp} is not an IP address`)
  const protocol = scheme.toLowerCase() === 'http' ? 'HTTP' : 'HTTPS'
  const values = new Map<string, readonly string[]>()
  for (const [spelled, list] of Object.entries(headers)) {
    const name = spelled.toLowerCase()
    values.set(name, [...values.get(name) ?? [], ...list.map(value => value.trim())])
  }
  const portSent = port ?? defaultPort(protocol)
  const named = namedHost(values) ?? host
  return { method, protocol, port: portSent, host: named, path: path === '' ? '/' : path, query, headers: values, sourceIp }
}

/**
 * Whether a URI that is normalized may have another path (RFC 3986, section 6.2.2): dot segments, empty segments, and characters
 * that are encoded without need.
 */
export function mayBeNormalized (path: string): boolean {
  return /\/\.{0,2}\/|\/\.{1,2}$|%(?:2[de]|3\d|[46][1-9a-f]|5[\daf]|7[\dae])/i.test(path)
}

/** The host that a `Host` header names, which counts more than that of the URL; undefined where there is none.
 *  @throws RequestError for one that is no host, and for several */
function namedHost (headers: ReadonlyMap<string, readonly string[]>): string | undefined {
  const [named, ...more] = headers.get('host') ?? []
  if (named === undefined) return undefined
  const host = more.length === 0 ? endpointOf(named)?.host : undefined
  if (host === undefined) throw new RequestError(`${[named, ...more].join(', ')} is not one host`)
  return host
}

/** The host and port of an authority; an IPv6 address stays in its brackets, as it is sent. */
function endpointOf (authority: string): { readonly host: string, readonly port: number | undefined } | undefined {
  const [, host = '', port] = /^([^:@[\]\s]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i.exec(authority) ?? []
  const isSix = host.startsWith('[') && addressBits(host.slice(1, -1))?.startsWith('6') === true
  return isSix || isHost(host) ? { host, port: port === undefined ? undefined : Number(port) } : undefined
}

export function defaultPort (protocol: 'HTTP' | 'HTTPS'): number {
  return protocol === 'HTTP' ? 80 : 443
}

/** The pairs of a query as they were sent. */
export function pairsOf (query: string): ReadonlyArray<{ readonly key: string, readonly value: string }> {
  return query.split('&').filter(part => part !== '').map(part => {
    const at = part.indexOf('=')
    return at < 0 ? { key: part, value: '' } : { key: part.slice(0, at), value: part.slice(at + 1) }
  })
}

/** A command that sends the request; `headersRead` are names that rules look at, which curl must not add by itself. */
export function curlLine ({ method, url, headers, sourceIp }: Witness, headersRead: readonly string[]): string {
  const names = new Set(Object.keys(headers).map(name => name.toLowerCase()))
  const unwanted = ['User-Agent', 'Accept'].filter(name => headersRead.includes(name.toLowerCase()) && !names.has(name.toLowerCase()))
  const sent = Object.entries(headers).flatMap(([name, values]) => values.map(value => value === '' ? `${name};` : `${name}: ${value}`))
  const words = [
    'curl -i',
    ...(method === 'GET' ? [] : method === 'HEAD' ? ['--head'] : ['-X', quoted(method)]),
    ...(/\/\.\.?(\/|$)/.test(url) ? ['--path-as-is'] : []),
    ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
    quoted(url),
    ...[...sent, ...unwanted.map(name => `${name}:`)].flatMap(text => ['-H', quoted(text)])
  ]
  return words.join(' ') + (sourceIp === undefined ? '' : ` # from ${sourceIp}`)
}

function quoted (text: string): string {
  return /^[A-Z]+$/.test(text) ? text : `'${text.replaceAll('\'', '\'\\\'\'')}'`
}
