/** Floods of refused calls become a few events, and no call is left out of their counts. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { apartMax, callersMax, collapse } from '../../../src/audit/collapse.js'
import type { AuditFields } from '../../../src/audit/event.js'

const refused = (more: Partial<AuditFields> = {}): AuditFields => ({ time: '2026-12-01T09:30:00.000Z', operation: 'none', outcome: 'refused', reason: 'no_key', address: '203.0.113.7', ...more })
const calls = (events: readonly AuditFields[]): number => events.reduce((sum, { count = 1 }) => sum + count, 0)

t.test('the first of a second pass by themselves, the others as one that counts them', async t => {
  const passed: AuditFields[] = []
  const { take } = collapse(event => passed.push(event))
  for (let each = 0; each < 100; each++) take(refused({ request_id: String(each) }))
  t.equal(passed.length, apartMax)
  await delay(1100)
  t.equal(passed.length, apartMax + 1)
  t.match(passed.at(-1), { count: 100 - apartMax, request_id: '99' })
  take(refused())
  t.equal(passed.length, apartMax + 2, 'a new second')
})

t.test('other addresses, reasons and keys are told apart; addresses of one IPv6 network are not', async t => {
  const passed: AuditFields[] = []
  const { take, flush } = collapse(event => passed.push(event))
  for (const more of [{}, { address: '203.0.113.8' }, { reason: 'scope' }, { key_id: 'key_a' }, { address: '2001:db8::1' }, { address: '2001:db8::2' }]) {
    for (let each = 0; each < apartMax; each++) take(refused(more))
  }
  flush()
  t.equal(passed.length, 5 * apartMax + 1)
  t.equal(calls(passed), 6 * apartMax)
})

t.test('what is held is counted by operation, so that no count speaks of calls that were others', async t => {
  const passed: AuditFields[] = []
  const { take, flush } = collapse(event => passed.push(event))
  for (let each = 0; each < apartMax + 90; each++) take(refused({ operation: each % 3 === 0 ? 'createRun' : 'deleteRun' }))
  flush()
  t.equal(passed.length, apartMax + 2)
  t.equal(calls(passed.filter(({ operation }) => operation === 'createRun')), 34)
  t.equal(calls(passed.filter(({ operation }) => operation === 'deleteRun')), 66)
})

t.test('one more than passes by itself is an event without a count', async t => {
  const passed: AuditFields[] = []
  const { take, flush } = collapse(event => passed.push(event))
  for (let each = 0; each <= apartMax; each++) take(refused())
  flush()
  t.equal(passed.length, apartMax + 1)
  t.notOk(passed.some(({ count }) => count !== undefined))
})

t.test('a flood from more addresses than are told apart makes a bounded number of events', async t => {
  const passed: AuditFields[] = []
  const { take, flush } = collapse(event => passed.push(event))
  const total = 3 * callersMax
  for (let each = 0; each < total; each++) take(refused({ address: `10.${each >> 8}.${each & 255}.1` }))
  flush()
  t.equal(passed.length, callersMax + apartMax + 1)
  t.equal(calls(passed), total)
  t.match(passed.at(-1), { address: undefined, reason: 'no_key', count: total - callersMax - apartMax }, 'they are nobody\'s in particular')
})
