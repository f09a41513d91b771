import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import sqlite from '@photostructure/sqlite'
import t from 'tap'
import { openSqlite } from '../../../src/keys/stores/sqlite/store.js'
import type { KeyStore } from '../../../src/keys/contract.js'
import { openFile, reading } from '../../helpers/sqlite-store.js'

t.test('a key that another process revokes ends within a second', async t => {
  const { store, file } = openFile(t, { now: Date.now })
  const { key, record } = await store.create(reading)
  t.match(store.verify(key, ''), { valid: true })
  const script = `
    const { default: sqlite } = await import('@photostructure/sqlite')
    const db = new sqlite.DatabaseSync(process.argv[1], { timeout: 5000 })
    db.prepare('UPDATE keys SET revoked_at = ? WHERE id = ?').run(Date.now(), process.argv[2])
    process.stdout.write('done')
    process.stdin.on('data', () => process.exit(0))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file, record.keyId], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  t.teardown(() => child.kill())
  await once(child.stdout, 'data')
  const revokedAt = performance.now()
  while (callsSucceed(store, key) && performance.now() - revokedAt < 5000) await new Promise(resolve => setImmediate(resolve))
  t.match(store.verify(key, ''), { valid: false, reason: 'revoked' })
  t.ok(performance.now() - revokedAt < 1000, `after ${Math.round(performance.now() - revokedAt)} ms`)
  child.stdin.end('end')
})

t.test('of processes that start together on a new store one makes the first key', async t => {
  const { file } = openFile(t)
  const script = `
    const { openSqlite } = await import(process.argv[1])
    const store = openSqlite(process.argv[2])
    const grants = { name: 'first', userId: 'u1', environment: 'live', scopes: new Set(), workspaces: [] }
    const issued = await store.createFirst(grants, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200))
    process.stdout.write(issued === undefined ? '-' : '1')
    await store.close()`
  const module = new URL('../../../src/keys/stores/sqlite/store.js', import.meta.url).href
  const results = await Promise.all(Array.from({ length: 3 }, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, file], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
    t.teardown(() => child.kill())
    return (await child.stdout.toArray()).join('')
  }))
  t.strictSame(results.sort(), ['-', '-', '1'])
})

t.test('a key that another process creates works at once', async t => {
  const { store, file } = openFile(t)
  await store.create(reading)
  const other = openSqlite(file)
  t.teardown(() => other.close())
  const { key } = await other.create(reading)
  t.match(store.verify(key, ''), { valid: true })
})

t.test('last-used times that cannot be written are told of and stop nothing', async t => {
  const problems: Error[] = []
  const { store, file } = openFile(t, { report: problem => problems.push(problem) })
  const { key } = await store.create(reading)
  const other = new sqlite.DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  t.match(store.verify(key, ''), { valid: true })
  await store.close()
  t.match(problems, [{ message: 'The last-used times of keys cannot be written.' }])
  other.close()
})

t.test('neither the file nor its side files hold a key in clear, and only the owner may read them', async t => {
  const { store, file } = openFile(t)
  const { key } = await store.create(reading)
  await store.import([{ ...reading, key: 'an-imported-key' }])
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    t.equal(statSync(path).mode & 0o777, 0o600, path)
    t.notOk(readFileSync(path).includes(key.slice(14)))
    t.notOk(readFileSync(path).includes('an-imported-key'))
  }
})

t.test('the database itself takes nothing but a hash', async t => {
  const { store, file } = openFile(t)
  const { record } = await store.create(reading)
  const db = new sqlite.DatabaseSync(file)
  t.teardown(() => db.close())
  for (const wrong of [`hk_live_${'a'.repeat(42)}`, 'A'.repeat(64), 'g'.repeat(64), '']) {
    t.throws(() => db.prepare('UPDATE keys SET hash = ? WHERE id = ?').run(wrong, record.keyId), /CHECK/, wrong)
  }
})

t.test('a file that is no database, or one of a newer version, is a clear sentence at the start', async t => {
  const folder = t.testdir({ 'garbage.db': 'x'.repeat(8192), file: '' })
  t.throws(() => openSqlite(join(folder, 'garbage.db')), { message: 'The key database cannot be used: file is not a database.' })
  t.throws(() => openSqlite(join(folder, 'file', 'keys.db')), { name: 'StoreUnavailableError' })
  await openSqlite(join(folder, 'newer.db')).close()
  const db = new sqlite.DatabaseSync(join(folder, 'newer.db'))
  db.exec('PRAGMA user_version = 99')
  db.close()
  t.throws(() => openSqlite(join(folder, 'newer.db')), /schema 99, .* newer version/)
})

t.test('keys of a file from before there were disabled and bound ones are good, and can be both', async t => {
  const { store, file, another } = openFile(t)
  const { key, record } = await store.create(reading)
  await store.close()
  const db = new sqlite.DatabaseSync(file)
  db.exec('DROP INDEX keys_page; ALTER TABLE keys DROP COLUMN disabled_at; ALTER TABLE keys DROP COLUMN disable_reason; ALTER TABLE keys DROP COLUMN permissions; PRAGMA user_version = 2')
  db.close()
  const again = await another()
  t.match(await again.verify(key, ''), { valid: true })
  t.strictSame(await again.show(record.keyId), record)
  t.match(await again.update(record.keyId, { permissions: ['read:*'] }), { permissions: { texts: ['read:*'] } })
  await again.disable(record.keyId)
  t.match(await again.verify(key, ''), { valid: false, reason: 'disabled' })
})

t.test('a file that is removed stops all answers until one is back, and then what it says counts', async t => {
  const { store, file, clock } = openFile(t)
  const kept = await store.create(reading)
  await store.close()
  copyFileSync(file, `${file}.backup`)
  const again = openSqlite(file, { now: () => clock.at })
  t.teardown(() => again.close())
  const lost = await again.create(reading)
  t.match(again.verify(lost.key, ''), { valid: true })
  for (const path of [file, `${file}-wal`, `${file}-shm`]) rmSync(path)
  clock.at += 250
  t.throws(() => again.verify(lost.key, ''), { name: 'StoreUnavailableError' })
  await t.rejects(again.check(), { name: 'StoreUnavailableError' })
  renameSync(`${file}.backup`, file)
  clock.at += 250
  t.match(again.verify(lost.key, ''), { valid: false, reason: 'unknown' })
  t.match(again.verify(kept.key, ''), { valid: true })
})

function callsSucceed (store: KeyStore, key: string): boolean {
  const verdict = store.verify(key, '')
  return !(verdict instanceof Promise) && verdict.valid
}
