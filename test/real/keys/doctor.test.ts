/** Faults of a PostgreSQL that holds the keys, each seeded: the doctor names it, alone, with what fixes it, and changes nothing. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { openPostgres } from '../../../src/keys/stores/postgres/store.js'
import { addressOf, password, startPostgres, urlOf } from '../../helpers/postgres.js'
import { reading } from '../../helpers/store-subject.js'
import { examine, fakeMlflow, type Report } from '../../wire/doctor/fakes.js'

const server = await startPostgres(t)
t.jobs = 4 // the watch over a silent connection takes seconds, most of them waiting

async function look (t: { teardown: (fn: () => unknown) => void }, url: string, args?: readonly string[]): Promise<Report> {
  return await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t), KEYS_URL: url }, args)
}

async function made (): Promise<{ readonly database: string, readonly key: string }> {
  const database = await server.createDatabase()
  const store = await openPostgres(addressOf(urlOf(server.port, database)), { staleMs: 0 })
  const { key } = await store.create(reading)
  await store.close()
  return { database, key }
}

const about = ({ checks }: Report): string => checks.filter(({ check }) => check.startsWith('key-')).map(({ status, message }) => `${status}: ${message}`).join('\n')

t.test('a PostgreSQL with all that is wanted gives no finding, one without tables neither, and gets none', async t => {
  const { database, key } = await made()
  const healthy = await look(t, urlOf(server.port, database), ['--key', key])
  t.strictSame(healthy.findings, [])
  t.match(about(healthy), /ok: the key store can be read\nok: has schema 4, and announces changes\nok: the connection stays on this machine\nok: the clocks agree/)
  const empty = await server.createDatabase()
  const before = await look(t, urlOf(server.port, empty))
  t.strictSame(before.findings, [])
  t.match(about(before), /ok: there is no key store yet.*\nok: there are no tables yet/)
  t.strictSame(await server.query(empty, "SELECT nspname FROM pg_namespace WHERE nspname = 'hokusai_mlflow'"), [])
})

t.test('a PostgreSQL that cannot be used is named once, with the reason and without the password', async t => {
  const wrong = await look(t, urlOf(server.port, 'nowhere'))
  t.match(wrong.findings, [{ check: 'key-store', message: /^The key database does not exist/, fix: /PostgreSQL/ }])
  t.equal(wrong.findings.length, 1)
  t.notMatch(JSON.stringify(wrong), new RegExp(`${password}|${encodeURIComponent(password)}`))
})

t.test('a PostgreSQL with tables of another version, one that is read-only, and one that tells of no changes are named', async t => {
  const { database } = await made()
  const deaf = await startDeaf(t)
  t.match((await look(t, urlOf(deaf, database))).findings, [{ check: 'key-database', message: /announces no changes/, fix: /pgbouncer/ }])
  await server.query(database, `ALTER DATABASE ${database} SET default_transaction_read_only = on`)
  t.match((await look(t, urlOf(server.port, database))).findings, [{ check: 'key-database', message: /read-only/, fix: /primary/ }])
  const { database: newer } = await made()
  await server.query(newer, 'INSERT INTO hokusai_mlflow.schema_version VALUES (99)')
  const { findings } = await look(t, urlOf(server.port, newer))
  t.match(findings.map(({ check, message }) => `${check}: ${message}`), ['key-store: The key database has schema 99', 'key-database: The key database has schema 99, but this version supports only 4.'])
})

t.test('a PostgreSQL elsewhere that is reached in clear is named', async t => {
  const { database } = await made()
  const url = urlOf(server.port, database).replace('127.0.0.1', '0.0.0.0') // which leads here, and does not look like it
  t.match((await look(t, url)).findings, [{ check: 'key-database-tls', message: /unencrypted/, fix: /sslmode=verify-full/ }])
})

t.test('a PostgreSQL whose clock differs is named', async t => {
  const { database } = await made()
  await server.query(database, `CREATE SCHEMA wrong; CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 minute' $$; ALTER DATABASE ${database} SET search_path = wrong, pg_catalog`)
  t.match((await look(t, urlOf(server.port, database))).findings, [{ check: 'key-database-clock', message: /^The clock here is 60 s behind PostgreSQL's: keys expire late/, fix: /NTP/ }])
})

/** Leads to the server, which understands everything but LISTEN. @returns its port */
async function startDeaf (t: { teardown: (fn: () => unknown) => void }): Promise<number> {
  const between = createServer(near => {
    const far = connect(server.port, '127.0.0.1')
    near.on('data', bytes => far.write(Buffer.from(bytes.toString('latin1').replaceAll('LISTEN ', 'LISTXN '), 'latin1')))
    far.pipe(near)
    const end = (): void => { near.destroy(); far.destroy() }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
  }).listen(0, '127.0.0.1')
  await once(between, 'listening')
  t.teardown(() => between.close())
  return (between.address() as AddressInfo).port
}
