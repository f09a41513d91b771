/** MLflow's LLM gateway hands headers on to providers of models: what of a request gets there, and what does not. */
import t from 'tap'
import { facade, keys } from '../../helpers/app.js'
import { shapeB } from '../../helpers/upstream.js'

const routes = ['/gateway/openai/v1/chat/completions', '/gateway/anthropic/v1/messages', '/gateway/gemini/v1beta/models/m:streamGenerateContent', '/gateway/proxy/m/v1/chat/completions', '/gateway/m/mlflow/invocations']
const sdk = [['User-Agent', 'codex_cli_rs/0.40'], ['anthropic-version', '2023-06-01'], ['Content-Type', 'application/json'], ['accept', '*/*']] as const
/** The key in every header of which MLflow knows that credentials stand there, and in spellings that WSGI folds. */
const places = ['Authorization', 'X-API-Key', 'x-goog-api-key', 'api-key', 'X_Goog_Api_Key', 'API_KEY', 'x_api_key', 'X-MLflow-Authorization', 'X_MLflow-Authorization']

t.test('the gateway gets what the caller sent, less the key, and nothing of ours', async t => {
  const { call, mlflow } = await facade(t)
  for (const route of routes) {
    mlflow.calls.length = 0
    const headers = [...sdk, ...places.map(name => [name, name === 'Authorization' ? `Bearer ${keys.gateway}` : keys.gateway] as const), ['Cookie', 'a=b'], ['X-Forwarded-For', '203.0.113.9'], ['X-Hokusai-User-Id', 'x'], ['X-Request-Id', 'x'], ['traceparent', 'x']] as const
    t.equal((await call('POST', `/mlflow${route}`, { key: null, headers, body: '{}' })).status, 200, route)
    const sent = mlflow.calls[0]!.headers
    t.strictSame(sent.filter(([name]) => name !== 'connection'), [['host', mlflow.url.host], ...sdk, ['content-length', '2']])
  }
})

t.test('also on an old path, and where the path is spelt so that only MLflow reads the gateway in it', async t => {
  const { call, mlflow } = await facade(t)
  for (const target of ['/api/mlflow/gateway/openai/v1/chat/completions', '/mlflow/%67ateway/openai/v1/chat/completions', '/mlflow/gateway%2fopenai%2Fv1/chat/completions', '/mlflow//gateway//openai/v1/chat/completions', '/mlflow/gateway/of/tomorrow', '/mlflow/gateway%2fof/tomorrow']) {
    mlflow.calls.length = 0
    t.equal((await call('POST', target, { key: 'admin', body: '{}' })).status, 200, target)
    t.notMatch(mlflow.calls[0]?.headers.map(([name]) => name).join(), /hokusai|forwarded|request-id|traceparent|authorization/, target)
  }
})

t.test('a workspace still reaches it: a tied key would else call the models of another', async t => {
  const { call, mlflow } = await facade(t)
  const verdict = { valid: true as const, caller: { keyId: 'k', userId: 'u', name: 'n', hint: 'h', environment: 'test' as const, scopes: new Set(['mlflow:gateway' as const]), workspaces: ['team-a'], ratePerHour: undefined, expiresAt: undefined } }
  const up = await facade(t)
  up.verdicts.set(keys.gateway, verdict)
  t.equal((await up.call('POST', `/mlflow${routes[0]}`, { key: 'gateway', body: '{}' })).status, 200)
  t.strictSame(up.mlflow.calls[0]?.all('x-mlflow-workspace'), ['team-a'])
  await call('POST', `/mlflow${routes[0]}`, { key: 'gateway', body: '{}' })
  t.strictSame(mlflow.calls[0]?.all('x-mlflow-workspace'), [])
})

t.test('credentials of ours reach an MLflow that takes them off before the provider, in its own header; an older one gets none', async t => {
  const env = { MLFLOW_UPSTREAM_AUTHORIZATION: 'Basic c2VjcmV0' }
  const newer = await facade(t, undefined, { env })
  await newer.call('POST', `/mlflow${routes[0]}`, { key: 'gateway', body: '{}' })
  t.strictSame(newer.mlflow.calls[0]?.all('x-mlflow-authorization'), ['Basic c2VjcmV0'])
  t.strictSame(newer.mlflow.calls[0]?.all('authorization'), [])
  const older = await facade(t, undefined, { env, shape: shapeB })
  await older.call('POST', `/mlflow${routes[0]}`, { key: 'gateway', body: '{}' })
  t.notMatch(JSON.stringify(older.mlflow.calls[0]?.headers), 'c2VjcmV0')
})

t.test('the key may come as Gemini\'s and Azure\'s SDKs send it; elsewhere those headers hold none', async t => {
  const { call, mlflow } = await facade(t)
  for (const name of ['x-goog-api-key', 'api-key', 'X-Goog-Api-Key', 'API-KEY']) {
    for (const target of [`/mlflow${routes[0]}`, '/api/mlflow/gateway/openai/v1/chat/completions']) {
      mlflow.calls.length = 0
      t.equal((await call('POST', target, { key: null, headers: { [name]: keys.gateway }, body: '{}' })).status, 200, `${name} ${target}`)
      t.notMatch(JSON.stringify(mlflow.calls[0]?.headers), keys.gateway)
    }
    for (const target of ['/mlflow/api/2.0/mlflow/experiments/search', '/whoami', '/mlflow/%67ateway/openai/v1/models', '/mlflow//gateway/openai/v1/models', '/mlflow/gatewayx/y']) {
      t.equal((await call('GET', target, { key: null, headers: { [name]: keys.admin } })).status, 401, `${name} ${target}`)
    }
    t.equal((await call('GET', '/whoami', { key: 'read', headers: { [name]: 'of another service' } })).status, 200, 'nor a second one')
  }
  const refused = await call('POST', `/mlflow${routes[2]}`, { key: 'gateway', headers: { 'x-goog-api-key': 'AIzaSy-other' }, body: '{}' })
  t.equal(refused.status, 400)
  t.match(refused.json().message, 'in Authorization and x-goog-api-key or api-key')
})

t.test('refusals under gateway/ have the form of OpenAI\'s API beside MLflow\'s, others do not', async t => {
  const { call } = await facade(t)
  for (const route of routes) {
    for (const [key, status, code, type] of [[null, 401, 'invalid_api_key', 'invalid_request_error'], ['read', 403, 'insufficient_permissions', 'invalid_request_error']] as const) {
      const refused = await call('POST', `/mlflow${route}`, { key, body: '{}' })
      t.equal(refused.status, status)
      const { message, request_id: id, error_code: mlflowCode } = refused.json()
      t.strictSame(refused.json(), { error_code: mlflowCode, message, request_id: id, error: { message, type, code } })
    }
  }
  t.strictSame(Object.keys((await call('GET', '/mlflow/api/2.0/mlflow/experiments/search', { key: null })).json()), ['error_code', 'message', 'request_id'])
})
