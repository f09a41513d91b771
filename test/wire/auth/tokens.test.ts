/** Tokens of an identity provider in place of a key: which ones count, what they allow, and what becomes of them while the provider fails. */
import { createSecretKey } from 'node:crypto'
import { generateKeyPair, UnsecuredJWT, type JWTHeaderParameters } from 'jose'
import t, { type Test } from 'tap'
import { rolesIn, type Role } from '../../../src/core/settings/oidc.js'
import type { KeyVerifier } from '../../../src/keys/contract.js'
import { cooldownMs, freshMs } from '../../../src/keys/tokens/issuer-keys.js'
import { acceptTokens } from '../../../src/keys/tokens/tokens.js'
import { facade, keys, type Facade } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { failures, hangs } from '../../helpers/auth-server.js'
import { audience, startIssuer, type Issuer, type TokenClaims } from '../../helpers/issuer.js'
import { openFile, reading } from '../../helpers/sqlite-store.js'
import { echo } from '../../helpers/upstream.js'

const get = '/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const staleMs = 600_000

const table = JSON.stringify([
  { claim: 'groups', value: 'ml-team', scopes: ['mlflow:read', 'mlflow:write'] },
  { claim: 'groups', value: 'readers', scopes: ['mlflow:read'], workspaces: ['team-a'], rate: '60/hour' },
  { claim: 'groups', value: 'callers', scopes: ['mlflow:gateway'], workspaces: ['team-b'], rate: '90/hour' },
  { claims: { repository: 'acme/models', ref: 'refs/heads/main' }, scopes: ['mlflow:write'] },
  { claim: 'groups', value: 'team-a', scopes: ['mlflow:write'], permissions: ['write:experiments/team-a/*', 'read:models/*'] },
  { claim: 'groups', value: 'team-b', scopes: ['mlflow:write'], permissions: ['write:experiments/team-b/*', 'read:models/*'] },
  { claim: 'realm_access.roles', value: 'admins', scopes: ['mlflow:admin'] }
])

interface Trial {
  readonly up: Facade
  readonly issuer: Issuer
  readonly clock: { at: number }
  /** Calls with a token; default: reads. */
  readonly call: (token: string, method?: string, target?: string) => Promise<Answer>
}

async function trial (t: Test): Promise<Trial> {
  const issuer = await startIssuer(t)
  const clock = { at: Date.now() }
  const known: KeyVerifier = {
    verify: key => {
      if (key !== keys.write) return { valid: false, reason: 'unknown' }
      return { valid: true, caller: { keyId: 'key_1', userId: 'ada', name: 'n', hint: 'hk_test_…', environment: 'test', scopes: new Set(['mlflow:write']), workspaces: [], ratePerHour: undefined, expiresAt: undefined } }
    },
    check: async () => {},
    close: async () => {}
  }
  const config = { issuer: issuer.url, audience, userClaim: 'email', client: undefined, roles: rolesIn(table) as readonly Role[] }
  const up = await facade(t, echo, { verifier: acceptTokens(known, config, { staleMs, now: () => clock.at }) })
  const call = async (token: string, method = 'GET', target = get): Promise<Answer> => {
    return await up.call(method, target, { key: null, headers: { Authorization: `Bearer ${token}` }, ...method === 'POST' ? { body: '{}' } : {} })
  }
  return { up, issuer, clock, call }
}

t.test('a token does what its role allows, and reaches neither MLflow nor the log', async t => {
  const { up, issuer, call } = await trial(t)
  const token = await issuer.token({ email: 'bot@acme.example', email_verified: true })
  const answer = await call(token, 'POST', create)
  t.equal(answer.status, 200)
  const sent = up.mlflow.calls.at(-1)
  t.strictSame(sent?.all('x-hokusai-user-id'), ['bot@acme.example'])
  t.match(sent?.all('x-hokusai-api-key-id')[0], /^oidc:[\da-f]{16}$/)
  t.strictSame(sent?.all('authorization'), [])
  t.match(await up.line(answer.header('x-request-id')), { status: 200, key: 'oidc…', key_id: sent?.all('x-hokusai-api-key-id')[0], user: 'bot@acme.example' })
  const [, claims = '', signature = ''] = token.split('.')
  const everything = JSON.stringify([up.lines, up.mlflow.calls]) + await up.metrics.registry.metrics()
  t.notMatch(everything, new RegExp(`${claims}|${signature}`))
  t.match((await call(await issuer.token({ groups: ['readers'] }), 'POST', create)).json(), { message: /mlflow:write, which no role of the token's account gives/ })
  t.match((await call(token, 'GET', '/whoami')).json(), { owner: 'bot@acme.example', scopes: ['mlflow:read', 'mlflow:write'] })
})

t.test('it may stand wherever a key may', async t => {
  const { up, issuer } = await trial(t)
  const token = await issuer.token()
  const basic = Buffer.from(`x:${token}`).toString('base64')
  for (const headers of [{ Authorization: `ApiKey ${token}` }, { Authorization: `Basic ${basic}` }, { 'X-API-Key': token }, { Authorization: `bearer ${token}` }]) {
    t.equal((await up.call('GET', get, { key: null, headers })).status, 200, JSON.stringify(headers).slice(0, 26))
  }
  t.equal((await up.call('GET', get, { headers: { 'X-API-Key': token } })).status, 200, 'beside a key it is not looked at')
  t.equal((await up.call('GET', get, { key: null, headers: { Authorization: `Bearer ${token}`, 'X-API-Key': await issuer.token({ sub: 'other' }) } })).status, 400, 'two of them')
})

t.test('its user is the claim that is asked for, and an address only if it was verified; else its subject', async t => {
  const { up, issuer, call } = await trial(t)
  const users = [
    [{}, 'service-1'],
    [{ email: 'ada@acme.example' }, 'service-1'],
    [{ email: 'ada@acme.example', email_verified: 'true' }, 'service-1'],
    [{ email: 'ada@acme.example', email_verified: true }, 'ada@acme.example'],
    [{ email: 'ada\r\nX-Evil: 1', email_verified: true }, 'service-1'],
    [{ sub: 'Zoë' }, /^oidc:[\da-f]{16}$/]
  ] as const
  for (const [claims, user] of users) {
    t.equal((await call(await issuer.token(claims))).status, 200)
    t.match(up.mlflow.calls.at(-1)?.all('x-hokusai-user-id')[0], user)
  }
})

t.test('several roles add up, and none is a 403 that says so', async t => {
  const { issuer, call } = await trial(t)
  const may = async (claims: TokenClaims): Promise<unknown> => {
    const answer = await call(await issuer.token({ groups: [], ...claims }), 'GET', '/whoami')
    return answer.status === 200 ? answer.json() : answer.status
  }
  t.match(await may({ groups: ['readers'] }), { scopes: ['mlflow:read'], workspaces: ['team-a'], rate_limit_per_hour: 60 })
  t.match(await may({ groups: 'readers' }), { scopes: ['mlflow:read'] }, 'a claim that is no list')
  t.match(await may({ groups: ['callers', 'readers', 'others'] }), { scopes: ['mlflow:read', 'mlflow:gateway'], workspaces: ['team-a', 'team-b'], rate_limit_per_hour: 90 })
  t.match(await may({ groups: ['readers', 'ml-team'] }), { scopes: ['mlflow:read', 'mlflow:write'], workspaces: [], rate_limit_per_hour: null })
  t.match(await may({ repository: 'acme/models', ref: 'refs/heads/main' }), { scopes: ['mlflow:write'] })
  t.match(await may({ realm_access: { roles: ['admins'] } }), { scopes: ['mlflow:admin'] })
  t.equal(await may({ repository: 'acme/models', ref: 'refs/heads/topic' }), 403, 'one of two claims is no role')
  t.equal(await may({ groups: ['Ml-Team', 'ml-team '] }), 403)
  t.equal(await may({ groups: [['ml-team']] }), 403)
  const refused = await call(await issuer.token({ groups: [] }))
  t.match(refused.json(), { error_code: 'PERMISSION_DENIED', message: /none of its claims stands for a role/ })
})

t.test('roles bind by permissions; beside them a role without any stands for what its scopes allow', async t => {
  const { issuer, call } = await trial(t)
  const permissions = async (claims: TokenClaims): Promise<unknown> => (await call(await issuer.token(claims), 'GET', '/whoami')).json()['permissions']
  const [a, b] = [['write:experiments/team-a/*', 'read:models/*'], ['write:experiments/team-b/*', 'read:models/*']]
  t.strictSame(await permissions({ groups: ['team-a'] }), a)
  t.strictSame(await permissions({ groups: ['team-b', 'team-a'] }), [...a, b[0]])
  t.strictSame(await permissions({ groups: ['readers', 'team-a'] }), ['read:*', ...a])
  t.strictSame(await permissions({ groups: ['ml-team', 'team-a'] }), ['write:*', ...a])
  t.strictSame(await permissions({ groups: ['callers', 'team-a'] }), a, 'the gateway has no experiments and models')
  t.strictSame(await permissions({ groups: ['team-a'], realm_access: { roles: ['admins'] } }), [], 'an administrator may do everything')
  t.strictSame(await permissions({ groups: ['ml-team', 'readers'] }), [])
})

t.test('what is no good token is 401, and nothing of it is done', async t => {
  const { up, issuer, call } = await trial(t)
  const now = Math.floor(Date.now() / 1000)
  const others = await generateKeyPair('ES256')
  const pem = createSecretKey(Buffer.from(await issuer.publicPem()))
  const claims = { iss: issuer.url, aud: audience, sub: 's', exp: now + 300, groups: ['ml-team'] }
  const refused: ReadonlyArray<readonly [name: string, token: string, refusal: string]> = [
    ['expired', await issuer.token({ exp: now - 1 }), 'expired'],
    ['not valid yet', await issuer.token({ nbf: now + 120 }), 'token'],
    ['another audience', await issuer.token({ aud: 'https://other.test' }), 'token'],
    ['no audience', await issuer.token({ aud: undefined }), 'token'],
    ['another issuer', await issuer.token({ iss: 'https://evil.example' }), 'token'],
    ['an issuer that looks like ours', await issuer.token({ iss: `${issuer.url}/` }), 'token'],
    ['no expiry', await issuer.token({ exp: undefined }), 'token'],
    ['no subject', await issuer.token({ sub: undefined }), 'token'],
    ['another key', await issuer.token({}, {}, others.privateKey), 'token'],
    ['an unknown key', await issuer.token({}, { kid: 'made-up' }), 'token'],
    ['no signature', new UnsecuredJWT(claims).encode(), 'token'],
    ['the public key as secret', await issuer.token({}, { alg: 'HS256' }, pem), 'token'],
    ['a token for a sign-out', await issuer.token({}, { typ: 'logout+jwt' }), 'token'],
    ['a token that is bound to a key', await issuer.token({ cnf: { jkt: 'x' } }), 'token'],
    ['a critical header that is not known', (await issuer.token()).replace(/^[^.]+/, Buffer.from('{"alg":"ES256","kid":"first","crit":["b64x"],"b64x":1}').toString('base64url')), 'token'],
    ['no JSON', 'eyJhbGciOiJFUzI1NiJ9.bm8.c2ln', 'token'],
    ['a signature cut short', (await issuer.token()).slice(0, -4), 'token'],
    ['too long', await issuer.token({ pad: 'x'.repeat(20_000) }), 'malformed']
  ]
  for (const [name, token, refusal] of refused) {
    const answer = await call(token, 'POST', create)
    t.equal(answer.status, 401, name)
    t.match(answer.json().message, /JWT/, name)
    t.equal((await up.line(answer.header('x-request-id'))).refusal, refusal, name)
  }
  t.equal(up.mlflow.calls.filter(({ method }) => method === 'POST').length, 0)
  for (const header of [{ typ: 'at+jwt' }, { typ: 'application/at+jwt' }, { typ: 'JWT' }] as Array<Partial<JWTHeaderParameters>>) t.equal((await call(await issuer.token({ nbf: now + 10 }, header))).status, 200)
})

t.test('a good token counts until it expires, and not longer', async t => {
  const { issuer, clock, call } = await trial(t)
  const token = await issuer.token({ exp: Math.floor(clock.at / 1000) + 60 })
  t.equal((await call(token)).status, 200)
  clock.at += 59_000
  t.equal((await call(token)).status, 200)
  clock.at += 1000
  t.equal((await call(token)).status, 401)
})

t.test('a flood of unknown keys makes one question, and a new key is found after it', async t => {
  const { issuer, clock, call } = await trial(t)
  t.equal((await call(await issuer.token())).status, 200)
  t.equal(issuer.asked.length, 2, 'the document and the keys')
  const flood = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 15 }, async (_, index) => await call(await issuer.token({}, { kid: `made-up-${index}` }))))
  }
  await flood()
  t.equal(issuer.asked.length, 2)
  clock.at += cooldownMs
  await flood()
  t.equal(issuer.asked.length, 4)
  await issuer.rotate('second')
  clock.at += cooldownMs
  t.equal((await call(await issuer.token())).status, 200)
  t.equal(issuer.asked.length, 6)
})

t.test('while the issuer fails: known keys go on, what cannot be judged is 503 and never 401, keys work', async t => {
  const { up, issuer, clock, call } = await trial(t)
  const [before, later, last] = [await issuer.token({ exp: 4e9 }), await issuer.token({ sub: 'later', exp: 4e9 }), await issuer.token({ sub: 'last', exp: 4e9 })]
  t.equal((await call(before)).status, 200)
  const { rotate, token } = issuer
  await rotate('second')
  const unknown = await token({ exp: 4e9 })
  const { internalError, html, garbage, reset, cut, list } = failures
  const ways = { internalError, html, garbage, reset, cut, list, dripping: hangs.dripping }
  for (const [name, behaviour] of Object.entries(ways)) {
    issuer.behave((res, req) => behaviour(res, '', req))
    clock.at += cooldownMs
    const answer = await call(unknown)
    t.equal(answer.status, 503, name)
    t.ok(Number(answer.header('retry-after')) > 0)
    t.equal((await call(before)).status, 200, name)
    t.equal((await up.call('GET', get)).status, 200, `a key: ${name}`)
  }
  t.equal((await call(await token({ exp: 1 }))).status, 401, 'one that has expired can be judged')
  t.equal((await call(await token({ iss: 'https://evil.example' }))).status, 401, 'so can one of somebody else')
  clock.at += freshMs
  t.equal((await call(later)).status, 200, 'signed with a key that is known')
  clock.at += staleMs
  t.equal((await call(last)).status, 503, 'which counts no longer at some time')
  issuer.behave(undefined)
  clock.at += cooldownMs
  t.equal((await call(unknown)).status, 200, 'and all is well again')
})

t.test('keys that the issuer does not own, or that are none, are not believed', async t => {
  const { issuer, clock, call } = await trial(t)
  const token = await issuer.token({ exp: 4e9 })
  for (const document of [{ issuer: 'https://evil.example' }, { issuer: `${issuer.url}/` }, { jwks_uri: 'file:///etc/passwd' }, { jwks_uri: 7 }, { jwks_uri: `${issuer.url}/.well-known/openid-configuration` }]) {
    issuer.document = document
    t.equal((await call(token)).status, 503, JSON.stringify(document))
    clock.at += cooldownMs
  }
  issuer.document = {}
  t.equal((await call(token)).status, 200)
})

t.test('a token begins no session', async t => {
  const { up, issuer } = await trial(t)
  const body = new URLSearchParams({ key: await issuer.token({ groups: ['ml-team'] }) }).toString()
  const answer = await up.call('POST', '/login', { key: null, body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' } })
  t.equal(answer.status, 401)
  t.strictSame(answer.all('set-cookie'), [])
})

t.test('keys of a store are managed beside tokens, also with one whose role administers', async t => {
  const issuer = await startIssuer(t)
  const { store } = openFile(t, { now: Date.now })
  const { key } = await store.create({ ...reading, scopes: new Set(['mlflow:admin'] as const) })
  const config = { issuer: issuer.url, audience, userClaim: 'email', client: undefined, roles: rolesIn(table) as readonly Role[] }
  const up = await facade(t, echo, { verifier: acceptTokens(store, config, { staleMs }) })
  const token = await issuer.token({ groups: [], realm_access: { roles: ['admins'] } })
  for (const each of [key, token]) {
    const answer = await up.call('GET', '/admin/keys', { key: null, headers: { Authorization: `Bearer ${each}` } })
    t.equal(answer.status, 200)
    t.equal((answer.json() as { keys: unknown[] }).keys.length, 1)
  }
  const rotated = await up.call('POST', '/whoami/rotate', { key: null, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: '{}' })
  t.equal(rotated.status, 404, 'a token is the provider\'s to renew')
})
