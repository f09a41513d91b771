/** The arithmetic of limits, against a bucket of tokens that is kept in whole numbers. */
import fc from 'fast-check'
import t from 'tap'
import { allowanceOf, spend, standing } from '../../../../src/keys/limits/allowance.js'

const hourMs = 3_600_000n

/**
 * A bucket in units of which every millisecond brings `calls`, an hour's calls as a fraction `calls`/`of`: without rounding.
 * A call takes an hour's worth of units.
 */
function bucket (calls: bigint, of: bigint): { readonly pass: (ms: bigint) => void, readonly take: () => boolean, readonly left: () => bigint, readonly untilNextMs: () => number } {
  const price = hourMs * of
  const most = price * (calls >= of ? calls / of : 1n)
  let units = most
  return {
    pass: ms => { units = units + ms * calls < most ? units + ms * calls : most },
    take: () => units >= price && (units -= price) >= 0n,
    left: () => units / price,
    untilNextMs: () => units === most ? 0 : Number((units / price + 1n) * price - units) / Number(calls)
  }
}

t.test('any calls at any times are let through, and told what is left, as a bucket of whole numbers has it', async () => {
  const rate = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 900 }), fc.constant(1)),
    fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 1000 })) // what auth services may give: 0.5, 2.75
  )
  const pauses = fc.array(fc.oneof(fc.constant(0), fc.integer({ max: 5000, min: 0 }), fc.integer({ max: 20_000_000, min: 0 })), { maxLength: 400 })
  fc.assert(fc.property(rate, pauses, ([calls, of], pauses) => {
    const allowance = allowanceOf(calls / of)
    const model = bucket(BigInt(calls), BigInt(of))
    let owed = 0
    for (const pause of pauses) {
      model.pass(BigInt(pause))
      owed = Math.max(0, owed - pause)
      const wanted = model.take()
      const spent = spend(owed, allowance)
      owed = spent.owedMs
      const { remaining, nextMs } = standing(owed, allowance, spent.isAllowed)
      if (spent.isAllowed !== wanted || BigInt(remaining) !== model.left() || Math.abs(nextMs - model.untilNextMs()) > 0.01) return false
    }
    return true
  }), { numRuns: 500 })
})

t.test('the contract\'s example: 60/hour is a burst of 60, then one a minute', async t => {
  const allowance = allowanceOf(60)
  let owed = 0
  for (let call = 1; call <= 60; call++) {
    const spent = spend(owed, allowance)
    t.ok(spent.isAllowed)
    owed = spent.owedMs
    t.match(standing(owed, allowance, true), { remaining: 60 - call, nextMs: 60_000 })
  }
  t.strictSame(spend(owed, allowance), { isAllowed: false, owedMs: owed }, 'what is refused costs nothing')
  t.equal(spend(owed - 59_999, allowance).isAllowed, false)
  t.equal(spend(owed - 60_000, allowance).isAllowed, true)
})

t.test('whatever rate a service gives, the figures are whole and fit into a header field', async t => {
  for (const rate of [1e-300, 0.001, 0.5, 1, 1.5, 7, 1e9, 1e300, Number.MAX_VALUE]) {
    const allowance = allowanceOf(rate)
    let owed = 0
    let passed = 0
    for (; passed < 10; passed++) {
      const spent = spend(owed, allowance)
      if (!spent.isAllowed) break
      owed = spent.owedMs
    }
    t.equal(passed, Math.min(10, allowance.burst), `${rate}`)
    const { remaining, nextMs } = standing(owed, allowance, true)
    t.ok(Number.isSafeInteger(remaining) && Number.isFinite(nextMs) && allowance.burst <= 1e9)
    t.ok(Math.ceil(allowance.burst * allowance.intervalMs / 1000) < 1e15, 'an Integer of RFC 9651')
  }
})

t.test('a debt beyond what there can be counts as the largest there can be, and one below nothing as none', async t => {
  const allowance = allowanceOf(60)
  t.strictSame(spend(1e12, allowance), { isAllowed: false, owedMs: 3_600_000 })
  t.match(standing(1e12, allowance, false), { remaining: 0 })
  t.strictSame(spend(-1e12, allowance), { isAllowed: true, owedMs: 60_000 })
})
