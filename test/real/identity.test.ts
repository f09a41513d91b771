/** MLflow's own users by what the facade signs: a real MLflow with its basic-auth app and `deploy/mlflow/hokusai_identity.py`. */
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { decodeJwt } from 'jose'
import t from 'tap'
import { identitySigner } from '../../src/mlflow/signed-identity.js'
import { startFacade } from '../helpers/facade.js'
import { flaskWtf } from '../helpers/flask-wtf.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(600_000) // MLflow and its client take seconds to start each

const secret = 'a secret of the facade and MLflow alone'
const folder = t.testdir({ python: flaskWtf, mlflow: {} })
const seen = join(folder, 'seen')
writeFileSync(join(folder, 'auth.ini'), `[mlflow]
default_permission = READ
database_uri = sqlite:///${join(folder, 'auth.db')}
admin_username = the-operator
authorization_function = hokusai_identity:authenticate
`)
const mlflow = await startMlflow(t, {
  dir: join(folder, 'mlflow'),
  version: '3.17.2',
  args: ['--app-name', 'basic-auth', '--workers', '2'],
  env: {
    PYTHONPATH: `${resolve('deploy/mlflow')}:${join(folder, 'python')}`,
    HOKUSAI_IDENTITY_SECRET: secret,
    HOKUSAI_IDENTITY_DIR: seen,
    MLFLOW_AUTH_CONFIG_PATH: join(folder, 'auth.ini'),
    MLFLOW_AUTH_ADMIN_PASSWORD: 'of-mlflow-itself',
    MLFLOW_FLASK_SERVER_SECRET_KEY: 'only-for-this-test'
  }
})
const facade = await startFacade(t, { mlflowUrl: mlflow.url, env: { MLFLOW_UPSTREAM_IDENTITY_SECRET: secret } })
const keyOf = async (user: string): Promise<string> => await facade.createKey('mlflow:write', ['--user', user])
const [ann, bob] = [await keyOf('ann'), await keyOf('bob')]

async function call (key: string, path: string, body: unknown): Promise<{ readonly status: number, readonly json: Record<string, string> }> {
  const answer = await fetch(`${facade.url}/mlflow/api/2.0/mlflow/${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const text = await answer.text()
  return { status: answer.status, json: text.startsWith('{') ? JSON.parse(text) as Record<string, string> : { text } }
}

/** As somebody who has got past the facade. */
async function direct (path: string, token: string | undefined, method: string = 'GET'): Promise<Response> {
  return await fetch(mlflow.url + path, { method, headers: token === undefined ? {} : { 'x-hokusai-identity': token } })
}

const sign = identitySigner(secret)
const signedFor = (userId: string, path: string, method: string = 'GET'): string => sign({ method, path, caller: { userId, keyId: 'key_1', scopes: new Set(), workspaces: [] } })

t.test('what a key\'s owner makes is theirs in MLflow, and others may only look', async t => {
  const made = await call(ann, 'experiments/create', { name: 'of ann' })
  t.equal(made.status, 200, JSON.stringify(made.json))
  const id = made.json['experiment_id']
  t.equal((await call(ann, 'experiments/update', { experiment_id: id, new_name: 'still of ann' })).status, 200)
  t.equal((await call(bob, 'experiments/update', { experiment_id: id, new_name: 'of bob' })).status, 403)
  t.equal((await call(bob, 'experiments/search', { max_results: 10 })).status, 200)
  t.equal((await call(ann, 'experiments/delete', { experiment_id: id })).status, 200)
  const path = '/api/2.0/mlflow/users/get?username=ann'
  t.match(await (await direct(path, signedFor('the-operator', path))).json(), { user: { username: 'ann', is_admin: false } })
  t.equal((await direct(path, signedFor('bob', path))).status, 403, 'no scope makes an administrator of MLflow\'s')
})

t.test('a token that is missing, forged, replayed, old, or of another call is refused where the facade is passed by', async t => {
  const path = '/api/2.0/mlflow/experiments/get?experiment_id=0'
  const good = signedFor('ann', path)
  t.equal((await direct(path, good)).status, 200)
  for (let count = 0; count < 6; count++) t.equal((await direct(path, good)).status, 401, 'replayed, to any of two workers')
  t.equal((await direct(path, undefined)).status, 401)
  t.equal((await fetch(mlflow.url + path, { headers: { authorization: `Basic ${Buffer.from('the-operator:of-mlflow-itself').toString('base64')}` } })).status, 401, 'a password opens nothing')
  t.equal((await direct('/api/2.0/mlflow/experiments/get?experiment_id=1', signedFor('ann', path))).status, 401, 'another query')
  t.equal((await direct('/api/2.0/mlflow/experiments/search?max_results=1', signedFor('ann', '/api/2.0/mlflow/experiments/search'))).status, 401)
  t.equal((await direct('/ajax-api/2.0/mlflow/experiments/get?experiment_id=0', signedFor('ann', path))).status, 401, 'another path')
  t.equal((await direct(path, signedFor('ann', path, 'POST'))).status, 401, 'another method')
  t.equal((await direct(path, identitySigner(`${secret}.`)({ method: 'GET', path, caller: undefined }))).status, 401)
  for (const seconds of [-60, 60]) t.equal((await direct(path, identitySigner(secret, () => Date.now() + seconds * 1000)({ method: 'GET', path, caller: undefined }))).status, 401, `${seconds} s off`)
  const [head = '', payload = ''] = signedFor('ann', path).split('.')
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
  const admin = Buffer.from(JSON.stringify({ ...decodeJwt(`${head}.${payload}.`), sub: 'the-operator' })).toString('base64url')
  const signature = signedFor('ann', path).split('.')[2] ?? ''
  const otherAudience = `${head}.${Buffer.from(JSON.stringify({ ...decodeJwt(`${head}.${payload}.`), aud: 'other' })).toString('base64url')}`
  for (const token of [
    '', '.', '..', 'x', `${none}.${payload}.`, `${none}.${payload}.${signature}`, `${head}.${admin}.${signature}`, `${head}.${payload}.`, `${head}.${payload}.${signature}`, `${head}.${payload}`,
    `${otherAudience}.${createHmac('sha256', secret).update(otherAudience).digest('base64url')}`, '\u00e9'.repeat(10)
  ]) t.equal((await direct(path, token)).status, 401, token)
})

t.test('the stock client does its work, artifacts with odd names too, and what was seen of tokens does not pile up unread', async t => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')))
  const env = { ...clean, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_TRACKING_TOKEN: ann }
  const { stdout } = await promisify(execFile)(mlflow.python, ['test/real/client.py', `${facade.url}/mlflow`, 'nested_runs', 'odd_names', 'trace', 'otlp'], { env, maxBuffer: 2 ** 26 })
  const { odd_names: { listed, ...names }, ...rest } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { odd_names: Record<string, unknown>, [name: string]: unknown }
  t.match(rest, { nested_runs: [0.5, 1], trace: { spans: ['inner', 'outer'] }, otlp: ['exported gzip', 'exported plain'] })
  t.strictSame(Object.entries(names).filter(([, outcome]) => outcome !== 'same'), [])
  t.ok(Array.isArray(listed) && listed.length > 0)
  t.match(readdirSync(seen)[0], /^[\da-f]{64}$/, 'a hash, nothing of a token')
})

t.test('the gateway, which gets no token, takes a user of the facade\'s own by its password, and nothing else does', async t => {
  const password = `Basic ${Buffer.from('the-operator:of-mlflow-itself').toString('base64')}`
  const ask = async (path: string, headers: Record<string, string>): Promise<number> => (await fetch(mlflow.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' })).status
  const path = '/gateway/mlflow/v1/chat/completions'
  t.equal(await ask(path, {}), 401)
  t.equal(await ask(path, { 'x-mlflow-authorization': `${password}x` }), 401)
  t.not(await ask(path, { 'x-mlflow-authorization': password }), 401)
  t.equal(await ask('/api/2.0/mlflow/experiments/search', { 'x-mlflow-authorization': password }), 401)
})
