/** Limits that one process keeps by itself. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { createLocalLimits } from '../../../../src/keys/limits/local.js'

t.test('keys are counted apart, and looking costs nothing', async t => {
  const at = { ms: 1e9 }
  const limits = createLocalLimits(() => at.ms)
  for (let call = 0; call < 3; call++) t.equal(limits.take('a', 3, 1).isAllowed, true)
  t.match(limits.take('a', 3, 1), { isAllowed: false, remaining: 0, nextMs: 1_200_000 })
  t.match(limits.take('a', 3, 0), { isAllowed: true, remaining: 0, nextMs: 1_200_000 })
  t.match(limits.take('b', 3, 0), { remaining: 3, nextMs: 0 })
  at.ms += 1_200_000
  t.match(limits.take('a', 3, 0), { remaining: 1 })
  t.match(limits.take('a', 3, 1), { isAllowed: true, remaining: 0 })
})

t.test('a rate that changes counts from then on; what was used stays used', async t => {
  const limits = createLocalLimits(() => 0)
  for (let call = 0; call < 60; call++) limits.take('a', 60, 1)
  t.match(limits.take('a', 120, 0), { remaining: 0, nextMs: 30_000 })
  t.match(limits.take('a', 6, 0), { remaining: 0, nextMs: 600_000 })
})

t.test('three hundred thousand keys take no more memory than a hundred thousand', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const used = (): number => { gc(); return process.memoryUsage().heapUsed }
  const limits = createLocalLimits()
  const before = used()
  for (let key = 0; key < 300_000; key++) limits.take(`key_${String(key).padStart(16, '0')}`, 60, 1)
  const grown = used() - before
  t.comment(`${(grown / 1e6).toFixed(1)} MB`)
  t.ok(grown < 30e6, `${grown} bytes`)
  t.match(limits.take('key_0000000000299999', 60, 0), { remaining: 59 })
  t.match(limits.take('key_0000000000000000', 60, 0), { remaining: 60 }, 'forgotten')
})
