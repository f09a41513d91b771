/** The certificate and key of HTTPS of our own, judged as a pair: at the start, and each time that their files have changed. */
import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** PEM texts; the certificate comes first in its chain. */
export interface TlsIdentity {
  readonly cert: string
  readonly key: string
}

/** Where it is read from. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** TLS 1.0 and 1.1 are deprecated (RFC 8996). */
export const tlsMinVersion = 'TLSv1.2'

/** @throws Error of OpenSSL when the key is not that of the certificate, or it takes neither */
export function checkIdentity ({ cert, key }: TlsIdentity): void {
  createSecureContext({ cert, key, minVersion: tlsMinVersion })
}

/** When the certificate expires. */
export function expiryOf ({ cert }: Pick<TlsIdentity, 'cert'>): Date {
  return new Date(new X509Certificate(cert).validTo)
}
