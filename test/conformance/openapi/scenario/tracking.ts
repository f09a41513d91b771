/** Calls every operation on experiments, runs, metrics, logged models and artifacts, with data of every kind. */
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'

export interface Tracked {
  readonly experimentId: string
  readonly runId: string
  readonly modelId: string
}

const startedAt = 1_760_000_000_000

export async function tracking (c: Caller): Promise<Tracked> {
  const experimentId = await experiments(c)
  const runId = await runs(c, experimentId)
  await metrics(c, runId)
  const modelId = await loggedModels(c, experimentId, runId)
  await c.call('getRun', { parameters: { run_id: runId } })
  await c.call('searchRuns', { body: { experiment_ids: [experimentId], filter: 'metrics.rmse < 10', max_results: 1, order_by: ['metrics.rmse ASC'] } })
  await artifacts(c, experimentId, runId, modelId)
  return { experimentId, runId, modelId }
}

async function experiments (c: Caller): Promise<string> {
  const experimentId = (await c.call('createExperiment', { body: { name: 'churn', tags: [{ key: 'team', value: 'growth' }] } })).at('experiment_id')
  await c.call('createExperiment', { body: { name: 'churn' }, status: 400 })
  await c.call('createExperiment', { body: {}, status: 400, wrong: true })
  await c.call('setExperimentTag', { body: { experiment_id: experimentId, key: 'stage', value: 'trial' } })
  await c.call('getExperiment', { parameters: { experiment_id: experimentId } })
  await c.call('getExperiment', { parameters: { experiment_id: '999999' }, status: 404 })
  await c.call('getExperiment', { parameters: { experiment_id: '0' }, anonymous: true, status: 401 })
  await c.call('getExperimentByName', { parameters: { experiment_name: 'churn' } })
  await c.call('searchExperiments', { body: { max_results: 1, filter: "name LIKE '%'", order_by: ['name ASC'], view_type: 'ALL' } })
  await c.call('searchExperimentsGet', { parameters: { max_results: 5, view_type: 'ACTIVE_ONLY' } })
  await c.call('deleteExperimentTag', { body: { experiment_id: experimentId, key: 'stage' } })
  const other = (await c.call('createExperiment', { body: { name: 'short-lived' } })).at('experiment_id')
  await c.call('updateExperiment', { body: { experiment_id: other, new_name: 'renamed' } })
  await c.call('deleteExperiment', { body: { experiment_id: other } })
  await c.call('getExperiment', { parameters: { experiment_id: other } })
  await c.call('restoreExperiment', { body: { experiment_id: other } })
  return experimentId
}

async function runs (c: Caller, experimentId: string): Promise<string> {
  const runId = (await c.call('createRun', { body: { experiment_id: experimentId, user_id: 'ada', run_name: 'first', start_time: startedAt, tags: [{ key: 'mlflow.source.name', value: 'train.py' }] } })).at('run.info.run_id')
  const bare = (await c.call('createRun', { body: { experiment_id: experimentId } })).at('run.info.run_id')
  await c.call('getRun', { parameters: { run_id: bare } })
  await c.call('logParam', { body: { run_id: runId, key: 'depth', value: '5' } })
  await c.call('logBatch', {
    body: {
      run_id: runId,
      metrics: [{ key: 'rmse', value: 0.71, timestamp: startedAt + 1000, step: 1 }, { key: 'rmse', value: 0.64, timestamp: startedAt + 2000, step: 2 }],
      params: [{ key: 'rate', value: '0.1' }],
      tags: [{ key: 'kind', value: 'tree' }]
    }
  })
  await c.call('setTag', { body: { run_id: runId, key: 'reviewed', value: 'yes' } })
  await c.call('deleteTag', { body: { run_id: runId, key: 'reviewed' } })
  await c.call('logModel', { body: { run_id: runId, model_json: JSON.stringify({ artifact_path: 'model', run_id: runId, utc_time_created: '2026-01-01 00:00:00.000000', flavors: {} }) } })
  await c.call('logInputs', {
    body: { run_id: runId, datasets: [{ tags: [{ key: 'mlflow.data.context', value: 'training' }], dataset: { name: 'customers', digest: 'a1b2c3', source_type: 'local', source: '{"uri":"customers.csv"}', schema: '{"mlflow_colspec":[]}', profile: '{"num_rows":10}' } }] }
  })
  await c.call('serveSearchDatasets', { body: { experiment_ids: [experimentId] } })
  await c.call('searchDatasets', { body: { experiment_ids: [experimentId] }, status: 404 })
  await c.call('updateRun', { body: { run_id: runId, status: 'FINISHED', end_time: startedAt + 60_000, run_name: 'first, done' } })
  await c.call('deleteRun', { body: { run_id: bare } })
  await c.call('restoreRun', { body: { run_id: bare } })
  await c.call('getRun', { parameters: { run_id: '0'.repeat(32) }, status: 404 })
  await c.call('serveCreatePromptlabRun', {
    body: {
      experiment_id: experimentId,
      run_name: 'trial',
      prompt_template: 'Say {{word}}',
      prompt_parameters: [{ key: 'word', value: 'hello' }],
      model_route: 'chat',
      model_parameters: [{ key: 'temperature', value: '0.1' }],
      model_input: 'Say hello',
      model_output: 'hello',
      model_output_parameters: [{ key: 'latency', value: '12' }],
      mlflow_version: '3.17.2',
      user_id: 'ada',
      start_time: startedAt
    }
  })
  return runId
}

async function metrics (c: Caller, runId: string): Promise<void> {
  await c.call('logMetric', { body: { run_id: runId, key: 'loss', value: 0.5, timestamp: startedAt, step: 1 } })
  await c.call('logMetric', { body: { run_id: runId, key: 'loss', value: 'NaN', timestamp: startedAt + 1, step: 2 } })
  await c.call('logMetric', { body: { run_id: runId, key: 'loss', value: '-Infinity', timestamp: startedAt + 2, step: 3 } })
  await c.call('getMetricHistory', { parameters: { run_id: runId, metric_key: 'rmse' } })
  await c.call('getMetricHistory', { parameters: { run_id: runId, metric_key: 'loss', max_results: 1 } })
  await c.call('getMetricHistoryBulkInterval', { parameters: { run_ids: [runId], metric_key: 'rmse', max_results: 100, start_step: 0, end_step: 10 } })
  await c.call('serveGetMetricHistoryBulk', { parameters: { run_id: [runId], metric_key: 'rmse', max_results: 10 } })
}

async function loggedModels (c: Caller, experimentId: string, runId: string): Promise<string> {
  if (!c.has('createLoggedModel')) return ''
  const modelId = (await c.call('createLoggedModel', { body: { experiment_id: experimentId, name: 'tree', model_type: 'classifier', source_run_id: runId, params: [{ key: 'depth', value: '5' }], tags: [{ key: 'stage', value: 'trial' }] } })).at('model.info.model_id')
  await c.call('finalizeLoggedModel', { parameters: { model_id: modelId }, body: { model_id: modelId, status: 'LOGGED_MODEL_READY' } })
  await c.call('logLoggedModelParams', { parameters: { model_id: modelId }, body: { model_id: modelId, params: [{ key: 'rate', value: '0.1' }] } })
  await c.call('setLoggedModelTags', { parameters: { model_id: modelId }, body: { tags: [{ key: 'owner', value: 'ada' }] } })
  await c.call('deleteLoggedModelTag', { parameters: { model_id: modelId, tag_key: 'owner' } })
  await c.call('logMetric', { body: { run_id: runId, key: 'auc', value: 0.9, timestamp: startedAt, step: 1, model_id: modelId, dataset_name: 'customers', dataset_digest: 'a1b2c3' } })
  await c.call('logOutputs', { body: { run_id: runId, models: [{ model_id: modelId, step: 1 }] } })
  await c.call('getLoggedModel', { parameters: { model_id: modelId } })
  await c.call('searchLoggedModels', { body: { experiment_ids: [experimentId], filter: "attributes.name = 'tree'", max_results: 1, order_by: [{ field_name: 'creation_timestamp', ascending: false }] } })
  const spare = (await c.call('createLoggedModel', { body: { experiment_id: experimentId } })).at('model.info.model_id')
  await c.call('deleteLoggedModel', { parameters: { model_id: spare } })
  await c.call('getLoggedModel', { parameters: { model_id: spare }, status: 404 })
  return modelId
}

async function artifacts (c: Caller, experimentId: string, runId: string, modelId: string): Promise<void> {
  const folder = `${experimentId}/${runId}/artifacts`
  const text = Buffer.from('what the model is like\n')
  await c.call('uploadArtifact', { parameters: { artifact_path: `${folder}/notes/read me.txt` }, body: text, type: 'application/octet-stream' })
  await c.call('uploadArtifact', { parameters: { artifact_path: `${folder}/empty` }, body: Buffer.from(''), type: 'application/octet-stream' })
  await c.call('serveUploadArtifact', { parameters: { run_uuid: runId, path: 'small.json' }, body: Buffer.from('{}'), type: 'application/octet-stream' })
  await c.call('listArtifacts', { parameters: { run_id: runId } })
  await c.call('listArtifacts', { parameters: { run_id: runId, path: 'notes' } })
  await c.call('listArtifactsMlflowArtifacts', { parameters: { path: folder } })
  await c.call('downloadArtifact', { parameters: { artifact_path: `${folder}/notes/read me.txt` } })
  await c.call('downloadArtifact', { parameters: { artifact_path: `${folder}/notes/read me.txt`, Range: 'bytes=0-3' }, status: c.has('createMcpServer') ? 206 : 200 })
  await c.call('downloadArtifact', { parameters: { artifact_path: `${folder}/none` }, status: c.has('createMcpServer') ? 404 : 500 })
  await c.call('serveArtifacts', { parameters: { run_id: runId, path: 'notes/read me.txt' } })
  await c.call('deleteArtifact', { parameters: { artifact_path: `${folder}/empty` } })
  if (modelId !== '') {
    await c.call('uploadArtifact', { parameters: { artifact_path: `${experimentId}/models/${modelId}/artifacts/MLmodel` }, body: Buffer.from('flavors: {}\n'), type: 'application/octet-stream' })
    await c.call('listLoggedModelArtifacts', { parameters: { model_id: modelId } })
    await c.call('serveGetLoggedModelArtifact', { parameters: { model_id: modelId, artifact_file_path: 'MLmodel' } })
  }
  await unsigned(c, folder, runId)
}

/** What needs a cloud storage says so: with a local one MLflow can neither sign nor split. */
async function unsigned (c: Caller, folder: string, runId: string): Promise<void> {
  const parameters = { artifact_path: folder }
  await c.call('createMultipartUpload', { parameters, body: { path: 'big.bin', num_parts: 2 }, status: 501 })
  await c.call('completeMultipartUpload', { parameters, body: { path: 'big.bin', upload_id: 'none', parts: [{ part_number: 1, etag: 'a' }] }, status: 501 })
  await c.call('abortMultipartUpload', { parameters, body: { path: 'big.bin', upload_id: 'none' }, status: 501 })
  await c.call('getPresignedDownloadUrl', { parameters: { artifact_path: `${folder}/small.json` }, status: 501 })
  await c.call('createPresignedDownloadUrl', { body: { run_id: runId, path: 'small.json', expiration: 60 }, status: 400 })
  await c.call('createPresignedUploadUrl', { body: { run_id: runId, path: 'small.json' }, status: 400 })
}
