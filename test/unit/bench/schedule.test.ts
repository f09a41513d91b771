/** The accounting of the open loop: a peer that stands still cannot look fast. */
import t from 'tap'
import { Schedule, summarize } from '../../../bench/schedule.js'

t.test('requests are due at their times, whatever became of those before', async t => {
  const schedule = new Schedule(1000, 100, 0.05)
  t.equal(schedule.total, 5)
  t.equal(schedule.endMs, 1050)
  t.notOk(schedule.isDue(999))
  t.ok(schedule.isDue(1000))
  t.equal(schedule.take(), 1000)
  t.notOk(schedule.isDue(1009))
  t.ok(schedule.isDue(1035))
  t.equal(schedule.take(), 1010, 'not when it was sent')
  t.equal(schedule.take(), 1020)
  t.equal(schedule.take(), 1030)
  t.notOk(schedule.isDue(1035), 'what was late is caught up with, and no more')
})

t.test('it ends with its time, and tells what was never sent', async t => {
  const schedule = new Schedule(0, 1000, 0.004)
  schedule.take()
  t.same(schedule.abandon(), [1, 2, 3])
  t.notOk(schedule.isDue(1e9))
  t.same(schedule.abandon(), [])
})

t.test('what is never answered counts with its wait', async t => {
  const quick = Array.from({ length: 98 }, () => 1)
  t.same(summarize(quick, [0, 500], 1000), { offered: 100, answered: 98, p50Ms: 1, p99Ms: 500, maxMs: 1000 })
  t.same(summarize([3, 1, 2], [], 0), { offered: 3, answered: 3, p50Ms: 2, p99Ms: 3, maxMs: 3 })
})
