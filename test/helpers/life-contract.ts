/** How keys live and end in every store whose keys are managed here: rotation and revocation. */
import type { Test } from 'tap'
import { reading, type Open } from './store-subject.js'

const day = 86_400_000

/** Holds a store to the rules of life. */
export function lifeContract (t: Test, name: string, open: Open): void {
  t.test(`contract of the life of keys: ${name}`, async t => {
    t.test('rotation: both keys work during the overlap, then only the new one', async t => {
      const { store, clock } = await open(t)
      const old = await store.create({ ...reading, ratePerHour: 60, workspaces: ['team-a'], expiresAt: clock.at + 90 * day })
      const next = await store.rotate(old.record.keyId, day)
      t.match(await store.verify(old.key, ''), { valid: true })
      t.match(await store.verify(next?.key ?? '', ''), {
        valid: true,
        caller: { userId: 'u1', name: 'test', ratePerHour: 60, workspaces: ['team-a'], expiresAt: clock.at + 90 * day }
      })
      t.match(await store.show(old.record.keyId), { replacedBy: next?.record.keyId, expiresAt: clock.at + day })
      clock.at += day
      t.match(await store.verify(old.key, ''), { valid: false, reason: 'expired' })
      t.match(await store.verify(next?.key ?? '', ''), { valid: true })
    })

    t.test('rotation without an overlap ends the old key at once', async t => {
      const { store, clock } = await open(t)
      const old = await store.create(reading)
      t.match(await store.verify(old.key, ''), { valid: true })
      const next = await store.rotate(old.record.keyId, 0)
      t.match(await store.show(old.record.keyId), { revokedAt: clock.at, revokeReason: 'rotated', replacedBy: next?.record.keyId })
      t.match(await store.verify(old.key, ''), { valid: false, reason: 'revoked' })
      t.match(await store.verify(next?.key ?? '', ''), { valid: true })
    })

    t.test('rotating twice neither lengthens the overlap nor shortens the new key', async t => {
      const { store, clock } = await open(t)
      const old = await store.create({ ...reading, expiresAt: clock.at + 90 * day })
      await store.rotate(old.record.keyId, day)
      clock.at += 1000
      const next = await store.rotate(old.record.keyId, 10 * day)
      t.equal((await store.show(old.record.keyId))?.expiresAt, clock.at - 1000 + day)
      t.equal(next?.record.expiresAt, clock.at - 1000 + 90 * day)
    })

    t.test('a key that has ended cannot be brought back by rotating it', async t => {
      const { store, clock } = await open(t)
      const revoked = await store.create(reading)
      await store.revoke(revoked.record.keyId)
      await t.rejects(store.rotate(revoked.record.keyId, 0), { name: 'KeyEndedError' })
      const expired = await store.create({ ...reading, expiresAt: clock.at + 1 })
      clock.at += 1
      await t.rejects(store.rotate(expired.record.keyId, 0), { name: 'KeyEndedError' })
      t.equal((await store.list()).length, 2, 'and no new one is left behind')
    })

    t.test('revoking keeps the first time and reason', async t => {
      const { store, clock } = await open(t)
      const { record } = await store.create(reading)
      const revokedAt = clock.at
      t.match(await store.revoke(record.keyId, 'leaked'), { revokedAt, revokeReason: 'leaked' })
      clock.at += 1000
      t.match(await store.revoke(record.keyId, 'again'), { revokedAt, revokeReason: 'leaked' })
      t.match(await store.show(record.keyId), { revokedAt, revokeReason: 'leaked' })
    })
  })
}
