/** A PostgreSQL server of a test's own: made in a temporary folder, ended with the test, stopped and started as the test likes. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../scripts/mlflow/ports.js'
import { readPostgresUrl, type PostgresAddress } from '../../src/core/settings/postgres-url.js'
import { endBy } from './end.js'

interface Teardown { teardown: (fn: () => unknown) => void }

export interface Postgres {
  readonly port: number
  /** Ids of the process groups of its processes: each has its own. */
  readonly groups: () => readonly number[]
  /** Of the server, for files that it reads. */
  readonly folder: string
  /** Makes a database, and gives what names it in URLs. */
  readonly createDatabase: () => Promise<string>
  /** Runs SQL as the server's owner, several statements too. */
  readonly query: (database: string, text: string) => Promise<Array<Record<string, unknown>>>
  readonly start: () => Promise<void>
  /** Ends it at once, without a word to its clients but that. */
  readonly kill: () => Promise<void>
  /** Stops all of its processes where they are: whoever is connected stays so, and nothing answers. */
  readonly hang: () => void
  readonly resume: () => void
  /** Writes settings, which count from the next start on. */
  readonly configure: (lines: readonly string[]) => void
  /** Hands a file to the server's user alone. */
  readonly own: (path: string) => void
}

export const user = 'facade'
export const password = 'p@ss/word'

/** PostgreSQL refuses to run as root. */
const isRoot = process.getuid?.() === 0
const account = isRoot ? idsOf('postgres') : undefined

/** Where Debian puts programs of which several versions may live beside each other. */
function program (name: string): string {
  const top = '/usr/lib/postgresql'
  const [newest] = readdirSync(top).sort((a, b) => Number(b) - Number(a))
  return join(top, newest ?? '', 'bin', name)
}

function idsOf (name: string): { readonly uid: number, readonly gid: number } {
  const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? []
  if (uid === undefined || gid === undefined) throw new Error(`There is no user ${name}: install Debian's package postgresql.`)
  return { uid: Number(uid), gid: Number(gid) }
}

export async function startPostgres (t: Teardown): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  const own = (path: string): void => { if (account !== undefined) chownSync(path, account.uid, account.gid) }
  own(folder)
  const data = join(folder, 'data')
  const secret = join(folder, 'password')
  writeFileSync(secret, password, { mode: 0o600 })
  own(secret)
  const options = { ...account, cwd: folder, env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } }
  const made = ['--pgdata', data, '--username', user, '--pwfile', secret, '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-sync']
  execFileSync(program('initdb'), made, { ...options, stdio: 'ignore' })
  const port = await freePort()
  const configure = (lines: readonly string[]): void => {
    appendFileSync(join(data, 'postgresql.conf'), lines.map(line => `${line}\n`).join(''))
  }
  configure([`port = ${port}`, "listen_addresses = '127.0.0.1'", `unix_socket_directories = '${folder}'`])
  configure(['fsync = off', 'full_page_writes = off', 'max_connections = 200', 'shared_buffers = 16MB'])
  let server: ChildProcess | undefined
  let databases = 0

  const query: Postgres['query'] = async (database, text) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, password, database })
    try {
      await client.connect()
      return [await client.query(text)].flat().at(-1)?.rows ?? []
    } finally {
      await client.end()
    }
  }

  async function start (): Promise<void> {
    const log = { text: '' }
    server = spawn(program('postgres'), ['-D', data], { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    server.stderr?.setEncoding('utf8').on('data', (text: string) => { log.text = (log.text + text).slice(-4000) })
    for (const end = performance.now() + 20_000; performance.now() < end; await delay(30)) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}:\n${log.text}`)
      if (await query('postgres', 'SELECT 1').then(() => true, () => false)) return
    }
    throw new Error(`PostgreSQL did not answer within 20 s:\n${log.text}`)
  }

  /** Those that the server's own process has made; each begins a session, and so a group, of its own. */
  function children (): readonly number[] {
    const pid = server?.pid
    return pid === undefined ? [] : readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(text => text !== '').map(Number)
  }

  function signal (name: NodeJS.Signals): void {
    for (const pid of [server?.pid ?? [], children()].flat()) process.kill(pid, name)
  }

  async function kill (): Promise<void> {
    const ending = server
    server = undefined
    await endBy('SIGQUIT', ending)
  }

  t.teardown(async () => {
    if (server?.exitCode === null) signal('SIGCONT')
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await start()
  return {
    port,
    groups: children,
    folder,
    query,
    start,
    kill,
    configure,
    own,
    hang: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    createDatabase: async () => {
      const name = `keys_${++databases}`
      await query('postgres', `CREATE DATABASE ${name}`)
      return name
    }
  }
}

const owner = `${user}:${encodeURIComponent(password)}`

/** @param parameters behind the question mark @param as user and password */
export function urlOf (port: number, database: string, parameters: string = 'sslmode=disable', as: string = owner): string {
  return `postgres://${as}@127.0.0.1:${port}/${database}?${parameters}`
}

export function addressOf (url: string): PostgresAddress {
  const address = readPostgresUrl(url, path => readFileSync(path, 'utf8'))
  if (address === undefined) throw new Error(`${url} is not allowed.`)
  return address
}
