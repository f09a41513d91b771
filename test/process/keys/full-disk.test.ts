/** A key store on a full disk: keys can still be ended, whoever else takes the room, and nothing that is known gets lost. */
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openSqlite } from '../../../src/keys/stores/sqlite/store.js'
import { smallDisk, type SmallDisk } from '../../helpers/disk.js'
import { startFacade } from '../../helpers/facade.js'
import { reading } from '../../helpers/sqlite-store.js'
import { answer, standIn } from '../../helpers/upstream.js'

const skip = process.getuid?.() === 0 ? false : 'only root may mount a disk'
const disk = (t: { teardown: (fn: () => unknown) => void }): SmallDisk => smallDisk(t, 8 * 1024 ** 2) ?? { folder: '', fill: () => () => {} }

t.test('keys are revoked and rotated on a full disk, one after the other', { skip }, async t => {
  const { folder, fill } = disk(t)
  const store = openSqlite(join(folder, 'keys.db'))
  t.teardown(() => store.close())
  const keys = await Promise.all(Array.from({ length: 25 }, async () => await store.create(reading)))
  fill()
  for (const { key, record } of keys.slice(0, 20)) {
    t.match(await store.revoke(record.keyId, 'x'.repeat(200)), { revokedAt: Number })
    t.match(store.verify(key, ''), { valid: false, reason: 'revoked' })
    fill() // whatever was given back and not used is taken at once
  }
  const rotated = await store.rotate(keys[20]?.record.keyId ?? '', 0)
  t.match(store.verify(rotated?.key ?? '', ''), { valid: true })
  t.match(store.verify(keys[24]?.key ?? '', ''), { valid: true }, 'and keys are judged')
  t.ok(statSync(join(folder, 'keys.db-reserve')).size > 0, 'what a revocation has taken serves the next one, too')
})

t.test('what was given back of the reserve is set aside again when there is room', { skip }, async t => {
  const { folder, fill } = disk(t)
  const file = join(folder, 'keys.db')
  const store = openSqlite(file)
  const { record } = await store.create(reading)
  const free = fill()
  await store.revoke(record.keyId)
  await store.close()
  await openSqlite(file).close()
  t.ok(statSync(`${file}-reserve`).size < 1024 ** 2, 'not on a disk that is as good as full')
  free()
  await openSqlite(file).close()
  t.equal(statSync(`${file}-reserve`).size, 1024 ** 2)
  t.equal(statSync(`${file}-reserve`).mode & 0o777, 0o600)
})

t.test('a facade whose disk is full serves, sees a revocation within a second, ends, and starts', { skip }, async t => {
  const { folder, fill } = disk(t)
  const mlflow = await standIn(t, call => call.write(answer(200, '{}')))
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { DATA_DIR: folder } })
  const [lost = '', kept = ''] = [await up.createKey('mlflow:write'), await up.createKey('mlflow:write')]
  const call = async (url: string, key: string, path = '/mlflow/api/2.0/mlflow/experiments/search?max_results=1'): Promise<number> => (await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })).status
  const listed = JSON.parse(await up.command(['keys', 'list', '--json'])) as Array<{ id: string, name: string }>
  const id = listed.filter(({ name }) => name === 'test')[0]?.id ?? ''
  t.equal(await call(up.url, kept, '/api/mlflow/api/2.0/mlflow/experiments/search'), 200, 'an old path, whose use is counted in a file')
  fill()
  t.equal(await call(up.url, lost), 200)
  await up.command(['keys', 'revoke', id])
  const revokedAt = performance.now()
  while (await call(up.url, lost) === 200) await delay(10)
  t.ok(performance.now() - revokedAt < 1500, `${Math.round(performance.now() - revokedAt)} ms`)
  t.equal(await call(up.url, lost), 401)
  t.equal(await call(up.url, kept), 200)
  fill()
  await up.stop()
  for (const side of ['keys.db-wal', 'keys.db-shm']) rmSync(join(folder, side), { force: true }) // so that they have to be made anew
  fill()
  const again = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { DATA_DIR: folder } })
  t.equal(await call(again.url, lost), 401)
  t.equal(await call(again.url, kept), 200)
  await again.stop()
  t.match(up.output(), /the counts of old paths cannot be written/)
})
