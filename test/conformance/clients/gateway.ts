/** MLflow's LLM gateway with a stand-in for the provider, so that answers stream (SSE) without a language model. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Events of each answer, and the time between them. */
export const eventCount = 10
const eventIntervalMs = 100

export const endpointName = 'soak'

/** Lets MLflow talk to a provider on this machine. */
export const gatewayEnv = {
  MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES: 'http,https',
  MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS: 'true',
  MLFLOW_CRYPTO_KEK_PASSPHRASE: 'only-for-the-soak'
}

/** An OpenAI-compatible provider that streams, slowly. @returns its base URL */
export async function startProvider (stage: { teardown: (fn: () => unknown) => void }): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let sent = 0
    const clock = setInterval(() => {
      if (sent++ < eventCount) response.write(`data: ${JSON.stringify(chunkOf(sent))}\n\n`)
      else {
        clearInterval(clock)
        response.end('data: [DONE]\n\n')
      }
    }, eventIntervalMs)
    response.on('close', () => clearInterval(clock))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stage.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

function chunkOf (index: number): unknown {
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: `word-${index} ` }, finish_reason: null }] }
}

/** Tells MLflow (3.17.2) of the provider. */
export async function configureGateway (uri: string, key: string, provider: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<Record<string, Record<string, string>>> => {
    const answer = await fetch(`${uri}/api/3.0/mlflow/gateway/${path}`, {
      method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body)
    })
    if (!answer.ok) throw new Error(`gateway/${path} answers ${answer.status}: ${await answer.text()}`)
    return await answer.json() as Record<string, Record<string, string>>
  }
  const { secret } = await post('secrets/create', { secret_name: endpointName, secret_value: { api_key: 'unused' }, provider: 'openai', auth_config: { api_base: provider } })
  const { model_definition: model } = await post('model-definitions/create', { name: endpointName, secret_id: secret?.secret_id, provider: 'openai', model_name: 'm' })
  await post('endpoints/create', { name: endpointName, model_configs: [{ model_definition_id: model?.model_definition_id, linkage_type: 'PRIMARY', weight: 1 }] })
}
