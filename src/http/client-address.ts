/** Who stands at the other end of a connection: load balancers that are trusted, and the origin under which people reach us. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../core/settings/config.js'

/** Makes the test whether an address is one of ours; IPv4 addresses mapped into IPv6 count as IPv4. */
export function trusting (list: readonly string[]): (address: string | undefined) => boolean {
  const blocks = new BlockList()
  for (const entry of list) {
    const [address = '', bits] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) blocks.addAddress(address, family)
    else blocks.addSubnet(address, Number(bits), family)
  }
  return address =>
    list.length > 0 && address !== undefined && blocks.check(plainAddress(address), isIPv6(plainAddress(address)) ? 'ipv6' : 'ipv4')
}

/**
 * The address that a request came from: as a trusted load balancer tells it, where that is an address (perhaps with a
 * port), else the peer's. Anything else in its place would go into logs and to MLflow.
 * @param claimed Fastify's reading; undefined once the connection is gone
 */
export function callerAddress (claimed: string | undefined, peer: string | undefined): string {
  if (claimed !== undefined && claimed === peer) return plainAddress(peer) // nobody stands between
  const bare = (claimed ?? '').replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  return plainAddress(isIP(bare) > 0 ? bare : peer ?? '')
}

/** The scheme that the caller used, as far as it can be believed. */
export function publicProtocol (request: FastifyRequest, publicUrl: URL | undefined): 'http' | 'https' {
  return (publicUrl?.protocol.slice(0, -1) ?? request.protocol) === 'https' ? 'https' : 'http'
}

/** The name and port that the caller used; empty where there is none that could stand in a URL. */
export function publicHost (request: FastifyRequest, publicUrl: URL | undefined): string {
  const host = publicUrl?.host ?? request.host ?? ''
  return /^[\w.-]+(:\d+)?$|^\[[\da-fA-F:.]+\](:\d+)?$/.test(host) ? host : ''
}

/** An address without the wrapping that a dual-stack socket gives IPv4. */
export function plainAddress (address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** The origin that people use: configured, or as the request tells it. */
export function publicOrigin (request: FastifyRequest, publicUrl: URL | undefined): string {
  return publicUrl?.origin ?? `${publicProtocol(request, publicUrl)}://${publicHost(request, publicUrl)}`
}

/**
 * Whether an Origin is the one under which the request itself came (RFC 6454). The scheme counts only where it is
 * known: behind a load balancer that is not trusted, https looks like http; over TLS of our own it is https.
 */
export function isOwnOrigin (origin: string, request: FastifyRequest, config: Pick<Config, 'publicUrl'>, peerTrusted: boolean): boolean {
  if (!URL.canParse(origin)) return false
  const given = new URL(origin).origin
  if (given === config.publicUrl?.origin) return true
  const isKnown = peerTrusted || 'encrypted' in request.raw.socket
  const schemes = isKnown ? [publicProtocol(request, undefined)] : ['http', 'https']
  const host = publicHost(request, undefined)
  return schemes.some(scheme => URL.canParse(`${scheme}://${host}`) && new URL(`${scheme}://${host}`).origin === given)
}

/**
 * What a page of another origin is told that may not write: both origins, and what to set. The page's is repeated only
 * as far as it is one.
 */
export function foreignPage (origin: string, request: FastifyRequest, publicUrl: URL | undefined): string {
  const given = URL.canParse(origin) ? new URL(origin).origin : 'null'
  const page = given === 'null' || given.length > 300 ? 'A page from an unknown origin' : `A page from ${given}`
  return `${page} may not write here: this is ${publicOrigin(request, publicUrl)}. Set PUBLIC_URL if people use another name, or CORS_ALLOWED_ORIGINS to allow that page.`
}
