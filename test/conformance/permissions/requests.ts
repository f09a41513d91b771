/** A request of each operation that would do something, with the things of one team in it: by hand, and without the facade's rules. */
import type { Operation } from '../../../src/access/classes.js'
import type { Team } from './team.js'

/** The message of an operation, and what of its path is filled in. */
export interface Asked {
  readonly message: Record<string, unknown>
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Bytes in place of a message. */
  readonly bytes?: string
}

/** The fields of each operation's message, by their names in `fieldsOf`; `=` gives one another name there. */
const fields: Readonly<Record<string, string>> = {
  getExperiment: 'experiment_id',
  getExperimentByName: 'experiment_name',
  createExperiment: 'name=newExperiment artifact_location=location',
  updateExperiment: 'experiment_id new_name=newExperiment',
  deleteExperiment: 'experiment_id',
  restoreExperiment: 'experiment_id=deletedExperiment',
  setExperimentTag: 'experiment_id key value',
  deleteExperimentTag: 'experiment_id key=marker',
  searchDatasets: 'experiment_ids',
  serveSearchDatasets: 'experiment_ids',
  createRun: 'experiment_id',
  getRun: 'run_id',
  updateRun: 'run_id status=finished',
  deleteRun: 'run_id',
  restoreRun: 'run_id=deletedRun',
  setTag: 'run_id key value',
  deleteTag: 'run_id key=marker',
  logParam: 'run_id key value',
  logMetric: 'run_id key value=one timestamp=one',
  logBatch: 'run_id metrics',
  logModel: 'run_id model_json',
  logInputs: 'run_id datasets',
  logOutputs: 'run_id models',
  searchRuns: 'experiment_ids',
  serveCreatePromptlabRun: 'experiment_id prompt_template=value prompt_parameters=pairs model_route=value model_input=value model_output=value mlflow_version=value',
  getMetricHistory: 'run_id metric_key',
  getMetricHistoryBulkInterval: 'run_ids metric_key',
  serveGetMetricHistoryBulk: 'run_id metric_key',
  listArtifacts: 'run_id',
  serveArtifacts: 'run_id path',
  serveUploadArtifact: 'run_id path',
  createPresignedUploadUrl: 'run_id path',
  createPresignedDownloadUrl: 'run_id path',
  listArtifactsMlflowArtifacts: 'path=folder',
  serveModelVersionArtifact: 'name version path',
  serveGetTraceArtifact: 'request_id',
  serveGetTraceArtifactV3: 'request_id',
  serveGetLoggedModelArtifact: 'artifact_file_path=path',
  createMultipartUpload: 'path num_parts=one',
  completeMultipartUpload: 'path upload_id=value parts=none',
  abortMultipartUpload: 'path upload_id=value',
  createLoggedModel: 'experiment_id name=value',
  finalizeLoggedModel: 'status=modelReady',
  setLoggedModelTags: 'tags',
  logLoggedModelParams: 'params=pairs',
  searchLoggedModels: 'experiment_ids',
  createRegisteredModel: 'name=newModel',
  renameRegisteredModel: 'name new_name=newModel',
  getRegisteredModel: 'name',
  updateRegisteredModel: 'name description=value',
  deleteRegisteredModel: 'name',
  setRegisteredModelTag: 'name key value',
  deleteRegisteredModelTag: 'name key=marker',
  setRegisteredModelAlias: 'name alias=value version',
  deleteRegisteredModelAlias: 'name alias',
  getModelVersionByAlias: 'name alias',
  getLatestVersions: 'name',
  getLatestVersionsGet: 'name',
  createModelVersion: 'name source',
  getModelVersion: 'name version',
  getModelVersionDownloadUri: 'name version',
  updateModelVersion: 'name version description=value',
  transitionModelVersionStage: 'name version stage archive_existing_versions=no',
  deleteModelVersion: 'name version',
  setModelVersionTag: 'name version key value',
  deleteModelVersionTag: 'name version key=marker',
  getTrace: 'trace_id',
  batchGetTraces: 'trace_ids',
  batchGetTraceInfos: 'trace_ids',
  searchTraces: 'experiment_ids',
  searchTracesV3: 'locations',
  calculateTraceFilterCorrelation: 'experiment_ids filter_string1=traceFilter filter_string2=traceFilter',
  queryTraceMetrics: 'experiment_ids view_type metric_name aggregations',
  startTrace: 'experiment_id timestamp_ms=one',
  startTraceV3: 'trace',
  endTrace: 'timestamp_ms=one status=traceOk',
  setTraceTag: 'key value',
  setTraceTagV3: 'key value',
  deleteTraceTag: 'key=marker',
  deleteTraceTagV3: 'key=marker',
  deleteTraces: 'experiment_id request_ids',
  deleteTracesV3: 'experiment_id request_ids',
  linkTracesToRun: 'trace_ids run_id',
  linkPromptsToTrace: 'trace_id prompt_versions',
  createAssessment: 'assessment',
  createAssessmentV2: 'assessment',
  updateAssessment: 'assessment update_mask=value',
  updateAssessmentV2: 'assessment update_mask=value',
  searchUnifiedTraceHandler: 'experiment_ids',
  getOnlineTraceDetails: 'trace_id',
  createDataset: 'name=value experiment_ids',
  listScorers: 'experiment_id',
  registerScorer: 'experiment_id name=value serialized_scorer=value',
  deleteScorer: 'experiment_id name=value',
  getScorer: 'experiment_id name=value',
  listScorerVersions: 'experiment_id name=value',
  searchExperiments: 'max_results=many',
  searchExperimentsGet: 'max_results=many',
  searchRegisteredModels: 'max_results=many',
  searchModelVersions: 'max_results=many',
  graphql: 'query variables'
}

let count = 0

function fieldsOf (team: Team): Record<string, unknown> {
  const now = ++count
  const experiment = { experiment_id: team.experiment }
  return {
    ...experiment,
    experiment_ids: [team.experiment],
    experiment_name: team.experimentName,
    newExperiment: `${team.name}/new-${now}`,
    deletedExperiment: team.deletedExperiment,
    location: `mlflow-artifacts:/${team.experiment}`,
    run_id: team.run,
    run_ids: [team.run],
    deletedRun: team.deletedRun,
    trace_id: team.trace,
    request_id: team.trace,
    trace_ids: [team.trace],
    request_ids: [team.trace],
    model_id: team.loggedModel ?? 'm-none',
    name: team.model,
    newModel: `${team.name}-new-${now}`,
    source: `runs:/${team.run}/f.txt`,
    version: '1',
    alias: 'champion',
    key: `crossed-${now}`,
    marker: 'marker',
    value: `crossed-${now}`,
    one: 1,
    no: false,
    none: [],
    many: '1000',
    finished: 'FINISHED',
    modelReady: 'LOGGED_MODEL_UPLOAD_FAILED',
    traceOk: 'ERROR',
    stage: 'Staging',
    path: 'f.txt',
    folder: `${team.experiment}/${team.run}/artifacts`,
    metric_key: 'm',
    metrics: [{ key: 'crossed', value: 2, timestamp: now, step: now }],
    model_json: JSON.stringify({ artifact_path: 'm', flavors: {}, utc_time_created: '2026-01-01 00:00:00', run_id: team.run }),
    datasets: [{ dataset: { name: `d${now}`, digest: 'd', source_type: 's', source: 's' }, tags: [] }],
    models: [{ model_id: team.loggedModel ?? 'm-none', step: 0 }],
    pairs: [{ key: `p${now}`, value: 'v' }],
    tags: [{ key: `crossed-${now}`, value: 'v' }],
    locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: experiment }],
    traceFilter: "status = 'OK'",
    view_type: 'TRACES',
    metric_name: 'trace_count',
    aggregations: [{ aggregation_type: 'COUNT' }],
    trace: { trace_info: { trace_id: team.trace, trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: experiment }, request_time: '2026-01-01T00:00:00Z', state: 'OK' } },
    prompt_versions: [{ name: team.prompt, version: '1' }],
    assessment: { assessment_name: `a${now}`, trace_id: team.trace, source: { source_type: 'HUMAN', source_id: 's' }, feedback: { value: true }, create_time: '2026-01-01T00:00:00Z', last_update_time: '2026-01-01T00:00:00Z' },
    query: 'query Q($input: MlflowGetRunInput!) { mlflowGetRun(input: $input) { run { data { params { key value } tags { key value } } } } }',
    variables: { input: { runId: team.run } }
  }
}

const multipart = ['createMultipartUpload', 'completeMultipartUpload', 'abortMultipartUpload']

/** The request of an operation for a team's things. */
export function askFor (operation: Operation, team: Team): Asked {
  const values = fieldsOf(team)
  const message = Object.fromEntries((fields[operation.id] ?? '').split(' ').filter(field => field !== '').map(field => {
    const [name = '', value = name] = field.split('=')
    return [name, values[value]]
  }))
  const path = operation.path
    .replace('{artifact_path:path}', multipart.includes(operation.id) ? team.file.slice(0, team.file.lastIndexOf('/')) : team.file)
    .replace('{request_id}', team.trace).replace('{trace_id}', team.trace).replace('{model_id}', team.loggedModel ?? 'm-none')
    .replace('{tag_key}', 'marker').replace(/\{\w+(?::path)?\}/g, 'd-1')
  return {
    message,
    path,
    headers: operation.id === 'exportTraces' ? { 'x-mlflow-experiment-id': team.experiment, 'content-type': 'application/x-protobuf' } : {},
    ...operation.id === 'uploadArtifact' || operation.id === 'serveUploadArtifact' ? { bytes: 'crossed' } : {}
  }
}
