/** Sessions that the cookie itself holds, where an auth service has the keys. */
import t from 'tap'
import { StoreUnavailableError, type KeyVerifier, type Verdict } from '../../../src/keys/contract.js'
import { openSealedSessions, type SealedOptions } from '../../../src/keys/sessions/sealed.js'
import type { Sessions } from '../../../src/keys/sessions/sessions.js'
import { callerFor, good, start } from '../../helpers/verdict-cache.js'

const key = `hk_live_${'k'.repeat(42)}`
const lifetimes = { idleMs: 100_000, maxMs: 1_000_000 }

function open (judge: (key: string) => Verdict | Promise<Verdict> = good, more: Partial<SealedOptions> = {}): { sessions: Sessions, clock: { at: number } } {
  const clock = { at: start }
  const verifier: KeyVerifier = { verify: judge, check: async () => {}, close: async () => {} }
  return { clock, sessions: openSealedSessions(verifier, { ...lifetimes, secret: () => 's'.repeat(32), now: () => clock.at, ...more }) }
}

t.test('a cookie is another one each time, and shows nothing of the key', async t => {
  const { sessions } = open()
  const [one, two] = [await sessions.begin(key, callerFor(key)), await sessions.begin(key, callerFor(key))]
  t.not(one, two)
  for (const token of [one, two]) {
    t.match(token, /^[\w-]+$/)
    t.notMatch(Buffer.from(token, 'base64url').toString('latin1'), /hk_|kkk/)
    t.match(await sessions.verify(token, ''), { valid: true, caller: { keyId: key, session: true } })
  }
  t.ok((await sessions.begin('x'.repeat(512), callerFor(key))).length < 2048, 'also of the longest key')
})

t.test('no bit of it can be changed, and no other secret opens it', async t => {
  const { sessions } = open()
  const token = await sessions.begin(key, callerFor(key))
  const bytes = Buffer.from(token, 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    t.equal(sessions.verify(changed.toString('base64url'), ''), undefined, `byte ${index}`)
  }
  for (const cut of [0, 12, 27, 28, 60, bytes.length - 1]) t.equal(sessions.verify(bytes.subarray(0, cut).toString('base64url'), ''), undefined)
  t.equal(open(good, { secret: () => 'o'.repeat(32) }).sessions.verify(token, ''), undefined)
})

t.test('it lives on while it is used, with a new cookie once in a while, and ends when it is idle or has had its time', async t => {
  const { sessions, clock } = open()
  const first = await sessions.begin(key, callerFor(key))
  t.equal(sessions.renew(first), undefined, 'not at each request')
  let token = first
  for (const end = start + lifetimes.maxMs - 50_000; clock.at < end;) {
    clock.at += 50_000
    t.match(sessions.verify(token, ''), { valid: true })
    const renewed = sessions.renew(token)
    t.not(renewed, undefined)
    token = renewed ?? ''
  }
  t.equal(sessions.verify(first, ''), undefined, 'the first cookie has been idle')
  clock.at += 50_000
  t.equal(sessions.verify(token, ''), undefined)
  t.equal(sessions.renew(token), undefined, 'what has ended is not begun again')
})

t.test('who has signed out cannot come back with an older or newer cookie of the session', async t => {
  const { sessions, clock } = open()
  const first = await sessions.begin(key, callerFor(key))
  const other = await sessions.begin(key, callerFor(key))
  clock.at += 50_000
  const renewed = sessions.renew(first) ?? ''
  await sessions.end(first)
  for (const token of [first, renewed]) t.equal(sessions.verify(token, ''), undefined)
  t.match(sessions.verify(other, ''), { valid: true })
  await sessions.end('nonsense')
})

t.test('the auth service is asked as for the key, and its silence is no refusal', async t => {
  const asked: string[] = []
  const { sessions } = open(async asking => {
    asked.push(asking)
    if (asked.length > 1) throw new StoreUnavailableError('away')
    return { valid: false, reason: 'revoked' }
  })
  const token = await sessions.begin(key, callerFor(key))
  t.match(await sessions.verify(token, ''), { valid: false, reason: 'revoked' })
  await t.rejects(async () => await sessions.verify(token, ''), { name: 'StoreUnavailableError' })
  t.strictSame(asked, [key, key])
})
