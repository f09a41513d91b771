/** How every store whose keys are managed here lists them page by page. */
import type { Test } from 'tap'
import type { KeyQuery, KeyRecord, KeyStore } from '../../src/keys/contract.js'
import { reading, type Open } from './store-subject.js'

/** Reads all pages. @param between what is done after each of them */
async function walk (store: KeyStore, query: KeyQuery, between: () => Promise<unknown> = async () => {}): Promise<KeyRecord[]> {
  const found: KeyRecord[] = []
  for (let after = query.after; ;) {
    const { records, next } = await store.page({ ...query, after })
    found.push(...records)
    if (next === undefined) return found
    after = next
    await between()
  }
}

export function pageContract (t: Test, name: string, open: Open): void {
  t.test(`contract of lists: ${name}`, async t => {
    t.test('pages hold all keys once, the oldest first, also while keys are made', async t => {
      const { store, clock } = await open(t)
      for (let count = 0; count < 10; count++) {
        await store.create({ ...reading, name: String(count) })
        if (count % 4 === 3) clock.at += 1 // several at the same time
      }
      const all = await store.list()
      const byId = (records: readonly KeyRecord[]): KeyRecord[] => [...records].sort((one, other) => one.keyId < other.keyId ? -1 : 1)
      for (const limit of [1, 3, 10, 11]) {
        const found = await walk(store, { limit })
        t.strictSame(byId(found), byId(all), `pages of ${limit}`)
        t.strictSame(found.map(({ createdAt }) => createdAt), all.map(({ createdAt }) => createdAt))
      }
      clock.at += 1
      let made = 0
      const meanwhile = await walk(store, { limit: 4 }, async () => { if (made++ < 2) await store.create(reading) })
      t.equal(new Set(meanwhile.map(({ keyId }) => keyId)).size, meanwhile.length)
      t.strictSame(meanwhile.slice(0, 10).map(({ name }) => name).sort(), all.map(({ name }) => name).sort())
      t.equal(meanwhile.length, 12)
    })

    t.test('a place is where it was, also when the key there has gone', async t => {
      const { store, clock } = await open(t)
      const made: string[] = []
      for (let count = 0; count < 4; count++) {
        made.push((await store.create(reading)).record.keyId)
        clock.at += 1
      }
      const { next } = await store.page({ limit: 2 })
      await store.revoke(made[1] ?? '')
      clock.at += 1
      t.equal(await store.prune(clock.at), 1)
      t.strictSame((await store.page({ limit: 2, after: next })).records.map(({ keyId }) => keyId), made.slice(2))
    })

    t.test('each part of a filter narrows the list', async t => {
      const { store, clock } = await open(t)
      const create = async (more: Partial<typeof reading>): Promise<string> => (await store.create({ ...reading, ...more })).record.keyId
      const live = await create({ name: 'a' })
      const expired = await create({ name: 'b', userId: 'u2', expiresAt: clock.at + 10 })
      const later = await create({ name: 'a', userId: 'u2', expiresAt: clock.at + 100 })
      const off = await create({ environment: 'test', expiresAt: clock.at + 10 })
      const ended = await create({ name: '100%_' })
      const replaced = await create({})
      await store.disable(off)
      await store.disable(ended)
      await store.revoke(ended)
      const next = (await store.rotate(replaced, 10))?.record.keyId ?? ''
      clock.at += 10
      const ids = async (query: Partial<KeyQuery>): Promise<string[]> => (await walk(store, { limit: 2, ...query })).map(({ keyId }) => keyId).sort()
      t.strictSame(await ids({ state: 'live' }), [live, later, next].sort())
      t.strictSame(await ids({ state: 'expired' }), [expired, replaced].sort())
      t.strictSame(await ids({ state: 'disabled' }), [off])
      t.strictSame(await ids({ state: 'revoked' }), [ended])
      t.strictSame(await ids({ owner: 'u2' }), [expired, later].sort())
      t.strictSame(await ids({ name: 'a' }), [live, later].sort())
      t.strictSame(await ids({ name: 'a', owner: 'u2', state: 'live' }), [later])
      t.strictSame(await ids({ name: 'A' }), [])
      t.strictSame(await ids({ name: '100%_' }), [ended])
      t.strictSame(await ids({ hint: 'hk_test_' }), [off])
      t.strictSame(await ids({ hint: '%' }), [], 'no pattern')
      t.strictSame(await ids({ hint: 'HK_' }), [])
      t.strictSame(await ids({ owner: "u2' OR 1=1 --" }), [])
    })
  })
}
