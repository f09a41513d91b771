/** Who stands at the other end of a connection: load balancers that are trusted, and the origin under which people reach us. */
import { BlockList, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.js'

/** Makes the test whether an address is one of ours; IPv4 addresses mapped into IPv6 count as IPv4. */
export function trusting (list: readonly string[]): (address: string | undefined) => boolean {
  const blocks = new BlockList()
  for (const entry of list) {
    const [address = '', bits] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) blocks.addAddress(address, family)
    else blocks.addSubnet(address, Number(bits), family)
  }
  return address => list.length > 0 && address !== undefined && blocks.check(plainAddress(address), isIPv6(plainAddress(address)) ? 'ipv6' : 'ipv4')
}

/** An address without the wrapping that a dual-stack socket gives IPv4. */
export function plainAddress (address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** The origin that people use: configured, or as the request tells it. */
export function publicOrigin (request: FastifyRequest, publicUrl: URL | undefined): string {
  return publicUrl?.origin ?? `${request.protocol}://${request.host}`
}

/**
 * Whether an Origin is the one under which the request itself came (RFC 6454). The scheme counts only where it is
 * known: behind a load balancer that is not trusted, https looks like http.
 */
export function isOwnOrigin (origin: string, request: FastifyRequest, config: Pick<Config, 'publicUrl'>, peerTrusted: boolean): boolean {
  if (!URL.canParse(origin)) return false
  const given = new URL(origin).origin
  if (given === config.publicUrl?.origin) return true
  const schemes = peerTrusted ? [request.protocol] : ['http', 'https']
  return schemes.some(scheme => URL.canParse(`${scheme}://${request.host}`) && new URL(`${scheme}://${request.host}`).origin === given)
}
