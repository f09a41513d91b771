/** Calls every operation of the server itself and of the facade: health, GraphQL, jobs, demonstration data, workspaces. */
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'
import { serializedScorer } from './evaluation.js'
import type { Traced } from './traces.js'
import type { Tracked } from './tracking.js'

export async function server (c: Caller, { experimentId }: Tracked): Promise<void> {
  for (const id of ['getLiveness', 'getReadiness', 'getHealth', 'getVersion', 'getMlflowHealth', 'getMlflowHealthOld', 'getMlflowHealthOldest', 'health', 'version']) await c.call(id, { anonymous: true })
  await c.call('whoami')
  await c.call('whoami', { anonymous: true, status: 401 })
  await c.call('listAuditEvents')
  await c.call('listAuditEvents', { parameters: { outcome: 'allowed', since: '1d', max_results: '1' } })
  await c.call('listAuditEvents', { parameters: { page_token: 'none' }, status: 400 })
  await c.call('listAuditEvents', { anonymous: true, status: 401 })
  await c.call('explain', { body: { method: 'GET', path: '/mlflow/api/2.0/mlflow/experiments/search?max_results=1' } })
  await c.call('explain', { body: { method: 'GET', path: 'mlflow' }, status: 400 })
  await c.call('getUsage')
  await c.call('getUsage', { anonymous: true, status: 401 })
  await c.call('getOpenapiJson', { anonymous: true })
  await c.call('getOpenapiYaml', { parameters: { mlflow: 'all' }, anonymous: true })
  await c.call('signInPage', { parameters: { next: '/mlflow/#/experiments/1' }, anonymous: true })
  const form = { body: Buffer.from('key=none'), type: 'application/x-www-form-urlencoded', anonymous: true } as const
  await c.call('signIn', { ...form, fromPage: true, status: 401 })
  await c.call('signIn', { ...form, status: 403 })
  await c.call('signIn', { ...form, body: Buffer.alloc(20_000, 'key='), fromPage: true, status: 413 })
  await c.call('signOut', { anonymous: true, fromPage: true, status: 303 })
  await c.call('signOut', { anonymous: true, status: 403 })
  await c.call('signInAtProvider', { anonymous: true, status: 404 })
  await c.call('signInCallback', { anonymous: true, status: 404 })
  await c.call('getCurrentUser')
  await c.call('getServerInfo')
  await c.call('getServerInfoUi')
  await c.call('serveGetUiTelemetry')
  await c.call('servePostUiTelemetry', { body: { records: [] } })
  await c.call('graphql', { body: { query: 'query Find($id: String) { mlflowGetExperiment(input: {experimentId: $id}) { experiment { name } } }', variables: { id: experimentId }, operationName: 'Find' } })
  await c.call('graphqlGet', { status: 500 })
}

export async function demo (c: Caller): Promise<void> {
  await c.call('generateDemo', { body: { features: ['prompts'] } })
  await c.call('deleteDemo')
}

export async function jobs (c: Caller, { experimentId }: Tracked, { traceId }: Traced): Promise<void> {
  if (c.has('upsertOnlineScoringConfig')) {
    const scorerId = (await c.call('registerScorer', { body: { experiment_id: experimentId, name: 'watching', serialized_scorer: serializedScorer } })).at('scorer_id')
    await c.call('upsertOnlineScoringConfig', { body: { experiment_id: experimentId, name: 'watching', sample_rate: 0, filter_string: "attributes.status = 'OK'" } })
    await c.call('getOnlineScoringConfigs', { parameters: { scorer_ids: [scorerId] } })
  }
  if (!c.has('submitJob')) return
  const params = { experiment_id: experimentId, serialized_scorer: serializedScorer, trace_ids: [traceId], log_assessments: false, username: null }
  const jobId = (await c.call('submitJob', { body: { job_name: 'invoke_scorer', params } })).at('job_id')
  await c.call('submitJob', { body: { job_name: 'none', params: {} }, status: 400 })
  await c.call('submitJob', { body: {}, status: 422, wrong: true })
  await c.call('getJob', { parameters: { job_id: jobId } })
  await c.call('getJob', { parameters: { job_id: 'none' }, status: 404 })
  await c.call('searchJobs', { body: { job_name: 'invoke_scorer', statuses: ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED'] } })
  await c.call('getJobMlflow', { parameters: { job_id: jobId } })
  await c.call('cancelJob', { parameters: { job_id: jobId } })
  await c.call('cancelJob', { parameters: { job_id: jobId }, status: c.has('createMcpServer') ? 400 : 200 })
  const other = (await c.call('submitJob', { body: { job_name: 'invoke_scorer', params } })).at('job_id')
  await c.call('cancelJobMlflow', { parameters: { job_id: other } })
  // To check a judge that calls a gateway endpoint 3.9.0 needs LiteLLM.
  await c.call('invokeScorer', { body: { experiment_id: experimentId, serialized_scorer: c.version === '3.9.0' ? serializedScorer.replace('gateway:/chat', 'openai:/gpt-4o-mini') : serializedScorer, trace_ids: [traceId], log_assessments: false } })
  await c.call('invokeIssueDetection', { body: { experiment_id: experimentId, trace_ids: [traceId], categories: ['correctness'], provider: 'openai', endpoint_name: 'chat' } })
  await c.call('syncIssueDetectionScheduleState', { body: { experiment_id: experimentId } })
  await c.call('invokeGenaiEvaluate', { body: { experiment_id: experimentId, trace_ids: [traceId], serialized_scorers: [serializedScorer] } })
  await prompts(c, experimentId)
}

async function prompts (c: Caller, experimentId: string): Promise<void> {
  const config = { optimizer_type: 'OPTIMIZER_TYPE_METAPROMPT', scorers: [], optimizer_config_json: '{"reflection_model":"gateway:/chat"}' }
  const job = { job_id: (await c.call('createPromptOptimizationJob', { body: { experiment_id: experimentId, source_prompt_uri: 'prompts:/answer/1', config, tags: [{ key: 'why', value: 'better' }] } })).at('job.job_id') }
  await c.call('getPromptOptimizationJob', { parameters: job })
  await c.call('searchPromptOptimizationJobs', { body: { experiment_id: experimentId } })
  await c.call('searchPromptOptimizationJobsGet', { parameters: { experiment_id: experimentId } })
  await c.call('cancelPromptOptimizationJob', { parameters: job, body: {} })
  await c.call('deletePromptOptimizationJob', { parameters: job })
}

/** On a server that was started with `--enable-workspaces`. */
export async function workspaces (c: Caller): Promise<void> {
  if (!c.has('createWorkspace')) return
  const team = { workspace_name: 'team-a' }
  await c.call('createWorkspace', { body: { name: 'team-a', description: 'The first team', default_artifact_root: 'mlflow-artifacts:/team-a' }, status: 201 })
  await c.call('createWorkspace', { body: { name: 'team-b' }, status: 201 })
  await c.call('createWorkspace', { body: { name: 'Not allowed' }, status: 400 })
  await c.call('getWorkspace', { parameters: team })
  await c.call('listWorkspaces')
  await c.call('updateWorkspace', { parameters: team, body: { description: 'Still the first' } })
  const inTeam = { 'X-MLFLOW-WORKSPACE': 'team-a' }
  const id = (await c.call('createExperiment', { parameters: inTeam, body: { name: 'theirs' } })).at('experiment_id')
  await c.call('getExperiment', { parameters: { ...inTeam, experiment_id: id } })
  await c.call('createRegisteredModel', { parameters: inTeam, body: { name: 'theirs' } })
  await c.call('createMcpServer', { parameters: inTeam, body: { name: 'io.github.acme/theirs' } })
  await c.call('deleteWorkspace', { parameters: { workspace_name: 'team-b' }, status: 204 })
  await c.call('getWorkspace', { parameters: { workspace_name: 'team-b' }, status: 404 })
}
