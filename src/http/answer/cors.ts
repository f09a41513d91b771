/**
 * Pages of other origins that may call: what their browsers have to be told (the CORS protocol of the Fetch standard).
 * Credentials of a browser's own, such as cookies, are not allowed to any of them.
 */
import type { IncomingMessage } from 'node:http'
import type { RequestContext } from '../context.js'

/** What clients read of an answer beyond type and length; a browser keeps all else from the page. */
const exposed = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'Deprecation',
  'ETag',
  'Link',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'WWW-Authenticate',
  'X-Request-Id'
].join(', ')
/** Seconds for which a browser need not ask again; Chromium takes no more than two hours. */
const preflightMaxAge = '600'
/** A longer list of header names is not read: no page has so many. */
const askedMaxLength = 4096
const token = /^[\w!#$%&'*+.^`|~-]+$/

/** Every answer says whether the page that asked may read it, errors and redirects too; to nobody it says that without the setting. */
export function markOrigin ({ head, responseHeaders }: RequestContext, allowed: ReadonlySet<string>): void {
  if (allowed.size === 0) return
  responseHeaders.push('vary', 'Origin')
  if (mayCall(head.origin, allowed)) {
    responseHeaders.push('access-control-allow-origin', head.origin, 'access-control-expose-headers', exposed)
  }
}

/** The answer to a browser that asks before it lets a page call; empty where it does not ask, or the page may not. */
export function preflight (
  { headers }: IncomingMessage,
  { head }: RequestContext,
  allowed: ReadonlySet<string>,
  methods: string
): string[] {
  if (!mayCall(head.origin, allowed) || headers['access-control-request-method'] === undefined) return []
  const asked = headers['access-control-request-headers']
  const readable = typeof asked === 'string' && asked.length <= askedMaxLength && asked.split(',').every(name => token.test(name.trim()))
  return [
    'access-control-allow-methods',
    methods,
    'access-control-max-age',
    preflightMaxAge,
    ...(readable ? ['access-control-allow-headers', asked] : [])
  ]
}

/**
 * Whether such a page may also write: with a key in a header, which it must have been given. A cookie would come with
 * the call of any page, and vouches for our own alone.
 */
export function mayWrite (origin: string | undefined, keyIn: 'header' | 'cookie' | undefined, allowed: ReadonlySet<string>): boolean {
  return keyIn === 'header' && mayCall(origin, allowed)
}

function mayCall (origin: string | undefined, allowed: ReadonlySet<string>): origin is string {
  return origin !== undefined && allowed.has(origin)
}
