/** What every key verifier promises, whatever stands behind it. */
import type { Test } from 'tap'
import { StoreUnavailableError, type KeyVerifier, type Verdict } from '../../src/keys/contract.js'

export interface VerifierSubject {
  readonly verifier: KeyVerifier
  /** Makes a key that grants reading, for the user `u1`; with an expiry, where one is given. */
  readonly issue: (expiresAt?: number) => Promise<string>
  readonly revoke: (key: string) => Promise<void>
  /** Makes the store fail. */
  readonly fail: () => Promise<void>
  /** Lets time pass until a revocation must have been noticed. */
  readonly passTime: () => void | Promise<void>
  /** The clock of the verifier, milliseconds since 1970. */
  readonly now: () => number
  /** Statements or calls that whatever holds the keys was asked so far. */
  readonly statements: () => number
}

/** Holds a verifier to its promises. `open` gives a fresh one each time and ends it by itself. */
export function verifierContract (t: Test, name: string, open: (t: Test) => Promise<VerifierSubject>): void {
  t.test(`contract of a verifier: ${name}`, async t => {
    t.test('a key that was issued is valid, and its caller is known without showing the key', async t => {
      const { verifier, issue } = await open(t)
      const key = await issue()
      const verdict = await verifier.verify(key, '192.0.2.1')
      t.match(verdict, { valid: true, caller: { userId: 'u1', environment: 'live', workspaces: [] } })
      t.strictSame([...callerOf(verdict).scopes], ['mlflow:read'])
      t.match(callerOf(verdict).hint, /^hk_live_.{4}…$/)
      t.notMatch(JSON.stringify(verdict), key)
    })

    t.test('an unknown key is refused, however often it comes', async t => {
      const { verifier, issue } = await open(t)
      const key = await issue()
      const other = `hk_live_${'x'.repeat(32)}`
      t.match(await verifier.verify(other, '192.0.2.1'), { valid: false, reason: 'unknown' })
      t.match(await verifier.verify(other, '192.0.2.1'), { valid: false, reason: 'unknown' })
      t.match(await verifier.verify(key, '192.0.2.1'), { valid: true }, 'and keeps nobody else out')
    })

    t.test('what cannot be a key is refused at once, and nobody is asked', async t => {
      const { verifier, issue, statements } = await open(t)
      await verifier.verify(await issue(), '192.0.2.1')
      const before = statements()
      for (const key of ['', ' ', 'a b', 'schlüssel', 'a\nb', '\x7f', 'x'.repeat(513)]) {
        t.strictSame(verifier.verify(key, '192.0.2.1'), { valid: false, reason: 'malformed' }, JSON.stringify(key.slice(0, 10)))
      }
      t.equal(statements(), before)
    })

    t.test('a key in use costs one statement when it first comes, and none at later calls', async t => {
      const { verifier, issue, statements } = await open(t)
      const [first = '', ...others] = await Promise.all(Array.from({ length: 6 }, () => issue()))
      await verifier.verify(first, '192.0.2.1')
      const before = statements()
      for (const [index, key] of others.entries()) {
        t.match(await verifier.verify(key, '192.0.2.1'), { valid: true })
        t.equal(statements(), before + index + 1)
      }
      for (let call = 0; call < 100; call++) await verifier.verify(first, '192.0.2.1')
      t.equal(statements(), before + others.length)
      t.notOk(verifier.verify(first, '192.0.2.1') instanceof Promise, 'it is judged at once')
    })

    t.test('expiry is judged at each call', async t => {
      const { verifier, issue, passTime, now } = await open(t)
      const key = await issue(now() + 500)
      t.match(await verifier.verify(key, '192.0.2.1'), { valid: true, caller: { expiresAt: now() + 500 } })
      await passTime()
      t.match(await verifier.verify(key, '192.0.2.1'), { valid: false, reason: 'expired' })
    })

    t.test('a revoked key is refused', async t => {
      const { verifier, issue, revoke, passTime } = await open(t)
      const key = await issue()
      t.match(await verifier.verify(key, '192.0.2.1'), { valid: true })
      await revoke(key)
      await passTime()
      t.match(await verifier.verify(key, '192.0.2.1'), { valid: false, reason: /revoked|unknown/ })
    })

    t.test('a store that fails is no refusal', async t => {
      const { verifier, issue, fail, passTime } = await open(t)
      const key = await issue()
      await verifier.check()
      await fail()
      await passTime()
      await t.rejects(async () => await verifier.verify(key, '192.0.2.1'), { name: 'StoreUnavailableError' })
      const error = await verifier.check().then(() => undefined, (error: unknown) => error as Error)
      t.ok(error instanceof StoreUnavailableError)
      t.notMatch(error?.message, /127\.0\.0\.1|localhost|\//, 'the reason names no address')
    })
  })
}

export function callerOf (verdict: Verdict): Extract<Verdict, { valid: true }>['caller'] {
  if (!verdict.valid) throw new Error(`refused: ${verdict.reason}`)
  return verdict.caller
}
