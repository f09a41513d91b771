/** What a key that is bound by permissions keeps of them in every store whose keys are managed here. */
import type { Test } from 'tap'
import { reading, type Open } from './store-subject.js'
import { callerOf } from './verifier-contract.js'

const texts = ['read:*', 'write:experiments/team-a/*']
const bound = { ...reading, scopes: new Set(['mlflow:write'] as const), permissions: texts }

/** Holds a store to them. */
export function permissionContract (t: Test, name: string, open: Open): void {
  t.test(`contract of permissions: ${name}`, async t => {
    t.test('they are there as they were written, also in a list and at a request; a key without any is not bound', async t => {
      const { store } = await open(t)
      const { key, record } = await store.create(bound)
      const free = await store.create(reading)
      t.strictSame(record.permissions?.texts, texts)
      t.strictSame((await store.show(record.keyId))?.permissions?.texts, texts)
      t.strictSame((await store.list()).map(({ permissions }) => permissions?.texts), [texts, undefined])
      const { permissions } = callerOf(await store.verify(key, ''))
      t.equal(permissions?.cover('write', 'experiments', 'team-a/x'), true)
      t.equal(permissions?.cover('write', 'experiments', 'team-b/x'), false)
      t.equal(callerOf(await store.verify(free.key, '')).permissions, undefined)
    })

    t.test('a change of them counts at once, here and within a second everywhere', async t => {
      const { store, another, passSecond } = await open(t)
      const other = await another()
      const { key, record } = await store.create(reading)
      for (const each of [store, other]) t.match(await each.verify(key, ''), { valid: true })
      for (const permissions of [['read:models/*'], ['read:models/a', 'read:models/b'], []]) {
        await store.update(record.keyId, { permissions })
        const now = permissions.length === 0 ? undefined : permissions
        t.strictSame(callerOf(await store.verify(key, '')).permissions?.texts, now)
        await passSecond()
        t.strictSame(callerOf(await other.verify(key, '')).permissions?.texts, now)
      }
    })

    t.test('they outlive a rotation, a change of something else, an import and a move', async t => {
      const { store } = await open(t)
      const { record } = await store.create(bound)
      const next = await store.rotate(record.keyId, 0)
      t.strictSame(next?.record.permissions?.texts, texts)
      t.strictSame((await store.update(next?.record.keyId ?? '', { name: 'renamed' }))?.permissions?.texts, texts)
      await store.import([{ ...bound, key: 'sk-other' }])
      t.strictSame(callerOf(await store.verify('sk-other', '')).permissions?.texts, texts)
      const { store: target } = await open(t)
      await target.restore(await store.dump())
      t.strictSame((await target.list()).map(({ permissions }) => permissions?.texts), [texts, texts, texts])
    })

    t.test('a key has mlflow:admin or permissions, whichever it gets last; what was both stays bound, and manages none', async t => {
      const { store } = await open(t)
      const { record: { keyId } } = await store.create(bound)
      const refused = { name: 'KeyInputError', message: 'A key with mlflow:admin may do everything: it cannot have permissions, too.' }
      await t.rejects(store.update(keyId, { scopes: new Set(['mlflow:admin']) }), refused)
      const admin = await store.create({ ...reading, scopes: new Set(['mlflow:admin']) })
      await t.rejects(store.update(admin.record.keyId, { permissions: texts }), refused)
      t.match(await store.update(keyId, { scopes: new Set(['mlflow:admin']), permissions: [] }), { keyId, permissions: undefined }, 'both at once')
      const rows = (await store.dump()).map((row, index) => ({ ...row, id: `key_old${index}`, hash: row.hash.replace(/./g, '0').slice(1) + String(index), permissions: '["read:*"]' }))
      await store.restore(rows.slice(0, 1))
      t.match(await store.update('key_old0', { name: 'renamed' }), { name: 'renamed', permissions: { texts: ['read:*'] } })
      await t.rejects(store.revoke(admin.record.keyId, 'x', { keepsAdmin: true }).then(async () => await store.revoke(keyId, 'x', { keepsAdmin: true })), { name: 'LastAdminError' })
    })
  })
}
