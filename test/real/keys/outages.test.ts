/** PostgreSQL that stops, hangs and returns, and the link that tells of changes lost: nothing is refused for it, and nothing revoked is let in. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { KeyStore } from '../../../src/keys/contract.js'
import { openIn } from '../../helpers/postgres-store.js'
import { startPostgres } from '../../helpers/postgres.js'
import { reading } from '../../helpers/store-subject.js'

const server = await startPostgres(t)
const down = { name: 'StoreUnavailableError' }

/** What became of the link, in its order. */
function listen (): { readonly states: string[], readonly onLink: (lost: Error | undefined) => void } {
  const states: string[] = []
  return { states, onLink: lost => { states.push(lost?.message ?? 'back') } }
}

/** Milliseconds until it is so. */
async function until (t: Test, isSo: () => boolean | Promise<boolean>, withinMs: number): Promise<number> {
  const start = performance.now()
  while (!await isSo()) {
    if (performance.now() - start > withinMs) {
      t.fail(`not so after ${withinMs} ms`)
      break
    }
    await delay(10)
  }
  return performance.now() - start
}

async function isValid (store: KeyStore, key: string): Promise<boolean> {
  return (await store.verify(key, '')).valid
}

t.test('a server that hangs: known keys go on, others hear within three seconds that nobody can say, later ones at once; then all is well again', async t => {
  const { states, onLink } = listen()
  const { store } = await openIn(t, server, { onLink })
  const [known, unknown] = [await store.create(reading), await store.create(reading)]
  t.ok(await isValid(store, known.key))
  server.hang()
  t.teardown(server.resume)
  let start = performance.now()
  await t.rejects(async () => await store.verify(unknown.key, ''), { ...down, message: 'The key database did not answer within 2.5 s.' })
  t.ok(performance.now() - start < 3000)
  start = performance.now()
  for (let call = 0; call < 20; call++) {
    t.ok(await isValid(store, known.key))
    await t.rejects(async () => await store.verify(unknown.key, ''), down)
    await t.rejects(async () => await store.check(), down)
  }
  t.ok(performance.now() - start < 3000, `${Math.round(performance.now() - start)} ms`)
  await until(t, () => states.length > 0, 4000)
  t.strictSame(states, ['The key database did not answer within 2.5 s.'])
  start = performance.now()
  await store.revoke(known.record.keyId).then(() => t.fail('nothing was revoked'), () => {})
  t.ok(performance.now() - start < 3000, 'whoever manages keys does not wait for ever either')
  server.resume()
  await until(t, async () => await isValid(store, unknown.key).catch(() => false), 4000)
  await until(t, () => states.length > 1, 6000)
  t.strictSame(states.slice(1), ['back'])
  await store.revoke(known.record.keyId)
  t.match(await store.verify(known.key, ''), { valid: false, reason: 'revoked' })
})

t.test('a server that hangs does not hold up the end', async t => {
  const { store } = await openIn(t, server)
  const { key } = await store.create(reading)
  await store.verify(key, '')
  server.hang()
  t.teardown(server.resume)
  const start = performance.now()
  await store.close()
  t.ok(performance.now() - start < 5000, `${Math.round(performance.now() - start)} ms`)
  server.resume()
})

t.test('a server that is killed and started again: known keys go on for as long as it was said, no key is refused, and the loss is told of once', async t => {
  const { states, onLink } = listen()
  const problems: Error[] = []
  const { store, clock, open, database } = await openIn(t, server, { onLink, staleMs: 600_000, report: problem => problems.push(problem) })
  const [known, unknown, expiring] = [await store.create(reading), await store.create(reading), await store.create({ ...reading, expiresAt: clock.at + 5000 })]
  for (const { key } of [known, expiring]) t.ok(await isValid(store, key))
  await server.kill()
  await until(t, () => states.length > 0, 1000)
  for (let call = 0; call < 100; call++) {
    t.ok(await isValid(store, known.key))
    await t.rejects(async () => await store.verify(unknown.key, ''), down)
  }
  t.match(store.verify('a b', ''), { valid: false, reason: 'malformed' })
  clock.at += 5000
  t.match(await store.verify(expiring.key, ''), { valid: false, reason: 'expired' })
  await t.rejects(open(), down)
  clock.at += 600_000
  await t.rejects(async () => await store.verify(known.key, ''), down)
  await delay(2500)
  t.equal(states.length, 1, `told once, not at each try: ${states.join('; ')}`)
  await server.start()
  const back = await until(t, async () => await isValid(store, unknown.key).catch(() => false), 2500)
  t.comment(`keys are judged ${Math.round(back)} ms after the server is back`)
  t.ok(await isValid(store, known.key))
  await until(t, () => states.length > 1, 4000)
  t.strictSame(states.slice(1), ['back'])
  await store.close()
  t.strictSame(problems, [])
  t.not((await server.query(database, `SELECT last_used_at AS at FROM hokusai_mlflow.keys WHERE id = '${known.record.keyId}'`))[0]?.['at'], null, 'uses in the outage are not lost')
})

t.test('a key that is revoked while the link is lost ends within a second, and so when it is back', async t => {
  const { states, onLink } = listen()
  const { store, another, network } = await openIn(t, server, { onLink })
  const other = await another()
  const keys = [await store.create(reading), await store.create(reading), await store.create(reading)]
  for (const { key } of keys) t.ok(await isValid(store, key))
  for (const { key, record } of keys) {
    network.cutLink()
    await other.revoke(record.keyId)
    t.ok(await until(t, async () => !await isValid(store, key), 2000) < 1000)
  }
  await until(t, () => states.at(-1) === 'back', 5000)
  t.match(states[0], 'broke the connection')
})

t.test('what happened while nobody listened counts as soon as the link is back', async t => {
  const { states, onLink } = listen()
  const { store, database, network, fail, clock } = await openIn(t, server, { onLink })
  const { key, record } = await store.create(reading)
  t.ok(await isValid(store, key))
  await fail()
  await until(t, () => states.length === 1, 1000)
  await server.query(database, `UPDATE hokusai_mlflow.keys SET revoked_at = 1 WHERE id = '${record.keyId}'`)
  t.ok(await isValid(store, key), 'nobody could say')
  network.restore()
  await until(t, () => states.length === 2, 5000)
  clock.at += 100 // for so long an outage is taken for granted
  t.match(await store.verify(key, ''), { valid: false, reason: 'revoked' })
})

t.test('a link that falls silent is noticed: within a second nothing counts that it would have told of, within four it is made anew', async t => {
  const { states, onLink } = listen()
  const { store, another, network } = await openIn(t, server, { onLink })
  const other = await another()
  const { key, record } = await store.create(reading)
  t.ok(await isValid(store, key))
  const links = network.links()
  network.hangLink()
  await other.revoke(record.keyId)
  const ms = await until(t, async () => !await isValid(store, key), 3000)
  t.ok(ms < 1000, `${Math.round(ms)} ms`)
  await until(t, () => states.length === 1, 4000)
  await until(t, () => states.length === 2, 2000)
  t.strictSame(states, ['The key database did not answer within 2.5 s.', 'back'])
  t.ok(network.links() > links)
})

t.test('with the link whole a revocation elsewhere ends a key within a second, also of a thousand in use', async t => {
  const { store, another } = await openIn(t, server)
  const other = await another()
  const keys = Array.from({ length: 1000 }, (_, index) => `an-imported-key-${index}`)
  await store.import(keys.map(key => ({ ...reading, key })))
  for (const key of keys) t.ok(await isValid(store, key))
  const records = await store.list()
  const times: number[] = []
  for (const [index, key] of keys.slice(0, 20).entries()) {
    await other.revoke(records[index]?.keyId ?? '')
    times.push(await until(t, async () => !await isValid(store, key), 2000))
  }
  t.ok(Math.max(...times) < 1000, `${Math.round(Math.max(...times))} ms at most`)
  t.comment(`seen after ${Math.round(Math.max(...times))} ms at most`)
})
