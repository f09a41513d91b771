/** `/admin/audit`: events for administrators with a key in a header, page by page. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lineOf, type AuditEvent } from '../../../src/audit/event.js'
import { facade, keys, type Facade } from '../../helpers/app.js'

const start = Date.parse('2026-06-01T09:30:00Z')
const line = (number: number, more: Partial<AuditEvent> = {}): string =>
  lineOf({ seq: number, source: 's', time: new Date(start + number * 1000).toISOString(), operation: 'deleteRun', outcome: 'allowed', ...more })

async function withEvents (t: Test, text: string): Promise<Facade> {
  const file = join(t.testdir(), 'audit.log')
  writeFileSync(file, text)
  return await facade(t, undefined, { env: { AUDIT_LOG: file } })
}

const read = async (up: Facade, query = '', key: keyof typeof keys = 'admin'): Promise<{ status: number, body: Record<string, unknown>, seqs: number[] }> => {
  const answer = await up.call('GET', `/admin/audit${query}`, { key })
  const body = answer.json()
  return { status: answer.status, body, seqs: ((body['events'] ?? []) as AuditEvent[]).map(({ seq }) => seq) }
}

t.test('pages follow each other, the newest first, with every field that was written', async t => {
  const whole = { key: 'hk_live_abcd…', key_id: 'key_a', user: 'ann', resource: { run_id: 'r' }, status: 200, class: 'write' as const, count: 3, session: true as const }
  const up = await withEvents(t, [1, 2, 3, 4].map(number => line(number)).join('') + line(5, whole))
  const first = await read(up, '?max_results=2')
  t.strictSame(first.seqs, [5, 4])
  t.match((first.body['events'] as unknown[])[0], whole)
  const second = await read(up, `?max_results=3&page_token=${String(first.body['next_page_token'])}`)
  t.strictSame(second.seqs, [3, 2, 1])
  t.equal(second.body['next_page_token'], null)
})

t.test('filters', async t => {
  const up = await withEvents(t, line(1, { user: 'ann' }) + line(2, { outcome: 'refused', reason: 'scope', key_id: 'key_a', key: 'hk_live_abcd…' }) + line(3, { operation: 'createRun' }))
  t.strictSame((await read(up, '?user=ann')).seqs, [1])
  t.strictSame((await read(up, '?outcome=refused&reason=scope')).seqs, [2])
  t.strictSame((await read(up, '?key=hk_live_abcd')).seqs, [2])
  t.strictSame((await read(up, '?operation=createRun')).seqs, [3])
  t.strictSame((await read(up, `?since=${new Date(start + 2000).toISOString()}&until=${new Date(start + 3000).toISOString()}`)).seqs, [2])
  t.strictSame((await read(up, '?since=1h')).seqs, [])
})

t.test('what cannot be is 400 and names the parameter', async t => {
  const up = await withEvents(t, line(1))
  const wrong = { max_results: ['0', '1001', 'x'], outcome: ['maybe'], reason: ['none'], since: ['yesterday', '2026-13-01', '1y'], until: ['x'], page_token: ['x'], other: ['1'], user: [''] }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const { status, body } = await read(up, `?${name}=${value}`)
      t.equal(status, 400, `${name}=${value}`)
      t.match(body, { error_code: 'INVALID_PARAMETER_VALUE', message: new RegExp(`parameter ${name} `) })
    }
  }
})

t.test('only for mlflow:admin with a key in a header; reading makes no event, and being refused one', async t => {
  const up = await withEvents(t, line(1))
  t.equal((await read(up)).status, 200)
  t.strictSame(up.events, [])
  t.equal((await read(up, '', 'write')).status, 403)
  t.match(up.events, [{ operation: 'audit', class: 'admin', outcome: 'refused', reason: 'scope', key_id: 'key_write' }])
  const headers = { Origin: 'http://facade.test', 'Content-Type': 'application/x-www-form-urlencoded' }
  const cookie = (await up.call('POST', '/login', { key: null, headers, body: `key=${keys.admin}` })).header('set-cookie')?.split(';')[0] ?? ''
  t.equal((await up.call('GET', '/admin/audit', { key: null, headers: { Cookie: cookie } })).status, 403)
  t.equal((await up.call('GET', '/admin/audit', { key: null })).status, 401)
})

t.test('where no events are kept, the answer says where they are', async t => {
  const up = await facade(t)
  t.match(await read(up), { status: 404, body: { message: /AUDIT_LOG=stdout/ } })
  const off = await facade(t, undefined, { env: { AUDIT_LOG: 'off' } })
  t.match(await read(off), { status: 404, body: { message: /AUDIT_LOG is off/ } })
})

t.test('endpoints of ours are events by themselves: their operation, and what their path names', async t => {
  const up = await facade(t, undefined, {
    extend: app => { app.delete('/admin/things/:id', { config: { operation: 'delete_thing', access: 'admin' } }, async () => ({})) }
  })
  t.equal((await up.call('DELETE', '/admin/things/7', { key: 'admin' })).status, 200)
  t.match(up.events, [{ operation: 'delete_thing', class: 'admin', outcome: 'allowed', resource: { id: '7' }, method: 'DELETE' }])
})
