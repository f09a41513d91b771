/** The facade as a process takes the tokens of a real provider, alone and as workers. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startFacade } from '../helpers/facade.js'
import { startProvider } from '../helpers/provider.js'
import { echo, standIn } from '../helpers/upstream.js'

const audience = 'https://registry.example'
const roles = (scope: string): string => JSON.stringify([{ claim: 'groups', value: 'ml-team', scopes: [scope], rate: '600/hour' }])

for (const workers of ['1', '2']) {
  t.test(`a service account of a real provider calls without a key (WORKERS=${workers})`, async t => {
    const { issuer, serviceToken } = await startProvider(t, ['ml-team'])
    const mlflow = await standIn(t, echo)
    const facade = await startFacade(t, {
      mlflowUrl: mlflow.url.href,
      env: { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles('mlflow:read'), WORKERS: workers }
    })
    const call = async (path: string, token: string, method = 'GET'): Promise<Response> => await fetch(facade.url + path, { method, headers: { authorization: `Bearer ${token}` } })
    const token = await serviceToken(audience)
    const who = await call('/whoami', token)
    t.equal(who.status, 200)
    t.match(await who.json(), { id: /^oidc:/, owner: 'trainer', scopes: ['mlflow:read'], rate_limit_per_hour: 600 })
    t.equal((await call('/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0', token)).status, 200)
    t.equal((await call('/mlflow/api/2.0/mlflow/experiments/create', token, 'POST')).status, 403, 'a reader')
    t.equal((await call('/whoami', await serviceToken('https://other.example'))).status, 401, 'for somebody else')
    t.equal((await call('/whoami', await facade.createKey('mlflow:write'))).status, 200, 'keys work as before')
    await facade.stop()
    t.notMatch(facade.output(), token.split('.')[2] ?? token)
  })
}

t.test('a role that cannot be granted ends the start with a sentence', async t => {
  const env = { DATA_DIR: join(t.testdir(), 'data'), MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '0', OIDC_ISSUER: 'https://login.example', OIDC_AUDIENCE: audience, OIDC_ROLES: roles('mlflow:reed') }
  const started = promisify(execFile)(process.execPath, [join('dist', 'cli', 'main.js'), 'start'], { env, timeout: 20_000 })
  await t.rejects(started, { code: 2, stderr: /OIDC_ROLES has a role that cannot be granted: "mlflow:reed" is not a scope/ })
})
