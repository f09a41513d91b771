/** What the console's chart draws of the counts. */
import t from 'tap'
import { busiest, lineNumber, linesOf, timesOf } from '../../../src/console/now/lines.js'
import type { KeyCalls, Usage } from '../../../src/console/now/usage.js'

const minutes = (...last: number[]): number[] => [...Array<number>(60 - last.length).fill(0), ...last]
const hours = (...last: number[]): number[] => [...Array<number>(24 - last.length).fill(0), ...last]
const key = (id: string, now: number, before: number): KeyCalls => ({ id, hint: `hk_${id}…`, name: id, owner: 'ann', minutes: minutes(now), hours: hours(before, now) })

const usage: Usage = {
  since: '2027-01-01T00:00:00.000Z',
  minutes_from: '2027-01-01T08:31:00.000Z',
  hours_from: '2026-12-31T10:00:00.000Z',
  keys: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id, index) => key(id, index, 10 - index)),
  other_keys: { minutes: minutes(100), hours: hours(1000, 100) },
  refusals: [],
  old_paths: { since: null, uses: [] }
}

t.test('the busiest of the span have a line each, all others one together', t => {
  t.strictSame(busiest(usage, 'minutes').map(({ id }) => id), ['g', 'f', 'e', 'd', 'c', 'b'], 'not who made no call')
  t.strictSame(linesOf(usage, 'minutes').map(({ label, calls }) => [label, calls.at(-1)]), [['g', 6], ['f', 5], ['e', 4], ['d', 3], ['c', 2], ['all others', 101]])
  t.strictSame(linesOf(usage, 'hours').at(-1), { label: 'all others', calls: hours(1000 + 5 + 4, 100 + 5 + 6) })
  t.strictSame(linesOf({ ...usage, keys: usage.keys.slice(0, 3), other_keys: null }, 'hours').map(({ label }) => label), ['a', 'b', 'c'])
  t.strictSame(linesOf({ ...usage, keys: [], other_keys: null }, 'hours'), [])
  t.end()
})

t.test('a key has the number of its line, and those without one of their own that of all others', t => {
  t.strictSame([0, 4, 5, 6, 60].map(lineNumber), [1, 5, 6, 6, 6])
  t.end()
})

t.test('times are those at which minutes and hours begin', t => {
  t.strictSame([timesOf(usage, 'minutes').length, timesOf(usage, 'hours').length], [60, 24])
  t.equal(new Date((timesOf(usage, 'minutes').at(-1) ?? 0) * 1000).toISOString(), '2027-01-01T09:30:00.000Z')
  t.equal(new Date((timesOf(usage, 'hours').at(-1) ?? 0) * 1000).toISOString(), '2027-01-01T09:00:00.000Z')
  t.end()
})
