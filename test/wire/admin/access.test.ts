/** Who may manage keys over HTTP, and what hostile requests come to. */
import t from 'tap'
import type { Answer } from '../../helpers/client.js'
import { openManaged } from '../../helpers/managed.js'
import { reading } from '../../helpers/sqlite-store.js'

const operations = [
  ['GET', '/admin/keys'], ['POST', '/admin/keys', { name: 'x' }], ['POST', '/admin/keys/import', { keys: [{}] }], ['GET', '/admin/keys/key_x'], ['PATCH', '/admin/keys/key_x', { name: 'x' }],
  ['DELETE', '/admin/keys/key_x'], ['POST', '/admin/keys/key_x/rotate', {}], ['POST', '/admin/keys/key_x/disable', {}], ['POST', '/admin/keys/key_x/enable'], ['GET', '/admin/audit'], ['GET', '/admin/usage'],
  ['POST', '/admin/explain', { method: 'GET', path: '/whoami' }]
] as const

const origin = `${process.env.FACADE_TLS === '1' ? 'https' : 'http'}://facade.test`

t.test('keys are managed with mlflow:admin alone, by a key in a header and never by a session', async t => {
  const { call, up, issue, admin } = await openManaged(t)
  const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin }
  const cookie = (await up.call('POST', '/login', { key: null, body: new URLSearchParams({ key: admin.key }).toString(), headers: form })).header('set-cookie')?.split(';')[0] ?? ''
  const others = [await issue('mlflow:read'), await issue('mlflow:write', 'mlflow:gateway'), await issue()]
  for (const [method, path, body] of operations) {
    const what = `${method} ${path}`
    t.equal((await call(method, path, body, null)).status, 401, what)
    t.equal((await call(method, path, body, `hk_live_${'x'.repeat(32)}`)).status, 401, what)
    for (const { key } of others) {
      const refused = await call(method, path, body, key)
      t.match([refused.status, refused.json()], [403, { error_code: 'PERMISSION_DENIED', message: 'This needs the scope mlflow:admin, which the API key does not have.' }], what)
    }
    const sent = { ...body === undefined ? {} : { body: JSON.stringify(body) }, headers: { Cookie: cookie, Origin: origin, 'Content-Type': 'application/json' } }
    const refused = await up.call(method, path, { key: null, ...sent })
    t.match([refused.status, refused.json().message], [403, /no session has: send an API key/], what)
    const known = await call(method, path, body)
    t.ok([200, 201, 400, 404].includes(known.status), `${what}: ${known.status}`)
    t.equal(known.header('cache-control'), 'no-store', what)
  }
  t.equal((await up.call('GET', '/admin/keys', { key: null, headers: { Cookie: cookie, 'X-API-Key': admin.key } })).status, 200, 'a cookie beside a key does no harm')
  t.equal(up.mlflow.calls.filter(({ target }) => target.includes('admin')).length, 0)
})

t.test('an administrator\'s key that is tied to workspaces manages none: it could make itself one that is not', async t => {
  const { call, up, store } = await openManaged(t)
  const { key, record } = await store.create({ ...reading, scopes: new Set(['mlflow:admin']), workspaces: ['team-a'] })
  for (const [method, path, body] of [...operations, ['PATCH', `/admin/keys/${record.keyId}`, { workspaces: [] }]] as const) {
    const refused = await call(method, path, body, key)
    t.match([refused.status, refused.json().message], [403, 'This API key is tied to workspaces: only one that is not may administer.'], `${method} ${path}`)
    t.match(await up.line(refused.header('x-request-id')), { refusal: 'workspace', key_id: record.keyId })
  }
  t.match((await call('POST', '/whoami/rotate', {}, key)).json(), { workspaces: ['team-a'] }, 'it rotates itself, and stays tied')
})

t.test('an administrator\'s key that is bound by permissions, as no key is made any more, manages none', async t => {
  const { call, up, store } = await openManaged(t)
  const { key, record } = await store.create({ ...reading, scopes: new Set(['mlflow:admin']), permissions: ['read:*'] })
  for (const [method, path, body] of operations) {
    const refused = await call(method, path, body, key)
    t.match([refused.status, refused.json().message], [403, 'This API key is bound by permissions: only one that is not may administer.'], `${method} ${path}`)
    t.match(await up.line(refused.header('x-request-id')), { refusal: 'scope', key_id: record.keyId })
  }
})

t.test('whoever has a key rotates it, once, for a day at most, and not with a session', async t => {
  const { call, up, issue } = await openManaged(t)
  const { key, id } = await issue('mlflow:read')
  const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin }
  const cookie = (await up.call('POST', '/login', { key: null, body: new URLSearchParams({ key }).toString(), headers: form })).header('set-cookie')?.split(';')[0] ?? ''
  const bySession = await up.call('POST', '/whoami/rotate', { key: null, headers: { Cookie: cookie, Origin: origin } })
  t.match([bySession.status, bySession.json().message], [403, 'A session cannot rotate its key: send the key in a header.'])
  t.match(await up.line(bySession.header('x-request-id')), { refusal: 'not_by_session' })
  t.equal((await call('POST', '/whoami/rotate', {}, null)).status, 401)
  for (const seconds of [86_401, -1, '5', null]) t.equal((await call('POST', '/whoami/rotate', { overlap_seconds: seconds }, key)).status, 400)
  t.match((await call('POST', '/whoami/rotate', { id: 'key_x' }, key)).json(), { message: 'The field id is unknown.' })
  const answers = await Promise.all([1, 2].map(async () => await call('POST', '/whoami/rotate', { overlap_seconds: 60 }, key)))
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 409])
  const answer = answers.find(({ status }) => status === 201) as Answer
  const next = answer.json() as { id: string, key: string }
  t.equal(answer.header('location'), `/admin/keys/${next.id}`)
  t.match(answer.json(), { owner: 'u1', scopes: ['mlflow:read'], state: 'live' })
  for (const each of [key, next.key]) t.equal((await call('GET', '/whoami', undefined, each)).status, 200)
  t.match((await call('GET', `/admin/keys/${id}`)).json(), { replaced_by: next.id, state: 'live' })
  const last = (await call('POST', '/whoami/rotate', undefined, next.key)).json() as { key: string }
  t.equal((await call('GET', '/whoami', undefined, next.key)).status, 401, 'without a body it ends at once')
  t.equal((await call('GET', '/whoami', undefined, last.key)).status, 200)
  t.notMatch(JSON.stringify(up.lines), new RegExp(`${key}|${next.key}|${last.key}`))
})

t.test('a page of another origin changes no key, also with the user and password that a browser remembers', async t => {
  const { up, admin, store } = await openManaged(t, { CORS_ALLOWED_ORIGINS: 'https://portal.example' })
  const basic = { Authorization: `Basic ${Buffer.from(`ann:${admin.key}`).toString('base64')}` }
  const targets = [['POST', '/admin/keys'], ['POST', '/whoami/rotate'], ['POST', `/admin/keys/${admin.id}/rotate`], ['POST', '/admin/keys/key_x/enable'], ['DELETE', '/admin/keys/key_x'], ['PATCH', '/admin/keys/key_x']] as const
  for (const [method, target] of targets) {
    for (const from of ['https://evil.example', 'null', `${origin}:81`]) {
      const refused = await up.call(method, target, { key: null, headers: { ...basic, Origin: from } })
      t.match([refused.status, refused.json().error_code], [403, 'PERMISSION_DENIED'], `${method} ${target} ${from}`)
      t.match(await up.line(refused.header('x-request-id')), { refusal: 'foreign_origin' })
    }
  }
  t.equal((await store.list()).length, 1)
  for (const from of [origin, 'https://portal.example']) {
    const made = await up.call('POST', '/admin/keys', { key: null, headers: { ...basic, Origin: from, 'Content-Type': 'application/json' }, body: '{"name":"x"}' })
    t.equal(made.status, 201, from)
  }
  t.equal((await up.call('GET', '/admin/keys', { key: null, headers: { ...basic, Origin: 'https://evil.example' } })).status, 200, 'which the page cannot read')
})

t.test('hostile bodies and paths are refused, and nothing is made', async t => {
  const { call, up, store, admin } = await openManaged(t)
  const deep = '['.repeat(30_000) + ']'.repeat(30_000)
  const headers = { Authorization: `Bearer ${admin.key}`, 'Content-Type': 'application/json' }
  const huge = await up.call('POST', '/admin/keys', { key: null, headers: { ...headers, 'Content-Length': String(10 * 1024 ** 2) }, body: `{"name":"${'x'.repeat(100_000)}` })
  t.match([huge.status, huge.header('connection')], [413, 'close'])
  for (const [body, status] of [
    [deep, 400], [`{"name":"x","scopes":${deep}}`, 400], [`{"name":"x","workspaces":[${'"team-a",'.repeat(5000)}"team-b"]}`, 400], ['null', 400], ['"x"', 400], ['{"name":"x","name":7}', 400],
    ['{"name":"\\ud800"}', 400], ['{"name":"a\\u0000b"}', 400], ['{"constructor":{"prototype":{}},"name":"x"}', 400]
  ] as const) {
    const refused = await call('POST', '/admin/keys', body)
    t.equal(refused.status, status, body.slice(0, 60))
    t.match(refused.json(), { error_code: 'INVALID_PARAMETER_VALUE', request_id: String })
  }
  for (const [type, status] of [['text/plain', 400], ['application/x-www-form-urlencoded', 415], ['multipart/form-data; boundary=x', 415]] as const) {
    t.equal((await up.call('POST', '/admin/keys', { key: null, headers: { ...headers, 'Content-Type': type }, body: 'name=x' })).status, status, type)
  }
  t.equal((await call('POST', '/admin/keys')).status, 400)
  for (const path of ['/admin/keys/%00', '/admin/keys/%2e%2e', '/admin/keys/a%2fb', `/admin/keys/${'x'.repeat(60_000)}`, "/admin/keys/'%20OR%201=1"]) {
    const { status } = await call('GET', path)
    t.ok(status === 400 || status === 404, `${path.slice(0, 40)} ${status}`)
  }
  t.equal((await call('PUT', '/admin/keys/key_x', {})).status, 404)
  t.equal((await store.list()).length, 1)
})
