/** Limits that are counted in a real Redis: shared by all who count there, and nobody's trouble when it is away. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { readRedisUrl } from '../../../src/core/settings/redis-url.js'
import { allowanceOf, spend, standing, type Standing } from '../../../src/keys/limits/allowance.js'
import type { Limits } from '../../../src/keys/limits/local.js'
import { openLimits } from '../../../src/keys/limits/open.js'
import { keyPrefix, openCounter } from '../../../src/keys/limits/redis.js'
import { startRedis } from '../../helpers/redis.js'

interface Teardown { teardown: (fn: () => unknown) => void }

interface Facade extends Limits {
  /** What was told of Redis, in order: a sentence, or undefined for its return. */
  readonly states: Array<string | undefined>
  /** How many calls were counted here alone. */
  readonly alone: () => number
  /** Waits until Redis counts as gone, or as there. */
  readonly until: (isGone: boolean) => Promise<void>
}

async function open (t: Teardown, url: string): Promise<Facade> {
  const states: Array<string | undefined> = []
  let alone = 0
  const limits = await openLimits(readRedisUrl(url), { onState: gone => states.push(gone), onLocal: () => { alone++ } })
  t.teardown(limits.close)
  return {
    ...limits,
    states,
    alone: () => alone,
    async until (isGone) {
      for (const end = performance.now() + 10_000; performance.now() < end; await delay(10)) if ((limits.problem() !== undefined) === isGone) return
      throw new Error(`Redis did not ${isGone ? 'go' : 'come back'} within 10 s: ${limits.problem() ?? 'it is there'}`)
    }
  }
}

/** A call, and how long its answer took. */
async function timed (call: Standing | Promise<Standing>): Promise<{ readonly standing: Standing, readonly ms: number }> {
  const begin = performance.now()
  return { standing: await call, ms: performance.now() - begin }
}

const server = await startRedis(t)

t.test('facades that count in one Redis share each key\'s limit, however their calls fall together', async t => {
  const facades = await Promise.all([open(t, server.url), open(t, server.url), open(t, `${server.url}/0`)])
  const all = await Promise.all(Array.from({ length: 300 }, async (_, call) => await facades[call % 3]!.take('shared', 100, 1)))
  t.equal(all.filter(({ isAllowed }) => isAllowed).length, 100)
  t.strictSame(all.filter(({ isAllowed }) => isAllowed).map(({ remaining }) => remaining).sort((a, b) => b - a), Array.from({ length: 100 }, (_, index) => 99 - index))
  for (const facade of facades) {
    t.match(await facade.take('shared', 100, 0), { remaining: 0 })
    t.match(await facade.take('another', 100, 0), { remaining: 100, nextMs: 0 })
    t.strictSame([facade.states, facade.alone(), facade.problem()], [[], 0, undefined])
  }
})

t.test('the script does the arithmetic of allowance.ts: any rate, any calls, any debt that is handed over', async t => {
  const counter = openCounter(readRedisUrl(server.url)!, error => t.fail(error.message))
  t.teardown(counter.close)
  await counter.tried
  let key = 0
  const rate = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.001, max: 50, noNaN: true }), fc.constantFrom(1e9, 1e-300, 123_456_789))
  await fc.assert(fc.asyncProperty(rate, fc.array(fc.tuple(fc.constantFrom(0 as const, 1 as const, 1 as const), fc.nat(5)), { maxLength: 60 }), async (ratePerHour, calls) => {
    const allowance = allowanceOf(ratePerHour)
    const id = `property_${key++}`
    const begin = performance.now()
    let kept = 0
    for (const [cost, intervals] of calls) {
      const least = intervals * allowance.intervalMs
      const owed = Math.min(Math.max(kept, least), allowance.burst * allowance.intervalMs)
      const wanted = cost === 0 ? { isAllowed: true, owedMs: owed } : spend(owed, allowance)
      const counted = await counter.take(id, allowance, cost, least)
      const passed = performance.now() - begin + 1
      if (counted.owedMs > allowance.burst * allowance.intervalMs + 0.01 || standing(counted.owedMs, allowance, true).remaining > allowance.burst) return false
      // What time has paid off meanwhile is all that they may differ by: nothing can be said of rates at which that is a call.
      if (allowance.intervalMs < 60_000) continue
      if (counted.isAllowed !== wanted.isAllowed || Math.abs(counted.owedMs - wanted.owedMs) > passed) return false
      if (cost === 1 && counted.isAllowed) kept = counted.owedMs // what is refused or only looked at is not written
    }
    return true
  }), { numRuns: 60 })
})

t.test('what Redis holds is ids and times, and ends by itself when all is paid off', async t => {
  const facade = await open(t, server.url)
  await facade.take('key_7KqZ2hVd0w', 3600, 1)
  await facade.take('key_7KqZ2hVd0w', 3600, 1)
  const ttl = await server.run('PTTL', `${keyPrefix}key_7KqZ2hVd0w`) as number
  t.ok(ttl > 1500 && ttl <= 2000, String(ttl))
  t.match(await server.run('GET', `${keyPrefix}key_7KqZ2hVd0w`), /^\d{16}\.\d\d$/)
  await facade.take('key_looked_at', 3600, 0)
  t.equal(await server.run('EXISTS', `${keyPrefix}key_looked_at`), 0)
})

t.test('a clock of the server\'s that was set back, and a value that is none, lock nobody out', async t => {
  const facade = await open(t, server.url)
  await server.run('SET', `${keyPrefix}future`, String(Date.now() * 1000 + 86_400e6))
  t.match(await facade.take('future', 60, 1), { isAllowed: false, remaining: 0 })
  t.ok((await facade.take('future', 60, 0)).nextMs <= 60_000, 'no longer than one interval')
  await server.run('SET', `${keyPrefix}often`, String(Date.now() * 1000 + 86_400e6))
  t.match(await facade.take('often', 3600, 1), { isAllowed: false, remaining: 0 })
  await delay(1100)
  t.match(await facade.take('often', 3600, 1), { isAllowed: true }, 'and not for as long as the clock was set back')
  await server.run('SET', `${keyPrefix}garbage`, 'x')
  t.match(await facade.take('garbage', 60, 1), { isAllowed: true, remaining: 59 })
})

t.test('a value that is no number for arithmetic is nothing owed, and no outage of Redis', async t => {
  const facade = await open(t, server.url)
  for (const value of ['nan', '-nan', 'inf', '-inf', '1e999']) {
    await server.run('SET', `${keyPrefix}odd`, value)
    const { isAllowed, remaining, nextMs } = await facade.take('odd', 60, 0)
    t.ok(isAllowed && Number.isFinite(remaining) && Number.isFinite(nextMs), value)
    await facade.take('odd', 60, 1)
    t.strictSame([facade.states, facade.alone()], [[], 0], value)
  }
})

t.test('answers that are none of the script count as an outage, and are believed by nobody', async t => {
  for (const reply of ['*0', '*2\r\n:1\r\n$3\r\nfoo', '*2\r\n:1\r\n$5\r\n1e300', '*2\r\n:2\r\n$1\r\n0', '*2\r\n:1\r\n$2\r\n-9', '$-1']) {
    const liar = createServer(socket => socket.on('error', () => {}).on('data', () => socket.write(`${reply}\r\n`)))
    t.teardown(() => liar.close())
    liar.listen(0, '127.0.0.1')
    await once(liar, 'listening')
    const facade = await open(t, `redis://127.0.0.1:${(liar.address() as AddressInfo).port}`)
    t.match(await facade.take('any', 60, 1), { isAllowed: true, remaining: 59 }, reply)
    t.strictSame([facade.states, facade.alone()], [['Redis failed.'], 1], reply)
    facade.close()
  }
})

t.test('gone, hung and back again', async t => {
  const redis = await startRedis(t)
  const facade = await open(t, redis.url)
  for (let call = 0; call < 7; call++) await facade.take('key', 10, 1)

  t.test('killed: the next call is counted here, from what was known, and waits for nobody; told of once', async t => {
    await redis.kill()
    const { standing, ms } = await timed(facade.take('key', 10, 1))
    t.match(standing, { isAllowed: true, remaining: 2 })
    t.ok(ms < 100, `${ms}`)
    for (let call = 0; call < 20; call++) t.notOk(facade.take('key', 10, 1) instanceof Promise, 'not even a promise')
    t.equal((await facade.take('key', 10, 1)).isAllowed, false)
    t.equal(facade.alone(), 22)
    await delay(1500)
    t.equal(facade.states.length, 1)
    t.match(facade.problem(), /^Redis cannot be reached/)
  })

  t.test('restarted, and empty: it is found within two seconds and learns what was used meanwhile; told of once', async t => {
    await redis.start()
    const begin = performance.now()
    await facade.until(false)
    t.ok(performance.now() - begin < 2500, `${performance.now() - begin}`)
    t.strictSame(facade.states.slice(1), [undefined])
    t.match(await facade.take('key', 10, 1), { isAllowed: false, remaining: 0 })
    const other = await open(t, redis.url)
    await facade.take('key2', 10, 1)
    t.match(await other.take('key2', 10, 1), { isAllowed: true, remaining: 8 })
  })

  t.test('hung (SIGSTOP): who waits then is let go by the deadline, all others wait for nobody', async t => {
    const before = facade.alone()
    redis.hang()
    const waited = await Promise.all(Array.from({ length: 20 }, async () => await timed(facade.take('hung', 100, 1))))
    t.ok(waited.every(({ ms }) => ms > 50 && ms < 250), waited.map(({ ms }) => ms.toFixed(0)).join())
    t.strictSame(waited.map(({ standing }) => standing.remaining), Array.from({ length: 20 }, (_, call) => 99 - call))
    const next = await timed(facade.take('hung', 100, 1))
    t.ok(next.ms < 20)
    t.equal(facade.alone(), before + 21)
    t.match(facade.problem(), /^Redis does not answer in time/)
    await delay(5000) // long enough for a connection to be given up
    t.equal(facade.states.length, 3)
    redis.resume()
    await facade.until(false)
    t.strictSame(facade.states.slice(3), [undefined])
    t.match(await facade.take('hung', 100, 0), { remaining: 79 })
  })

  t.test('gone while nobody calls: it is noticed all the same', async t => {
    await redis.kill()
    await facade.until(true)
    t.equal(facade.states.length, 5)
    await redis.start()
    await facade.until(false)
  })
})

t.test('a Redis that is not there at the start, wants another password, or cannot be written, stops nobody, and says which', async t => {
  const locked = await startRedis(t, { password: 's3cret/@' })
  const wrong = await open(t, `redis://:wrong@127.0.0.1:${locked.port}`)
  const none = await open(t, `redis://127.0.0.1:${locked.port}`)
  const nobody = await open(t, 'redis://127.0.0.1:1')
  const full = await startRedis(t, { options: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] })
  const refusing = await open(t, full.url)
  for (const [facade, reason] of [[wrong, /refuses the user or the password/], [none, /wants a password/], [nobody, /nothing listens there/], [refusing, /no memory left/]] as const) {
    t.match(await facade.take('key', 10, 1), { isAllowed: true, remaining: 9 })
    t.match(await facade.take('key', 10, 1), { isAllowed: true, remaining: 8 })
    await delay(300)
    t.match(facade.problem(), reason)
    t.match(facade.states, [/^Redis /])
    t.notMatch(facade.states.join(), /wrong|127\.0\.0\.1/)
  }
  const right = await open(t, locked.url)
  t.match(await right.take('key', 10, 1), { remaining: 9 })
  t.equal(right.problem(), undefined)
})

t.test('this process being late is no outage of Redis', async t => {
  const facade = await open(t, server.url)
  await facade.take('late', 100, 1)
  const call = facade.take('late', 100, 1)
  for (const end = performance.now() + 400; performance.now() < end;);
  t.match(await call, { remaining: 98 })
  t.strictSame([facade.states, facade.alone()], [[], 0])
})
