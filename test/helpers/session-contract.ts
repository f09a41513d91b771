/** What every store of our own promises of sessions, whatever holds them. */
import type { Test } from 'tap'
import type { Scope } from '../../src/access/scopes.js'
import { hashKey } from '../../src/keys/key.js'
import { sessionsPerKey, type KeyStore } from '../../src/keys/contract.js'
import { openStoredSessions } from '../../src/keys/sessions/stored.js'
import type { Sessions } from '../../src/keys/sessions/sessions.js'
import { reading, type Open, type StoreSubject } from './store-subject.js'

const grants: ReadonlyArray<readonly [Scope[], Scope[]]> = [
  [['mlflow:read'], ['mlflow:read']],
  [['mlflow:admin'], ['mlflow:write', 'mlflow:gateway']]
]
const lifetimes = { idleMs: 100_000, maxMs: 1_000_000, staleMs: 10_000 }

function sessionsOf ({ sessions }: KeyStore, { clock }: StoreSubject): Sessions {
  if (sessions === undefined) throw new Error('the store keeps no sessions')
  return openStoredSessions(sessions, { ...lifetimes, now: () => clock.at })
}

export function sessionContract (t: Test, name: string, open: Open): void {
  t.test(`contract of sessions: ${name}`, async t => {
    t.test('a session stands for its key, without what needs an administrator', async t => {
      const subject = await open(t)
      const { store } = subject
      const sessions = sessionsOf(store, subject)
      for (const [scopes, allowed] of grants) {
        const { key, record } = await store.create({ ...reading, scopes: new Set(scopes), workspaces: ['team-a'], permissions: ['read:*'], ratePerHour: 60 })
        const id = await sessions.begin(key, record)
        t.match(id, /^[\w-]{43}$/)
        const verdict = await sessions.verify(id, '')
        t.match(verdict, { valid: true, caller: { keyId: record.keyId, userId: 'u1', session: true, workspaces: ['team-a'], permissions: { texts: ['read:*'] }, ratePerHour: 60 } })
        t.strictSame([...verdict?.caller?.scopes ?? []], allowed)
      }
    })

    t.test('what is kept shows neither the id nor the key', async t => {
      const subject = await open(t)
      const { store } = subject
      const { key, record } = await store.create(reading)
      const id = await sessionsOf(store, subject).begin(key, record)
      const found = await store.sessions?.find(hashKey(id))
      t.strictSame({ ...found }, { keyHash: hashKey(key), createdAt: subject.clock.at, seenAt: subject.clock.at })
      t.equal(await store.sessions?.find(id), undefined)
      await t.rejects(async () => await store.sessions?.add({ hash: id, keyId: record.keyId, createdAt: 0, seenAt: 0 }, 0, 0), { name: 'StoreUnavailableError' })
    })

    t.test('it ends within a second with its key, however that ends and whoever ends it', async t => {
      const subject = await open(t)
      const { store, another, passSecond, clock } = subject
      const sessions = sessionsOf(store, subject)
      const other = await another()
      const [revoked, rotated, expiring] = [await store.create(reading), await store.create(reading), await store.create({ ...reading, expiresAt: clock.at + 1500 })]
      const ids = await Promise.all([revoked, rotated, expiring].map(async ({ key, record }) => await sessions.begin(key, record)))
      for (const id of ids) t.match(await sessions.verify(id, ''), { valid: true })
      await other.revoke(revoked.record.keyId)
      await other.rotate(rotated.record.keyId, 0)
      await passSecond()
      for (const id of ids.slice(0, 2)) t.match(await sessions.verify(id, ''), { valid: false, reason: 'revoked' })
      t.match(await sessions.verify(ids[2] ?? '', ''), { valid: true })
      clock.at += 500
      t.match(await sessions.verify(ids[2] ?? '', ''), { valid: false, reason: 'expired' })
    })

    t.test('who signs out has, everywhere within a second', async t => {
      const subject = await open(t)
      const { store, another, passSecond } = subject
      const [here, there] = [sessionsOf(store, subject), sessionsOf(await another(), subject)]
      const { key, record } = await store.create(reading)
      const [id, kept] = [await here.begin(key, record), await here.begin(key, record)]
      for (const sessions of [here, there]) t.match(await sessions.verify(id, ''), { valid: true })
      await here.end(id)
      t.equal(await here.verify(id, ''), undefined)
      await passSecond()
      t.equal(await there.verify(id, ''), undefined)
      t.match(await there.verify(kept, ''), { valid: true }, 'and no other session')
      await here.end(id)
      await here.end('none')
    })

    t.test('it ends when it is idle, lives on while it is used, and never beyond its time', async t => {
      const subject = await open(t)
      const { store, another, clock } = subject
      const sessions = sessionsOf(store, subject)
      const { key, record } = await store.create(reading)
      const [idle, used] = [await sessions.begin(key, record), await sessions.begin(key, record)]
      for (const end = clock.at + lifetimes.maxMs - 50_000; clock.at < end;) {
        clock.at += 50_000
        t.match(await sessions.verify(used, ''), { valid: true })
        await new Promise(resolve => setTimeout(resolve, 20)) // the time is written beside the request
      }
      t.equal(await sessions.verify(idle, ''), undefined)
      t.match(await sessionsOf(await another(), subject).verify(used, ''), { valid: true }, 'another process knows that it was used')
      clock.at += 50_000
      t.equal(await sessions.verify(used, ''), undefined, 'it has had its time')
      await sessions.begin(key, record)
      t.equal(await store.sessions?.find(hashKey(used)), undefined, 'what has ended is forgotten')
    })

    t.test('a key has so many sessions and no more: the oldest ends, and none of another key', async t => {
      const subject = await open(t)
      const { store, clock } = subject
      const sessions = sessionsOf(store, subject)
      const [many, one] = [await store.create(reading), await store.create(reading)]
      const other = await sessions.begin(one.key, one.record)
      const ids: string[] = []
      for (let count = 0; count < sessionsPerKey + 2; count++) {
        clock.at += 1
        ids.push(await sessions.begin(many.key, many.record))
      }
      for (const id of ids.slice(0, 2)) t.equal(await sessions.verify(id, ''), undefined)
      for (const id of [ids[2], ids.at(-1), other]) t.match(await sessions.verify(id ?? '', ''), { valid: true })
    })

    t.test('in an outage no session begins or ends, and one that is not known is not refused', async t => {
      const subject = await open(t)
      const { store, passSecond, fail } = subject
      const sessions = sessionsOf(store, subject)
      const { key, record } = await store.create(reading)
      const [id, unseen] = [await sessions.begin(key, record), await sessions.begin(key, record)]
      await fail()
      await passSecond()
      await t.rejects(async () => await sessions.verify(unseen, ''), { name: 'StoreUnavailableError' })
      await t.rejects(sessions.begin(key, record), { name: 'StoreUnavailableError' })
      await t.rejects(sessions.end(id), { name: 'StoreUnavailableError' })
    })
  })
}
