import fc from 'fast-check'
import t from 'tap'
import { cached } from '../../../src/keys/cache.js'
import { hintOf } from '../../../src/keys/key.js'
import { toScopes } from '../../../src/access/scopes.js'
import { StoreBusyError, StoreUnavailableError, type KeyVerifier, type Verdict } from '../../../src/keys/contract.js'

const here = '192.0.2.1'
const start = Date.parse('2027-01-01')
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

t.test('one address may bring ten new keys a second, all together fifty; keys seen before never wait', async t => {
  const { verifier, asked, clock } = open(key => good(key))
  const bring = async (key: string, address: string): Promise<boolean> => {
    try { return (await verifier.verify(key, address)).valid } catch (error) {
      t.match(error, { name: 'StoreBusyError', retryAfterSeconds: 1 })
      return false
    }
  }
  for (let key = 0; key < 12; key++) t.equal(await bring(`a${key}`, '192.0.2.1'), key < 10, `key ${key + 1} of one address`)
  for (let key = 0; key < 50; key++) t.equal(await bring(`b${key}`, `198.51.100.${key}`), key < 40, `key ${key + 11} of all`)
  t.equal(asked.length, 50)
  t.ok(await bring('a0', '192.0.2.1'), 'a key seen before')
  clock.at += 999
  t.notOk(await bring('a11', '192.0.2.1'))
  clock.at += 1
  t.ok(await bring('a11', '192.0.2.1'), 'a second later')
  clock.at += 60_000
  for (let key = 0; key < 10; key++) t.ok(await bring(`a${key}`, '192.0.2.1'))
  for (let key = 0; key < 10; key++) t.ok(await bring(`c${key}`, '192.0.2.1'), 'asking again about known keys counts for nothing')
})

t.test('addresses whose keys were refused take half of the questions at most, so that others can bring new keys', async t => {
  const { verifier, clock } = open(key => key.startsWith('wrong') ? unknown : good(key))
  const reaches = async (key: string, address: string): Promise<boolean> => await Promise.resolve().then(() => verifier.verify(key, address)).then(() => true, () => false)
  const flood = async (): Promise<number> => {
    let asked = 0
    for (let key = 0; key < 300; key++) if (await reaches(`wrong-${clock.at}-${key}`, `198.51.100.${key % 30}`)) asked++
    return asked
  }
  t.equal(await flood(), 50, 'before any of them was refused they are like others')
  for (let second = 0; second < 5; second++) {
    clock.at += 1000
    t.equal(await flood(), 25)
    let asked = 0
    for (let key = 0; key < 30; key++) if (await reaches(`good-${second}-${key}`, `203.0.113.${key}`)) asked++
    t.equal(asked, 25)
  }
  clock.at += 1000
  t.ok(await reaches('good', '198.51.100.1'), 'a good key from such an address has its chance')
  clock.at += 3_600_000
  t.equal(await flood(), 50, 'and an hour later nobody is suspect')
})

t.test('a network of IPv6 is one address, and its neighbours are suspect with it', async t => {
  const { verifier } = open(() => unknown)
  const reaches = async (key: string, address: string): Promise<boolean> => await Promise.resolve().then(() => verifier.verify(key, address)).then(() => true, () => false)
  for (let key = 0; key < 12; key++) t.equal(await reaches(`a${key}`, `2001:db8:1:1::${key}`), key < 10)
  for (let key = 0; key < 30; key++) t.equal(await reaches(`b${key}`, `2001:db8:1:1${key}::1`), key < 16, 'nine of the twenty-five were asked before')
})

t.test('in no second do more questions about new keys get through than may', async () => {
  const call = fc.record({ key: fc.integer({ min: 0, max: 500 }), address: fc.integer({ min: 0, max: 8 }), afterMs: fc.integer({ min: 0, max: 60 }) })
  await fc.assert(fc.asyncProperty(fc.array(call, { maxLength: 400 }), async calls => {
    const times: Array<{ at: number, address: string }> = []
    const { verifier, clock } = open((_key, address) => {
      times.push({ at: clock.at, address })
      return unknown
    })
    for (const { key, address, afterMs } of calls) {
      clock.at += afterMs
      try { await verifier.verify(`K${key}`, `192.0.2.${address}`) } catch {}
    }
    return times.every(({ at, address }) => {
      const second = times.filter(other => other.at >= at && other.at < at + 1000)
      return second.length <= 50 && second.filter(other => other.address === address).length <= 10
    })
  }), { numRuns: 50 })
})

t.test('what is known is recalled as long as it may be kept, and nobody is asked', async t => {
  const { verifier, asked, clock } = open(async key => good(key))
  t.equal(verifier.recall?.('K1'), undefined)
  t.equal(asked.length, 0)
  await verifier.verify('K1', here)
  clock.at += 599_999
  t.match(verifier.recall?.('K1'), { valid: true, caller: { keyId: 'K1' } })
  clock.at += 1
  t.equal(verifier.recall?.('K1'), undefined)
  t.equal(asked.length, 1)
})

t.test('a verifier that throws at once is treated like one that does so later', async t => {
  const { verifier } = open(outage)
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
  await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' })
})

/** A cache of 60 s, stale up to 600 s, in front of a verifier that does as it is told. */
function open (verify: KeyVerifier['verify']): { readonly verifier: KeyVerifier, readonly asked: string[], readonly clock: { at: number } } {
  const clock = { at: start }
  const asked: string[] = []
  const behind: KeyVerifier = {
    verify: (key, address) => {
      asked.push(key)
      return verify(key, address)
    },
    check: async () => {},
    close: async () => {}
  }
  return { verifier: cached(behind, { cacheMs: 60_000, staleMs: 600_000, now: () => clock.at }), asked, clock }
}

function good (key: string): Verdict {
  return { valid: true, caller: callerFor(key) }
}

function callerFor (key: string): Extract<Verdict, { valid: true }>['caller'] {
  return { keyId: key, userId: 'u1', name: key, hint: hintOf(key), environment: 'other', scopes: toScopes(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined }
}
