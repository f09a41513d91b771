/**
 * Whether a request comes from a page of ours. A browser sends the session with the call of any page on our site, so a session
 * alone does not tell.
 */
import type { FastifyRequest } from 'fastify'
import type { AccessClass } from '../access/scopes.js'
import { FacadeError } from '../core/errors.js'
import { foreignPage, isOwnOrigin } from '../http/client-address.js'

export interface OwnPageOptions {
  /** The origin that people use, where it is configured. */
  readonly publicUrl: URL | undefined
  /** Whether a peer is a load balancer of ours. */
  readonly trusted: (address: string | undefined) => boolean
}

/** RFC 9110, section 9.2.1, of the methods that reach this. */
const safeMethods: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD'])
/** What changes something, or costs something, also where it is asked for by GET. */
const unsafeClasses: ReadonlySet<AccessClass> = new Set<AccessClass>(['write', 'gateway', 'admin'])

/** Whether a request must come from a page of ours where a session is all that vouches for it. */
export function needsOwnPage ({ raw }: FastifyRequest, needed: AccessClass): boolean {
  return !safeMethods.has(raw.method) || unsafeClasses.has(needed)
}

/**
 * The refusal for a request that does not come from a page of ours, or of which that cannot be told; undefined: it does. Browsers
 * say so by `Sec-Fetch-Site` where the connection is secure (Fetch Metadata), and by `Origin` with every POST, PUT, PATCH and DELETE
 * (Fetch, section 3.2). With a GET over plain HTTP comes neither, but `Referer`, which an artifact in its sandbox does not send. No page
 * can forge any of them.
 */
export function foreignCall (request: FastifyRequest, { publicUrl, trusted }: OwnPageOptions): FacadeError | undefined {
  const { raw, context: { head: { origin } } } = request
  const { headers, socket } = raw
  const site = headers['sec-fetch-site']
  const from = origin ?? (safeMethods.has(raw.method) ? headers.referer : undefined)
  const isOwn = from !== undefined && isOwnOrigin(from, request, { publicUrl }, trusted(socket.remoteAddress))
  if (site === undefined ? isOwn : site === 'same-origin') return undefined
  return new FacadeError('forbidden', {
    reason: 'foreign_origin',
    message: origin === undefined || isOwn
      ? 'With a session this may be called by the facade\'s own pages only, and the request does not say that it comes from one (Origin or Sec-Fetch-Site). Send an API key in a header instead.'
      : foreignPage(origin, request, publicUrl)
  })
}
