import t from 'tap'
import { StoreUnavailableError, type Verdict } from '../../../src/keys/contract.js'
import { callerFor, good, openToldOfChanges, start } from '../../helpers/verdict-cache.js'

const here = '192.0.2.1'
const outage = (): never => { throw new StoreUnavailableError('It is down.') }
const unknown: Verdict = { valid: false, reason: 'unknown' }

t.test('a store that tells of changes is asked once about each key, unknown ones too', async t => {
  const { verifier, asked, clock } = openToldOfChanges(async key => key === 'K1' ? good(key) : unknown)
  for (let call = 0; call < 10; call++) {
    t.match(await verifier.verify('K1', here), { valid: true })
    t.strictSame(await verifier.verify('K2', here), unknown)
    clock.at += 86_400_000
  }
  t.strictSame(asked, ['K1', 'K2'])
  t.notOk(verifier.verify('K1', here) instanceof Promise, 'it is judged at once')
  t.notOk(verifier.verify('K2', here) instanceof Promise, 'and so is an unknown one')
})

t.test('a key that has changed is asked about again, others are not; a key that was unknown may be known now', async t => {
  let state: Verdict = good('K1')
  const { verifier, asked } = openToldOfChanges(async key => key === 'K1' ? state : key === 'K2' ? good(key) : unknown)
  for (const key of ['K1', 'K2', 'K3']) await verifier.verify(key, here)
  state = { valid: false, reason: 'revoked', caller: callerFor('K1') }
  verifier.invalidate('K1')
  t.strictSame(await verifier.verify('K1', here), state)
  for (const key of ['K2', 'K3']) await verifier.verify(key, here)
  t.strictSame(asked, ['K1', 'K2', 'K3', 'K1', 'K3'])
  t.strictSame(verifier.verify('K1', here), state, 'a revoked key is known')
})

t.test('when anything may have changed every key is asked about again, and in an outage counts as it was seen', async t => {
  let answer: (key: string) => Verdict = good
  const { verifier, asked, clock } = openToldOfChanges(async key => answer(key))
  await verifier.verify('K1', here)
  verifier.invalidate()
  answer = outage
  t.match(await verifier.verify('K1', here), { valid: true })
  clock.at += 600_000
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
  answer = good
  t.match(await verifier.verify('K1', here), { valid: true })
  t.match(verifier.verify('K1', here), { valid: true })
  t.equal(asked.length, 4)
})

t.test('a key that was told to have changed does not count in an outage', async t => {
  let answer: (key: string) => Verdict = good
  const { verifier } = openToldOfChanges(async key => answer(key))
  await verifier.verify('K1', here)
  answer = outage
  verifier.invalidate('K1')
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
  t.equal(verifier.recall('K1'), undefined)
})

t.test('a key that was told to have changed while the store hangs does not count as it was', async t => {
  let answer: () => Verdict | Promise<Verdict> = () => good('K1')
  let fail = (): void => {}
  const { verifier } = openToldOfChanges(() => answer())
  verifier.verify('K1', here)
  verifier.invalidate()
  answer = () => new Promise((_resolve, reject) => { fail = () => reject(new StoreUnavailableError('It is down.')) })
  const call = verifier.verify('K1', here)
  verifier.invalidate('K1')
  fail()
  await t.rejects(async () => await call, { name: 'StoreUnavailableError' })
})

t.test('an answer that was on its way when the store changed is not kept, and nobody joins it', async t => {
  for (const keyId of ['K1', undefined]) {
    const answers: Array<(verdict: Verdict) => void> = []
    const { verifier, asked } = openToldOfChanges(() => new Promise(resolve => answers.push(resolve)))
    const before = verifier.verify('K1', here)
    verifier.invalidate(keyId)
    const after = verifier.verify('K1', here)
    answers[1]?.({ valid: false, reason: 'revoked', caller: callerFor('K1') })
    t.match(await after, { valid: false, reason: 'revoked' })
    answers[0]?.(good('K1'))
    t.match(await before, { valid: true }, 'whoever asked before has the answer from before')
    t.match(verifier.verify('K1', here), { valid: false, reason: 'revoked' })
    t.equal(asked.length, 2)
  }
})

t.test('a flood of unknown keys pushes out none that is known', async t => {
  const { verifier, asked } = openToldOfChanges(key => key === 'K1' ? good(key) : unknown)
  verifier.verify('K1', here)
  for (let guess = 0; guess < 25_000; guess++) verifier.verify(`guess-${guess}`, here)
  t.match(verifier.verify('K1', here), { valid: true })
  t.equal(asked.filter(key => key === 'K1').length, 1)
})

t.test('uses are collected once each: the last time, of valid keys alone, also of those seen valid in an outage', async t => {
  let answer: (key: string) => Verdict = key => key === 'wrong' ? unknown : good(key)
  const { verifier, clock } = openToldOfChanges(async key => answer(key))
  for (const key of ['K1', 'wrong', 'K2', 'K1']) {
    clock.at += 1000
    await verifier.verify(key, here)
  }
  t.strictSame([...verifier.takeUsed()], [['K1', start + 4000], ['K2', start + 3000]])
  t.strictSame([...verifier.takeUsed()], [])
  verifier.invalidate()
  answer = outage
  clock.at += 1000
  await verifier.verify('K2', here)
  t.strictSame([...verifier.takeUsed()], [['K2', start + 5000]])
})

t.test('a store that answers at once is answered for without a promise', t => {
  const { verifier } = openToldOfChanges(good, { staleMs: 0 })
  t.match(verifier.verify('K1', here), { valid: true })
  t.match(verifier.verify('a b', here), { valid: false, reason: 'malformed' })
  t.end()
})
