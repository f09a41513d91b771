/** Numbers of events: what is lost leaves a gap, and one event says how large it is. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { lineOf, newSource, readLine, type AuditEvent, type AuditFields } from '../../../src/audit/event.js'
import { openTrail } from '../../../src/audit/trail.js'

const event: AuditFields = { time: '2026-12-01T09:30:00.000Z', operation: 'deleteRun', outcome: 'allowed' }

function fakeSink (): { room: boolean, readonly taken: AuditEvent[], readonly take: (event: AuditEvent, line: string) => boolean, readonly close: () => Promise<void> } {
  const taken: AuditEvent[] = []
  const sink = {
    room: true,
    taken,
    take (given: AuditEvent, line: string) {
      if (sink.room) taken.push(readLine(line) ?? given)
      return sink.room
    },
    close: async () => {}
  }
  return sink
}

t.test('events of a source count from 1, and another start has another source', async t => {
  const sink = fakeSink()
  const trail = openTrail(sink, { onEvent: () => {}, onLoss: () => {} })
  trail.record(event)
  trail.record({ ...event, operation: 'createRun' })
  t.strictSame(sink.taken.map(({ seq, operation }) => [seq, operation]), [[1, 'deleteRun'], [2, 'createRun']])
  t.not(newSource(), newSource())
})

t.test('what finds no room is counted, missing in the numbers, and told of before the next event', async t => {
  const sink = fakeSink()
  let [events, lost] = [0, 0]
  const trail = openTrail(sink, { onEvent: () => { events++ }, onLoss: count => { lost += count } })
  trail.record(event)
  sink.room = false
  for (let each = 0; each < 3; each++) trail.record(event)
  sink.room = true
  trail.record(event)
  await trail.close()
  t.strictSame(sink.taken.map(({ seq, operation, count }) => [seq, operation, count]), [[1, 'deleteRun', undefined], [5, 'audit.gap', 3], [6, 'deleteRun', undefined]])
  t.strictSame([events, lost], [3, 3])
})

t.test('a gap is told of without a further event, and at the end at the latest', async t => {
  const sink = fakeSink()
  const trail = openTrail(sink, { onEvent: () => {}, onLoss: () => {} })
  trail.lose(7)
  t.match(sink.taken, [])
  await delay(1200)
  t.match(sink.taken, [{ seq: 8, operation: 'audit.gap', outcome: 'failed', count: 7 }])
  trail.lose(2)
  await trail.close()
  t.match(sink.taken[1], { seq: 11, count: 2 })
})

t.test('a line is read as what was written, and nothing else is an event', async t => {
  const whole: AuditEvent = { ...event, seq: 1, source: 's', resource: { name: 'a\nb\u2028' }, status: 200 }
  t.strictSame(readLine(lineOf(whole)), whole)
  t.equal(lineOf(whole).split('\n').length, 2)
  for (const other of ['', '{', '[]', 'null', '1', '{"type":"audit"}', '{"level":"info","time":"2026-12-01T09:30:00.000Z","msg":"request"}', lineOf(whole).replace('2026', 'x')]) {
    t.equal(readLine(other), undefined, other.slice(0, 30))
  }
})
