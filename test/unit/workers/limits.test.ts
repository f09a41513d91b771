/** Calls of limited keys are counted at the primary; one that is late or gone holds nobody up. */
import t from 'tap'
import { createLocalLimits } from '../../../src/keys/limits/local.js'
import { countFor, relayLimits } from '../../../src/workers/limits.js'

t.test('workers count together, and each knows what is left', async t => {
  const primary = createLocalLimits(() => 0)
  const worker = () => {
    const limits = relayLimits(call => {
      setImmediate(() => limits.counted(countFor(primary, call)))
      return true
    }, () => t.fail('nobody counts alone'))
    return limits
  }
  const [one, two] = [worker(), worker()]
  t.match(await one.take('key_1', 3, 1), { isAllowed: true, remaining: 2 })
  t.match(await two.take('key_1', 3, 1), { isAllowed: true, remaining: 1 })
  t.match(await two.take('key_1', 3, 0), { isAllowed: true, remaining: 1 }, 'a look costs nothing')
  t.match(await one.take('key_1', 3, 1), { isAllowed: true, remaining: 0 })
  t.match(await two.take('key_1', 3, 1), { isAllowed: false })
  t.match(await two.take('key_2', 3, 1), { isAllowed: true, remaining: 2 })
})

t.test('a primary that does not answer holds a call up for a tenth of a second, and then the worker counts from what it knew', async t => {
  const primary = createLocalLimits()
  let hangs = false
  let alone = 0
  const limits = relayLimits(call => {
    if (!hangs) setImmediate(() => limits.counted(countFor(primary, call)))
    return true
  }, () => { alone++ })
  await limits.take('key_1', 3, 1)
  await limits.take('key_1', 3, 1)
  hangs = true
  const start = performance.now()
  t.match(await limits.take('key_1', 3, 1), { isAllowed: true, remaining: 0 })
  t.ok(performance.now() - start < 1000)
  t.match(await limits.take('key_1', 3, 1), { isAllowed: false })
  t.equal(alone, 2)
  limits.counted({ order: 'counted', call: 3, standing: primary.take('key_1', 3, 0), owedMs: 0 }) // too late: nothing happens
})

t.test('without a primary nothing waits', async t => {
  const limits = relayLimits(() => false, () => {})
  t.match(limits.take('key_1', 1, 1), { isAllowed: true, remaining: 0 })
  t.match(limits.take('key_1', 1, 1), { isAllowed: false })
})
