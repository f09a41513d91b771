/** A proxy before the facade as a process of a test's own, with a certificate for localhost. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

interface Teardown { teardown: (fn: () => unknown) => void }

export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** Both in one, as HAProxy wants it. */
  readonly both: string
}

export function isInstalled (program: string): boolean {
  return (process.env.PATH ?? '').split(':').some(path => existsSync(join(path, program)))
}

/** A certificate for localhost that is its own authority. */
export function certify (folder: string): CertificateFiles {
  const certificate = join(folder, 'registry.pem')
  const key = join(folder, 'registry.key')
  const both = join(folder, 'both.pem')
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  const name = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', '-x509', ...made, ...name, '-out', certificate], { stdio: 'ignore' })
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'))
  return { certificate, key, both }
}

/** Starts it, and waits until it listens on the port. */
export async function startProxy (t: Teardown, [program, ...args]: readonly [string, ...string[]], { folder, port }: { readonly folder: string, readonly port: number }): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  for (const end = performance.now() + 30_000; !await answers(port);) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${program} does not listen:\n${said}`)
    await delay(50)
  }
}

async function answers (port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) }).once('error', () => resolve(false))
  })
}
