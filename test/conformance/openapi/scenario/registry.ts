/** Calls every operation on registered models, their versions and webhooks. */
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'
import type { Tracked } from './tracking.js'

/** @param receiver URL that answers webhooks */
export async function registry (c: Caller, { experimentId, runId, modelId }: Tracked, receiver: string): Promise<void> {
  const name = 'churn-tree'
  await c.call('createRegisteredModel', { body: { name, description: 'Who leaves', tags: [{ key: 'team', value: 'growth' }] } })
  await c.call('createRegisteredModel', { body: { name }, status: 400 })
  await c.call('createRegisteredModel', { body: { name: 'welcome', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] } })
  await c.call('getRegisteredModel', { parameters: { name: 'nowhere' }, status: 404 })
  const source = modelId === '' ? `mlflow-artifacts:/${experimentId}/${runId}/artifacts/notes` : `models:/${modelId}`
  await c.call('createModelVersion', { body: { name, source, run_id: runId, description: 'The first', tags: [{ key: 'checked', value: 'no' }], ...modelId === '' ? {} : { model_id: modelId } } })
  await c.call('createModelVersion', { body: { name, source: `mlflow-artifacts:/${experimentId}/${runId}/artifacts/notes`, run_id: runId, run_link: 'https://mlflow.example/run' } })
  await c.call('createModelVersion', { body: { name: 'welcome', source: 'prompt-template', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }, { key: 'mlflow.prompt.text', value: 'Welcome, {{name}}' }] } })
  await c.call('createModelVersion', { body: { name, source: 'file:///etc' }, status: 400 })
  await c.call('getModelVersion', { parameters: { name, version: '1' } })
  await c.call('getModelVersion', { parameters: { name, version: '9' }, status: 404 })
  await c.call('updateModelVersion', { body: { name, version: '1', description: 'Better' } })
  await c.call('setModelVersionTag', { body: { name, version: '1', key: 'checked', value: 'yes' } })
  await c.call('deleteModelVersionTag', { body: { name, version: '1', key: 'checked' } })
  await c.call('setRegisteredModelTag', { body: { name, key: 'tier', value: '1' } })
  await c.call('deleteRegisteredModelTag', { body: { name, key: 'tier' } })
  await c.call('setRegisteredModelAlias', { body: { name, alias: 'champion', version: '1' } })
  await c.call('getModelVersionByAlias', { parameters: { name, alias: 'champion' } })
  await c.call('transitionModelVersionStage', { body: { name, version: '1', stage: 'Production', archive_existing_versions: true } })
  await c.call('getLatestVersions', { body: { name, stages: ['Production'] } })
  await c.call('getLatestVersionsGet', { parameters: { name } })
  await c.call('getModelVersionDownloadUri', { parameters: { name, version: '2' } })
  await c.call('serveModelVersionArtifact', { parameters: { name, version: '2', path: 'read me.txt' } })
  await c.call('searchModelVersions', { parameters: { filter: `name = '${name}'`, max_results: 1, order_by: ['version_number DESC'] } })
  await c.call('getRegisteredModel', { parameters: { name } })
  await c.call('searchRegisteredModels', { parameters: { max_results: 1, order_by: ['name ASC'] } })
  await c.call('updateRegisteredModel', { body: { name, description: 'Who will leave' } })
  await c.call('deleteRegisteredModelAlias', { body: { name, alias: 'champion' } })
  await c.call('deleteModelVersion', { body: { name, version: '2' } })
  await c.call('renameRegisteredModel', { body: { name: 'welcome', new_name: 'greeting' } })
  await c.call('deleteRegisteredModel', { body: { name: 'greeting' } })
  await webhooks(c, receiver)
}

async function webhooks (c: Caller, receiver: string): Promise<void> {
  if (!c.has('createWebhook')) return
  const events = [{ entity: 'MODEL_VERSION', action: 'CREATED' }, { entity: 'REGISTERED_MODEL', action: 'CREATED' }]
  const parameters = { webhook_id: (await c.call('createWebhook', { body: { name: 'deploy', url: receiver, description: 'Deploys', events, secret: 'not-told', status: 'ACTIVE' } })).at('webhook.webhook_id') }
  await c.call('createWebhook', { body: { name: 'plain', url: receiver, events: events.slice(0, 1) } })
  await c.call('getWebhook', { parameters })
  await c.call('listWebhooks', { parameters: { max_results: 1 } })
  await c.call('updateWebhook', { parameters, body: { name: 'deploys', status: 'ACTIVE' } })
  await c.call('testWebhook', { parameters, body: { event: events[1] } })
  await c.call('updateWebhook', { parameters, body: { url: 'http://127.0.0.1:9/closed' } })
  await c.call('testWebhook', { parameters, body: {} })
  await c.call('deleteWebhook', { parameters })
  await c.call('getWebhook', { parameters, status: 404 })
}
