/** What every store whose keys are managed here promises, whatever holds them. */
import type { Test } from 'tap'
import type { KeyStore, NewKey } from '../../src/keys/contract.js'
import { hashKey, keyPattern } from '../../src/keys/key.js'
import { lifeContract } from './life-contract.js'
import { pageContract } from './page-contract.js'
import { permissionContract } from './permission-contract.js'
import { reading, type Open, type StoreSubject } from './store-subject.js'
import { callerOf, verifierContract, type VerifierSubject } from './verifier-contract.js'

/** Holds a store to its promises, those of a verifier among them. */
export function storeContract (t: Test, name: string, open: Open): void {
  verifierContract(t, name, async t => toVerifierSubject(await open(t)))
  lifeContract(t, name, open)
  pageContract(t, name, open)
  permissionContract(t, name, open)
  t.test(`contract of a store: ${name}`, async t => {
    t.test('a new key is shown once, and nothing that the store says of it later shows it', async t => {
      const { store, clock } = await open(t)
      const grants: NewKey = {
        name: 'nightly',
        userId: 'ada',
        environment: 'test',
        scopes: new Set(['mlflow:write']),
        workspaces: ['team-a'],
        ratePerHour: 60,
        expiresAt: clock.at + 1000
      }
      const { key, record } = await store.create(grants)
      t.match(key, keyPattern)
      t.match(record, { ...grants, scopes: Set, hint: /^hk_test_.{4}…$/, createdAt: clock.at })
      const { lastUsedAt, revokedAt, revokeReason, disabledAt, disableReason, replacedBy } = record
      t.ok([lastUsedAt, revokedAt, revokeReason, disabledAt, disableReason, replacedBy].every(nothing => nothing === undefined))
      t.strictSame(await store.show(record.keyId), record)
      t.strictSame(await store.find(key), record)
      t.equal(await store.find(`${key}x`), undefined)
      t.strictSame(await store.list(), [record])
      t.strictSame([...callerOf(await store.verify(key, '')).scopes], ['mlflow:write'])
      t.notMatch(JSON.stringify([await store.list(), record]), new RegExp(`${key}|${hashKey(key)}`))
    })

    t.test('keys are listed from the oldest on', async t => {
      const { store, clock } = await open(t)
      const names = ['z', 'a', 'm']
      for (const name of names) {
        await store.create({ ...reading, name })
        clock.at += 1
      }
      t.strictSame((await store.list()).map(({ name }) => name), names)
    })

    t.test('the first key is made once, however many try at the same time', async t => {
      const { store, another } = await open(t)
      const stores = [store, await another(), await another()]
      const kept: string[] = []
      const issued = await Promise.all(stores.map(async each => await each.createFirst(reading, key => kept.push(key))))
      const made = issued.filter(each => each !== undefined)
      t.equal(made.length, 1)
      t.strictSame(kept, made.map(({ key }) => key))
      t.match(await store.verify(kept[0] ?? '', ''), { valid: true })
      await store.revoke(made[0]?.record.keyId ?? '')
      t.equal(await store.createFirst(reading, key => kept.push(key)), undefined, 'a revoked key is a key that was there')
      t.equal(kept.length, 1)
    })

    t.test('a first key that cannot be handed over is not made', async t => {
      const { store } = await open(t)
      await t.rejects(store.createFirst(reading, () => { throw new Error('No room.') }), { message: 'No room.' })
      t.strictSame(await store.list(), [])
      t.ok(await store.createFirst(reading, () => {}), 'and can be made later')
    })

    t.test('an id that no key has is no error of the store', async t => {
      const { store } = await open(t)
      t.equal(await store.show('key_x'), undefined)
      t.equal(await store.revoke('key_x'), undefined)
      t.equal(await store.rotate('key_x', 0), undefined)
    })

    t.test('keys of other systems work, in clear or by their hash; those that are known stay as they are', async t => {
      const { store } = await open(t)
      const keys = ['sk-other', `hk_live_${'a'.repeat(32)}`, `hk_live_${'b'.repeat(42)}`]
      const imported = [...keys.map(key => ({ ...reading, key })), { ...reading, hash: hashKey('by-hash') }]
      t.strictSame(await store.import(imported), { imported: 4, known: 0 })
      for (const key of [...keys, 'by-hash']) t.match(await store.verify(key, ''), { valid: true, caller: { userId: 'u1' } }, key)
      t.strictSame(await store.import(imported.map(key => ({ ...key, userId: 'u2' }))), { imported: 0, known: 4 })
      t.ok((await store.list()).every(({ userId }) => userId === 'u1'))
    })

    t.test('an import of new keys alone takes none where one is known', async t => {
      const { store } = await open(t)
      await store.import([{ ...reading, hash: hashKey('one') }])
      const both = ['one', 'two'].map(key => ({ ...reading, hash: hashKey(key) }))
      await t.rejects(store.import(both, 'refuse'), { name: 'KeyKnownError', message: 'Nothing was imported: one of the keys is in the store already.' })
      t.equal((await store.list()).length, 1)
      t.match(await store.verify('two', ''), { valid: false, reason: 'unknown' })
      t.strictSame(await store.import(both.slice(1), 'refuse'), { imported: 1, known: 0 })
      t.match(await store.verify('two', ''), { valid: true })
    })

    t.test('an import with one bad key takes none', async t => {
      const { store } = await open(t)
      const keys = [{ ...reading, key: 'good' }, { ...reading, hash: 'a key in clear' }]
      await t.rejects(store.import(keys), { name: 'StoreUnavailableError' })
      t.strictSame(await store.list(), [])
    })

    t.test('all keys can move to another store, as often as one likes, and are there what they were', async t => {
      const [{ store: from, clock }, { store: to, clock: clockThere }] = [await open(t), await open(t)]
      const rotated = await from.create({ ...reading, ratePerHour: 60 })
      const [revoked, both] = [await from.create(reading), await from.create(reading)]
      const next = await from.rotate(rotated.record.keyId, 5000)
      const successor = await from.rotate(both.record.keyId, 5000)
      await from.revoke(revoked.record.keyId, 'leaked')
      clock.at += 1000
      clockThere.at = clock.at
      await to.import([{ ...reading, userId: 'u2', hash: hashKey(successor?.key ?? '') }])
      const dumped = await from.dump()
      t.notMatch(JSON.stringify(dumped), rotated.key)
      t.strictSame(await to.restore(dumped), { imported: 4, known: 1 })
      t.strictSame(await to.restore(dumped), { imported: 0, known: 5 }, 'a second time changes nothing')
      const ids = [rotated, revoked, next].map(issued => issued?.record.keyId ?? '')
      for (const id of ids) t.strictSame(await to.show(id), await from.show(id))
      t.match(await to.verify(rotated.key, ''), { valid: true })
      t.match(await to.verify(revoked.key, ''), { valid: false, reason: 'revoked' })
      t.match(await to.verify(successor?.key ?? '', ''), { valid: true, caller: { userId: 'u2' } }, 'what was known stays as it is')
      t.match(await to.show(both.record.keyId), { replacedBy: undefined, expiresAt: clock.at + 4000 })
      clockThere.at += 4000
      t.match(await to.verify(rotated.key, ''), { valid: false, reason: 'expired' })
    })

    t.test('what another process does to a key is noticed within a second', async t => {
      const { store, another, passSecond } = await open(t)
      const other = await another()
      const later = `hk_live_${'e'.repeat(32)}`
      const { key, record } = await store.create(reading)
      await store.import([{ ...reading, key: `hk_live_${'a'.repeat(32)}` }]) // so that its like are looked for
      t.match(await store.verify(key, ''), { valid: true })
      t.match(await store.verify(later, ''), { valid: false, reason: 'unknown' })
      await other.revoke(record.keyId)
      await other.import([{ ...reading, key: later }])
      await passSecond()
      t.match(await store.verify(key, ''), { valid: false, reason: 'revoked', caller: { keyId: record.keyId } })
      t.match(await store.verify(later, ''), { valid: true })
    })

    t.test('a guess costs one statement at most, and none when it comes again', async t => {
      const { store, statements } = await open(t)
      await store.import([{ ...reading, key: 'sk-other' }])
      await store.verify('sk-other', '')
      const before = statements()
      for (let call = 0; call < 10; call++) t.match(await store.verify('sk-guess', ''), { valid: false, reason: 'unknown' })
      t.equal(statements(), before + 1)
      const broken = `hk_live_${'x'.repeat(42)}`
      for (let call = 0; call < 10; call++) t.match(await store.verify(broken, ''), { valid: false, reason: 'checksum' })
      t.ok(statements() <= before + 2)
    })

    t.test('when a key was last used is known after the end at the latest', async t => {
      const { store, another, clock } = await open(t)
      const [used, unused] = [await store.create(reading), await store.create(reading)]
      await store.verify(used.key, '')
      clock.at += 10
      await store.verify(used.key, '')
      await store.close()
      const again = await another()
      t.equal((await again.show(used.record.keyId))?.lastUsedAt, clock.at)
      t.equal((await again.show(unused.record.keyId))?.lastUsedAt, undefined)
    })

    t.test('a store that fails says so in every function', async t => {
      const { store, passSecond, fail } = await open(t)
      const { record } = await store.create(reading)
      await fail()
      await passSecond()
      const calls = {
        check: () => store.check(),
        create: () => store.create(reading),
        createFirst: () => store.createFirst(reading, () => t.fail('nothing is made')),
        list: () => store.list(),
        show: () => store.show(record.keyId),
        find: () => store.find('sk-other'),
        page: () => store.page({ limit: 1 }),
        update: () => store.update(record.keyId, { name: 'x' }),
        disable: () => store.disable(record.keyId),
        enable: () => store.enable(record.keyId),
        prune: () => store.prune(0),
        revoke: () => store.revoke(record.keyId),
        rotate: () => store.rotate(record.keyId, 0),
        import: () => store.import([{ ...reading, key: 'sk-other' }]),
        dump: () => store.dump(),
        restore: () => store.restore([])
      } satisfies Partial<Record<keyof KeyStore, () => Promise<unknown>>>
      for (const [name, call] of Object.entries(calls)) {
        await t.rejects(async () => { await call() }, { name: 'StoreUnavailableError' }, name)
      }
    })
  })
}

function toVerifierSubject ({ store, clock, passSecond, fail, statements }: StoreSubject): VerifierSubject {
  const ids = new Map<string, string>()
  return {
    verifier: store,
    issue: async expiresAt => {
      const { key, record } = await store.create({ ...reading, expiresAt })
      ids.set(key, record.keyId)
      return key
    },
    revoke: async key => { await store.revoke(ids.get(key) ?? '') },
    fail,
    passTime: passSecond,
    now: () => clock.at,
    statements
  }
}
