/**
 * By what each operation of MLflow is judged for a key that is bound to names: reviewed by hand against the handlers of each MLflow. An
 * operation without a rule is refused to such keys, and so is one whose things cannot be told.
 */
import type { Operation } from '../access/classes.js'
import type { Verb } from '../access/permissions.js'

/**
 * What a value names. Ids: `experiment`, `run`, `trace`, `loggedModel`. Names: `experimentName`; `registered` is a model or a prompt,
 * whichever MLflow holds under the name, `prompt` is one for certain. `newTrace` may not be there yet. `artifact` is a path in the
 * artifact store, `source` is where a model version comes from, `nothing` must not be given.
 */
export type Kind =
  | 'experiment' | 'experimentName' | 'run' | 'trace' | 'newTrace' | 'loggedModel' | 'registered' | 'prompt' | 'artifact' | 'source' | 'nothing'

/** Where one finds it: in MLflow's message (query or body), in the query whatever the method, in a segment of the path, in a header. */
export type Place = 'message' | 'query' | 'path' | 'header'

export interface Ask {
  readonly kind: Kind
  readonly place: Place
  /** Names of the field, any of which may hold it, but one only; for a path the name in the template. */
  readonly fields: readonly string[]
  /** In place of what the operation does. */
  readonly verb?: Verb
  /** May be left out; all others must be there. */
  readonly optional?: true
}

/** Lists in MLflow's answers whose entries are taken out. */
export type Listed = 'experiments' | 'registered_models' | 'model_versions'

export type Rule =
  | { readonly asks: readonly Ask[], readonly also?: Special }
  | { readonly filtered: Listed }
  /** Why nobody who is bound may call it. */
  | { readonly refused: string }
  /** Tells and changes nothing of anybody's. */
  | { readonly open: true }

/** What fields alone do not say. */
export type Special = 'graphql' | 'newModel' | 'renamed' | 'spans' | 'tagged' | 'traceTags'

function ask (kind: Kind, place: Place, ...fields: readonly string[]): Ask {
  return { kind, place, fields }
}

function readOnly (asked: Ask): Ask {
  return { ...asked, verb: 'read' }
}

function optional (asked: Ask): Ask {
  return { ...asked, optional: true }
}

function judged (...asks: readonly Ask[]): Rule {
  return { asks }
}

const experiment = judged(ask('experiment', 'message', 'experiment_id'))
const experiments = judged(ask('experiment', 'message', 'experiment_ids[]'))
const run = judged(ask('run', 'message', 'run_id', 'run_uuid'))
const traceInPath = judged(ask('trace', 'path', 'trace_id'))
const oldTraceInPath = judged(ask('trace', 'path', 'request_id'))
const taggedTrace: Rule = { asks: [ask('trace', 'path', 'trace_id')], also: 'traceTags' }
const taggedOldTrace: Rule = { asks: [ask('trace', 'path', 'request_id')], also: 'traceTags' }
const loggedModel = judged(ask('loggedModel', 'path', 'model_id'))
const registered = judged(ask('registered', 'message', 'name'))
const tagged: Rule = { asks: [ask('registered', 'message', 'name')], also: 'tagged' }
const artifact = judged(ask('artifact', 'path', 'artifact_path'))
const runInQuery = judged(ask('run', 'query', 'run_id', 'run_uuid'))
const traceInQuery = judged(ask('trace', 'query', 'request_id'))
const presigned = judged(optional(ask('run', 'message', 'run_id', 'run_uuid')), optional(ask('loggedModel', 'message', 'model_id')))

export const rules: Readonly<Record<string, Rule>> = {
  getExperiment: experiment,
  getExperimentByName: judged(ask('experimentName', 'message', 'experiment_name')),
  createExperiment: judged(ask('experimentName', 'message', 'name'), optional(ask('nothing', 'message', 'artifact_location'))),
  updateExperiment: judged(ask('experiment', 'message', 'experiment_id'), optional(ask('experimentName', 'message', 'new_name'))),
  deleteExperiment: experiment,
  restoreExperiment: experiment,
  setExperimentTag: experiment,
  deleteExperimentTag: experiment,
  searchExperiments: { filtered: 'experiments' },
  searchExperimentsGet: { filtered: 'experiments' },
  searchDatasets: experiments,
  serveSearchDatasets: experiments,

  createRun: experiment,
  getRun: run,
  updateRun: run,
  deleteRun: run,
  restoreRun: run,
  setTag: run,
  deleteTag: run,
  logParam: run,
  logMetric: judged(ask('run', 'message', 'run_id', 'run_uuid'), optional(ask('loggedModel', 'message', 'model_id'))),
  logBatch: judged(ask('run', 'message', 'run_id', 'run_uuid'), optional(ask('loggedModel', 'message', 'metrics[].model_id'))),
  logModel: judged(ask('run', 'message', 'run_id', 'run_uuid')),
  logInputs: judged(ask('run', 'message', 'run_id', 'run_uuid'), readOnly(optional(ask('loggedModel', 'message', 'models[].model_id')))),
  logOutputs: judged(ask('run', 'message', 'run_id', 'run_uuid'), readOnly(optional(ask('loggedModel', 'message', 'models[].model_id')))),
  searchRuns: experiments,
  serveCreatePromptlabRun: experiment,
  getMetricHistory: run,
  getMetricHistoryBulkInterval: judged(ask('run', 'message', 'run_ids[]')),
  serveGetMetricHistoryBulk: judged(ask('run', 'query', 'run_id[]', 'run_uuid')),

  listArtifacts: run,
  serveArtifacts: runInQuery,
  serveUploadArtifact: runInQuery,
  createPresignedUploadUrl: presigned,
  createPresignedDownloadUrl: presigned,
  downloadArtifact: artifact,
  uploadArtifact: artifact,
  deleteArtifact: artifact,
  createMultipartUpload: artifact,
  completeMultipartUpload: artifact,
  abortMultipartUpload: artifact,
  getPresignedDownloadUrl: artifact,
  listArtifactsMlflowArtifacts: judged(ask('artifact', 'query', 'path')),
  serveModelVersionArtifact: judged(ask('registered', 'query', 'name')),
  serveGetTraceArtifact: traceInQuery,
  serveGetTraceArtifactV3: traceInQuery,
  serveGetLoggedModelArtifact: loggedModel,

  createLoggedModel: judged(ask('experiment', 'message', 'experiment_id'), readOnly(optional(ask('run', 'message', 'source_run_id')))),
  getLoggedModel: loggedModel,
  finalizeLoggedModel: loggedModel,
  deleteLoggedModel: loggedModel,
  setLoggedModelTags: loggedModel,
  deleteLoggedModelTag: loggedModel,
  logLoggedModelParams: loggedModel,
  listLoggedModelArtifacts: loggedModel,
  searchLoggedModels: experiments,

  createRegisteredModel: { asks: [], also: 'newModel' },
  renameRegisteredModel: { asks: [ask('registered', 'message', 'name')], also: 'renamed' },
  getRegisteredModel: registered,
  updateRegisteredModel: registered,
  deleteRegisteredModel: registered,
  setRegisteredModelTag: tagged,
  deleteRegisteredModelTag: tagged,
  setRegisteredModelAlias: registered,
  deleteRegisteredModelAlias: registered,
  getModelVersionByAlias: registered,
  getLatestVersions: registered,
  getLatestVersionsGet: registered,
  searchRegisteredModels: { filtered: 'registered_models' },

  createModelVersion: judged(
    ask('registered', 'message', 'name'),
    readOnly(ask('source', 'message', 'source')),
    readOnly(optional(ask('run', 'message', 'run_id', 'run_uuid'))),
    readOnly(optional(ask('loggedModel', 'message', 'model_id')))
  ),
  getModelVersion: registered,
  getModelVersionDownloadUri: registered,
  updateModelVersion: registered,
  transitionModelVersionStage: registered,
  deleteModelVersion: registered,
  setModelVersionTag: registered,
  deleteModelVersionTag: registered,
  searchModelVersions: { filtered: 'model_versions' },

  getTraceInfo: oldTraceInPath,
  getTraceInfoV3: traceInPath,
  getTraceInfoV3V2: traceInPath,
  getTrace: judged(ask('trace', 'message', 'trace_id')),
  batchGetTraces: judged(ask('trace', 'message', 'trace_ids[]')),
  batchGetTraceInfos: judged(ask('trace', 'message', 'trace_ids[]')),
  searchTraces: experiments,
  searchTracesV3: judged(
    ask('experiment', 'message', 'locations[].mlflow_experiment.experiment_id'),
    optional(ask('nothing', 'message', 'locations[].inference_table.full_table_name'))
  ),
  calculateTraceFilterCorrelation: experiments,
  queryTraceMetrics: experiments,
  startTrace: experiment,
  startTraceV3: {
    asks: [
      ask('experiment', 'message', 'trace.trace_info.trace_location.mlflow_experiment.experiment_id'),
      ask('newTrace', 'message', 'trace.trace_info.trace_id'),
      // MLflow 3.17.2 takes an assessment of any trace over by its id
      optional(ask('nothing', 'message', 'trace.trace_info.assessments[].assessment_id'))
    ],
    also: 'traceTags'
  },
  endTrace: taggedOldTrace,
  setTraceTag: taggedOldTrace,
  deleteTraceTag: oldTraceInPath,
  setTraceTagV3: taggedTrace,
  deleteTraceTagV3: traceInPath,
  deleteTraces: experiment,
  deleteTracesV3: experiment,
  linkTracesToRun: judged(ask('trace', 'message', 'trace_ids[]'), ask('run', 'message', 'run_id', 'run_uuid')),
  linkPromptsToTrace: judged(
    ask('trace', 'message', 'trace_id'),
    readOnly(optional(ask('prompt', 'message', 'prompt_versions[].name')))
  ),
  exportTraces: {
    asks: [ask('experiment', 'header', 'x-mlflow-experiment-id'), optional(ask('run', 'header', 'x-mlflow-run-id'))],
    also: 'spans'
  },
  searchUnifiedTraceHandler: { refused: 'It is a search of Databricks, which names its tables in other ways.' },
  getOnlineTraceDetails: { refused: 'It is a call of Databricks, which names its tables in other ways.' },

  getAssessment: traceInPath,
  createAssessment: traceInPath,
  createAssessmentV2: judged(ask('trace', 'message', 'assessment.trace_id')),
  updateAssessment: traceInPath,
  updateAssessmentV2: traceInPath,
  deleteAssessment: traceInPath,
  deleteAssessmentV2: traceInPath,

  graphql: { asks: [], also: 'graphql' },
  getServerInfo: { open: true },
  getServerInfoUi: { open: true },
  servePostUiTelemetry: { open: true },
  generateDemo: { refused: 'It makes experiments and prompts of fixed names.' }
}

/** Areas none of whose operations is judged. */
const refusedAreas: Readonly<Record<string, string>> = {
  'Evaluation datasets': 'A dataset belongs to any number of experiments, and has a name of its own.',
  Scorers: 'A scorer runs code, on the server too.',
  Issues: 'Issues are listed across experiments.',
  'Label schemas': 'They are named by ids of their own.',
  'Review queues': 'A queue may hold traces of any experiment.',
  'MCP servers': 'They belong to no experiment, and to no model.',
  Skills: 'They belong to no experiment, and to no model.'
}

const unknown: Rule = { refused: 'It is not known what it is about.' }

/** The rule of an operation of the classes `read` and `write`. */
export function ruleOf ({ id, area }: Pick<Operation, 'id' | 'area'>): Rule {
  const reason = refusedAreas[area]
  return rules[id] ?? (reason === undefined ? unknown : { refused: reason })
}

/** Ids that have a rule of their own. */
export const ruled: readonly string[] = Object.keys(rules)
