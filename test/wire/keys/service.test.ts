import t, { type Test } from 'tap'
import { generateKey } from '../../../src/keys/key.js'
import { openRemote, openService } from '../../../src/keys/stores/service.js'
import { StoreBusyError, type KeyVerifier } from '../../../src/keys/contract.js'
import type { KeysConfig } from '../../../src/core/settings/config.js'
import { answering, failures, goodAnswer, hangs, startAuthServer, unauthorized, type AuthServer } from '../../helpers/auth-server.js'
import { callerOf, verifierContract } from '../../helpers/verifier-contract.js'

const here = '192.0.2.1'

verifierContract(t, 'auth service', async t => {
  const server = await serve(t)
  const clock = { at: Date.now() }
  const config = configFor(server)
  const verifier = openRemote(config, server.url, () => clock.at)
  t.teardown(() => verifier.close())
  return {
    verifier,
    issue: async expiresAt => {
      const key = generateKey('live')
      server.keys.set(key, goodAnswer(expiresAt === undefined ? {} : { expires_at: expiresAt }))
      return key
    },
    revoke: async key => { server.keys.delete(key) },
    fail: () => server.close(),
    passTime: () => { clock.at += config.cacheMs },
    now: () => clock.at,
    statements: () => server.validations.length
  }
})

t.test('the service is asked as it expects to be', async t => {
  const { server, service } = await open(t)
  server.behave(answering(200, goodAnswer()))
  await service.verify('K1', '2001:db8::1')
  t.match(server.validations, [{ key: 'K1', body: { service_id: 'platform', client_ip: '2001:db8::1' }, headers: { authorization: 'Bearer K1', 'content-type': 'application/json' } }])
})

t.test('what the service says of a key becomes its caller', async t => {
  const { server, service } = await open(t)
  const caller = async (answer: Readonly<Record<string, unknown>>): Promise<ReturnType<typeof callerOf>> => {
    server.behave(answering(200, answer))
    return callerOf(await service.verify(`hk_live_${'a'.repeat(32)}`, here))
  }
  t.match(await caller(goodAnswer()), { userId: 'u1', keyId: 'k1', name: 'ada@example.com', hint: 'hk_live_aaaa…', environment: 'live', ratePerHour: 1000, workspaces: [] })
  t.equal((await caller(goodAnswer({ user_id: undefined, user: { id: 42 } }))).userId, '42', 'user.id')
  t.match((await caller(goodAnswer({ key_id: undefined }))).keyId, /^key_[0-9a-f]{16}$/, 'an id of its own where there is none')
  const scopes = async (answer: Readonly<Record<string, unknown>>): Promise<string[]> => [...(await caller(goodAnswer(answer))).scopes]
  t.strictSame(await scopes({ scopes: ['model:write', 'dspy:run'] }), ['mlflow:write'])
  t.strictSame(await scopes({ scopes: ['mlflow:read'], roles: ['registry:admin', 'member'] }), ['mlflow:read', 'mlflow:admin'])
  t.strictSame(await scopes({ scopes: [], is_admin: true }), ['mlflow:admin'])
  t.strictSame(await scopes({ scopes: [], is_admin: 'true' }), [], 'only the boolean counts')
  t.strictSame(await scopes({ scopes: [] }), [])
})

t.test('a user id that no header can carry is no user', async t => {
  const { server, service } = await open(t)
  for (const id of ['a\r\nX-Admin: 1', '', ' ', 'ä', 'x'.repeat(300), {}, null, true]) {
    server.behave(answering(200, goodAnswer({ user_id: id })))
    await t.rejects(async () => await service.verify('K1', here), { name: 'StoreUnavailableError' }, JSON.stringify(id))
  }
})

t.test('AUTH_EMPTY_SCOPES=read lets keys read that carry no scopes at all', async t => {
  const { server, service } = await open(t, { emptyScopes: 'read' })
  const scopes = async (names: string[]): Promise<string[]> => {
    server.behave(answering(200, goodAnswer({ scopes: names })))
    return [...callerOf(await service.verify('K1', here)).scopes]
  }
  t.strictSame(await scopes([]), ['mlflow:read'])
  t.strictSame(await scopes(['dspy:run']), [], 'other scopes are scopes')
  t.strictSame(await scopes(['mlflow:admin']), ['mlflow:admin'])
})

t.test('a key without balance is told from one that is not valid', async t => {
  const { server, service } = await open(t)
  server.behave(answering(200, goodAnswer({ has_sufficient_balance: false, balance: 0 })))
  t.match(await service.verify('K1', here), { valid: false, reason: 'balance', caller: { userId: 'u1' } })
})

t.test('its 401, 403 and 404 are refusals', async t => {
  const { server, service } = await open(t)
  for (const behaviour of [unauthorized, answering(403, { detail: 'not you' }), answering(404, { detail: 'no such key' })]) {
    server.behave(behaviour)
    t.strictSame(await service.verify('K1', here), { valid: false, reason: 'unknown' })
  }
})

t.test('a 200 that says no is a refusal, whatever else it says or lacks', async t => {
  const { server, service } = await open(t)
  for (const flag of ['valid', 'is_valid', 'is_active', 'active']) {
    for (const answer of [goodAnswer({ [flag]: false }), { [flag]: false }]) {
      server.behave(answering(200, answer))
      t.strictSame(await service.verify('K1', here), { valid: false, reason: 'revoked' }, JSON.stringify(answer))
    }
    server.behave(answering(200, goodAnswer({ [flag]: true })))
    t.match(await service.verify('K1', here), { valid: true })
  }
})

t.test('an expires_at is read in each form in which services give one', async t => {
  const { server } = await open(t)
  const clock = { at: Date.parse('2027-06-30T12:00:00Z') }
  const service = openService(configFor(server), server.url, () => clock.at)
  t.teardown(() => service.close())
  const seconds = clock.at / 1000
  for (const given of [seconds + 1, String(seconds + 1), clock.at + 1000, '2027-06-30T12:00:01Z', '2027-06-30T12:00:01.000000+00:00', '2027-06-30T12:00:01', '2027-06-30 12:00:01', '2027-06-30 12:00:01+00', '2027-06-30T14:00:01+0200', '2027-06-30t14:00:01.000 +02:00']) {
    server.behave(answering(200, goodAnswer({ expires_at: given })))
    t.match(await service.verify('K1', here), { valid: true, caller: { expiresAt: clock.at + 1000 } }, String(given))
  }
  for (const given of [seconds, 0, -1, String(seconds - 1), clock.at, '2027-06-30T12:00:00Z', '2027-06-30T11:59:59.999999', '2027-06-30', '2027-06-30T13:59+02:00']) {
    server.behave(answering(200, goodAnswer({ expires_at: given })))
    t.strictSame(await service.verify('K1', here), { valid: false, reason: 'expired' }, String(given))
  }
  for (const given of [undefined, null, '']) {
    server.behave(answering(200, goodAnswer({ expires_at: given })))
    t.equal(callerOf(await service.verify('K1', here)).expiresAt, undefined, String(given))
  }
  for (const given of ['soon', '2027-13-01', '30.06.2027', true, {}, 'Infinity', '2027-06-30T12:00:01+99:99']) {
    server.behave(answering(200, goodAnswer({ expires_at: given })))
    await t.rejects(async () => await service.verify('K1', here), { name: 'StoreUnavailableError', message: 'The auth service sent a response with an invalid expires_at.' }, JSON.stringify(given))
  }
})

t.test('a key that was seen valid ends with the answer that says so, and with its expiry without one', async t => {
  const { server } = await open(t)
  for (const no of [unauthorized, answering(403, {}), answering(404, {}), answering(200, { active: false }), answering(200, { expires_at: 1 })]) {
    const clock = { at: Date.now() }
    const verifier = openRemote(configFor(server), server.url, () => clock.at)
    t.teardown(() => verifier.close())
    server.behave(answering(200, goodAnswer()))
    t.match(await verifier.verify('K1', here), { valid: true })
    clock.at += 60_000
    server.behave(no)
    t.match(await verifier.verify('K1', here), { valid: false })
    server.behave(failures.internalError)
    await t.rejects(async () => await verifier.verify('K1', here), { name: 'StoreUnavailableError' }, 'an outage does not bring it back')
  }
  const clock = { at: Date.now() }
  const verifier = openRemote(configFor(server), server.url, () => clock.at)
  t.teardown(() => verifier.close())
  server.behave(answering(200, goodAnswer({ expires_at: new Date(clock.at + 5000).toISOString() })))
  t.match(await verifier.verify('K1', here), { valid: true })
  const asked = server.validations.length
  clock.at += 5000
  t.match(await verifier.verify('K1', here), { valid: false, reason: 'expired' })
  t.equal(server.validations.length, asked, 'nobody needs to be asked')
})

t.test('a 400 is an outage that names what may be wrong', async t => {
  const { server, service } = await open(t)
  server.behave(failures.badRequest)
  await t.rejects(async () => await service.verify('K1', here), { name: 'StoreUnavailableError', message: 'The auth service rejects the facade\'s request (400): is AUTH_SERVICE_ID right?' })
})

t.test('its 429 stays one, with a wait that clients survive', async t => {
  const { server, service } = await open(t)
  const waits: Array<[string | undefined, number]> = [['7', 7], ['0', 1], ['3600', 60], [undefined, 1], ['soon', 1], ['-5', 1], [new Date(Date.now() + 3_600_000).toUTCString(), 60], ['Thu, 01 Jan 1970 00:00:00 GMT', 1]]
  for (const [given, seconds] of waits) {
    server.behave(answering(429, {}, given === undefined ? {} : { 'retry-after': given }))
    const error = await Promise.resolve(service.verify('K1', here)).then(() => undefined, (error: unknown) => error)
    t.ok(error instanceof StoreBusyError)
    t.match(error, { retryAfterSeconds: seconds }, String(given))
  }
})

t.test('whatever else it does is an outage, never a verdict', async t => {
  const { server, service } = await open(t)
  for (const [name, behaviour] of Object.entries(failures)) {
    server.behave(behaviour)
    await t.rejects(async () => await service.verify('K1', here), { name: 'StoreUnavailableError', message: /^The auth service (?!.*(127\.0\.0\.1|localhost|K1))/ }, name)
  }
})

t.test('a redirect is not followed, for it would carry the key elsewhere', async t => {
  const { server, service } = await open(t)
  const elsewhere = await serve(t)
  for (const status of [301, 302, 307, 308]) {
    server.behave(answering(status, {}, { location: new URL('api/v1/keys/validate', elsewhere.url).href }))
    await t.rejects(async () => await service.verify('K1', here), { name: 'StoreUnavailableError' }, String(status))
  }
  t.strictSame([...elsewhere.validations, ...elsewhere.others], [])
})

t.test('no whole answer within five seconds is an outage', async t => {
  await Promise.all(Object.entries(hangs).map(async ([name, behaviour]) => {
    const { server, service } = await open(t)
    server.behave(behaviour)
    const begin = performance.now()
    await t.rejects(async () => await service.verify('K1', here), { name: 'StoreUnavailableError', message: 'The auth service did not answer within 5 s.' }, name)
    t.match(Math.round((performance.now() - begin) / 1000), 5, name)
  }))
})

t.test('a job that runs finishes in an outage, and strangers hear that it is one', async t => {
  const { server } = await open(t)
  const clock = { at: Date.now() }
  const verifier = openRemote(configFor(server), server.url, () => clock.at)
  t.teardown(() => verifier.close())
  server.behave(answering(200, goodAnswer()))
  await verifier.verify('K1', here)
  clock.at += 60_000
  for (const [name, behaviour] of Object.entries(failures)) {
    server.behave(behaviour)
    t.match(await verifier.verify('K1', here), { valid: true }, name)
    await t.rejects(async () => await verifier.verify(`new-${name}`, here), { name: 'StoreUnavailableError' }, name)
    clock.at += 1000
  }
})

t.test('fifty calls at once with one new key make one validation', async t => {
  const { server } = await open(t)
  const verifier = openRemote(configFor(server), server.url)
  t.teardown(() => verifier.close())
  server.behave(answering(200, goodAnswer()))
  await Promise.all(Array.from({ length: 50 }, () => verifier.verify('K1', here)))
  t.equal(server.validations.length, 1)
})

t.test('asking whether it is there validates nothing, and is shared by all who ask at once', async t => {
  const { server, service } = await open(t)
  await Promise.all(Array.from({ length: 20 }, () => service.check()))
  t.strictSame(server.others, ['GET /base/health'])
  t.strictSame(server.validations, [])
})

t.test('a service that fails is not there', async t => {
  for (const behaviour of [failures.internalError, failures.reset]) {
    const { server, service } = await open(t)
    server.behave(behaviour)
    await t.rejects(service.check(), { name: 'StoreUnavailableError' })
  }
})

async function serve (t: Test): Promise<AuthServer> {
  const server = await startAuthServer()
  t.teardown(() => server.close())
  return server
}

/** A service and the verifier that asks it each time. */
async function open (t: Test, more: Partial<KeysConfig> = {}): Promise<{ readonly server: AuthServer, readonly service: KeyVerifier }> {
  const server = await serve(t)
  const service = openService({ ...configFor(server), ...more }, server.url)
  t.teardown(() => service.close())
  return { server, service }
}

function configFor (server: AuthServer): KeysConfig {
  return { store: { kind: 'service', url: server.url }, cacheMs: 60_000, staleMs: 600_000, serviceId: 'platform', emptyScopes: 'none' }
}
