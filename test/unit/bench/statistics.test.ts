/** The benchmark's numbers: middle values, percentiles, ratios of rounds. */
import t from 'tap'
import { median, percentile, ratioOfRounds } from '../../../bench/statistics.js'

t.test('a median is the middle value, or the mean of the two in the middle', async t => {
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([10, 1, 2, 3]), 2.5)
  t.match(median([]), NaN)
})

t.test('a percentile is a value that was measured, of the nearest rank', async t => {
  const hundred = Float64Array.from({ length: 100 }, (_, index) => index + 1)
  t.equal(percentile(hundred, 50), 50)
  t.equal(percentile(hundred, 99), 99)
  t.equal(percentile(hundred, 100), 100)
  t.equal(percentile([7], 99), 7)
  t.equal(percentile([1, 2], 50), 1)
  t.equal(percentile([1, 2], 51), 2)
  t.match(percentile([], 50), NaN)
})

t.test('a ratio is the median of those within a round, so that a slow round cancels out', async t => {
  t.equal(ratioOfRounds([100, 1000, 100], [50, 500, 60]), 0.5)
  t.equal(ratioOfRounds([100], []), undefined)
  t.equal(ratioOfRounds([undefined], [1]), undefined)
  t.equal(ratioOfRounds([], []), undefined)
})
