import t from 'tap'
import { StoreBusyError, StoreUnavailableError, type Verdict } from '../../../src/keys/contract.js'
import { callerFor, good, openRemoteLike as open, start } from '../../helpers/verdict-cache.js'

const here = '192.0.2.1'
const outage = (): never => { throw new StoreUnavailableError('It is down.') }
const unknown: Verdict = { valid: false, reason: 'unknown' }

t.test('fifty calls at once with one new key ask once', async t => {
  const { verifier, asked } = open(async key => good(key))
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => verifier.verify('K1', here)))
  t.ok(verdicts.every(({ valid }) => valid))
  t.equal(asked.length, 1)
})

t.test('an answer is kept for the time that is set, and no longer', async t => {
  const { verifier, asked, clock } = open(key => good(key))
  await verifier.verify('K1', here)
  clock.at += 59_999
  t.notOk(verifier.verify('K1', here) instanceof Promise)
  t.equal(asked.length, 1)
  clock.at += 1
  await verifier.verify('K1', here)
  t.equal(asked.length, 2)
})

t.test('a clock that is set back makes an answer old, not everlasting', async t => {
  const { verifier, asked, clock } = open(key => good(key))
  await verifier.verify('K1', here)
  clock.at -= 3_600_000
  await verifier.verify('K1', here)
  t.equal(asked.length, 2)
})

t.test('a failure is not kept', async t => {
  let answer: () => Verdict = outage
  const { verifier } = open(() => answer())
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
  answer = () => { throw new StoreBusyError('Slow down.', 7) }
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreBusyError', retryAfterSeconds: 7 })
  answer = () => unknown
  t.strictSame(await verifier.verify('K1', here), unknown)
  answer = () => good('K1')
  t.match(await verifier.verify('K1', here), { valid: true }, 'nor is a refusal')
})

t.test('a failure of calls that share one question is a failure for each of them', async t => {
  const { verifier, asked } = open(async () => outage())
  const results = await Promise.allSettled(Array.from({ length: 50 }, async () => await verifier.verify('K1', here)))
  t.ok(results.every(({ status }) => status === 'rejected'))
  t.equal(asked.length, 1)
})

t.test('in an outage a key that was seen valid stays so for the time that is set', async t => {
  let answer: (key: string) => Verdict = good
  const { verifier, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  answer = outage
  clock.at += 60_000
  t.match(await verifier.verify('K1', here), { valid: true })
  clock.at += 539_999
  t.match(await verifier.verify('K1', here), { valid: true })
  clock.at += 1
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
  await t.rejects(async () => await verifier.verify('K2', here), { name: 'StoreUnavailableError' }, 'a key not seen before gets no verdict')
})

t.test('a key that the service refuses after an outage ends at once', async t => {
  let answer: (key: string) => Verdict = good
  const { verifier, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  answer = outage
  clock.at += 60_000
  await verifier.verify('K1', here)
  answer = () => unknown
  clock.at += 100
  t.strictSame(await verifier.verify('K1', here), unknown)
  answer = outage
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' }, 'and an outage does not bring it back')
})

t.test('a service that hangs makes nobody wait who was seen valid, after the first', async t => {
  let answer: (key: string) => Verdict | Promise<Verdict> = good
  const { verifier, asked, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  await verifier.verify('K2', here)
  clock.at += 60_000
  answer = outage
  await verifier.verify('K1', here)
  answer = () => new Promise(() => {})
  t.match(await verifier.verify('K2', here), { valid: true }, 'waits a moment, although no answer ever comes')
  clock.at += 250
  const begin = performance.now()
  for (let call = 0; call < 20; call++) await verifier.verify('K2', here)
  t.ok(performance.now() - begin < 200, 'later calls do not wait for the same question again')
  t.equal(asked.length, 4)
})

t.test('without an outage a slow answer is waited for, so that a refusal is not passed over', async t => {
  let answer: (key: string) => Verdict | Promise<Verdict> = good
  const { verifier, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  clock.at += 60_000
  answer = () => new Promise(resolve => setTimeout(resolve, 400, unknown))
  t.strictSame(await verifier.verify('K1', here), unknown)
})

t.test('in an outage the service is asked about a key ten times a second at most', async t => {
  let answer: (key: string) => Verdict = good
  const { verifier, asked, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  answer = outage
  clock.at += 60_000
  for (let ms = 0; ms < 1000; ms++) {
    await verifier.verify('K1', here)
    clock.at += 1
  }
  t.equal(asked.length, 11)
})

t.test('a limit of the service is passed on, also for a key that was seen valid', async t => {
  let answer: (key: string) => Verdict = good
  const { verifier, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  clock.at += 60_000
  answer = () => { throw new StoreBusyError('Slow down.', 7) }
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreBusyError', retryAfterSeconds: 7 })
  answer = good
  t.match(await verifier.verify('K1', here), { valid: true })
})

t.test('a key without balance is known: it is asked about once and does not become valid by an outage', async t => {
  let answer: (key: string) => Verdict = key => ({ valid: false, reason: 'balance', caller: callerFor(key) })
  const { verifier, asked, clock } = open(key => answer(key))
  for (let call = 0; call < 30; call++) t.match(await verifier.verify('K1', here), { valid: false, reason: 'balance' })
  t.equal(asked.length, 1)
  answer = outage
  clock.at += 60_000
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
})

t.test('a kept key still ends at its expiry, in an outage too', async t => {
  let answer: (key: string) => Verdict = key => ({ valid: true, caller: { ...callerFor(key), expiresAt: start + 61_000 } })
  const { verifier, clock } = open(key => answer(key))
  await verifier.verify('K1', here)
  answer = outage
  clock.at += 60_500
  t.match(await verifier.verify('K1', here), { valid: true })
  clock.at += 500
  t.match(await verifier.verify('K1', here), { valid: false, reason: 'expired' })
})

t.test('what is known is recalled as long as it may be kept, and nobody is asked', async t => {
  const { verifier, asked, clock } = open(async key => good(key))
  t.equal(verifier.recall('K1'), undefined)
  t.equal(asked.length, 0)
  await verifier.verify('K1', here)
  clock.at += 599_999
  t.match(verifier.recall('K1'), { valid: true, caller: { keyId: 'K1' } })
  clock.at += 1
  t.equal(verifier.recall('K1'), undefined)
  t.equal(asked.length, 1)
})

t.test('a verifier that throws at once is treated like one that does so later', async t => {
  const { verifier } = open(outage)
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
})
