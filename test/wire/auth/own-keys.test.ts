/** `/keys`: what people who signed in at the identity provider may make for themselves, and who may not. */
import t, { type Test } from 'tap'
import type { Answer } from '../../helpers/client.js'
import { facade, type Facade } from '../../helpers/app.js'
import { startIssuer, type TokenClaims } from '../../helpers/issuer.js'
import { openFile, reading } from '../../helpers/sqlite-store.js'
import { echo } from '../../helpers/upstream.js'
import type { KeyStore } from '../../../src/keys/contract.js'

const own = `${process.env.FACADE_TLS === '1' ? 'https' : 'http'}://facade.test`
const html = 'text/html,application/xhtml+xml,*/*;q=0.8'
/** What a browser says of a form that a person sends. */
const byForm = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', Origin: own, Accept: html, 'Content-Type': 'application/x-www-form-urlencoded' }
const dayMs = 86_400_000

interface Trial {
  readonly up: Facade
  readonly store: KeyStore
  /** Signs somebody in. @returns the cookie */
  readonly signIn: (claims: TokenClaims) => Promise<string>
  readonly get: (cookie: string) => Promise<Answer>
  readonly post: (cookie: string, path: string, form?: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>) => Promise<Answer>
}

/** @param isManaged whether the keys are in a store of the facade's own, and not at an auth service */
async function trial (t: Test, env: Readonly<Record<string, string>> = {}, isManaged: boolean = true): Promise<Trial> {
  const issuer = await startIssuer(t)
  const { store } = openFile(t, { now: Date.now })
  const roles = JSON.stringify([
    { claim: 'groups', value: 'ml-team', scopes: ['mlflow:write'], workspaces: ['team-a', 'team-b'], rate: '3600/hour' },
    { claim: 'groups', value: 'readers', scopes: ['mlflow:read'] },
    { claim: 'groups', value: 'bound', scopes: ['mlflow:write'], permissions: ['read:*', 'write:experiments/team-a/*'] },
    { claim: 'groups', value: 'admins', scopes: ['mlflow:admin'] }
  ])
  const up = await facade(t, echo, { ...isManaged ? { verifier: store } : {}, env: { OIDC_ISSUER: issuer.url, OIDC_CLIENT_ID: 'facade', OIDC_CLIENT_SECRET: 'a secret of the facade', OIDC_ROLES: roles, ...env } })
  const signIn: Trial['signIn'] = async claims => {
    const begun = await up.call('GET', '/login/oidc', { key: null })
    const asked = new URL(begun.header('location') ?? '').searchParams
    const token = await issuer.token({ aud: 'facade', nonce: asked.get('nonce'), email_verified: true, ...claims })
    issuer.grant = async () => ({ access_token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: 300, id_token: token })
    const query = new URLSearchParams({ code: 'c', state: asked.get('state') ?? '', iss: issuer.url }).toString()
    const back = await up.call('GET', `/login/callback?${query}`, { key: null, headers: { Cookie: begun.header('set-cookie')?.split(';')[0] ?? '' } })
    return back.all('set-cookie').find(cookie => cookie.startsWith('hokusai_session='))?.split(';')[0] ?? ''
  }
  return {
    up,
    store,
    signIn,
    get: async cookie => await up.call('GET', '/keys', { key: null, headers: { Cookie: cookie, Accept: html, 'Sec-Fetch-Mode': 'navigate' } }),
    post: async (cookie, path, form = {}, headers = byForm) =>
      await up.call('POST', path, { key: null, headers: { Cookie: cookie, ...headers }, body: new URLSearchParams(form).toString() })
  }
}

const ada = { sub: 'ada', email: 'ada@acme.example', groups: ['ml-team'] }
const keyIn = (answer: Answer): string => /hk_live_\w{30,}/.exec(answer.text())?.[0] ?? ''

t.test('a person makes a key with what they have, uses it, sees it in the list, and revokes it', async t => {
  const { up, store, signIn, get, post } = await trial(t)
  const cookie = await signIn(ada)
  const made = await post(cookie, '/keys', { name: '<b>nightly</b>', 'mlflow:read': 'on' })
  t.equal(made.status, 201)
  t.equal(made.header('cache-control'), 'no-store')
  t.match(made.header('content-security-policy'), /; sandbox allow-scripts$/, 'no script of another page of ours reads it')
  const key = keyIn(made)
  const { records: [record] } = await store.page({ owner: 'ada@acme.example', limit: 10 })
  t.match(record, { name: '<b>nightly</b>', workspaces: ['team-a', 'team-b'], ratePerHour: 3600, environment: 'live' })
  t.strictSame([...record?.scopes ?? []], ['mlflow:read'])
  t.ok(Math.abs((record?.expiresAt ?? 0) - Date.now() - 90 * dayMs) < 60_000, 'the longest, if none is asked for')
  t.equal((await up.call('GET', '/whoami', { key: null, headers: { Authorization: `Bearer ${key}` } })).status, 200)
  const list = (await get(cookie)).text()
  t.match(list, '&#60;b&#62;nightly&#60;/b&#62;')
  t.notMatch(list, key)
  t.equal((await post(cookie, `/keys/${record?.keyId ?? ''}/revoke`)).status, 303)
  t.equal((await up.call('GET', '/whoami', { key: null, headers: { Authorization: `Bearer ${key}` } })).status, 401)
  t.match((await get(cookie)).text(), 'You have none.')
  t.match(up.events.filter(({ operation }) => operation.endsWith('own_key')), [
    { operation: 'create_own_key', outcome: 'allowed', user: 'ada@acme.example', session: true, resource: { id: record?.keyId, name: '<b>nightly</b>' } },
    { operation: 'revoke_own_key', outcome: 'allowed', resource: { id: record?.keyId } }
  ])
  t.notMatch(JSON.stringify([up.events, up.lines]), key)
})

t.test('no key can do more than the person, live longer than the settings say, or be one too many', async t => {
  const { store, signIn, post } = await trial(t, { OIDC_KEYS_MAX_LIFETIME: '30d', KEYS_MAX_LIFETIME: '20d' })
  const cookie = await signIn(ada)
  for (const [form, status, said] of [
    [{ 'mlflow:gateway': 'on' }, 403, 'You do not have mlflow:gateway yourself'],
    [{ 'mlflow:admin': 'on' }, 403, 'You do not have mlflow:admin yourself'],
    [{ workspaces: 'team-a, team-c' }, 403, 'workspaces of yours alone'],
    [{ expires_in: '21d' }, 400, 'at the latest'],
    [{ expires_in: 'never' }, 400, 'expires_in'],
    [{ name: ' ' }, 400, 'A name must have'],
    [{ owner: 'root' }, 400, 'owner']
  ] as const) {
    const refused = await post(cookie, '/keys', { name: 'x', 'mlflow:read': 'on', ...form })
    t.equal(refused.status, status, JSON.stringify(form))
    t.match(refused.text(), said)
    t.equal(keyIn(refused), '')
  }
  t.strictSame((await store.page({ limit: 10 })).records, [])
  const administrator = await signIn({ sub: 'root', email: 'root@acme.example', groups: ['admins'] })
  t.equal((await post(administrator, '/keys', { name: 'x', 'mlflow:admin': 'on' })).status, 403, 'not even an administrator')
  t.equal((await post(administrator, '/keys', { name: 'x', 'mlflow:read': 'on', 'mlflow:gateway': 'on', workspaces: 'team-z', expires_in: '1d' })).status, 201)
  const { records: [record] } = await store.page({ owner: 'root@acme.example', limit: 10 })
  t.match(record, { workspaces: ['team-z'], ratePerHour: undefined })
  t.ok((record?.expiresAt ?? Infinity) < Date.now() + 1.01 * dayMs)
  for (let made = 0; made < 100; made++) await store.create({ ...reading, userId: 'ada@acme.example' })
  t.match((await post(cookie, '/keys', { name: 'x' })).text(), 'You have 100 keys')
})

t.test('a key of a person who is bound by permissions is bound by the same', async t => {
  const { up, store, signIn, get, post } = await trial(t)
  const cookie = await signIn({ ...ada, groups: ['bound'] })
  t.match((await get(cookie)).text(), 'bound to <code>read:*</code>, <code>write:experiments/team-a/*</code>')
  const made = await post(cookie, '/keys', { name: 'nightly', 'mlflow:read': 'on', 'mlflow:write': 'on' })
  t.equal(made.status, 201)
  const { records: [record] } = await store.page({ limit: 10 })
  t.strictSame(record?.permissions?.texts, ['read:*', 'write:experiments/team-a/*'])
  const create = async (name: string): Promise<Answer> => await up.call('POST', '/mlflow/api/2.0/mlflow/experiments/create', {
    key: null,
    headers: { Authorization: `Bearer ${keyIn(made)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name })
  })
  t.equal((await create('team-a/churn')).status, 200)
  t.match((await create('team-b/churn')).json(), { error_code: 'PERMISSION_DENIED', message: /bound to read:\*, write:experiments\/team-a/ })
  t.equal((await post(cookie, '/keys', { name: 'x', permissions: 'write:*' })).status, 400, 'nobody chooses them')
  t.equal((await store.page({ limit: 10 })).records.length, 1)
})

t.test('a key of somebody else, or one that administers, is neither shown nor revoked', async t => {
  const { store, signIn, get, post } = await trial(t)
  const cookie = await signIn(ada)
  const others = await store.create({ ...reading, name: 'of bob', userId: 'bob' })
  const administrators = await store.create({ ...reading, name: 'of root', userId: 'ada@acme.example', scopes: new Set(['mlflow:admin']) })
  t.notMatch((await get(cookie)).text(), /of bob|of root/)
  for (const { record: { keyId } } of [others, administrators]) {
    t.equal((await post(cookie, `/keys/${keyId}/revoke`)).status, 404)
    t.equal((await store.show(keyId))?.revokedAt, undefined)
  }
  t.equal((await post(cookie, '/keys/none/revoke')).status, 404)
})

t.test('a script, a page of another origin and a frame make no key', async t => {
  const { store, signIn, post } = await trial(t)
  const cookie = await signIn(ada)
  for (const headers of [
    { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
    { 'Sec-Fetch-Dest': 'iframe' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
    { 'Sec-Fetch-Site': 'same-site', Origin: 'null' }
  ]) t.equal((await post(cookie, '/keys', { name: 'x' }, { ...byForm, ...headers })).status, 403, JSON.stringify(headers))
  const { Origin, 'Content-Type': type } = byForm
  t.equal((await post(cookie, '/keys', { name: 'x' }, { Origin, 'Content-Type': type })).status, 403, 'nor whoever does not say')
  t.strictSame((await store.page({ limit: 10 })).records, [])
})

t.test('who has not signed in there has no keys of their own', async t => {
  const { up, store, get, post } = await trial(t)
  const visitor = await up.call('GET', '/keys', { key: null, headers: { Accept: html, 'Sec-Fetch-Mode': 'navigate' } })
  t.strictSame([visitor.status, visitor.header('location')], [303, '/login?next=%2Fkeys'])
  t.equal((await up.call('GET', '/keys', { key: null })).status, 401)
  const { key } = await store.create({ ...reading, userId: 'bob' })
  const entered = await up.call('POST', '/login', { key: null, body: new URLSearchParams({ key }).toString(), headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: own } })
  const cookie = entered.header('set-cookie')?.split(';')[0] ?? ''
  const page = await get(cookie)
  t.equal(page.status, 403)
  t.match(page.text(), 'for people who signed in with their company&#39;s account')
  t.equal((await post(cookie, '/keys', { name: 'x' })).status, 403)
  const program = await up.call('GET', '/keys', { key: null, headers: { Authorization: `Bearer ${key}` } })
  t.match([program.status, program.json()], [403, { error_code: 'PERMISSION_DENIED' }])
})

t.test('where an auth service manages the keys, the page says so', async t => {
  const { signIn, get, post } = await trial(t, {}, false)
  const cookie = await signIn(ada)
  for (const answer of [await get(cookie), await post(cookie, '/keys', { name: 'x' })]) {
    t.equal(answer.status, 501)
    t.match(answer.text(), 'The auth service manages the keys')
  }
})

t.test('switched off, or without an identity provider, there is no such page', async t => {
  const { signIn, get } = await trial(t, { OIDC_KEYS_MAX_LIFETIME: 'off' })
  t.equal((await get(await signIn(ada))).status, 404)
  const plain = await facade(t, echo)
  t.equal((await plain.call('GET', '/keys')).status, 404)
})
