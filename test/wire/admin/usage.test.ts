/** `/admin/usage`: who has called how often, what was refused, and who still uses old paths. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { facade } from '../../helpers/app.js'

interface Counted { readonly id?: string, readonly reason?: string, readonly minutes: readonly number[], readonly hours: readonly number[] }

const totals = (counted: unknown, name: 'id' | 'reason'): Record<string, [lastHour: number, lastDay: number]> =>
  Object.fromEntries((counted as readonly Counted[]).map(one => [one[name] ?? '', [sum(one.minutes), sum(one.hours)]]))
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

t.test('calls are counted by key, with those of a refused one, and refusals by reason', async t => {
  const { call } = await facade(t)
  for (let calls = 0; calls < 3; calls++) await call('GET', '/whoami', { key: 'read' })
  await call('GET', '/admin/usage', { key: 'read' })
  await call('GET', '/whoami', { key: 'unknown' })
  await call('GET', '/whoami', { key: null })
  const answer = await call('GET', '/admin/usage', { key: 'admin' })
  t.equal(answer.status, 200)
  const { counted_by: by, keys, refusals, other_keys: others, old_paths: oldPaths, ...times } = answer.json()
  t.equal(by, 'this process')
  t.strictSame(totals(keys, 'id'), { key_read: [4, 4] }, 'the call that asks has not ended')
  t.match(keys, [{ hint: String, name: String, owner: String }])
  t.strictSame(totals(refusals, 'reason'), { scope: [1, 1], unknown: [1, 1], no_key: [1, 1] })
  t.equal(others, null)
  t.strictSame(oldPaths, { since: null, uses: [] })
  for (const time of Object.values(times)) t.ok(Number.isFinite(Date.parse(String(time))))
  t.equal(Date.parse(String(times['minutes_from'])) + 60 * 60_000 > Date.now(), true, 'the last minute is now')
  t.notMatch(answer.text(), /hk_test_[a-z]+0000/, 'no key stands in it')
})

t.test('who uses old paths comes from the counts of DATA_DIR, the latest first', async t => {
  const { call, dataDir } = await facade(t)
  const use = { keyId: 'key_a', name: 'training', userId: 'ann', client: 'curl', calls: 2, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-02T00:00:00.000Z' }
  const later = { ...use, keyId: null, name: null, userId: null, lastAt: '2026-01-03T00:00:00.000Z' }
  const file = join(dataDir, 'old-paths.json')
  writeFileSync(file, JSON.stringify({ since: '2026-01-01T00:00:00.000Z', uses: [use, later], told: {} }))
  t.match((await call('GET', '/admin/usage', { key: 'admin' })).json()['old_paths'], {
    since: '2026-01-01T00:00:00.000Z',
    uses: [{ key_id: null, owner: null, calls: 2 }, { key_id: 'key_a', name: 'training', owner: 'ann', client: 'curl', calls: 2, first_at: use.firstAt, last_at: use.lastAt }]
  })
  writeFileSync(file, 'no counts')
  const answer = await call('GET', '/admin/usage', { key: 'admin' })
  t.match([answer.status, answer.json()], [503, { error_code: 'TEMPORARILY_UNAVAILABLE', message: /old paths cannot be read/ }])
})
