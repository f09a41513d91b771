/** Routes of MLflow that are no RPC: shapes written by hand from its handlers (mlflow/server/handlers.py and its FastAPI routers, 3.17.2). */
import { gatewayRoutes } from './gateway.js'
import { boolean, closed, integer, json, list, nullable, number, open, ref, string, type Media, type Parameter, type Response, type Schema, type Schemas, type Shape } from './schema.js'

/** Shapes by operation id. */
export const routes: Readonly<Record<string, Shape>> = {
  ...gatewayRoutes,
  health: answers(text('`OK`.', { type: 'string', const: 'OK' })),
  version: answers(text('The version of MLflow, such as `3.17.2`.', { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+' })),
  getServerInfo: answers(body(ref('ServerInfo'))),
  deleteWorkspace: {
    parameters: [{ ...query('mode', 'What becomes of its contents. `RESTRICT`: one that is not empty stays.'), schema: { type: 'string', enum: ['RESTRICT', 'CASCADE', 'SET_DEFAULT'], default: 'RESTRICT' } }],
    responses: { 204: { description: 'Deleted.' } }
  },
  getServerInfoUi: answers(body(ref('ServerInfo'))),
  getCurrentUser: answers(body(ref('CurrentUser'))),
  downloadArtifact: { parameters: [{ name: 'Range', in: 'header', description: 'A part of the file, such as `bytes=0-1023`.', schema: { type: 'string' } }], responses: bytes() },
  uploadArtifact: {
    parameters: [],
    body: { required: true, description: 'The bytes of the file. Send a Content-Length where you can.', content: { 'application/octet-stream': { schema: binary() } } },
    responses: { 200: { description: 'Stored. The answer is empty, or `{}` where MLflow has no route that streams.' } }
  },
  serveArtifacts: { parameters: [query('run_id', 'Id of the run.', true), query('path', 'Path of the file below the root of the run\'s artifacts.', true), old('run_uuid', 'The former name of `run_id`.')], responses: bytes() },
  serveModelVersionArtifact: { parameters: [query('name', 'Name of the registered model.', true), query('version', 'Number of the version.', true), query('path', 'Path of the file below the version\'s source.', true)], responses: bytes() },
  serveGetLoggedModelArtifact: { parameters: [query('artifact_file_path', 'Path of the file below the root of the model\'s artifacts.', true)], responses: bytes() },
  serveGetTraceArtifact: { parameters: traceFile(), responses: bytes() },
  serveGetTraceArtifactV3: { parameters: traceFile(), responses: bytes() },
  serveUploadArtifact: {
    parameters: [query('run_uuid', 'Id of the run.', true), query('path', 'Path of the file below the root of the run\'s artifacts.', true)],
    body: { required: true, description: 'The bytes of the file, at most 10 MiB.', content: { 'application/octet-stream': { schema: binary() } } },
    responses: { 200: { description: 'Stored. The answer is empty.' } }
  },
  serveGetMetricHistoryBulk: {
    parameters: [many('run_id', 'Ids of runs, at most 100.', true), query('metric_key', 'Name of the metric.', true), whole('max_results', 'At most so many, up to 25000.')],
    responses: ok(body(closed({ metrics: list(ref('PlainMetric')) })))
  },
  serveSearchDatasets: posts(open({ experiment_ids: list(string) }, ['experiment_ids']), ref('SearchDatasetsResponse')),
  serveCreatePromptlabRun: posts(open({
    experiment_id: string,
    run_name: string,
    prompt_template: string,
    prompt_parameters: list(ref('ParamPayload')),
    model_route: string,
    model_parameters: list(ref('ParamPayload')),
    model_input: string,
    model_output: string,
    model_output_parameters: list(ref('ParamPayload')),
    mlflow_version: string,
    user_id: string,
    start_time: integer
  }, ['experiment_id', 'prompt_template', 'prompt_parameters', 'model_route', 'model_input', 'mlflow_version']), ref('CreateRunResponse')),
  getOnlineScoringConfigs: { parameters: [many('scorer_ids', 'Ids of registered scorers.', true)], responses: ok(body(closed({ configs: list(ref('OnlineScoringConfig')) }))) },
  upsertOnlineScoringConfig: posts(open({ experiment_id: string, name: string, sample_rate: { ...number, minimum: 0, maximum: 1 }, filter_string: nullable(string) }, ['experiment_id', 'name', 'sample_rate']), closed({ config: ref('OnlineScoringConfig') })),
  invokeScorer: posts(open({ experiment_id: string, serialized_scorer: string, scorer_name: string, scorer_version: { type: 'integer' }, trace_ids: list(string), log_assessments: boolean }, ['experiment_id', 'serialized_scorer', 'trace_ids']), closed({ jobs: list(closed({ job_id: string, trace_ids: list(string) })) })),
  invokeIssueDetection: posts(open({ experiment_id: string, trace_ids: list(string), categories: list(string), provider: string, model: string, secret_id: string, endpoint_name: string }, ['experiment_id', 'trace_ids', 'categories', 'provider']), ref('StartedJob')),
  syncIssueDetectionScheduleState: posts(open({ experiment_id: string }, ['experiment_id']), closed({ next_fire_time_ms: nullable(integer) })),
  invokeGenaiEvaluate: posts(open({ experiment_id: string, trace_ids: list(string), serialized_scorers: list(string), scorer_versions: list(nullable({ type: 'integer' })) }, ['experiment_id', 'trace_ids', 'serialized_scorers']), ref('StartedJob')),
  getJobMlflow: answers(body(ref('JobOutcome'))),
  cancelJobMlflow: answers(body(ref('CancelledJob'))),
  generateDemo: { ...posts(open({ features: list(string) }), closed({ status: { type: 'string', enum: ['created', 'exists'] }, experiment_id: nullable(string), features_generated: list(string), navigation_url: string })), body: { required: true, content: json(open({ features: list({ type: 'string', enum: ['traces', 'evaluation', 'prompts', 'judges', 'review_queues', 'issues'] }) })) } },
  deleteDemo: answers(body(closed({ status: { type: 'string', const: 'deleted' }, features_deleted: list(string) }))),
  serveGetUiTelemetry: answers(body(closed({ disable_ui_telemetry: boolean, disable_ui_events: list(string), ui_rollout_percentage: { type: 'number' } }))),
  servePostUiTelemetry: posts(open({ records: list({ type: 'object' }) }), closed({ status: { type: 'string', enum: ['success', 'disabled'] } })),
  listSupportedProviders: answers(body(closed({ providers: list(string) }))),
  listSupportedModels: { parameters: [query('provider', 'Only models of this provider. Without it MLflow reads the lists of all, which takes a while.')], responses: ok(body(closed({ models: list(ref('SupportedModel')) }))) },
  getProviderConfig: { parameters: [query('provider', 'Name of the provider, such as `openai`.', true)], responses: ok(body(closed({ auth_modes: list(ref('AuthMode')), default_mode: string, env_credentials_available: { ...boolean, 'x-mlflow-since': '3.18.0' } }))) },
  getSecretsConfig: answers(body(closed({ secrets_available: boolean, using_default_passphrase: boolean }))),
  graphql: posts(open({ query: string, variables: nullable({ type: 'object' }), operationName: nullable(string) }, ['query']), closed({ data: nullable({ type: 'object', additionalProperties: true }), errors: nullable(list(string)) })),
  graphqlGet: { parameters: [], responses: {} },
  exportTraces: {
    parameters: [
      { name: 'x-mlflow-experiment-id', in: 'header', required: true, description: 'Id of the experiment that takes the traces.', schema: string },
      { name: 'x-mlflow-run-id', in: 'header', description: 'Id of the run to link them to.', schema: string },
      { name: 'Content-Encoding', in: 'header', description: 'How the body is compressed.', schema: { type: 'string', enum: ['gzip', 'deflate'] } }
    ],
    body: { required: true, description: 'An `ExportTraceServiceRequest` of OTLP.', content: { 'application/json': { schema: open({ resourceSpans: list({ type: 'object' }) }, ['resourceSpans']), 'x-mlflow-since': '3.17.2' }, 'application/x-protobuf': { schema: binary() } } },
    responses: { 200: { description: 'All spans are stored. An empty `ExportTraceServiceResponse`, in the form of the request from 3.18 on.', content: { 'application/x-protobuf': { schema: binary() }, 'application/json': { schema: { type: 'object' }, 'x-mlflow-since': '3.18.0' } } } }
  }
}

/** What the handler of an RPC does beyond its messages. */
export const adjustments: Readonly<Record<string, { readonly parameters?: readonly Parameter[], readonly status?: string }>> = {
  createWorkspace: { status: '201' },
  getLoggedModel: { parameters: [{ ...query('allow_deleted', 'Whether a deleted model is found.'), schema: { type: 'boolean' }, 'x-mlflow-since': '3.17.2' }] }
}

/** What became of a job. */
const jobOutcome = {
  status: ref('JobRunStatus'),
  result: {},
  error_message: { ...nullable(string), 'x-mlflow-since': '3.17.2' },
  status_details: nullable({ type: 'object', additionalProperties: true }),
  status_message: { ...nullable(string), 'x-mlflow-since': '3.17.2' },
  progress: { type: ['object', 'null'], additionalProperties: true, 'x-mlflow-since': '3.17.2' },
  progress_updated_at: { ...nullable(integer), 'x-mlflow-since': '3.17.2' }
} satisfies Record<string, Schema>

/** Answers of hand-made routes that have a name. */
export const routeSchemas: Schemas = {
  ServerInfo: {
    ...closed({
      store_type: { type: ['string', 'null'], enum: ['SqlStore', 'FileStore', null] },
      workspaces_enabled: { ...boolean, 'x-mlflow-since': '3.11.1' },
      trace_archival_enabled: { ...boolean, 'x-mlflow-since': '3.17.2' },
      multipart_uploads_enabled: { ...boolean, 'x-mlflow-since': '3.17.2' },
      multipart_downloads_enabled: { ...boolean, 'x-mlflow-since': '3.17.2' },
      presigned_upload_run_id_supported: { ...boolean, 'x-mlflow-since': '3.17.2' },
      presigned_upload_model_id_supported: { ...boolean, 'x-mlflow-since': '3.17.2' },
      model_artifact_presigned_downloads_supported: { ...boolean, 'x-mlflow-since': '3.18.0' },
      artifact_serving_enabled: { ...boolean, 'x-mlflow-since': '3.18.0' },
      artifacts_presigned_only: { ...boolean, 'x-mlflow-since': '3.18.0' },
      skill_content_max_size: { ...integer, 'x-mlflow-since': '3.18.0' },
      skill_content_max_files: { ...integer, 'x-mlflow-since': '3.18.0' },
      tracking_auth: { ...string, 'x-mlflow-since': '3.18.0' },
      features_enabled: { ...closed({ gateway: boolean, scheduled_issue_detection: { ...boolean, 'x-mlflow-since': '3.18.0' } }), 'x-mlflow-since': '3.17.2' }
    }),
    description: 'What the server is set up for.'
  },
  CurrentUser: closed({ user: closed({ id: string, username: string, is_admin: boolean }) }),
  PlainMetric: closed({ key: string, value: { ...number, description: 'This route writes what is no finite number as `NaN` or `Infinity`, which is not JSON.' }, timestamp: integer, step: integer, run_id: string }),
  OnlineScoringConfig: closed({ online_scoring_config_id: string, scorer_id: string, sample_rate: number, experiment_id: string, filter_string: string }, ['online_scoring_config_id', 'scorer_id', 'sample_rate', 'experiment_id']),
  StartedJob: { ...closed({ job_id: string, run_id: string }), description: 'The job that was started, and the run that will hold what it finds.' },
  JobOutcome: closed(jobOutcome),
  CancelledJob: closed({ ...jobOutcome, status_details: { ...jobOutcome.status_details, 'x-mlflow-since': '3.17.2' } }),
  SupportedModel: closed({
    model: string,
    provider: string,
    mode: string,
    modality: { type: ['object', 'null'], additionalProperties: true, 'x-mlflow-since': '3.17.2' },
    supports_function_calling: boolean,
    supports_vision: boolean,
    supports_reasoning: boolean,
    supports_prompt_caching: boolean,
    supports_response_schema: boolean,
    max_input_tokens: nullable(integer),
    max_output_tokens: nullable(integer),
    input_cost_per_token: nullable(number),
    output_cost_per_token: nullable(number),
    deprecation_date: nullable(string),
    last_updated_at: { ...nullable(string), 'x-mlflow-since': '3.17.2' }
  }),
  AuthMode: closed({ mode: string, display_name: string, description: string, secret_fields: list(ref('AuthField')), config_fields: list(ref('AuthField')) }),
  AuthField: closed({ name: string, description: string, required: boolean, type: string })
}

function ok (response: Response): Readonly<Record<string, Response>> {
  return { 200: response }
}

function answers (response: Response): Shape {
  return { parameters: [], responses: ok(response) }
}

function posts (request: Schema, answer: Schema): Shape {
  return { parameters: [], body: { required: true, content: json(request) }, responses: ok(body(answer)) }
}

function body (schema: Schema): Response {
  return { description: 'Done.', content: json(schema) }
}

function text (description: string, schema: Schema): Response {
  return { description, content: { 'text/plain': { schema }, 'text/html': { schema } } }
}

function binary (): Schema {
  return { type: 'string', contentMediaType: 'application/octet-stream' }
}

/** A file: its type is guessed from its name. */
function bytes (): Readonly<Record<string, Response>> {
  const content: Readonly<Record<string, Media>> = { '*/*': { schema: binary() } }
  const headers = {
    'Content-Disposition': { schema: string, required: true, description: '`attachment`, with the name of the file.' },
    'X-Content-Type-Options': { schema: { type: 'string', const: 'nosniff' }, description: 'The type is to be believed.' }
  }
  return {
    200: { description: 'The bytes of the file.', headers, content },
    206: { 'x-mlflow-since': '3.17.2', description: 'The part that `Range` asked for.', headers: { ...headers, 'Content-Range': { schema: string, required: true, description: 'Which part of how many bytes.' } }, content }
  }
}

function traceFile (): readonly Parameter[] {
  return [query('request_id', 'Id of the trace.', true), { ...query('path', 'Name of an attachment. Without it: the spans, as JSON.'), 'x-mlflow-since': '3.17.2' }]
}

function query (name: string, description: string, required: boolean = false): Parameter {
  return { name, in: 'query', description, ...required ? { required } : {}, schema: string }
}

function old (name: string, description: string): Parameter {
  return { ...query(name, description), deprecated: true }
}

function whole (name: string, description: string): Parameter {
  return { ...query(name, description), schema: { type: 'integer', minimum: 1 } }
}

function many (name: string, description: string, required: boolean): Parameter {
  return { ...query(name, description, required), schema: list(string), style: 'form', explode: true }
}
