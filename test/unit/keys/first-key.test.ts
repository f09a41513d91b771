import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ensureFirstKey } from '../../../src/keys/first-key.js'
import { openFile } from '../../helpers/sqlite-store.js'
import { callerOf } from '../../helpers/verifier-contract.js'

t.test('the first admin key is made once, for a store that never held a key', async t => {
  const { store, file } = openFile(t)
  const dataDir = join(file, '..')
  writeFileSync(join(dataDir, 'admin-key'), 'left over', { mode: 0o644 })
  const pipe = {}
  const first = await ensureFirstKey(store, dataDir, pipe)
  t.equal(first?.file, join(dataDir, 'admin-key'))
  t.equal(statSync(join(dataDir, 'admin-key')).mode & 0o777, 0o600)
  const verdict = store.verify(readFileSync(join(dataDir, 'admin-key'), 'utf8').trim(), '')
  t.strictSame([...callerOf(await verdict).scopes], ['mlflow:admin'])
  t.equal(await ensureFirstKey(store, dataDir, pipe), undefined)
  await store.revoke(first?.record.keyId ?? '')
  t.equal(await ensureFirstKey(store, dataDir, pipe), undefined, 'a revoked key is a key that was there')
  t.equal(first?.take(), undefined, 'it is not for where it would end in a log')
})

t.test('the first admin key is kept for a terminal, once, and not written', async t => {
  const { store, file } = openFile(t)
  const first = await ensureFirstKey(store, join(file, '..'), { isTTY: true })
  t.notMatch(JSON.stringify(first), /hk_live_\w{5}/)
  t.equal(first?.file, undefined)
  t.throws(() => statSync(join(file, '..', 'admin-key')), { code: 'ENOENT' })
  t.match(await store.verify(first?.take() ?? '', ''), { valid: true })
  t.equal(first?.take(), undefined)
})

t.test('a first admin key that cannot be handed over is not made', async t => {
  const { store, file } = openFile(t)
  await t.rejects(ensureFirstKey(store, join(file, 'nowhere'), {}), { code: 'ENOTDIR' })
  t.strictSame(await store.list(), [])
})
