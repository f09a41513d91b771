/**
 * Pages that want something changed. A browser brings not only cookies with the call of any page, but a user and password, too, that it
 * was once given in a dialog of its own: a key in a header does not tell that the page has it.
 */
import type { FastifyRequest } from 'fastify'
import type { Config } from '../../core/settings/config.js'
import { FacadeError } from '../../core/errors.js'
import { foreignPage, isOwnOrigin } from '../client-address.js'
import { mayWrite } from './cors.js'

const stateChanging: ReadonlySet<string | undefined> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export type OriginOptions = Pick<Config, 'publicUrl' | 'corsAllowedOrigins'>

/**
 * Whether a request comes from no page, from one of ours, or from one that may write.
 * @param peerTrusted whether its peer is a proxy of ours
 */
export function mayChange (request: FastifyRequest, { publicUrl, corsAllowedOrigins }: OriginOptions, peerTrusted: boolean): boolean {
  const { origin } = request.context.head
  if (origin === undefined || mayWrite(origin, request.keyIn, corsAllowedOrigins)) return true
  return isOwnOrigin(origin, request, { publicUrl }, peerTrusted)
}

/** The refusal of a request of a page that may change nothing, where it would; undefined: it would not. */
export function refusedChange (request: FastifyRequest, { publicUrl }: OriginOptions): FacadeError | undefined {
  if (!stateChanging.has(request.raw.method)) return undefined
  return new FacadeError('forbidden', { message: foreignPage(request.context.head.origin ?? '', request, publicUrl), reason: 'foreign_origin' })
}
