/** A Redis server of a test's own: on a free port, in memory, ended with the test, stopped and started as the test likes. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../../scripts/mlflow/ports.js'
import { endBy } from './end.js'

interface Teardown { teardown: (fn: () => unknown) => void }

export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Runs a command as somebody else would. */
  readonly run: (command: string, ...args: string[]) => Promise<unknown>
  readonly start: () => Promise<void>
  /** Ends it at once; all it held is gone. */
  readonly kill: () => Promise<void>
  /** Stops it where it is: whoever is connected stays so, and nothing answers. */
  readonly hang: () => void
  readonly resume: () => void
}

/** @param options further ones of redis-server, with their dashes */
export async function startRedis (t: Teardown, { password = '', options = [] }: { readonly password?: string, readonly options?: readonly string[] } = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const secret = password === '' ? [] : ['--requirepass', password]
  const given = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', '--daemonize', 'no', ...secret, ...options]
  let server: ChildProcess | undefined

  const run: RedisServer['run'] = async (command, ...args) => {
    const client = new Redis({ host: '127.0.0.1', port, ...password === '' ? {} : { password }, retryStrategy: () => null, enableOfflineQueue: true, connectTimeout: 1000, maxRetriesPerRequest: 0 })
    client.on('error', () => {}) // the command fails, too
    try {
      return await client.call(command, ...args)
    } finally {
      client.disconnect()
    }
  }

  async function start (): Promise<void> {
    server = spawn('redis-server', given, { stdio: 'ignore' })
    for (const end = performance.now() + 10_000; performance.now() < end; await delay(20)) {
      if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`)
      if (await run('PING').then(() => true, () => false)) return
    }
    throw new Error('redis-server did not answer within 10 s')
  }

  async function kill (): Promise<void> {
    const ending = server
    server = undefined
    await endBy('SIGKILL', ending)
  }

  t.teardown(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await start()
  return {
    port,
    url: `redis://${password === '' ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    run,
    start,
    kill,
    hang: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT')
  }
}
