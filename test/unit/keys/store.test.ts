import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cached } from '../../../src/keys/cache.js'
import { hashKey } from '../../../src/keys/key.js'
import { openStore, openVerifier, type KeyStore } from '../../../src/keys/contract.js'
import { openFile, reading } from '../../helpers/sqlite-store.js'
import { storeContract, type Subject } from '../../helpers/store-contract.js'

const day = 86_400_000

storeContract(t, 'SQLite', t => openSubject(t, store => store))
storeContract(t, 'SQLite behind a cache', t => openSubject(t, (store, now) => cached(store, { cacheMs: 1000, staleMs: 1000, now })))

t.test('keys keep working, whatever their length and shape, once they are imported', async t => {
  const { store } = openFile(t)
  const keys = [32, 40, 42, 36, 1].map(length => `hk_live_${'a'.repeat(length)}`).concat('sk-other', 'x', '!'.repeat(512))
  t.strictSame(await store.import(keys.map(key => ({ ...reading, key }))), { imported: keys.length, known: 0 })
  for (const key of keys) t.match(store.verify(key, ''), { valid: true }, key.slice(0, 60))
  t.strictSame(await store.import(keys.map(key => ({ ...reading, key }))), { imported: 0, known: keys.length }, 'a second import changes nothing')
})

t.test('a key imported by its hash works, also one that has our length', async t => {
  const { store } = openFile(t)
  const keys = [`hk_live_${'b'.repeat(42)}`, `hk_test_${'c'.repeat(40)}`, 'anything']
  await store.import(keys.map(key => ({ ...reading, hash: hashKey(key) })))
  for (const key of keys) t.match(store.verify(key, ''), { valid: true }, key)
  t.match(store.verify(`hk_live_${'d'.repeat(42)}`, ''), { valid: false, reason: 'unknown' })
})

t.test('a key that cannot be held is refused without a look into the store', async t => {
  const { store, reads } = openFile(t)
  await store.create(reading)
  for (let i = 0; i < 1000; i++) {
    t.match(store.verify(`hk_live_${String(i).padStart(42, 'x')}`, ''), { valid: false, reason: 'checksum' })
    t.match(store.verify(`hk_live_${String(i).padStart(32, 'x')}`, ''), { valid: false, reason: 'unknown' })
    t.match(store.verify(`guess-${i}`, ''), { valid: false })
  }
  t.equal(reads(), 0)
})

t.test('a guess of the right form is looked for once', async t => {
  const { store, reads } = openFile(t)
  await store.import([{ ...reading, key: `hk_live_${'a'.repeat(32)}` }])
  for (let i = 0; i < 100; i++) t.match(store.verify(`hk_live_${'z'.repeat(32)}`, ''), { valid: false, reason: 'unknown' })
  t.equal(reads(), 1)
})

t.test('expiry is judged at each call', async t => {
  const { store, clock } = openFile(t)
  const { key } = await store.create({ ...reading, expiresAt: clock.at + 1000 })
  clock.at += 999
  t.match(store.verify(key, ''), { valid: true })
  clock.at += 1
  t.match(store.verify(key, ''), { valid: false, reason: 'expired', caller: { userId: 'u1' } })
})

t.test('rotation: both keys work during the overlap, then only the new one', async t => {
  const { store, clock } = openFile(t)
  const old = await store.create({ ...reading, ratePerHour: 60, workspaces: ['team-a'], expiresAt: clock.at + 90 * day })
  const next = await store.rotate(old.record.keyId, day)
  t.match(store.verify(old.key, ''), { valid: true })
  t.match(store.verify(next?.key ?? '', ''), { valid: true, caller: { userId: 'u1', name: 'test', ratePerHour: 60, workspaces: ['team-a'], expiresAt: clock.at + 90 * day } })
  t.match(await store.show(old.record.keyId), { replacedBy: next?.record.keyId, expiresAt: clock.at + day })
  clock.at += day
  t.match(store.verify(old.key, ''), { valid: false, reason: 'expired' })
  t.match(store.verify(next?.key ?? '', ''), { valid: true })
})

t.test('rotation without an overlap ends the old key at once', async t => {
  const { store } = openFile(t)
  const old = await store.create(reading)
  t.match(store.verify(old.key, ''), { valid: true })
  const next = await store.rotate(old.record.keyId, 0)
  t.match(store.verify(old.key, ''), { valid: false, reason: 'revoked' })
  t.match(store.verify(next?.key ?? '', ''), { valid: true })
})

t.test('rotating twice neither lengthens the overlap nor shortens the new key', async t => {
  const { store, clock } = openFile(t)
  const old = await store.create({ ...reading, expiresAt: clock.at + 90 * day })
  await store.rotate(old.record.keyId, day)
  clock.at += 1000
  const next = await store.rotate(old.record.keyId, 10 * day)
  t.equal((await store.show(old.record.keyId))?.expiresAt, clock.at - 1000 + day)
  t.equal(next?.record.expiresAt, clock.at - 1000 + 90 * day)
})

t.test('a key that has ended cannot be brought back by rotating it', async t => {
  const { store, clock } = openFile(t)
  const revoked = await store.create(reading)
  await store.revoke(revoked.record.keyId)
  await t.rejects(store.rotate(revoked.record.keyId, 0), { name: 'KeyEndedError' })
  const expired = await store.create({ ...reading, expiresAt: clock.at + 1 })
  clock.at += 1
  await t.rejects(store.rotate(expired.record.keyId, 0), { name: 'KeyEndedError' })
  t.equal((await store.list()).length, 2, 'and no new one is left behind')
})

t.test('revoking keeps the first time and reason', async t => {
  const { store, clock } = openFile(t)
  const { record } = await store.create(reading)
  const revokedAt = clock.at
  t.match(await store.revoke(record.keyId, 'leaked'), { revokedAt, revokeReason: 'leaked' })
  clock.at += 1000
  t.match(await store.revoke(record.keyId, 'again'), { revokedAt, revokeReason: 'leaked' })
})

t.test('an id that no key has is no error of the store', async t => {
  const { store } = openFile(t)
  t.equal(await store.show('key_x'), undefined)
  t.equal(await store.revoke('key_x'), undefined)
  t.equal(await store.rotate('key_x', 0), undefined)
})

t.test('an import with one bad key takes none', async t => {
  const { store } = openFile(t)
  await t.rejects(store.import([{ ...reading, key: 'good' }, { ...reading, hash: 'a key in clear' }]), { name: 'StoreUnavailableError' })
  t.strictSame(await store.list(), [])
})

t.test('the configuration decides which store guards, and the auth service owns its keys', async t => {
  const config = { cacheMs: 1000, staleMs: 1000, serviceId: 'platform', emptyScopes: 'none' as const }
  const service = { ...config, store: { kind: 'service' as const, url: new URL('http://127.0.0.1:9/') } }
  await t.rejects(openStore(service), { name: 'StoreNotOursError' })
  const remote = await openVerifier(service)
  await t.rejects(async () => await remote.verify('K1', '192.0.2.1'), { name: 'StoreUnavailableError' })
  await remote.close()
  const local = await openVerifier({ ...config, store: { kind: 'sqlite', file: join(t.testdir(), 'new', 'folder', 'keys.db') } })
  t.match(await local.verify('K1', '192.0.2.1'), { valid: false, reason: 'unknown' })
  await local.close()
})

async function openSubject (t: Test, wrap: (store: KeyStore, now: () => number) => Subject['verifier']): Promise<Subject> {
  const { store, file, clock, reads } = openFile(t)
  const ids = new Map<string, string>()
  return {
    verifier: wrap(store, () => clock.at),
    issue: async () => {
      const { key, record } = await store.create(reading)
      ids.set(key, record.keyId)
      return key
    },
    revoke: async key => { await store.revoke(ids.get(key) ?? '') },
    fail: async () => {
      for (const path of [file, `${file}-wal`, `${file}-shm`]) rmSync(path)
      writeFileSync(file, 'x'.repeat(8192))
    },
    passTime: () => { clock.at += 1000 },
    reads
  }
}
