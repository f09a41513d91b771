/** Counts by name, minute by minute and hour by hour. */
import t from 'tap'
import { createTally, hoursKept, minutesKept } from '../../../src/endpoints/admin/tally.js'

const minute = 60_000
/** Half a minute past five, UTC. */
const start = Date.UTC(2027, 0, 1, 5, 0, 30)

t.test('calls stand in the minute and the hour in which they were, the last ones at the end', t => {
  let now = start
  const tally = createTally<string>(10, () => now)
  tally.note('a', 'ann')
  tally.note('a', 'ann')
  now += 2 * minute
  tally.note('a', 'Ann')
  tally.note('b', 'bob')
  now += 61 * minute
  tally.note('b', 'bob')
  const { minutesFrom, hoursFrom, counts, others } = tally.read()
  t.equal(new Date(minutesFrom).toISOString(), '2027-01-01T05:04:00.000Z')
  t.equal(new Date(hoursFrom).toISOString(), '2026-12-31T07:00:00.000Z')
  t.strictSame(counts.map(({ what }) => what), ['Ann', 'bob'], 'the busiest of the day first, as seen last')
  const [a, b] = counts
  t.strictSame([a?.minutes.length, a?.hours.length], [minutesKept, hoursKept])
  t.equal(sum(a?.minutes), 0, 'an hour ago')
  t.strictSame(a?.hours.slice(-2), [3, 0])
  t.strictSame([b?.minutes.at(-1), sum(b?.minutes)], [1, 1])
  t.strictSame(b?.hours.slice(-2), [1, 1])
  t.equal(others, undefined)
  t.end()
})

t.test('what is older than a day is forgotten, and with it who called', t => {
  let now = start
  const tally = createTally<string>(10, () => now)
  tally.note('a', 'ann')
  now += 23 * 60 * minute
  t.equal(sum(tally.read().counts[0]?.hours), 1)
  now += 60 * minute
  t.strictSame(tally.read().counts, [])
  t.end()
})

t.test('names beyond the bound are counted together, in each minute and in what is read', t => {
  let now = start
  const tally = createTally<string>(2, () => now)
  for (const name of ['a', 'b', 'c', 'd', 'a']) tally.note(name, name)
  now += minute
  for (const name of ['d', 'd', 'd', 'd']) tally.note(name, name)
  const { counts, others } = tally.read()
  t.strictSame(counts.map(({ what, minutes }) => [what, sum(minutes)]), [['d', 4], ['a', 2]])
  t.strictSame([sum(others?.minutes), sum(others?.hours)], [3, 3])
  t.end()
})

t.test('a clock that is set back breaks nothing, and loses no count', t => {
  let now = start
  const tally = createTally<string>(2, () => now)
  tally.note('a', 'ann')
  now -= 5 * minute
  tally.note('a', 'ann')
  t.equal(sum(tally.read().counts[0]?.minutes), 2)
  t.end()
})

function sum (numbers: readonly number[] = []): number {
  return numbers.reduce((total, number) => total + number, 0)
}
