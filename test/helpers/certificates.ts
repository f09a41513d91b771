/** Certificates for tests, made by openssl. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files of PEM texts. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

/**
 * Makes a certificate that signs itself, and its key, as NAME.pem and NAME.key in a folder.
 * @param subject its alternative name, as openssl writes it: `IP:127.0.0.1`, `DNS:localhost`
 */
export function certify (folder: string, name: string, subject: string, days: number = 2): CertificateFiles {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=test',
    '-addext', `subjectAltName=${subject}`, '-days', String(days), '-keyout', key, '-out', certificate
  ], { stdio: 'ignore' })
  return { certificate, key }
}

/** One in a folder of its own, as the settings name it. */
export function selfSigned (name: string = '127.0.0.1', days: number = 30): { TLS_CERT_FILE: string, TLS_KEY_FILE: string } {
  const subject = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`
  const { certificate, key } = certify(mkdtempSync(join(tmpdir(), 'certificate-')), name, subject, days)
  return { TLS_CERT_FILE: certificate, TLS_KEY_FILE: key }
}
