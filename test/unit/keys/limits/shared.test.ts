/** Limits that are counted elsewhere, with a stand-in for the Redis that counts: what becomes of calls while it is slow, fails, or comes and goes. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Counted, RedisCounter } from '../../../../src/keys/limits/redis.js'
import { createSharedLimits, trial } from '../../../../src/keys/limits/shared.js'

interface Asked {
  readonly keyId: string
  readonly leastMs: number
}

function open (t: { teardown: (fn: () => unknown) => void }, answer: (asked: Asked) => Promise<Counted>) {
  const asked: Asked[] = []
  const states: Array<string | undefined> = []
  const counter: RedisCounter = {
    take: async (keyId, _allowance, _cost, leastMs) => {
      asked.push({ keyId, leastMs })
      return await answer({ keyId, leastMs })
    },
    tried: Promise.resolve(),
    reconnect () {},
    close () {}
  }
  const limits = createSharedLimits({ open: () => counter, onState: gone => states.push(gone), onLocal () {}, deadlineMs: 20 })
  t.teardown(limits.close)
  return { limits, states, calls: () => asked.filter(({ keyId }) => keyId !== trial.keyId) }
}

t.test('one that answers trials and is late with calls is given longer and longer: a few lines in the log, not one for each call', async t => {
  const { limits, states } = open(t, async ({ keyId }) => {
    if (keyId !== trial.keyId) await delay(60)
    return { isAllowed: true, owedMs: 0 }
  })
  for (const end = performance.now() + 2000; performance.now() < end; await delay(5)) await limits.take('key', 60, 1)
  const outages = states.filter(state => state !== undefined).length
  t.ok(outages >= 2 && outages <= 6, `${outages}`)
})

t.test('what Redis said last is given along, less the time that its answer may have taken', async t => {
  const { limits, calls } = open(t, async () => ({ isAllowed: true, owedMs: 60_000 }))
  await limits.take('key', 60, 1)
  await limits.take('key', 60, 1)
  t.equal(calls()[0]?.leastMs, 0)
  const least = calls()[1]?.leastMs ?? 0
  t.ok(least > 59_000 && least <= 59_980, `${least}`)
})

t.test('after it is closed nobody is told of anything', async t => {
  let fail = (): void => {}
  const { limits, states } = open(t, async () => await new Promise((_resolve, reject) => { fail = () => reject(new Error('closed')) }))
  const call = limits.take('key', 60, 1)
  limits.close()
  fail()
  t.match(await call, { isAllowed: true, remaining: 59 })
  await delay(50)
  t.strictSame(states, [])
})
