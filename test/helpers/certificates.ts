/** Certificates for tests, made by openssl. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A certificate that signs itself, and its key, as the settings name them.
 * @param days 0: it has expired
 */
export function selfSigned (
  name: string = '127.0.0.1',
  days: number = 30,
  folder: string = mkdtempSync(join(tmpdir(), 'certificate-'))
): { TLS_CERT_FILE: string, TLS_KEY_FILE: string } {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const subject = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=test',
    '-addext', `subjectAltName=${subject}`, '-days', String(days), '-keyout', key, '-out', cert
  ], { stdio: 'ignore' })
  return { TLS_CERT_FILE: cert, TLS_KEY_FILE: key }
}
