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

    t.test('a key is rotated once, however many try at the same time; the one that took its place can be rotated', async t => {
      const { store, another, clock } = await open(t)
      const old = await store.create({ ...reading, expiresAt: clock.at + 90 * day })
      const tries = await Promise.allSettled([store, await another()].map(async each => await each.rotate(old.record.keyId, day)))
      t.strictSame(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      clock.at += 1000
      const next = (await store.show(old.record.keyId))?.replacedBy ?? ''
      await t.rejects(store.rotate(old.record.keyId, 10 * day), { name: 'KeyEndedError', message: `The key was rotated already: rotate ${next}, which took its place.` })
      t.equal((await store.list()).length, 2)
      t.equal((await store.show(old.record.keyId))?.expiresAt, clock.at - 1000 + day, 'the overlap is not lengthened')
      t.match(await store.rotate(next, 10 * day), { record: { expiresAt: clock.at - 1000 + 90 * day } })
    })

    t.test('a new key expires no later than it may', async t => {
      const { store, clock } = await open(t)
      const [endless, short] = [await store.create(reading), await store.create({ ...reading, expiresAt: clock.at + day })]
      t.match(await store.rotate(endless.record.keyId, 0, clock.at + 2 * day), { record: { expiresAt: clock.at + 2 * day } })
      t.match(await store.rotate(short.record.keyId, 0, clock.at + 2 * day), { record: { expiresAt: clock.at + day } })
    })

    t.test('a disabled key is refused everywhere within a second, and accepted again when it is enabled', async t => {
      const { store, another, clock, passSecond } = await open(t)
      const other = await another()
      const { key, record } = await store.create(reading)
      const id = record.keyId
      for (const each of [store, other]) t.match(await each.verify(key, ''), { valid: true })
      const disabledAt = clock.at
      t.match(await store.disable(id, 'on leave'), { disabledAt, disableReason: 'on leave', revokedAt: undefined })
      t.match(await store.verify(key, ''), { valid: false, reason: 'disabled', caller: { keyId: id } })
      await passSecond()
      t.match(await other.verify(key, ''), { valid: false, reason: 'disabled' })
      t.match(await other.disable(id, 'again'), { disabledAt, disableReason: 'on leave' }, 'the first time and reason stay')
      await t.rejects(store.rotate(id, 0), { name: 'KeyEndedError', message: 'The key is disabled: enable it first.' })
      t.match(await store.update(id, { userId: 'u2' }), { userId: 'u2', disabledAt })
      t.match(await other.enable(id), { disabledAt: undefined, disableReason: undefined })
      await passSecond()
      for (const each of [store, other]) t.match(await each.verify(key, ''), { valid: true, caller: { userId: 'u2' } })
      t.match(await store.enable(id), { disabledAt: undefined }, 'one that is enabled stays so')
      t.equal(await store.disable('key_x'), undefined)
      t.equal(await store.enable('key_x'), undefined)
    })

    t.test('a key that has ended is neither disabled nor enabled', async t => {
      const { store, clock } = await open(t)
      const [revoked, expired] = [await store.create(reading), await store.create({ ...reading, expiresAt: clock.at + 1 })]
      await store.disable(revoked.record.keyId)
      await store.revoke(revoked.record.keyId)
      t.match(await store.verify(revoked.key, ''), { valid: false, reason: 'revoked' })
      clock.at += 1
      for (const { record } of [revoked, expired]) {
        await t.rejects(store.enable(record.keyId), { name: 'KeyEndedError' })
        await t.rejects(store.disable(record.keyId), { name: 'KeyEndedError' })
      }
    })

    t.test('with care, the last live key that may manage keys stays as it is, also when two take it from each other', async t => {
      const { store, another, clock } = await open(t)
      const managing = { ...reading, scopes: new Set(['mlflow:admin'] as const) }
      const ids: string[] = []
      for (let count = 0; count < 3; count++) ids.push((await store.create(managing)).record.keyId)
      const [first = '', second = '', third = ''] = ids
      await store.create(reading)
      await store.create({ ...managing, expiresAt: clock.at })
      await store.create({ ...managing, workspaces: ['team-a'] })
      const care = { keepsAdmin: true }
      await store.disable(third, undefined, care)
      const other = await another()
      const tries = await Promise.allSettled([store.revoke(first, 'x', care), other.disable(second, 'x', care)])
      t.strictSame(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      const last = tries[0]?.status === 'rejected' ? first : second
      const refused = { name: 'LastAdminError' }
      await t.rejects(store.revoke(last, 'x', care), refused)
      await t.rejects(store.disable(last, 'x', care), refused)
      await t.rejects(store.update(last, { scopes: new Set(['mlflow:write']) }, care), refused)
      await t.rejects(store.update(last, { expiresAt: clock.at + day }, care), refused)
      await t.rejects(store.update(last, { workspaces: ['team-a'] }, care), refused)
      t.match(await store.update(last, { name: 'renamed' }, care), { name: 'renamed', revokedAt: undefined, disabledAt: undefined })
      await store.enable(third)
      t.match(await store.update(last, { scopes: new Set(['mlflow:write']) }, care), { keyId: last })
      t.match(await store.revoke(third), { keyId: third }, 'without care it is ended')
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

    t.test('a change of what a key may do counts at once, here and within a second everywhere', async t => {
      const { store, another, clock, passSecond } = await open(t)
      const other = await another()
      const { key, record } = await store.create({ ...reading, ratePerHour: 60, expiresAt: clock.at + day })
      for (const each of [store, other]) t.match(await each.verify(key, ''), { valid: true, caller: { ratePerHour: 60 } })
      const changes = { name: 'renamed', scopes: new Set(['mlflow:gateway'] as const), workspaces: ['team-b'], ratePerHour: undefined, expiresAt: undefined }
      t.match(await store.update(record.keyId, changes), { keyId: record.keyId, userId: 'u1', createdAt: record.createdAt, name: 'renamed' })
      t.match(await store.verify(key, ''), { valid: true, caller: { name: 'renamed', workspaces: ['team-b'] } })
      await passSecond()
      const verdict = await other.verify(key, '')
      t.match(verdict, { valid: true, caller: { name: 'renamed', workspaces: ['team-b'], ratePerHour: undefined, expiresAt: undefined } })
      t.strictSame(verdict.valid ? [...verdict.caller.scopes] : [], ['mlflow:gateway'])
      await store.update(record.keyId, { expiresAt: clock.at + 10 })
      t.match(await store.show(record.keyId), { name: 'renamed', expiresAt: clock.at + 10 }, 'what is not named stays')
      clock.at += 10
      t.match(await store.verify(key, ''), { valid: false, reason: 'expired' })
      await t.rejects(store.update(record.keyId, { expiresAt: undefined }), { name: 'KeyEndedError' }, 'and is not brought back')
      await store.revoke(record.keyId)
      await t.rejects(store.update(record.keyId, { name: 'x' }), { name: 'KeyEndedError' })
      t.equal(await store.update('key_x', { name: 'x' }), undefined)
    })

    t.test('a change does not lengthen the overlap of a rotation', async t => {
      const { store, clock } = await open(t)
      const { record } = await store.create(reading)
      await store.rotate(record.keyId, 1000)
      t.match(await store.update(record.keyId, { expiresAt: clock.at + day }), { expiresAt: clock.at + 1000 })
    })

    t.test('keys that were revoked long ago can be forgotten, but never the newest', async t => {
      const { store, another, clock, passSecond } = await open(t)
      const [old, fresh, living] = [await store.create(reading), await store.create(reading), await store.create(reading)]
      const next = await store.rotate(old.record.keyId, 0)
      clock.at += day
      await store.revoke(fresh.record.keyId)
      const other = await another()
      t.match(await other.verify(old.key, ''), { valid: false, reason: 'revoked' })
      t.equal(await store.prune(clock.at), 1, 'a moment is before itself for nobody')
      t.equal(await store.prune(clock.at), 0)
      t.strictSame((await store.list()).map(({ keyId }) => keyId), [fresh, living, next].map(issued => issued?.record.keyId))
      await passSecond()
      for (const each of [store, other]) t.match(await each.verify(old.key, ''), { valid: false, reason: 'unknown' })
      clock.at += day
      const successor = await store.rotate(living.record.keyId, 0)
      const newest = await store.rotate(successor?.record.keyId ?? '', 0)
      for (const issued of [next, newest]) await store.revoke(issued?.record.keyId ?? '')
      clock.at += 1
      t.equal(await store.prune(clock.at), 4)
      t.strictSame((await store.list()).map(({ keyId }) => keyId), [newest?.record.keyId])
      t.equal(await store.createFirst(reading, () => t.fail('it held keys')), undefined)
    })

    t.test('a key that is forgotten does not stay named as the successor of another', async t => {
      const { store, clock } = await open(t)
      const first = await store.create(reading)
      const next = await store.rotate(first.record.keyId, 2 * day)
      await store.create(reading)
      await store.revoke(next?.record.keyId ?? '')
      clock.at += day
      t.equal(await store.prune(clock.at), 1)
      t.match(await store.show(first.record.keyId), { replacedBy: undefined })
      t.match(await store.verify(first.key, ''), { valid: true })
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
