/** What MLflow is told of a caller, signed: for one call, by the facade alone, and to MLflow alone. */
import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, jwtVerify } from 'jose'
import t from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import { identitySigner } from '../../../src/mlflow/signed-identity.js'
import { facade } from '../../helpers/app.js'
import { echo, type Call } from '../../helpers/upstream.js'

const secret = 'a secret of the facade and MLflow alone'
const env = { MLFLOW_UPSTREAM_IDENTITY_SECRET: secret }
const search = '/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0'
const header = 'x-hokusai-identity'

function tokenOf (call: Call | undefined): string {
  const [token = '', ...more] = call?.all(header) ?? []
  if (more.length > 0) throw new Error('more than one')
  return token
}

t.test('a call carries who it is from, in a token for it alone that ends within half a minute', async t => {
  const { call, mlflow, lines, events } = await facade(t, echo, { env })
  const answer = await call('GET', search, { key: 'tied', headers: { 'X-MLFLOW-WORKSPACE': 'team-a' } })
  t.equal(answer.status, 200)
  const token = tokenOf(mlflow.calls.at(-1))
  const { payload, protectedHeader } = await jwtVerify(token, createSecretKey(Buffer.from(secret)), { algorithms: ['HS256'], audience: 'mlflow', issuer: 'hokusai-mlflow' })
  t.strictSame(protectedHeader, { alg: 'HS256', typ: 'JWT' })
  t.match(payload, { sub: 'user-tied', key: 'key_tied', scopes: ['mlflow:write'], workspaces: ['team-a', 'team-b'], jti: answer.header('x-request-id'), call: /^[\da-f]{64}$/ })
  t.ok(Number(payload.exp) - Number(payload.iat) <= 30)
  t.ok(Math.abs(Number(payload.iat) - Date.now() / 1000) < 10)
  t.notMatch(JSON.stringify([lines, events]), token.split('.')[2])
  await t.rejects(jwtVerify(token, createSecretKey(Buffer.from(`${secret}.`))))
})

t.test('no caller can bring one, however the header is spelt, and the gateway and the platform get none', async t => {
  const platform = await facade(t, echo)
  const { call, mlflow } = await facade(t, echo, { env: { ...env, PLATFORM_UPSTREAM_URL: platform.mlflow.url.href } })
  for (const name of ['X-Hokusai-Identity', 'x_hokusai_identity', 'X-HOKUSAI-IDENTITY', 'X-Hokusai_Identity']) {
    await call('GET', search, { key: 'read', headers: { [name]: 'mine' } })
    const sent = mlflow.calls.at(-1)
    t.equal(decodeJwt(tokenOf(sent)).sub, 'user-read')
    t.strictSame([...sent?.all('x_hokusai_identity') ?? [], ...sent?.all('x-hokusai_identity') ?? []], [])
  }
  t.equal((await call('POST', '/mlflow/gateway/mlflow/v1/chat/completions', { key: 'gateway', body: '{}', headers: { 'X-Hokusai-Identity': 'mine' } })).status, 200)
  t.strictSame(mlflow.calls.at(-1)?.all(header), [])
  await call('GET', '/somewhere', { headers: { 'X-Hokusai-Identity': 'mine' } })
  t.ok(platform.mlflow.calls.every(sent => sent.all(header).length === 0))
})

t.test('two calls never carry the same token, also where a load balancer repeats its id', async t => {
  const { call, mlflow } = await facade(t, echo, { env: { ...env, TRUST_PROXY: '127.0.0.1' } })
  for (let count = 0; count < 2; count++) await call('GET', search, { headers: { 'X-Request-Id': 'of-a-load-balancer' } })
  const claims = mlflow.calls.filter(sent => sent.all(header).length > 0).map(sent => decodeJwt(tokenOf(sent)))
  t.equal(claims.length, 2)
  t.equal(new Set(claims.map(({ jti }) => jti)).size, 2)
})

t.test('the facade\'s own questions are signed as its own', async t => {
  const asked: Array<string | undefined> = []
  const server = createServer((request, response) => {
    asked.push(request.headers[header] as string | undefined)
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const { upstream: config } = loadConfig({ MLFLOW_UPSTREAM_URL: url.href, ...env }, () => '')
  const upstream = openUpstream(config, url)
  t.teardown(async () => {
    await upstream.close()
    server.close()
  })
  for (let count = 0; count < 2; count++) await upstream.probe('/version')
  const claims = asked.map(token => decodeJwt(token ?? ''))
  t.match(claims, [{ sub: 'hokusai-mlflow', scopes: undefined }, { sub: 'hokusai-mlflow' }])
  t.not(claims[0]?.jti, claims[1]?.jti)
})

t.test('without the setting nothing is signed', async t => {
  const { call, mlflow } = await facade(t, echo)
  await call('GET', search)
  t.ok(mlflow.calls.every(sent => sent.all(header).length === 0))
})

t.test('what a token is bound to tells calls apart, and is the same however MLflow decodes', async t => {
  const sign = identitySigner(secret, () => 1_000_000)
  const bound = (method: string, path: string): unknown => decodeJwt(sign({ method, path, caller: undefined }))['call']
  const calls = [['GET', '/a'], ['POST', '/a'], ['GET', '/b'], ['GET', '/a?b'], ['GET', '/a?b=%41'], ['GET', '/a?b=A'], ['GET', '/a/'], ['GET', '/A'], ['GET', '/a?b?c']] as const
  t.equal(new Set(calls.map(([method, path]) => bound(method, path))).size, calls.length)
  for (const [path, decoded] of [['/a%20b', '/a b'], ['/100%25.txt', '/100%.txt'], ['/%2541', '/%41'], ['/%2541', '/A'], ['/%25%34%31', '/A'], ['/why%3F.txt', '/why'], ['/a%23b', '/a'], ['/%C3%BC', '/\u00c3\u00bc']] as const) {
    t.equal(bound('GET', path), bound('GET', decoded), path)
  }
  const before = performance.now()
  bound('GET', `/${'%25'.repeat(20_000)}41`)
  bound('GET', `/%${'25'.repeat(30_000)}`)
  t.ok(performance.now() - before < 500)
})
