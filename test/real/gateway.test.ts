/** A real MLflow hands what it gets on to providers of models: on each of its passthrough routes they see nothing of the facade's and no key. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gatewayEnv } from '../conformance/clients/gateway.js'
import { startProvider } from '../conformance/openapi/provider.js'
import { certify } from '../helpers/certificates.js'
import { startFacade } from '../helpers/facade.js'
import { flaskWtf } from '../helpers/flask-wtf.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(300_000)

const geminiHost = 'generativelanguage.googleapis.com'
/** The command lines whose credentials MLflow hands on (gateway/providers/base.py), and another client. */
const agents = ['OpenAI/Python 2.8.0', 'codex_cli_rs/0.40.0', 'claude-cli/2.0.1 (external, cli)', 'GeminiCLI/0.8.1/gemini-2.5-pro (linux; x64)']
const own = 'Basic ' + Buffer.from('admin:of-mlflow-itself').toString('base64')
const secret = 'sk-of-the-provider'
const messages = [{ role: 'user', content: 'Hello' }]
const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }]

/** Path below the mount, body, and the path that the provider sees. */
const routes: ReadonlyArray<readonly [string, unknown, string]> = [
  ['openai/v1/chat/completions', { model: 'openai', messages }, '/v1/chat/completions'],
  ['openai/v1/chat/completions', { model: 'openai', messages, stream: true }, '/v1/chat/completions'],
  ['openai/v1/embeddings', { model: 'openai', input: 'Hello' }, '/v1/embeddings'],
  ['openai/v1/responses', { model: 'openai', input: 'Hello' }, '/v1/responses'],
  ['openai/v1/responses/compact', { model: 'openai', input: [] }, '/v1/responses/compact'],
  ['anthropic/v1/messages', { model: 'anthropic', max_tokens: 10, messages }, '/v1/messages'],
  ['gemini/v1beta/models/gemini:generateContent', { contents }, '/v1beta/models/gemini:generateContent'],
  ['gemini/v1beta/models/gemini:streamGenerateContent', { contents }, '/v1beta/models/gemini:streamGenerateContent?alt=sse'],
  ['proxy/openai/v1/chat/completions', { model: 'm', messages }, '/v1/chat/completions'],
  ['proxy/gemini/v1beta/models/gemini:generateContent', { contents }, '/v1beta/models/gemini:generateContent'],
  ['typesafe/v1/systemone', { model: 'typesafe', messages }, '/v1/systemone'],
  ['openai/mlflow/invocations', { messages }, '/v1/chat/completions'],
  ['mlflow/v1/chat/completions', { model: 'openai', messages }, '/v1/chat/completions']
]

/** What the Python of MLflow finds before its own. */
const python = {
  'sitecustomize.py': `import os, socket
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, port, *rest, **more: real('127.0.0.1', int(os.environ['GEMINI_PORT']), *rest, **more) if host == '${geminiHost}' else real(host, port, *rest, **more)
`,
  ...flaskWtf
}

/** MLflow knows one address of Gemini alone: the name leads here, and its certificate is believed. */
async function startGemini (t: Test, folder: string, heard: (path: string, headers: readonly string[]) => void): Promise<NodeJS.ProcessEnv> {
  const { certificate, key } = certify(folder, 'gemini', `DNS:${geminiHost}`)
  const provider = await startProvider({ tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') }, heard })
  t.teardown(provider.close)
  return { PYTHONPATH: join(folder, 'python'), GEMINI_PORT: new URL(provider.url).port, SSL_CERT_FILE: certificate }
}

/** Tells MLflow of an endpoint of each provider, named like it. */
async function configure (url: string, provider: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<Record<string, Record<string, string>>> => {
    const answer = await fetch(`${url}/api/3.0/mlflow/gateway/${path}`, { method: 'POST', headers: { authorization: own, 'content-type': 'application/json' }, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`gateway/${path} answers ${answer.status}: ${await answer.text()}`)
    return await answer.json() as Record<string, Record<string, string>>
  }
  for (const name of ['openai', 'anthropic', 'gemini', 'typesafe']) {
    const made = await post('secrets/create', { secret_name: name, secret_value: { api_key: secret }, provider: name, ...name === 'gemini' ? {} : { auth_config: { api_base: `${provider}/v1` } } })
    const model = await post('model-definitions/create', { name, secret_id: made.secret?.secret_id, provider: name, model_name: name === 'typesafe' ? 'system-one' : name })
    await post('endpoints/create', { name, model_configs: [{ model_definition_id: model.model_definition?.model_definition_id, linkage_type: 'PRIMARY', weight: 1 }] })
  }
}

t.test('a provider behind a real MLflow sees nothing of the facade\'s and no key, on each route and with each user agent', async t => {
  const heard: Array<{ readonly path: string, readonly headers: readonly string[] }> = []
  const listen = (path: string, headers: readonly string[]): void => { heard.push({ path, headers }) }
  const folder = t.testdir({ python, mlflow: {} })
  const gemini = await startGemini(t, folder, listen)
  const provider = await startProvider({ heard: listen })
  t.teardown(provider.close)
  const mlflow = await startMlflow(t, { dir: join(folder, 'mlflow'), args: ['--app-name', 'basic-auth'], env: { ...gatewayEnv, ...gemini, MLFLOW_AUTH_ADMIN_PASSWORD: 'of-mlflow-itself', MLFLOW_FLASK_SERVER_SECRET_KEY: 'only-for-this-test' } })
  await configure(mlflow.url, provider.url)
  const facade = await startFacade(t, { mlflowUrl: mlflow.url, env: { MLFLOW_UPSTREAM_AUTHORIZATION: own } })
  const key = await facade.createKey('mlflow:gateway')

  for (const [route, body, path] of routes) {
    for (const agent of agents) {
      heard.length = 0
      const answer = await fetch(`${facade.url}/mlflow/gateway/${route}`, {
        method: 'POST',
        headers: { 'user-agent': agent, authorization: `Bearer ${key}`, 'x-api-key': key, 'x-goog-api-key': key, 'api-key': key, 'content-type': 'application/json', cookie: 'a=b', 'x-mine': 'passes' },
        body: JSON.stringify(body)
      })
      const what = `${route} by ${agent}`
      t.equal(answer.status, 200, `${what}: ${(await answer.text()).slice(0, 300)}`)
      t.strictSame(heard.map(call => call.path), [path], what)
      const headers = heard[0]?.headers ?? []
      const names = headers.filter((_, index) => index % 2 === 0).join(' ').toLowerCase()
      t.notMatch(names, /hokusai|forwarded|request-id|traceparent|cookie|x-mlflow-authorization|x-real-ip/, what)
      const said = headers.join(' ')
      t.notOk(said.includes(key) || said.includes(own), `${what}: ${said}`)
      t.ok(said.includes(secret), `${what}: with the provider's own key`)
    }
  }
})
