/** HTTPS of our own: Node's server with a certificate that is read again when its files change. */
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import { checkIdentity, expiryOf, tlsMinVersion, type TlsFiles, type TlsIdentity } from '../../core/settings/tls-identity.js'

/**
 * Looks by the clock and not by events of the file system: those are lost where a folder is swapped as a whole, which is
 * how Kubernetes and certbot renew.
 */
const lookEveryMs = 2000

/** A handshake is a few packets; Node's 120 s are for callers who hold connections. */
const handshakeMaxMs = 10_000

/** What `https.createServer` takes, and `setSecureContext` anew: it forgets what it is not given again. */
export function tlsOptions ({ cert, key }: TlsIdentity) {
  return { cert, key, minVersion: tlsMinVersion, handshakeTimeout: handshakeMaxMs } as const
}

/** What became of a look at files that had changed. */
export interface Renewal {
  /** When the certificate expires that is served now. */
  readonly expiresAt: Date
  /** Why the new files are not served; undefined: they are. */
  readonly problem: string | undefined
}

/**
 * Serves what the files hold from within a few seconds after they changed; connections that stand keep what they have.
 * What cannot be served leaves the old certificate in its place, and is told once for each change.
 * @returns a function that stops it
 */
export function renewIdentity (server: TlsServer, files: TlsFiles & TlsIdentity, onRenewal: (renewal: Renewal) => void): () => void {
  let seen = stateOf(files)
  let expiresAt = expiryOf(files)
  const renew = async (): Promise<string | undefined> => {
    try {
      const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')])
      checkIdentity({ cert, key })
      server.setSecureContext(tlsOptions({ cert, key }))
      expiresAt = expiryOf({ cert })
      return undefined
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unreadable'
    }
  }
  const clock = setInterval(() => {
    const state = stateOf(files)
    if (state === seen) return
    seen = state
    renew().then(problem => onRenewal({ expiresAt, problem })).catch(() => {}) // it does not reject
  }, lookEveryMs).unref()
  return () => clearInterval(clock)
}

/**
 * Links are followed: what they point at is what changes. It is called by a clock and throws nothing: an error, as of a link that leads
 * to itself or a folder that may not be entered, is a state as well.
 */
function stateOf ({ certFile, keyFile }: TlsFiles): string {
  return [certFile, keyFile].map(path => {
    try {
      const { ino, size, mtimeNs } = statSync(path, { bigint: true })
      return `${ino}:${size}:${mtimeNs}`
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  }).join()
}

export function isTls (server: object): server is TlsServer {
  return 'setSecureContext' in server
}

/** The connection below that of a caller; Node keeps it under a name of its own. */
export function belowTls (socket: Socket): Socket | undefined {
  return (socket as TLSSocket & { readonly _parent?: Socket })._parent
}
