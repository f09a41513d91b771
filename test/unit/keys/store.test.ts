import t from 'tap'
import { hashKey } from '../../../src/keys/key.js'
import { openServer } from '../../helpers/remote-store.js'
import { openFile, reading } from '../../helpers/sqlite-store.js'
import { sessionContract } from '../../helpers/session-contract.js'
import { storeContract } from '../../helpers/store-contract.js'

storeContract(t, 'SQLite', async t => openFile(t))
sessionContract(t, 'SQLite', async t => openFile(t))
storeContract(t, 'a store behind a network', async () => openServer())

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

t.test('of a dumped row nothing but the columns of a key is taken', async t => {
  const [from, to] = [openFile(t), openFile(t)]
  await from.store.create(reading)
  const rows = (await from.store.dump()).map(row => ({ ...row, 'id) VALUES (1); DROP TABLE keys; --': 'x' }))
  t.strictSame(await to.store.restore(rows), { imported: 1, known: 0 })
  t.strictSame(await to.store.list(), await from.store.list())
})
