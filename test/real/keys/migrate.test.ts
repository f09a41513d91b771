/** `keys migrate` between SQLite and a real PostgreSQL, there and back. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keys } from '../../../src/cli/keys.js'
import { UserError } from '../../../src/core/user-error.js'
import type { KeyStore } from '../../../src/keys/contract.js'
import { openPostgres } from '../../../src/keys/stores/postgres/store.js'
import { openSqlite } from '../../../src/keys/stores/sqlite/store.js'
import { addressOf, password, startPostgres, urlOf } from '../../helpers/postgres.js'
import { reading } from '../../helpers/store-subject.js'

const server = await startPostgres(t)

interface Ran { readonly code: number, readonly stdout: string, readonly stderr: string }

async function run (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const io = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => { io[name] += text } })
  const code = await Promise.resolve(keys.run(['migrate', ...args], { stdout: stream('stdout'), stderr: stream('stderr'), env })).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
    io.stderr += error.message
    return error.exitCode
  })
  return { code, ...io }
}

/** A store with each kind of key that there is: some as they were made, one revoked, one replaced. */
async function fill (store: KeyStore): Promise<string[]> {
  const made = [await store.create(reading), await store.create({ ...reading, expiresAt: Date.now() + 1e9, ratePerHour: 60, workspaces: ['team-a'] }), await store.create(reading), await store.create(reading)]
  await store.revoke(made[2]?.record.keyId ?? '', 'leaked')
  const next = await store.rotate(made[3]?.record.keyId ?? '', 1e7)
  await store.import([{ ...reading, key: 'an-imported-key-of-another-system' }])
  return [...made, next].flatMap(issued => issued?.key ?? [])
}

t.test('all keys move from SQLite to PostgreSQL and back, as what they were, as often as one likes', async t => {
  const folder = t.testdir()
  const [file, back] = [join(folder, 'keys.db'), join(folder, 'back.db')]
  const url = urlOf(server.port, await server.createDatabase())
  const from = openSqlite(file)
  const made = await fill(from)
  t.strictSame(await run(['--from', `sqlite:${file}`, '--to', url]), { code: 0, stdout: '6 moved, 0 already known, 6 in total.\n', stderr: '' })
  const { key, record } = await from.create(reading)
  t.strictSame(await run(['--from', `sqlite:${file}`, '--to', url, '--json']), { code: 0, stdout: `${JSON.stringify({ moved: 1, known: 6, total: 7, dryRun: false }, null, 2)}\n`, stderr: '' })
  const to = await openPostgres(addressOf(url), { staleMs: 0 })
  const dumped = await to.dump()
  t.same(dumped, await from.dump())
  t.notMatch(JSON.stringify(dumped), new RegExp([...made, key].join('|')), 'hashes alone')
  t.match(await to.verify(key, ''), { valid: true, caller: { keyId: record.keyId } })
  t.match(await to.verify(made[2] ?? '', ''), { valid: false, reason: 'revoked' })
  t.match(await run(['--to', `sqlite:${back}`], { KEYS_URL: url }), { code: 0, stdout: '7 moved, 0 already known, 7 in total.\n' })
  const returned = openSqlite(back)
  t.same(await returned.dump(), dumped)
  await Promise.all([from, to, returned].map(async store => await store.close()))
})

t.test('a dry run counts, and writes nothing: no tables, no file, no key', async t => {
  const folder = t.testdir()
  const [file, none] = [join(folder, 'keys.db'), join(folder, 'none.db')]
  const store = openSqlite(file)
  await fill(store)
  const [database, empty] = [await server.createDatabase(), await server.createDatabase()]
  const target = await openPostgres(addressOf(urlOf(server.port, database)), { staleMs: 0 })
  await target.restore((await store.dump()).slice(0, 2))
  const before = await server.query(database, 'SELECT * FROM hokusai_mlflow.keys')
  t.match(await run(['--from', `sqlite:${file}`, '--to', urlOf(server.port, database), '--dry-run']), { code: 0, stdout: '4 would move, 2 already known, 6 in total.\n' })
  t.match(await run(['--from', `sqlite:${file}`, '--to', urlOf(server.port, empty), '--dry-run', '--json']), { code: 0, stdout: /"moved": 6,.*"dryRun": true/s })
  t.match(await run(['--from', urlOf(server.port, database), '--to', `sqlite:${none}`, '--dry-run']), { code: 0, stdout: '2 would move, 0 already known, 2 in total.\n' })
  t.strictSame(await server.query(database, 'SELECT * FROM hokusai_mlflow.keys'), before)
  t.strictSame(await server.query(empty, "SELECT nspname FROM pg_namespace WHERE nspname = 'hokusai_mlflow'"), [])
  t.notOk(existsSync(none))
  await Promise.all([store, target].map(async each => await each.close()))
})

t.test('what cannot be is said in a sentence, without the password', async t => {
  const file = `sqlite:${join(t.testdir(), 'none.db')}`
  const url = urlOf(server.port, 'nowhere')
  const cases: ReadonlyArray<readonly [args: readonly string[], code: number, message: RegExp]> = [
    [[], 2, /needs --from, --to or both/],
    [['--from', 'https://auth.example', '--to', url], 2, /^--from is an auth service, which manages its own keys/],
    [['--from', file, '--to', 'https://auth.example'], 2, /^--to is an auth service/],
    [['--from', file, '--to', url], 2, /no key store at --from/],
    [['--from', url, '--to', file], 1, /does not exist/],
    [['--from', `${url}&x=1`, '--to', file], 2, /^--from is not valid: it must be sqlite:FILE/],
    [['--from', `${url.replace('disable', 'verify-full')}&sslrootcert=/nowhere`, '--to', file], 2, /sslrootcert \(ENOENT\)/]
  ]
  for (const [args, code, message] of cases) {
    const ran = await run(args)
    t.match(ran, { code, stdout: '', stderr: message }, args.join(' '))
    t.notMatch(ran.stderr, new RegExp(`${password}|${encodeURIComponent(password)}`))
  }
  t.match(await run(['--to', file], { HOKUSAI_AUTH_SERVICE_URL: 'https://auth.example' }), { code: 2, stderr: /^KEYS_URL is an auth service/ })
})
