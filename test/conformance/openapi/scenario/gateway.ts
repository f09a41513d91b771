/** Calls every operation of the LLM gateway and of its configuration, with a provider of our own behind. */
import type { Call, Caller } from '../../../../scripts/generate/openapi/caller.js'
import type { Tracked } from './tracking.js'

export async function gateway (c: Caller, { experimentId }: Tracked, scorerId: string, provider: string): Promise<void> {
  await c.call('serveGatewayProxyGet', { parameters: { gateway_path: 'api/2.0/endpoints/' } })
  await c.call('serveGatewayProxy', { body: { gateway_path: 'gateway/chat/invocations', json_data: { messages: [] } } })
  if (!c.has('createGatewaySecret')) return
  await catalogue(c)
  const secretId = await secrets(c, provider)
  const models = await definitions(c, secretId)
  const endpointId = await endpoints(c, models, experimentId)
  await budgets(c)
  if (scorerId !== '') await guardrails(c, endpointId, scorerId)
  await calls(c, provider)
}

async function catalogue (c: Caller): Promise<void> {
  const listed = c.version === '3.9.0' ? { status: 400 } : {} // it needs LiteLLM for its lists
  await c.call('listSupportedProviders', listed)
  await c.call('listSupportedModels', { parameters: { provider: 'openai' }, ...listed })
  for (const provider of ['openai', 'bedrock', 'databricks']) await c.call('getProviderConfig', { parameters: { provider } })
  await c.call('getSecretsConfig')
}

async function secrets (c: Caller, provider: string): Promise<string> {
  const secretId = (await c.call('createGatewaySecret', { body: { secret_name: 'openai', secret_value: { api_key: 'sk-0123456789abcdef' }, provider: 'openai', auth_config: { api_base: `${provider}/v1` }, created_by: 'ada' } })).at('secret.secret_id')
  const spare = (await c.call('createGatewaySecret', { body: { secret_name: 'spare', secret_value: { api_key: 'sk-abcdef0123456789' } } })).at('secret.secret_id')
  await c.call('getGatewaySecretInfo', { parameters: { secret_id: secretId } })
  await c.call('updateGatewaySecret', { body: { secret_id: secretId, secret_value: { api_key: 'sk-fedcba9876543210' }, updated_by: 'bob' } })
  await c.call('listGatewaySecretInfos', { parameters: { provider: 'openai' } })
  await c.call('deleteGatewaySecret', { body: { secret_id: spare } })
  await c.call('getGatewaySecretInfo', { parameters: { secret_id: spare }, status: 404 })
  return secretId
}

async function definitions (c: Caller, secretId: string): Promise<string[]> {
  const create = async (name: string): Promise<string> => (await c.call('createGatewayModelDefinition', { body: { name, secret_id: secretId, provider: 'openai', model_name: 'gpt-4o-mini', created_by: 'ada' } })).at('model_definition.model_definition_id')
  const [first, second, spare] = [await create('small'), await create('stand-in'), await create('spare')] as const
  await c.call('getGatewayModelDefinition', { parameters: { model_definition_id: first } })
  await c.call('listGatewayModelDefinitions', { parameters: { provider: 'openai' } })
  await c.call('updateGatewayModelDefinition', { body: { model_definition_id: first, model_name: 'gpt-4o', updated_by: 'bob' } })
  await c.call('deleteGatewayModelDefinition', { body: { model_definition_id: spare } })
  return [first, second]
}

async function endpoints (c: Caller, [model = '', standIn = '']: readonly string[], experimentId: string): Promise<string> {
  const config = { model_definition_id: model, linkage_type: 'PRIMARY', weight: 1 }
  const endpointId = (await c.call('createGatewayEndpoint', { body: { name: 'chat', model_configs: [config], created_by: 'ada', routing_strategy: 'REQUEST_BASED_TRAFFIC_SPLIT', usage_tracking: true, experiment_id: experimentId } })).at('endpoint.endpoint_id')
  const endpoint = { endpoint_id: endpointId }
  await c.call('attachModelToEndpoint', { body: { ...endpoint, model_config: { model_definition_id: standIn, linkage_type: 'FALLBACK', weight: 1, fallback_order: 1 }, created_by: 'ada' } })
  await c.call('setGatewayEndpointTag', { body: { ...endpoint, key: 'team', value: 'growth' } })
  await c.call('createEndpointBinding', { body: { ...endpoint, resource_type: 'scorer', resource_id: 'polite', created_by: 'ada' } })
  await c.call('listEndpointBindings', { parameters: endpoint })
  await c.call('getGatewayEndpoint', { parameters: endpoint })
  await c.call('listGatewayEndpoints', { parameters: { provider: 'openai' } })
  await c.call('updateGatewayEndpoint', { body: { ...endpoint, updated_by: 'bob', fallback_config: { strategy: 'SEQUENTIAL', max_attempts: 2 } } })
  await c.call('deleteEndpointBinding', { body: { ...endpoint, resource_type: 'scorer', resource_id: 'polite' } })
  await c.call('deleteGatewayEndpointTag', { body: { ...endpoint, key: 'team' } })
  await c.call('detachModelFromEndpoint', { body: { ...endpoint, model_definition_id: standIn } })
  const spare = (await c.call('createGatewayEndpoint', { body: { name: 'spare', model_configs: [config] } })).at('endpoint.endpoint_id')
  await c.call('deleteGatewayEndpoint', { body: { endpoint_id: spare } })
  await c.call('getGatewayEndpoint', { parameters: { endpoint_id: spare }, status: 404 })
  return endpointId
}

async function budgets (c: Caller): Promise<void> {
  if (!c.has('createBudgetPolicy')) return
  const policy = { budget_policy_id: (await c.call('createBudgetPolicy', { body: { budget_unit: 'USD', budget_amount: 100.5, duration: { unit: 'DAYS', value: 30 }, target_scope: 'GLOBAL', budget_action: 'ALERT', created_by: 'ada' } })).at('budget_policy.budget_policy_id') }
  await c.call('getBudgetPolicy', { parameters: policy })
  await c.call('updateBudgetPolicy', { body: { ...policy, budget_amount: 200, updated_by: 'bob' } })
  await c.call('listBudgetPolicies', { parameters: { max_results: 1 } })
  await c.call('listBudgetWindows')
  await c.call('deleteBudgetPolicy', { body: policy })
}

async function guardrails (c: Caller, endpointId: string, scorerId: string): Promise<void> {
  if (!c.has('createGatewayGuardrail')) return
  const guardrail = { guardrail_id: (await c.call('createGatewayGuardrail', { body: { name: 'polite', scorer_id: scorerId, scorer_version: 1, stage: 'BEFORE', action: 'VALIDATION' } })).at('guardrail.guardrail_id') }
  const both = { endpoint_id: endpointId, ...guardrail }
  await c.call('getGatewayGuardrail', { parameters: guardrail })
  await c.call('listGatewayGuardrails', { parameters: { max_results: 1 } })
  await c.call('addGuardrailToEndpoint', { body: { ...both, execution_order: 1 } })
  await c.call('listEndpointGuardrailConfigs', { parameters: { endpoint_id: endpointId } })
  await c.call('updateEndpointGuardrailConfig', { body: { ...both, execution_order: 2 } })
  await c.call('removeGuardrailFromEndpoint', { body: both })
  await c.call('deleteGatewayGuardrail', { body: guardrail })
}

async function calls (c: Caller, provider: string): Promise<void> {
  const messages = [{ role: 'user', content: 'Hello' }]
  await c.call('gatewayListModels')
  await c.call('gatewayInvocations', { parameters: { endpoint_name: 'chat' }, body: { messages } })
  await c.call('gatewayInvocations', { parameters: { endpoint_name: 'chat' }, body: { input: 'Hello' } })
  await c.call('gatewayInvocations', { parameters: { endpoint_name: 'none' }, body: { messages }, status: 404 })
  await c.call('gatewayChatCompletions', { body: { model: 'chat', messages } })
  await c.call('gatewayChatCompletions', { body: { model: 'chat', messages, stream: true } })
  await c.call('openaiPassthroughChat', { body: { model: 'chat', messages } })
  await c.call('openaiPassthroughEmbeddings', { body: { model: 'chat', input: 'Hello' } })
  await c.call('openaiPassthroughResponses', { body: { model: 'chat', input: 'Hello' } })
  await c.call('openaiPassthroughResponsesCompact', { body: { model: 'chat', input: [] } })
  await c.call('gatewayRawProxy', { parameters: { endpoint_name: 'chat', path: 'chat/completions' }, body: { model: 'gpt-4o', messages } })
  await other(c, 'claude', 'anthropic', `${provider}/v1`)
  await other(c, 'gemini', 'gemini', `${provider}/v1beta`)
  await c.call('anthropicPassthroughMessages', { body: { model: 'claude', max_tokens: 10, messages }, ...c.has('createMcpServer') ? {} : { status: 'any' } }) // before 3.17 only Anthropic's own address is called
  const address: Call = c.has('createSkill') ? {} : { status: 'any' } // before 3.18 only Google's own address is called
  const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }]
  await c.call('geminiPassthroughGenerateContent', { parameters: { endpoint_name: 'gemini' }, body: { contents }, ...address })
  await c.call('geminiPassthroughStreamGenerateContent', { parameters: { endpoint_name: 'gemini' }, body: { contents }, ...address })
  if (!c.has('typesafePassthroughSystemOne')) return
  await other(c, 'typesafe', 'typesafe', `${provider}/v1`)
  await c.call('typesafePassthroughSystemOne', { body: { model: 'typesafe', messages } })
}

/** An endpoint of another provider. */
async function other (c: Caller, name: string, provider: string, base: string): Promise<void> {
  const secretId = (await c.call('createGatewaySecret', { body: { secret_name: name, secret_value: { api_key: 'sk-0123456789abcdef' }, provider, auth_config: { api_base: base } } })).at('secret.secret_id')
  const model = (await c.call('createGatewayModelDefinition', { body: { name, secret_id: secretId, provider, model_name: name === 'typesafe' ? 'system-one' : name } })).at('model_definition.model_definition_id')
  await c.call('createGatewayEndpoint', { body: { name, model_configs: [{ model_definition_id: model, linkage_type: 'PRIMARY', weight: 1 }] } })
}
