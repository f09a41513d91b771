/** A proxy before the facade as a process of a test's own, with a certificate for localhost. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { certify, type CertificateFiles } from './certificates.js'

interface Teardown { teardown: (fn: () => unknown) => void }

export function isInstalled (program: string): boolean {
  return (process.env.PATH ?? '').split(':').some(path => existsSync(join(path, program)))
}

/** A certificate for localhost that is its own authority, and both in one file, as HAProxy wants it. */
export function certifyLocalhost (folder: string): CertificateFiles & { readonly both: string } {
  const files = certify(folder, 'registry', 'DNS:localhost')
  const both = join(folder, 'both.pem')
  writeFileSync(both, readFileSync(files.certificate, 'utf8') + readFileSync(files.key, 'utf8'))
  return { ...files, both }
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
