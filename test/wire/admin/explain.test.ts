/** `POST /admin/explain`: says what would become of a request, and does nothing of it. */
import t from 'tap'
import { openManaged } from '../../helpers/managed.js'

const path = '/admin/explain'
const runs = '/mlflow/api/2.0/mlflow/runs'

t.test('a refusal is told with its reason, and what is let through with what MLflow would get', async t => {
  const { up, call, issue } = await openManaged(t)
  const reader = await issue('mlflow:read')
  const refused = await call('POST', path, { method: 'POST', path: `${runs}/delete`, key_id: reader.id, body: '{"run_id":"1"}' })
  t.match([refused.status, refused.json()], [200, {
    outcome: 'refused',
    status: 403,
    reason: 'scope',
    message: /needs the scope mlflow:write/,
    operation: 'deleteRun',
    class: 'write',
    needs: 'mlflow:write',
    key: { id: reader.id, scopes: ['mlflow:read'], suffices: false },
    mlflow: null
  }])
  const let_ = await call('POST', path, { method: 'GET', path: `${runs}/get?run_id=1`, key_id: reader.id })
  t.match(let_.json(), { outcome: 'forwarded', status: null, reason: null, operation: 'getRun', mlflow: { method: 'GET', path: '/api/2.0/mlflow/runs/get?run_id=1', version: String } })
  t.match((await call('POST', path, { method: 'GET', path: `https://registry.example${runs}/get` })).json(), { outcome: 'refused', status: 401, reason: 'no_key', key: null })
  t.equal(up.mlflow.calls.length, 0)
})

t.test('old paths, pages and endpoints of the facade are told, and not run', async t => {
  const { call, store, admin } = await openManaged(t)
  const ask = async (method: string, target: string, body?: object): Promise<Record<string, unknown>> => {
    const sent = body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
    return (await call('POST', path, { method, path: target, key_id: admin.id, ...sent })).json()
  }
  t.match(await ask('GET', '/api/2.0/mlflow/runs/get?run_id=1'), { outcome: 'redirected', status: 307, location: `${runs}/get?run_id=1` })
  const before = (await store.list()).length
  t.match(await ask('POST', '/admin/keys', { name: 'x' }), { outcome: 'answered', operation: 'create_key', class: 'admin', needs: 'mlflow:admin' })
  t.match(await ask('POST', '/admin/keys', {}), { outcome: 'refused', status: 400, reason: 'schema' })
  t.match(await ask('DELETE', `/admin/keys/${admin.id}`), { outcome: 'answered', operation: 'revoke_key' })
  t.match(await ask('POST', path, { method: 'GET', path: '/' }), { outcome: 'answered', operation: 'explain' })
  t.match(await ask('GET', '/nothing'), { outcome: 'refused', status: 404, reason: 'notFound' })
  t.match(await ask('GET', '/mlflow/a/../b'), { outcome: 'refused', status: 400, reason: 'malformed' })
  t.match(await ask('GET', '/mlflow/%zz'), { outcome: 'refused', status: 400, reason: 'malformed', message: /percent/i })
  t.match(await ask('BREW', '/whoami'), { outcome: 'refused', status: 400 })
  t.equal((await store.list()).length, before)
  t.ok(await store.verify(admin.key, ''), 'still good')
})

t.test('a key that has ended is told from one that is good, a limit is looked at and not used', async t => {
  const { call, store, issue } = await openManaged(t)
  const { id } = await issue('mlflow:read')
  await store.update(id, { ratePerHour: 3 })
  const ask = async (): Promise<Record<string, unknown>> => (await call('POST', path, { method: 'GET', path: `${runs}/get`, key_id: id })).json()
  for (let time = 0; time < 5; time++) t.match(await ask(), { outcome: 'forwarded', limit: { per_hour: 3, remaining: 3 } })
  const { key } = await store.rotate(id, 60_000) ?? { key: '' }
  t.not(key, '')
  await store.revoke(id)
  t.match(await ask(), { outcome: 'refused', status: 401, reason: 'revoked', key: { id } })
})

t.test('bodies count, as text and as base64', async t => {
  const { call, issue } = await openManaged(t)
  const { id } = await issue('mlflow:write')
  const ask = async (more: object): Promise<Record<string, unknown>> => (await call('POST', path, { method: 'POST', path: '/mlflow/graphql', key_id: id, ...more })).json()
  const mutation = '{"query":"mutation { somethingNew }"}'
  t.match(await ask({ body: mutation }), { outcome: 'refused', reason: 'scope', message: /mlflow:admin/ })
  t.match(await ask({ body_base64: Buffer.from(mutation).toString('base64') }), { outcome: 'refused', reason: 'scope' })
  t.match(await ask({ body: '{"query":"{ mlflowGetRun { __typename } }"}' }), { outcome: 'forwarded', operation: 'graphql' })
  t.match(await ask({ body: mutation, body_base64: '' }), { error_code: 'INVALID_PARAMETER_VALUE', message: /exclude each other/ })
})

t.test('what cannot be asked is 400 with a sentence, an unknown key 404, and questions at the same time do not mix', async t => {
  const { up, call, issue } = await openManaged(t)
  const wrong: ReadonlyArray<readonly [object, RegExp]> = [
    [{ method: 'get', path: '/' }, /field method/], [{ method: 'CONNECT', path: '/' }, /not a method/], [{ method: 'GET', path: 'x' }, /begin with a slash/],
    [{ method: 'GET', path: '/a b' }, /without spaces/], [{ method: 'GET', path: '/', headers: { Authorization: 'Bearer x' } }, /none to ask about/],
    [{ method: 'GET', path: '/', headers: { 'a b': 'x' } }, /cannot be sent/], [{ method: 'GET', path: '/', headers: { a: 'x\ny' } }, /cannot be sent/],
    [{ method: 'GET' }, /path/], [{ method: 'GET', path: `/${'x'.repeat(90_000)}` }, /path/], [{ method: 'GET', path: '/', other: 1 }, /other/]
  ]
  for (const [body, message] of wrong) {
    const answer = await call('POST', path, body)
    t.match([answer.status, answer.json()], [400, { error_code: 'INVALID_PARAMETER_VALUE', message }], JSON.stringify(body).slice(0, 80))
  }
  t.match((await call('POST', path, { method: 'GET', path: '/', key_id: 'key_none' })).status, 404)
  const keys = await Promise.all(Array.from({ length: 20 }, async () => await issue('mlflow:read')))
  const found = await Promise.all(keys.map(async ({ id }, index) => (await call('POST', path, { method: 'GET', path: `${runs}/get?run_id=${index}`, key_id: id })).json()))
  for (const [index, { id }] of keys.entries()) t.match(found[index], { key: { id }, mlflow: { path: new RegExp(`run_id=${index}$`) } })
  t.strictSame(up.events.filter(({ operation, outcome }) => operation === 'explain' && outcome !== 'refused'), [], 'it changes nothing')
  t.equal(up.mlflow.calls.length, 0)
})

t.test('only for mlflow:admin, with a key in a header', async t => {
  const { call, issue } = await openManaged(t)
  const { key } = await issue('mlflow:write')
  t.equal((await call('POST', path, { method: 'GET', path: '/' }, key)).status, 403)
  t.equal((await call('POST', path, { method: 'GET', path: '/' }, null)).status, 401)
})

t.test('so many questions wait, and no more', async t => {
  const { call, issue } = await openManaged(t)
  const { id } = await issue('mlflow:read')
  const answers = await Promise.all(Array.from({ length: 60 }, async () => await call('POST', path, { method: 'GET', path: `${runs}/get`, key_id: id })))
  const refused = answers.filter(({ status }) => status !== 200)
  t.ok(refused.length > 0 && refused.length <= 60 - 32, `${refused.length} of 60`)
  for (const answer of refused) t.match([answer.status, answer.json(), answer.header('retry-after')], [429, { error_code: 'REQUEST_LIMIT_EXCEEDED', message: /^32 requests wait/ }, '1'])
  t.equal((await call('POST', path, { method: 'GET', path: `${runs}/get`, key_id: id })).status, 200)
})

t.test('a facade ends while it is asked', async t => {
  const { up, call, issue } = await openManaged(t)
  const { id } = await issue('mlflow:read')
  await call('POST', path, { method: 'GET', path: `${runs}/get`, key_id: id })
  const asked = Promise.allSettled([1, 2, 3].map(async () => await call('POST', path, { method: 'GET', path: `${runs}/get`, key_id: id })))
  await up.close()
  await asked
})
