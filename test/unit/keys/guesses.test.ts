import fc from 'fast-check'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { createGuesses, networkOf } from '../../../src/keys/guesses.js'

const here = '192.0.2.1'
const allowed = (guesses: ReturnType<typeof createGuesses>, address: string, at: number): boolean => guesses.count(address, at) === 0

t.test('twenty refused keys at once, and then two a second', async t => {
  const guesses = createGuesses()
  for (let guess = 0; guess < 20; guess++) t.ok(allowed(guesses, here, 0))
  t.equal(guesses.count(here, 0), 500, 'and it is told how long to wait')
  t.equal(guesses.count(here, 499), 1)
  t.ok(allowed(guesses, here, 500))
  t.notOk(allowed(guesses, here, 501))
  t.ok(allowed(guesses, '192.0.2.2', 501), 'another address is another')
  for (let guess = 0; guess < 20; guess++) t.ok(allowed(guesses, here, 20_000), 'all of it again after ten seconds of silence')
})

t.test('in no stretch of time do more get through than may, and whoever goes on guessing is not locked out', async () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 300 }), pauses => {
    const guesses = createGuesses()
    let at = 0
    const times: number[] = []
    for (const pause of pauses) {
      at += pause
      const waitMs = guesses.count(here, at)
      if (waitMs === 0) times.push(at)
      if (waitMs < 0 || waitMs > 500) return false
    }
    return times.every((from, first) => times.every((to, last) => last < first || last - first + 1 <= 20 + (to - from) / 500))
  }))
})

t.test('an IPv6 network counts as one machine, and one customer\'s networks have what sixteen machines have', async t => {
  const guesses = createGuesses()
  for (let guess = 0; guess < 20; guess++) t.ok(allowed(guesses, `2001:db8:1:1::${guess.toString(16)}`, 0))
  t.notOk(allowed(guesses, '2001:db8:1:1:ffff:ffff:ffff:ffff', 0))
  t.ok(allowed(guesses, '2001:db8:1:2::1', 0))
  let through = 21
  for (let network = 3; network < 1000; network++) for (let guess = 0; guess < 20; guess++) if (allowed(guesses, `2001:db8:1:${network.toString(16)}::1`, 0)) through++
  t.equal(through, 320)
  t.ok(allowed(guesses, '2001:db8:2:1::1', 0))
})

t.test('an address is suspect for about a minute after its last refused key, its neighbours in IPv6 too', async t => {
  const guesses = createGuesses()
  t.notOk(guesses.suspects(here, 0))
  guesses.count(here, 0)
  guesses.count('2001:db8:1:1::1', 0)
  t.ok(guesses.suspects(here, 59_000))
  t.ok(guesses.suspects('2001:db8:1:2::1', 59_000))
  t.notOk(guesses.suspects('192.0.2.2', 0))
  t.notOk(guesses.suspects('2001:db8:2::', 0))
  t.notOk(guesses.suspects(here, 61_000))
  t.notOk(guesses.suspects(here, -3_600_000), 'a clock that was set back makes nobody a suspect for an hour')
})

t.test('addresses without end fill no memory', async t => {
  const guesses = createGuesses()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => { collect(); return process.memoryUsage().heapUsed }
  const visit = (from: number): void => { for (let guess = from; guess < from + 50_000; guess++) guesses.count(`${guess >> 16}.${guess >> 8 & 255}.${guess & 255}.9`, 0) }
  visit(0)
  const before = used()
  visit(1 << 20)
  t.ok(used() - before < 8 * 2 ** 20)
})

t.test('an address has one spelling of its network', async t => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['::ffff:192.0.2.1', '0:0:0:0'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4'],
    ['1:2::5:6:192.0.2.1', '1:2:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0']
  ] as const) t.equal(networkOf(address), network, address)
})
