/** The key store in a real PostgreSQL: what every store promises, and what replicas that share one need. */
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import t from 'tap'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { hashKey } from '../../../src/keys/key.js'
import { openPostgres } from '../../../src/keys/stores/postgres/store.js'
import { openIn } from '../../helpers/postgres-store.js'
import { addressOf, password, startPostgres, urlOf, user } from '../../helpers/postgres.js'
import { sessionContract } from '../../helpers/session-contract.js'
import { storeContract } from '../../helpers/store-contract.js'
import { reading } from '../../helpers/store-subject.js'

const server = await startPostgres(t)

storeContract(t, 'PostgreSQL', async t => await openIn(t, server))
sessionContract(t, 'PostgreSQL', async t => await openIn(t, server))

t.test('of processes that start together on a new database one makes the tables, and one the first key', async t => {
  const url = urlOf(server.port, await server.createDatabase())
  const script = `
    const { loadConfig } = await import(process.argv[1])
    const { openStore } = await import(process.argv[2])
    const store = await openStore(loadConfig({ KEYS_URL: process.argv[3] }).keys)
    const grants = { name: 'first', userId: 'u1', environment: 'live', scopes: new Set(), workspaces: [] }
    const issued = await store.createFirst(grants, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200))
    process.stdout.write(issued === undefined ? '-' : '1')
    await store.close()`
  const modules = ['core/settings/config', 'keys/open'].map(name => new URL(`../../../src/${name}.js`, import.meta.url).href)
  const results = await Promise.all(Array.from({ length: 3 }, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...modules, url], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
    t.teardown(() => child.kill())
    return (await child.stdout.toArray()).join('')
  }))
  t.strictSame(results.sort(), ['-', '-', '1'])
})

t.test('ten that migrate at the same time take each step once', async t => {
  const database = await server.createDatabase()
  const stores = await Promise.all(Array.from({ length: 10 }, async () => await openPostgres(addressOf(urlOf(server.port, database)), { staleMs: 0 })))
  await Promise.all(stores.map(async store => await store.close()))
  t.strictSame(await server.query(database, 'SELECT version FROM hokusai_mlflow.schema_version'), [{ version: 1 }, { version: 2 }, { version: 3 }, { version: 4 }])
})

t.test('keys of a database from before there were disabled and bound ones are good, and that one becomes so is told of', async t => {
  const { store, database, another } = await openIn(t, server)
  const { key, record } = await store.create(reading)
  await store.close()
  await server.query(database, `
    DROP TRIGGER changed ON hokusai_mlflow.keys;
    DROP INDEX hokusai_mlflow.keys_page;
    ALTER TABLE hokusai_mlflow.keys DROP COLUMN disabled_at, DROP COLUMN disable_reason, DROP COLUMN permissions;
    CREATE TRIGGER changed AFTER DELETE OR UPDATE OF id, hash, revoked_at ON hokusai_mlflow.keys FOR EACH ROW EXECUTE FUNCTION hokusai_mlflow.tell_changed();
    DELETE FROM hokusai_mlflow.schema_version WHERE version >= 3`)
  const [again, other] = [await another(), await another()]
  for (const each of [again, other]) t.match(await each.verify(key, ''), { valid: true })
  t.strictSame(await again.show(record.keyId), record)
  await again.update(record.keyId, { permissions: ['read:*'] })
  await delay(300)
  t.match(await other.verify(key, ''), { valid: true, caller: { permissions: { texts: ['read:*'] } } })
  await again.disable(record.keyId)
  await delay(300)
  t.match(await other.verify(key, ''), { valid: false, reason: 'disabled' })
})

t.test('the first key of all is good at once with a replica that was there before it', async t => {
  const { store, another } = await openIn(t, server)
  const other = await another()
  const { key } = await store.create(reading)
  t.match(await other.verify(key, ''), { valid: true })
})

t.test('a database of a newer version is a clear sentence at the start', async t => {
  const { store, database, open } = await openIn(t, server)
  await store.close()
  await server.query(database, 'INSERT INTO hokusai_mlflow.schema_version VALUES (99)')
  await t.rejects(open(), { name: 'StoreUnavailableError', message: /schema 99, .* newer version/ })
})

t.test('what people do to keys by hand counts within a second', async t => {
  const { store, database, clock } = await openIn(t, server)
  const [revoked, disabled, renamed, removed] = [await store.create(reading), await store.create(reading), await store.create(reading), await store.create(reading)]
  for (const { key } of [revoked, disabled, renamed, removed]) t.match(await store.verify(key, ''), { valid: true })
  await server.query(database, `
    UPDATE hokusai_mlflow.keys SET revoked_at = ${clock.at} WHERE id = '${revoked.record.keyId}';
    UPDATE hokusai_mlflow.keys SET disabled_at = ${clock.at} WHERE id = '${disabled.record.keyId}';
    UPDATE hokusai_mlflow.keys SET user_id = 'u2' WHERE id = '${renamed.record.keyId}';
    DELETE FROM hokusai_mlflow.keys WHERE id = '${removed.record.keyId}'`)
  await delay(300)
  t.match(await store.verify(revoked.key, ''), { valid: false, reason: 'revoked' })
  t.match(await store.verify(disabled.key, ''), { valid: false, reason: 'disabled' })
  t.match(await store.verify(renamed.key, ''), { valid: true, caller: { userId: 'u2' } })
  t.match(await store.verify(removed.key, ''), { valid: false, reason: 'unknown' })
  await server.query(database, 'TRUNCATE hokusai_mlflow.keys')
  await delay(300)
  t.match(await store.verify(renamed.key, ''), { valid: false, reason: 'unknown' })
})

t.test('when many keys change at once, each of them counts, and a new one too', async t => {
  const { store, database, open } = await openIn(t, server)
  const other = await open()
  const keys = Array.from({ length: 400 }, (_, index) => `an-imported-key-${index}`)
  await store.import(keys.map(key => ({ ...reading, key })))
  await delay(300)
  for (const key of keys) t.match(await other.verify(key, ''), { valid: true })
  await server.query(database, `
    UPDATE hokusai_mlflow.keys SET revoked_at = 1 WHERE id IN (SELECT id FROM hokusai_mlflow.keys ORDER BY position LIMIT 300);
    INSERT INTO hokusai_mlflow.keys (id, hash, hint, form, environment, user_id, name, scopes, workspaces, created_at)
      VALUES ('key_new', '${hashKey('by-hash')}', '…', 'unknown', 'other', 'u1', 'x', '[]', '[]', 1)`)
  await delay(300)
  const verdicts = await Promise.all(keys.map(async key => await other.verify(key, '')))
  t.equal(verdicts.filter(({ valid }) => valid).length, 100)
  t.match(await other.verify('by-hash', ''), { valid: true })
})

t.test('the database itself takes nothing but a hash', async t => {
  const { store, database } = await openIn(t, server)
  const { record, key } = await store.create(reading)
  for (const wrong of [`hk_live_${'a'.repeat(42)}`, 'A'.repeat(64), 'g'.repeat(64), '', `${'a'.repeat(64)}\n`]) {
    await t.rejects(server.query(database, `UPDATE hokusai_mlflow.keys SET hash = '${wrong}' WHERE id = '${record.keyId}'`), /violates check/, wrong)
  }
  t.notMatch(JSON.stringify(await server.query(database, 'SELECT * FROM hokusai_mlflow.keys')), key.slice(14))
})

t.test('times of last use of many keys are one statement, which tells nobody of a change, and replicas do not wait for each other in a circle', async t => {
  const statements: string[] = []
  const { store, another, database, clock } = await openIn(t, server, { onStatement: text => statements.push(text) })
  const other = await another()
  const keys = await Promise.all(Array.from({ length: 50 }, async () => await store.create(reading)))
  await delay(300) // until the others have heard of them
  for (const { key } of keys) await store.verify(key, '')
  for (const { key } of keys.toReversed()) await other.verify(key, '')
  const before = statements.length
  const third = await another()
  for (const { key } of keys) await third.verify(key, '')
  clock.at += 5
  for (const { key } of keys) await store.verify(key, '')
  t.equal(statements.length, before)
  await Promise.all([store.close(), other.close()])
  t.strictSame(statements.slice(before).map(text => text.slice(0, 9)), ['WITH used'])
  t.strictSame(await server.query(database, 'SELECT DISTINCT last_used_at FROM hokusai_mlflow.keys'), [{ last_used_at: String(clock.at) }])
  for (const { key } of keys) t.notOk(third.verify(key, '') instanceof Promise, 'nobody had to ask again')
})

t.test('a store that cannot be opened says why in a sentence, without password, address, user and database', async t => {
  const database = await server.createDatabase()
  await server.query(database, 'CREATE ROLE "weak" LOGIN PASSWORD \'weak\'; CREATE ROLE "nobody" NOLOGIN PASSWORD \'x\'')
  const cases: ReadonlyArray<readonly [url: string, message: RegExp]> = [
    [urlOf(server.port, database, '', `${user}:s3cret`), /rejects the password of KEYS_URL/],
    [urlOf(server.port, database, '', user), /requires a password, and KEYS_URL has none/],
    [urlOf(server.port, database, '', 'nobody:x'), /rejects the user of KEYS_URL/],
    [urlOf(server.port, database, '', 'weak:weak'), /denies this to the user/],
    [urlOf(server.port, 'nowhere'), /does not exist/],
    [urlOf(server.port, database, 'sslmode=require'), /does not support TLS/],
    [urlOf(await freePort(), database), /cannot be reached: nothing listens there/],
    [`postgres://${user}@db.invalid/${database}`, /host name is unknown|cannot be resolved/],
    [`postgres://${user}@%2Fnowhere/${database}`, /no such socket/]
  ]
  for (const [url, message] of cases) {
    const error = await openPostgres(addressOf(url), { staleMs: 0 }).then(() => new Error('it was opened'), (error: unknown) => error as Error)
    t.match(error, { name: 'StoreUnavailableError', message }, url)
    t.notMatch(error.message, /s3cret|127\.0\.0\.1|keys_|weak|nobody|\d{4}/)
    t.notMatch(inspect(error, { depth: 9 }), /s3cret|p@ss/, 'nor does what stands behind it hold the password')
  }
})

t.test('a database that is read-only lets known keys in, and says of changes that it is', async t => {
  const { store, database, open } = await openIn(t, server)
  const { key, record } = await store.create(reading)
  await server.query(database, `ALTER DATABASE ${database} SET default_transaction_read_only = on`)
  const problems: Error[] = []
  const other = await open({ report: problem => problems.push(problem) })
  t.match(await other.verify(key, ''), { valid: true })
  await t.rejects(other.revoke(record.keyId), { name: 'StoreUnavailableError', message: 'The key database is read-only.' })
  t.equal(await other.createFirst(reading, () => t.fail('nothing is made')), undefined)
  await other.close()
  t.match(problems, [{ message: 'The last-used times of keys cannot be written.' }])
  const empty = await server.createDatabase()
  await server.query(empty, `ALTER DATABASE ${empty} SET default_transaction_read_only = on`)
  await t.rejects(openPostgres(addressOf(urlOf(server.port, empty)), { staleMs: 0 }), { message: 'The key database is read-only.' })
})

t.test('a user of fewer rights may use a schema that somebody else has made', async t => {
  const database = await server.createDatabase()
  await server.query(database, `CREATE ROLE tenant LOGIN PASSWORD 'x'; CREATE SCHEMA hokusai_mlflow AUTHORIZATION tenant; REVOKE CREATE ON DATABASE ${database} FROM PUBLIC`)
  const store = await openPostgres(addressOf(urlOf(server.port, database, '', 'tenant:x')), { staleMs: 0 })
  const { key } = await store.create(reading)
  t.match(await store.verify(key, ''), { valid: true })
  await store.close()
})

t.test('a unix socket will do', async t => {
  const database = await server.createDatabase()
  const url = `postgres://${user}:${encodeURIComponent(password)}@${encodeURIComponent(server.folder)}:${server.port}/${database}`
  const store = await openPostgres(addressOf(url), { staleMs: 0 })
  await t.resolves(store.check())
  await store.close()
})

t.test('several thousand keys come in whole, and are listed', async t => {
  const { store } = await openIn(t, server)
  const keys = Array.from({ length: 5000 }, (_, index) => ({ ...reading, key: `an-imported-key-${index}` }))
  t.strictSame(await store.import([...keys, ...keys.slice(0, 3)]), { imported: 5000, known: 3 })
  t.equal((await store.list()).length, 5000)
  await t.rejects(store.import([...keys.map(key => ({ ...key, key: `${key.key}-b` })), { ...reading, hash: 'bad' }]), { name: 'StoreUnavailableError' })
  t.equal((await store.dump()).length, 5000)
})
