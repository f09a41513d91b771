import fc from 'fast-check'
import t from 'tap'
import type { Verdict } from '../../../src/keys/contract.js'
import { good, openRemoteLike as open } from '../../helpers/verdict-cache.js'

const unknown: Verdict = { valid: false, reason: 'unknown' }

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
