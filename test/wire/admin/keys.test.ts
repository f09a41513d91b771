/** Keys managed over HTTP. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { facade } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { openManaged } from '../../helpers/managed.js'
import { silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const day = 86_400_000

interface KeyBody extends Record<string, unknown> {
  readonly id: string
  readonly key: string
  readonly state: string
}

function made (answer: Answer): KeyBody {
  if (answer.status !== 201) throw new Error(`201 was expected: ${answer.status} ${answer.text()}`)
  return answer.json() as KeyBody
}

t.test('a key is made, told of once, and nowhere told again', async t => {
  const { call, up } = await openManaged(t, { KEYS_DEFAULT_RATE: '600/hour' })
  const answer = await call('POST', '/admin/keys', { name: 'nightly' })
  const { key, ...rest } = made(answer)
  t.match(key, /^hk_live_[0-9A-Za-z]{42}$/)
  t.strictSame(rest, {
    id: rest.id,
    name: 'nightly',
    owner: 'nightly',
    user_id: 'nightly',
    hint: `${key.slice(0, 12)}…`,
    environment: 'live',
    state: 'live',
    scopes: ['mlflow:read', 'mlflow:write'],
    workspaces: [],
    permissions: [],
    rate_per_hour: 600,
    created_at: rest['created_at'],
    expires_at: null,
    last_used_at: null,
    revoked_at: null,
    revoke_reason: null,
    disabled_at: null,
    disable_reason: null,
    replaced_by: null
  })
  t.equal(answer.header('location'), `/admin/keys/${rest.id}`)
  t.equal(answer.header('cache-control'), 'no-store')
  t.equal((await call('GET', search, undefined, key)).status, 200)
  const [one, all] = [await call('GET', `/admin/keys/${rest.id}`), await call('GET', '/admin/keys')]
  t.strictSame(one.json(), { ...rest, last_used_at: one.json()['last_used_at'] })
  t.match(all.json(), { keys: [{}, { id: rest.id }], next_page_token: null })
  const hash = createHash('sha256').update(key).digest('hex')
  t.notMatch(`${one.text()}${all.text()}${JSON.stringify(up.lines)}`, new RegExp(`${key}|${hash}`))
  t.match(await up.line(answer.header('x-request-id')), { operation: 'create_key', status: 201, key_id: /^key_/ })
})

t.test('all of a new key can be said', async t => {
  const { call } = await openManaged(t, { KEYS_DEFAULT_RATE: '600/hour' })
  const full = { name: 'Zoë', owner: 'z1', environment: 'test', scopes: ['mlflow:gateway', 'model:write'], workspaces: ['team-a'], rate: '60/hour', expires_at: '2990-01-01' }
  t.match(made(await call('POST', '/admin/keys', full)), {
    key: /^hk_test_/, name: 'Zoë', owner: 'z1', scopes: ['mlflow:gateway', 'mlflow:write'], workspaces: ['team-a'], rate_per_hour: 60, expires_at: '2990-01-01T00:00:00.000Z'
  })
  for (const [rate, per] of [[60, 60], ['none', null], [null, null]] as const) t.equal(made(await call('POST', '/admin/keys', { name: 'x', rate }))['rate_per_hour'], per)
  for (const [within, ms] of [[3600, 3_600_000], ['90d', 90 * day]] as const) {
    const at = Date.parse(String(made(await call('POST', '/admin/keys', { name: 'x', expires_in: within }))['expires_at']))
    t.ok(Math.abs(at - Date.now() - ms) < 10_000)
  }
  t.strictSame(made(await call('POST', '/admin/keys', { name: 'x', scopes: [] }))['scopes'], [])
})

t.test('a key is bound by permissions, says so, keeps them when it is rotated, and is unbound by an empty list', async t => {
  const { call } = await openManaged(t)
  const permissions = ['read:*', 'write:experiments/team-a/*', 'write:models/of two words']
  const { key, id } = made(await call('POST', '/admin/keys', { name: 'bound', permissions: [...permissions, 'read:*'] }))
  t.strictSame((await call('GET', '/whoami', undefined, key)).json()['permissions'], permissions)
  t.strictSame((await call('GET', `/admin/keys/${id}`)).json()['permissions'], permissions)
  t.match((await call('GET', '/admin/keys?name=bound')).json(), { keys: [{ id, permissions }] })
  const next = made(await call('POST', '/whoami/rotate', {}, key))
  t.strictSame(next['permissions'], permissions)
  const last = made(await call('POST', `/admin/keys/${next.id}/rotate`, {}))
  t.strictSame(last['permissions'], permissions)
  t.match((await call('PATCH', `/admin/keys/${last.id}`, { name: 'renamed' })).json(), { permissions })
  t.strictSame((await call('PATCH', `/admin/keys/${last.id}`, { permissions: ['read:models/a'] })).json()['permissions'], ['read:models/a'])
  t.strictSame((await call('PATCH', `/admin/keys/${last.id}`, { permissions: [] })).json()['permissions'], [])
  t.strictSame((await call('GET', '/whoami', undefined, last.key)).json()['permissions'], [])
  const imported = { key: 'k'.repeat(20), name: 'imported', permissions }
  t.equal((await call('POST', '/admin/keys/import', { keys: [imported] })).status, 200)
  t.match((await call('GET', '/admin/keys?name=imported')).json(), { keys: [{ permissions }] })
})

t.test('mlflow:admin and permissions exclude each other, in either order', async t => {
  const { call } = await openManaged(t)
  const permissions = ['read:*']
  const admin = ['mlflow:admin']
  const bound = made(await call('POST', '/admin/keys', { name: 'bound', permissions }))
  const free = made(await call('POST', '/admin/keys', { name: 'free', scopes: admin }))
  for (const refused of [
    await call('POST', '/admin/keys', { name: 'x', scopes: admin, permissions }),
    await call('PATCH', `/admin/keys/${bound.id}`, { scopes: admin }),
    await call('PATCH', `/admin/keys/${free.id}`, { permissions }),
    await call('PATCH', `/admin/keys/${free.id}`, { permissions, scopes: admin })
  ]) {
    const message = 'The field permissions is not valid. A key with mlflow:admin may do everything: it cannot have permissions, too.'
    t.match([refused.status, refused.json()], [400, { error_code: 'INVALID_PARAMETER_VALUE', message }])
  }
  t.match((await call('POST', '/admin/keys/import', { keys: [{ key: 'k'.repeat(20), is_admin: true, permissions }] })).json(), { message: /keys.0: A key with mlflow:admin/ })
  t.match((await call('PATCH', `/admin/keys/${bound.id}`, { scopes: admin, permissions: [] })).json(), { scopes: admin, permissions: [] })
})

t.test('a wrong body is refused with the name of the field, and nothing is made', async t => {
  const { call, store } = await openManaged(t)
  for (const [body, message] of [
    [{}, 'The field name is missing.'],
    [{ name: 7 }, 'The field name must be string.'],
    [{ name: ' ' }, 'The field name is not valid. A name must have'],
    [{ name: 'x'.repeat(201) }, 'The field name is not valid. A name must have'],
    [{ name: 'x', owner: 'Zoë' }, 'The field owner is not valid. A user must have'],
    [{ name: 'x', scopes: ['mlflow:reed'] }, 'The field scopes is not valid. "mlflow:reed" is not a scope'],
    [{ name: 'x', scopes: 'mlflow:read' }, 'The field scopes must be array.'],
    [{ name: 'x', scopes: [1] }, 'The field scopes.0 must be string.'],
    [{ name: 'x', workspaces: ['Team'] }, 'The field workspaces is not valid. "Team" is not a workspace'],
    [{ name: 'x', permissions: 'read:*' }, 'The field permissions must be array.'],
    [{ name: 'x', permissions: ['read:*', 'write'] }, 'The field permissions is not valid. "write" is not a permission: write read:* or write:*, or such as'],
    [{ name: 'x', permissions: ['hk_live_mine'] }, 'The field permissions is not valid. The value given is not a permission'],
    [{ name: 'x', permissions: [`read:models/${'x'.repeat(300)}`] }, 'The field permissions.0 must NOT have more than 300 characters.'],
    [{ name: 'x', permissions: Array.from({ length: 101 }, (_, index) => `read:models/${index}`) }, 'The field permissions must NOT have more than 100 items.'],
    [{ name: 'x', rate: 0 }, 'The field rate must be >= 1.'],
    [{ name: 'x', rate: '60/day' }, 'The field rate is not valid. "60/day" is not a rate'],
    [{ name: 'x', rate: true }, 'The field rate must be'],
    [{ name: 'x', expires_at: '2020-01-01' }, 'The field expires_at is not valid. "2020-01-01" is not an expiry in the future'],
    [{ name: 'x', expires_at: '2027-02-30' }, 'The field expires_at is not valid. "2027-02-30" is not a date'],
    [{ name: 'x', expires_at: '90d' }, 'The field expires_at must match pattern'],
    [{ name: 'x', expires_in: '0d' }, 'The field expires_in is not valid. "0d" is not an expiry in the future'],
    [{ name: 'x', expires_in: 'soon' }, 'The field expires_in must match pattern'],
    [{ name: 'x', expires_in: 0 }, 'The field expires_in must be >= 1.'],
    [{ name: 'x', expires_in: 60, expires_at: null }, 'The fields expires_at and expires_in exclude each other'],
    [{ name: 'x', environment: 'prod' }, 'The field environment must be equal to one of the allowed values: live, test.'],
    [{ name: 'x', user: 'y' }, 'The field user is unknown.'],
    [{ name: 'x', key: 'hk_live_mine' }, 'The field key is unknown.'],
    [[], 'The body must be object.'],
    ['{"name":', 'The body must be JSON'],
    ['{"name":"x","__proto__":{"isAdmin":true}}', 'The body must be JSON']
  ] as ReadonlyArray<readonly [unknown, string]>) {
    const refused = await call('POST', '/admin/keys', body)
    t.equal(refused.status, 400, JSON.stringify(body))
    t.equal(refused.json().error_code, 'INVALID_PARAMETER_VALUE')
    t.ok(String(refused.json().message).startsWith(message), `${String(refused.json().message)} - ${message}`)
    t.equal(refused.header('cache-control'), 'no-store')
  }
  t.equal((await store.list()).length, 1)
})

t.test('a key is changed, and what is not named stays', async t => {
  const { call, issue } = await openManaged(t)
  const { key, id } = await issue('mlflow:read')
  const patch = async (body: unknown): Promise<Answer> => await call('PATCH', `/admin/keys/${id}`, body)
  t.match((await patch({ scopes: ['mlflow:write'], rate: 60 })).json(), { id, name: 'test', owner: 'u1', scopes: ['mlflow:write'], rate_per_hour: 60 })
  t.match((await call('GET', '/whoami', undefined, key)).json(), { scopes: ['mlflow:write'], rate_limit_per_hour: 60 })
  t.match((await patch({ name: 'renamed', owner: 'ada', workspaces: ['team-a'], expires_in: '1d' })).json(), { name: 'renamed', owner: 'ada', workspaces: ['team-a'], rate_per_hour: 60, expires_at: String })
  t.match((await patch({ rate: null, expires_at: null, workspaces: [] })).json(), { name: 'renamed', rate_per_hour: null, expires_at: null, workspaces: [] })
  t.match((await patch({})).json(), { error_code: 'INVALID_PARAMETER_VALUE', message: 'The body must NOT have fewer than 1 properties.' })
  t.match((await patch({ environment: 'test' })).json(), { message: 'The field environment is unknown.' })
  t.match((await call('PATCH', '/admin/keys/key_x', { name: 'x' })).json(), { error_code: 'RESOURCE_DOES_NOT_EXIST' })
})

t.test('a key is revoked, as often as one likes; what has ended cannot be changed', async t => {
  const { call, issue, up } = await openManaged(t)
  const { key, id } = await issue('mlflow:read')
  for (const reason of ['leaked', 'again']) {
    const answer = await call('DELETE', `/admin/keys/${id}?reason=${reason}`)
    t.match([answer.status, answer.text()], [204, ''])
  }
  t.match((await call('GET', `/admin/keys/${id}`)).json(), { state: 'revoked', revoke_reason: 'leaked', revoked_at: String })
  t.match(await up.line((await call('GET', search, undefined, key)).header('x-request-id')), { status: 401, refusal: 'revoked' })
  for (const [method, path, body] of [['PATCH', '', { name: 'x' }], ['POST', '/rotate', {}], ['POST', '/enable', undefined], ['POST', '/disable', {}]] as const) {
    const refused = await call(method, `/admin/keys/${id}${path}`, body)
    t.equal(refused.status, 409, `${method} ${path}`)
    t.match(refused.json(), { error_code: 'RESOURCE_CONFLICT', message: 'The key is revoked: create a new one.' })
    t.match(await up.line(refused.header('x-request-id')), { refusal: 'key_conflict' })
  }
  for (const [method, path] of [['GET', ''], ['DELETE', ''], ['POST', '/rotate'], ['POST', '/enable'], ['POST', '/disable']] as const) {
    const missing = await call(method, `/admin/keys/key_x${path}`)
    t.match([missing.status, missing.json().error_code], [404, 'RESOURCE_DOES_NOT_EXIST'], `${method} ${path}`)
  }
})

t.test('a key is disabled and enabled; its transfers and sessions end', async t => {
  const { call, issue, up } = await openManaged(t, {}, silent)
  const { key, id } = await issue('mlflow:read')
  const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: `${process.env.FACADE_TLS === '1' ? 'https' : 'http'}://facade.test` }
  const cookie = (await up.call('POST', '/login', { key: null, body: new URLSearchParams({ key }).toString(), headers: form })).header('set-cookie')?.split(';')[0] ?? ''
  const running = up.call('GET', search, { key: null, headers: { 'X-API-Key': key } })
  await new Promise(resolve => setTimeout(resolve, 200))
  t.match((await call('POST', `/admin/keys/${id}/disable`, { reason: 'on leave' })).json(), { id, state: 'disabled', disable_reason: 'on leave', disabled_at: String })
  const refused = await call('GET', '/whoami', undefined, key)
  t.equal(refused.status, 401)
  t.equal(refused.json().message, (await call('GET', '/whoami', undefined, `hk_live_${'x'.repeat(32)}`)).json().message, 'one text for all keys')
  t.match(await up.line(refused.header('x-request-id')), { refusal: 'disabled', key_id: id })
  t.equal(await up.metric('refusals_total{reason="disabled"}'), 1)
  t.equal((await up.call('GET', '/whoami', { key: null, headers: { Cookie: cookie } })).status, 401)
  t.equal((await running).status, 401, 'also what was under way')
  t.match((await call('POST', `/admin/keys/${id}/rotate`)).json(), { error_code: 'RESOURCE_CONFLICT', message: 'The key is disabled: enable it first.' })
  t.match((await call('POST', `/admin/keys/${id}/enable`)).json(), { state: 'live', disabled_at: null, disable_reason: null })
  t.equal((await call('GET', '/whoami', undefined, key)).status, 200)
  t.equal((await up.call('GET', '/whoami', { key: null, headers: { Cookie: cookie } })).status, 200)
})

t.test('a key is rotated once, also by two at the same time', async t => {
  const { call, issue } = await openManaged(t)
  const { key, id } = await issue('mlflow:write')
  const answers = await Promise.all([1, 2].map(async () => await call('POST', `/admin/keys/${id}/rotate`, { overlap_seconds: 60 })))
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 409])
  const next = made(answers.find(({ status }) => status === 201) as Answer)
  t.match(answers.find(({ status }) => status === 409)?.json(), { error_code: 'RESOURCE_CONFLICT', message: `The key was rotated already: rotate ${next.id}, which took its place.` })
  t.equal((await call('GET', `/admin/keys/${id}`)).json()['replaced_by'], next.id)
  for (const each of [key, next.key]) t.equal((await call('GET', '/whoami', undefined, each)).status, 200)
  const last = made(await call('POST', `/admin/keys/${next.id}/rotate`))
  t.equal((await call('GET', '/whoami', undefined, next.key)).status, 401, 'without an overlap it ends at once')
  t.match((await call('GET', '/whoami', undefined, last.key)).json(), { id: last.id, scopes: ['mlflow:write'] })
  for (const seconds of [-1, 1.5, '60', 31_536_001]) t.equal((await call('POST', `/admin/keys/${last.id}/rotate`, { overlap_seconds: seconds })).status, 400)
})

t.test('the last live key of an administrator does not lock itself out', async t => {
  const { call, admin, issue } = await openManaged(t)
  const own = `/admin/keys/${admin.id}`
  for (const [method, path, body] of [['DELETE', own, undefined], ['POST', `${own}/disable`, {}], ['PATCH', own, { scopes: ['mlflow:write'] }], ['PATCH', own, { expires_in: 1 }], ['PATCH', own, { workspaces: ['team-a'] }]] as const) {
    const refused = await call(method, path, body)
    t.match([refused.status, refused.json().message], [409, /^This is the last live key that may manage keys: create another one first/], `${method} ${JSON.stringify(body)}`)
  }
  t.equal((await call('PATCH', own, { name: 'renamed' })).status, 200)
  const other = await issue('mlflow:admin')
  const both = await Promise.all([call('DELETE', `/admin/keys/${other.id}`), call('DELETE', own, undefined, other.key)])
  t.equal(both.filter(({ status }) => status === 204).length, 1, 'nor do two each other')
  t.match(both.find(({ status }) => status !== 204), { status: /^(?:401|409)$/ }, 'the second one has ended, or must not')
})

t.test('keys are found page by page', async t => {
  const { call, store, issue } = await openManaged(t)
  for (let count = 0; count < 7; count++) await issue('mlflow:read')
  const seen: string[] = []
  let pages = 0
  for (let token = ''; ;) {
    const page = (await call('GET', `/admin/keys?owner=u1&max_results=3&page_token=${token}`)).json() as { keys: Array<{ id: string }>, next_page_token: string | null }
    seen.push(...page.keys.map(({ id }) => id))
    if (pages++ === 0) await issue('mlflow:read')
    if (page.next_page_token === null) break
    token = page.next_page_token
  }
  t.equal(new Set(seen).size, 9)
  t.strictSame([...seen].sort(), (await store.list()).map(({ keyId }) => keyId).sort())
  const first = (await call('GET', '/admin/keys?max_results=2&state=live')).json()
  const token = String(first['next_page_token'])
  const of = async (query: string): Promise<Answer> => await call('GET', `/admin/keys?${query}`)
  t.equal((await of(`state=live&max_results=5&page_token=${token}`)).status, 200, 'the size of a page may change')
  for (const query of [`page_token=${token}`, `state=revoked&page_token=${token}`, `state=live&owner=u1&page_token=${token}`, 'page_token=x', `state=live&page_token=${token}x`,
    `page_token=${Buffer.from('[1,"x"]').toString('base64url')}`, `page_token=${'A'.repeat(60_000)}`, `page_token=${Buffer.from('[1e999,"x","y"]').toString('base64url')}`]) {
    const refused = await of(query)
    t.match([refused.status, refused.json().error_code, refused.json().message], [400, 'INVALID_PARAMETER_VALUE', /^The parameter page_token is not/], query.slice(0, 80))
  }
  for (const [query, message] of [
    ['max_results=0', 'The parameter max_results must be >= 1.'], ['max_results=1001', 'The parameter max_results must be <= 1000.'], ['max_results=1e2', 'The parameter max_results must be integer.'],
    ['state=active', 'The parameter state must be equal to one of the allowed values: live, expired, disabled, revoked.'], ['user=x', 'The parameter user is unknown.'],
    ['owner=a&owner=b', 'The parameter owner must be string.'], ['hint=', 'The parameter hint must NOT have fewer than 1 characters.']
  ] as const) t.match((await of(query)).json(), { error_code: 'INVALID_PARAMETER_VALUE', message }, query)
})

t.test('keys of another system are imported, all or none', async t => {
  const { call, store } = await openManaged(t)
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  const both = { keys: [{ key_hash: hash('one'), name: 'one', user_id: 'ada' }, { key: 'a-long-enough-key-of-another', scopes: ['mlflow:read'] }] }
  t.match((await call('POST', '/admin/keys/import', both)).json(), { imported: 2 })
  t.match((await call('GET', '/whoami', undefined, 'one')).json(), { name: 'one', owner: 'ada', scopes: ['mlflow:read', 'mlflow:write'] })
  const again = await call('POST', '/admin/keys/import', { keys: [...both.keys, { key_hash: hash('three') }] })
  t.match([again.status, again.json()], [409, { error_code: 'RESOURCE_CONFLICT', message: 'Nothing was imported: 2 of the keys are in the store already.' }])
  for (const [keys, message] of [
    [[{ key_hash: 'abc' }], /keys\.0: The key_hash is not a SHA-256/], [[{ key_hash: hash('x') }, { key_hash: hash('x') }], /keys\.1: It repeats the key of keys\.0/],
    [[{ key: 'short' }], /keys\.0: The key has 5 characters/], [[{ key_hash: hash('x'), expiry: 1 }], /"expiry" is not a field/], [[], /^The field keys must NOT have fewer/], [[{ key_hash: hash('x'), expires_at: 9e15 }], /keys\.0: The expires_at is not a time/], [[{ key_hash: hash('x'), expires_at: 1e20 }], /not a time/],
    [Array.from({ length: 30 }, () => ({})), /keys\.19: It has neither a key nor a key_hash\.\nand 10 more\.$/], [Array.from({ length: 5001 }, () => ({})), /^The field keys must NOT have more than 5000 items/], [['x'], /^The field keys\.0 must be object/]
  ] as const) {
    const refused = await call('POST', '/admin/keys/import', { keys })
    t.match([refused.status, refused.json().message], [400, message])
    t.notMatch(refused.text(), 'short')
  }
  t.equal((await store.list()).length, 3)
  const many = { keys: Array.from({ length: 5000 }, (_, index) => ({ key_hash: hash(String(index)) })) }
  t.match((await call('POST', '/admin/keys/import', many)).json(), { imported: 5000 })
  t.equal((await call('POST', '/admin/keys/import', { keys: [{ key_hash: hash('y'), name: 'x'.repeat(1_100_000) }] })).status, 413)
})

t.test('KEYS_MAX_LIFETIME bounds every key that is made or changed', async t => {
  const { call, issue } = await openManaged(t, { KEYS_MAX_LIFETIME: '30d' })
  const isAtMost = (body: Readonly<Record<string, unknown>>): void => {
    const left = Date.parse(String(body['expires_at'])) - Date.now()
    t.ok(left > 30 * day - 60_000 && left <= 30 * day, String(body['expires_at']))
  }
  isAtMost(made(await call('POST', '/admin/keys', { name: 'x' })))
  isAtMost(made(await call('POST', '/admin/keys', { name: 'x', expires_at: null })))
  isAtMost(made(await call('POST', '/admin/keys', { name: 'x', expires_in: '30d' })))
  const { id, key } = await issue('mlflow:read')
  isAtMost((await call('PATCH', `/admin/keys/${id}`, { expires_at: null })).json())
  for (const [method, path, body] of [['POST', '/admin/keys', { name: 'x', expires_in: '31d' }], ['PATCH', `/admin/keys/${id}`, { expires_at: '2990-01-01' }]] as const) {
    const refused = await call(method, path, body)
    t.match([refused.status, refused.json().message], [400, /^The field expires_(?:at|in) is not valid\. .* is too far ahead: KEYS_MAX_LIFETIME allows no expiry after 2/])
  }
  const [endless, other] = [await issue('mlflow:read'), await issue('mlflow:read')]
  isAtMost(made(await call('POST', `/admin/keys/${endless.id}/rotate`)))
  isAtMost(made(await call('POST', '/whoami/rotate', undefined, other.key)))
  t.equal((await call('GET', '/whoami', undefined, key)).status, 200)
})

t.test('an auth service manages its keys itself', async t => {
  const { call } = await facade(t)
  for (const [method, path, body] of [
    ['GET', '/admin/keys', undefined], ['POST', '/admin/keys', '{"name":"x"}'], ['GET', '/admin/keys/a', undefined], ['PATCH', '/admin/keys/a', '{"name":"x"}'], ['DELETE', '/admin/keys/a', undefined],
    ['POST', '/admin/keys/a/rotate', '{}'], ['POST', '/admin/keys/a/disable', '{}'], ['POST', '/admin/keys/a/enable', undefined], ['POST', '/admin/keys/import', '{"keys":[{}]}'], ['POST', '/whoami/rotate', '{}']
  ] as const) {
    const answer = await call(method, path, { key: 'admin', headers: body === undefined ? {} : { 'Content-Type': 'application/json' }, ...body === undefined ? {} : { body } })
    t.match([answer.status, answer.json()], [501, { error_code: 'NOT_IMPLEMENTED', message: 'The auth service manages the keys: create, change and list them there.' }], `${method} ${path}`)
  }
})

t.test('each change is an audit event that names the key and who changed it, and holds no key', async t => {
  const { call, up } = await openManaged(t)
  const { id, key } = made(await call('POST', '/admin/keys', { name: 'nightly', owner: 'ann' }))
  await call('GET', `/admin/keys/${id}`)
  await call('PATCH', `/admin/keys/${id}`, { rate: '60/hour', name: 'hourly' })
  await call('POST', `/admin/keys/${id}/disable`, { reason: 'on holiday' })
  await call('POST', `/admin/keys/${id}/enable`)
  const rotated = made(await call('POST', `/admin/keys/${id}/rotate`, { overlap_seconds: 60 }))
  const own = made(await call('POST', '/whoami/rotate', {}, rotated.key))
  await call('DELETE', `/admin/keys/${own.id}`)
  await call('POST', '/admin/keys', { name: 'x' }, own.key)
  t.match(up.events.map(({ operation, outcome, resource }) => ({ operation, outcome, resource })), [
    { operation: 'create_key', outcome: 'allowed', resource: { id, name: 'nightly', user: 'ann' } },
    { operation: 'update_key', resource: { id, changes: 'name,ratePerHour' } },
    { operation: 'disable_key', resource: { id } },
    { operation: 'enable_key', resource: { id } },
    { operation: 'rotate_key', resource: { id, new_id: rotated.id } },
    { operation: 'rotate_own_key', resource: { new_id: own.id } },
    { operation: 'revoke_key', resource: { id: own.id } },
    { operation: 'create_key', outcome: 'refused' }
  ])
  t.equal(up.events.length, 8)
  for (const each of [key, rotated.key, own.key]) t.notMatch(JSON.stringify(up.events), each)
})
