import t from 'tap'
import { createBreaker } from '../../../src/keys/stores/postgres/breaker.js'

t.test('while a server is known not to answer one looks again, later each time up to a second, and the others are told at once', t => {
  let at = 0
  const breaker = createBreaker(() => at)
  const told = (): string => {
    try { breaker.admit() } catch (error) { return (error as Error).message }
    return 'admitted'
  }
  t.equal(told(), 'admitted')
  breaker.failed(new Error('first'))
  breaker.failed(new Error('second')) // of one that was under way
  for (const waitMs of [100, 200, 400, 800, 1000, 1000]) {
    at += waitMs - 1
    t.equal(told(), at === 99 ? 'second' : 'again')
    at += 1
    t.equal(told(), 'admitted')
    t.not(told(), 'admitted', 'one looks')
    breaker.failed(new Error('again'))
  }
  at += 1000
  t.equal(told(), 'admitted')
  breaker.succeeded()
  t.strictSame([told(), told()], ['admitted', 'admitted'])
  t.end()
})

t.test('who waited behind others is no sign of an outage, and no end of one', t => {
  let at = 0
  const breaker = createBreaker(() => at)
  breaker.undecided(new Error('queue'))
  t.doesNotThrow(breaker.admit)
  breaker.failed(new Error('down'))
  at += 100
  breaker.admit()
  breaker.undecided(new Error('queue'))
  t.throws(breaker.admit, { message: 'queue' })
  at += 200
  t.doesNotThrow(breaker.admit)
  t.end()
})
