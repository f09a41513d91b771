/** How API keys travel to the facade, and the certificate of HTTPS of its own. */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { takesKeysInClear } from '../core/origin.js'
import { type Check, error, fine, type Verdict, warning } from './check.js'

export const tlsCheck: Check = {
  id: 'tls',
  about: 'API keys reach the facade unencrypted, or its certificate (`TLS_CERT_FILE`) does not name the host of `PUBLIC_URL` or expires within two weeks',
  run ({ config }) {
    const { tls, publicUrl, host } = config
    if (takesKeysInClear(config)) {
      return warning(
        `API keys travel in clear text to HOST=${host}.`,
        'set TLS_CERT_FILE and TLS_KEY_FILE, or let a proxy terminate TLS and set PUBLIC_URL to its https origin (docs/behind-a-proxy.md)'
      )
    }
    if (tls === undefined) return fine(publicUrl?.protocol === 'https:' ? 'PUBLIC_URL is https' : 'no other machine can send a key')
    return judgeCertificate(new X509Certificate(tls.cert), publicUrl)
  }
}

/** As long as it takes to notice that a renewal has failed, and to repair it. */
const renewalMs = 14 * 86_400_000

/** @param now milliseconds since 1970 */
export function judgeCertificate (certificate: X509Certificate, publicUrl: URL | undefined, now: number = Date.now()): Verdict {
  const expiresAt = new Date(certificate.validTo)
  const day = expiresAt.toISOString().slice(0, 10)
  if (expiresAt.getTime() < now) return error(`The certificate in TLS_CERT_FILE expired on ${day}: no client connects.`, 'renew it')
  const name = publicUrl?.hostname.replace(/^\[|\]$/g, '') ?? ''
  const named = isIP(name) > 0 ? certificate.checkIP(name) : certificate.checkHost(name)
  if (name !== '' && named === undefined) {
    return error(`The certificate in TLS_CERT_FILE does not name ${name}, the host of PUBLIC_URL.`, 'use one that does, or correct PUBLIC_URL')
  }
  if (expiresAt.getTime() - now < renewalMs) return warning(`The certificate in TLS_CERT_FILE expires on ${day}.`, 'renew it; the facade reads it again by itself')
  return fine(`the certificate is good until ${day}`)
}
