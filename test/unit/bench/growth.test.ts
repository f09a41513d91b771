/** What the benchmark calls flat: with the number of keys, and with that of idle connections. */
import t from 'tap'
import { growthShortfalls, type Growth } from '../../../bench/growth.js'
import { idleShortfalls } from '../../../bench/idle.js'

const few: Growth = { store: 'SQLite', keys: 10, known: [100, 200, 100], asked: [200, 200, 200] }
const many = (known: readonly number[], asked: readonly number[]): Growth => ({ store: 'SQLite', keys: 1_000_000, known, asked })

t.test('a request that costs a tenth more with many keys is flat', t => {
  t.strictSame(growthShortfalls([few, many([110, 220, 110], [190, 220, 220])]), [])
  t.end()
})

t.test('turns are compared one by one: a slow one of both is no growth', t => {
  t.strictSame(growthShortfalls([few, many([100, 200, 205], [200, 200, 200])]), [])
  t.end()
})

t.test('a request that costs more is told, by its kind, and against the fewest keys of its own store', t => {
  const cheap: Growth = { store: 'PostgreSQL', keys: 10, known: [10, 10, 10], asked: [10, 10, 10] }
  t.strictSame(growthShortfalls([few, many([112, 224, 112], [260, 260, 260]), cheap]), [
    'SQLite with 1,000,000 keys: a request by a known key costs 1.12 times what it costs with the fewest; the bound is 1.10.',
    'SQLite with 1,000,000 keys: a request by a key that is asked about costs 1.30 times what it costs with the fewest; the bound is 1.10.'
  ])
  t.equal(growthShortfalls([few, many([], [])]).length, 2, 'what was not measured is not flat')
  t.end()
})

t.test('idle connections: the median of the rounds counts, each against the same process without them', t => {
  const step = { connections: 1000, growthBytes: 0, processorUs: 100, withoutUs: 100 }
  const dear = { ...step, connections: 10_000, processorUs: 120 }
  t.strictSame(idleShortfalls([step, { ...step, processorUs: 300 }, step]), [])
  t.strictSame(idleShortfalls([step, dear]), ['With 10,000 idle connections a request costs the facade 1.20 times what it costs without; the bound is 1.10.'])
  t.end()
})
