/**
 * Who may call which operation of MLflow: reviewed by hand, operation by operation, against the source of each MLflow.
 * The table of operations takes its classes from here.
 */

/** What a caller needs: no key, any valid key, the scope of that name, or nothing that can be had. */
export const accessClasses = ['public', 'ui', 'read', 'write', 'gateway', 'admin', 'blocked'] as const

export type AccessClass = typeof accessClasses[number]

/**
 * Routes that MLflow keeps in one place under a static prefix; the place differs by version. `rest` and `ajax` are
 * Flask's; `native-ajax`, `assistant`, `gateway`, `otlp` and `artifacts`, `ajax-artifacts` (the bytes) are FastAPI's
 * where a version has it; `build` is Flask's own static folder, which knows no prefix.
 */
export type Family =
  | 'rest'
  | 'ajax'
  | 'native-ajax'
  | 'artifacts'
  | 'ajax-artifacts'
  | 'otlp'
  | 'gateway'
  | 'graphql'
  | 'ui'
  | 'build'
  | 'health'
  | 'assistant'
  | 'auth'

/**
 * What the facade does beyond the class: judge the body (`graphql`, `schedule`), shorten the expiry in the body
 * (`presigned`), or answer by itself (`facade`).
 */
export type Handling = 'graphql' | 'presigned' | 'schedule' | 'facade'

/** One method on one path of MLflow, with its alias under `ajax-api`. */
export interface Operation {
  /** MLflow's own name, stable over versions: metric label, log field, OpenAPI operationId. */
  readonly id: string
  readonly method: string
  /** As MLflow serves it without a static prefix: `{name}` is one segment, `{name:path}` any rest; literal braces are percent-encoded. */
  readonly path: string
  readonly aliases?: readonly string[]
  readonly family: Family
  readonly class: AccessClass
  /** What it is about: heading in the documents, tag in OpenAPI. */
  readonly area: string
  /** Full name of the request message, where the operation is an RPC. */
  readonly proto?: string
  /** FastAPI serves it in some version, so that a `{name:path}` may be empty or begin with a slash. */
  readonly native?: true
  /** Doubled slashes in it are data. */
  readonly artifact?: true
  readonly handling?: Handling
  /** First and last of the known versions that have it; no `until`: the newest has it. */
  readonly since: string
  readonly until?: string
}

/** The class that satisfies both: where neither includes the other, `admin` does. */
export function strongest (a: AccessClass, b: AccessClass): AccessClass {
  if (includes(a, b)) return a
  return includes(b, a) ? b : 'admin'
}

/** A caller who may do what `higher` asks for may do what `lower` asks for. */
function includes (higher: AccessClass, lower: AccessClass): boolean {
  return higher === lower || included[higher].includes(lower)
}

const included: Readonly<Record<AccessClass, readonly AccessClass[]>> = {
  public: [],
  ui: ['public'],
  read: ['public', 'ui'],
  write: ['public', 'ui', 'read'],
  gateway: ['public', 'ui'],
  admin: ['public', 'ui', 'read', 'write', 'gateway'],
  blocked: ['public', 'ui', 'read', 'write', 'gateway', 'admin']
}

/**
 * Everything below these paths is blocked, whatever the method and whether or not a known MLflow has it:
 * the next version's assistant must not be open to administrators for being unknown.
 */
export const blockedTrees: ReadonlyArray<{
  readonly id: string
  readonly family: Family
  readonly pattern: RegExp
  /** And this anywhere. */ readonly holding?: RegExp
}> = [
  { id: 'assistant', family: 'assistant', pattern: /^\/(?:ajax-)?api\/[^/]+\/mlflow\/assistant(?:\/|$)/ },
  { id: 'auth', family: 'auth', pattern: /^\/(?:signup|(?:ajax-)?api\/[^/]+\/mlflow\/(?:users|roles|workspace-permissions))(?:\/|$)/ },
  { id: 'auth', family: 'auth', pattern: /^\/(?:ajax-)?api\/[^/]+\/mlflow\//, holding: /\/permissions(?:\/|$)/ }
]

/** The operations of each subject by class, ids separated by spaces. */
export const areas: Readonly<Record<string, Readonly<Partial<Record<AccessClass, string>>>>> = {
  Experiments: {
    read: 'getExperiment getExperimentByName searchExperiments searchExperimentsGet searchDatasets serveSearchDatasets',
    write: 'createExperiment updateExperiment deleteExperiment restoreExperiment setExperimentTag deleteExperimentTag'
  },
  Runs: {
    read: 'getRun searchRuns',
    write: 'createRun updateRun deleteRun restoreRun setTag deleteTag logParam logBatch logModel logInputs logOutputs serveCreatePromptlabRun'
  },
  Metrics: {
    read: 'getMetricHistory getMetricHistoryBulkInterval serveGetMetricHistoryBulk',
    write: 'logMetric'
  },
  Artifacts: {
    read: 'listArtifacts listArtifactsMlflowArtifacts downloadArtifact getPresignedDownloadUrl createPresignedDownloadUrl serveArtifacts serveModelVersionArtifact serveGetTraceArtifact serveGetTraceArtifactV3 serveGetLoggedModelArtifact',
    write: 'uploadArtifact deleteArtifact createMultipartUpload completeMultipartUpload abortMultipartUpload createPresignedUploadUrl serveUploadArtifact'
  },
  'Logged models': {
    read: 'getLoggedModel searchLoggedModels listLoggedModelArtifacts',
    write: 'createLoggedModel finalizeLoggedModel deleteLoggedModel setLoggedModelTags deleteLoggedModelTag logLoggedModelParams'
  },
  'Registered models': {
    read: 'getRegisteredModel searchRegisteredModels getLatestVersions getLatestVersionsGet getModelVersionByAlias',
    write: 'createRegisteredModel renameRegisteredModel updateRegisteredModel deleteRegisteredModel setRegisteredModelTag deleteRegisteredModelTag setRegisteredModelAlias deleteRegisteredModelAlias'
  },
  'Model versions': {
    read: 'getModelVersion searchModelVersions getModelVersionDownloadUri',
    write: 'createModelVersion updateModelVersion transitionModelVersionStage deleteModelVersion setModelVersionTag deleteModelVersionTag'
  },
  Traces: {
    read: 'getTraceInfo getTraceInfoV3 getTraceInfoV3V2 getTrace batchGetTraces batchGetTraceInfos searchTraces searchTracesV3 searchUnifiedTraceHandler getOnlineTraceDetails calculateTraceFilterCorrelation queryTraceMetrics',
    write: 'startTrace startTraceV3 endTrace deleteTraces deleteTracesV3 setTraceTag setTraceTagV3 deleteTraceTag deleteTraceTagV3 linkTracesToRun linkPromptsToTrace exportTraces'
  },
  Assessments: {
    read: 'getAssessment',
    write: 'createAssessment createAssessmentV2 updateAssessment updateAssessmentV2 deleteAssessment deleteAssessmentV2'
  },
  'Evaluation datasets': {
    read: 'getDataset searchEvaluationDatasets searchEvaluationDatasetsGet getDatasetExperimentIds getDatasetRecords',
    write: 'createDataset deleteDataset setDatasetTags deleteDatasetTag upsertDatasetRecords deleteDatasetRecords addDatasetToExperiments removeDatasetFromExperiments'
  },
  Scorers: {
    read: 'getScorer listScorers listScorerVersions',
    write: 'registerScorer deleteScorer',
    admin: 'getOnlineScoringConfigs upsertOnlineScoringConfig invokeScorer'
  },
  Issues: {
    read: 'getIssue searchIssues',
    write: 'createIssue updateIssue',
    admin: 'invokeIssueDetection syncIssueDetectionScheduleState'
  },
  'Label schemas': {
    read: 'getLabelSchema getLabelSchemaByName listLabelSchemas',
    write: 'createLabelSchema updateLabelSchema deleteLabelSchema'
  },
  'Review queues': {
    read: 'getReviewQueue getReviewQueueByName listReviewQueues listReviewQueueItems',
    write: 'createReviewQueue getOrCreateUserQueue updateReviewQueue deleteReviewQueue addItemsToReviewQueue removeItemsFromReviewQueue setReviewQueueItemStatus'
  },
  'MCP servers': {
    read: 'searchMcpServers getMcpServer searchMcpServerVersions getMcpServerVersion getVersionByAlias searchAllAccessEndpoints searchServerAccessEndpoints getMcpAccessEndpoint',
    write: 'createMcpServer updateMcpServer deleteMcpServer setMcpServerTag deleteMcpServerTag createMcpServerVersion updateMcpServerVersion deleteMcpServerVersion setMcpServerVersionTag deleteMcpServerVersionTag setMcpServerAlias deleteMcpServerAlias createMcpAccessEndpoint updateMcpAccessEndpoint deleteMcpAccessEndpoint'
  },
  Skills: {
    read: 'searchSkills getSkill searchSkillVersions getSkillVersion getSkillVersionByAlias getOrganizationSkill searchOrganizationSkillVersions getOrganizationSkillVersion getOrganizationSkillVersionByAlias',
    write: 'createSkill bulkRegisterSkills updateSkill deleteSkill setSkillTag deleteSkillTag createSkillVersion updateSkillVersion deleteSkillVersion setSkillVersionTag deleteSkillVersionTag setSkillAlias deleteSkillAlias updateOrganizationSkill deleteOrganizationSkill setOrganizationSkillTag deleteOrganizationSkillTag createOrganizationSkillVersion updateOrganizationSkillVersion deleteOrganizationSkillVersion setOrganizationSkillVersionTag deleteOrganizationSkillVersionTag setOrganizationSkillAlias deleteOrganizationSkillAlias'
  },
  'LLM gateway': {
    gateway: 'gatewayInvocations gatewayChatCompletions gatewayListModels openaiPassthroughChat openaiPassthroughEmbeddings openaiPassthroughResponses openaiPassthroughResponsesCompact typesafePassthroughSystemOne anthropicPassthroughMessages geminiPassthroughGenerateContent geminiPassthroughStreamGenerateContent gatewayRawProxy serveGatewayProxy serveGatewayProxyGet'
  },
  'LLM gateway configuration': {
    admin: 'createGatewaySecret getGatewaySecretInfo updateGatewaySecret deleteGatewaySecret listGatewaySecretInfos getSecretsConfig createGatewayEndpoint getGatewayEndpoint updateGatewayEndpoint deleteGatewayEndpoint listGatewayEndpoints attachModelToEndpoint detachModelFromEndpoint createEndpointBinding deleteEndpointBinding listEndpointBindings setGatewayEndpointTag deleteGatewayEndpointTag createGatewayModelDefinition getGatewayModelDefinition listGatewayModelDefinitions updateGatewayModelDefinition deleteGatewayModelDefinition createBudgetPolicy getBudgetPolicy updateBudgetPolicy deleteBudgetPolicy listBudgetPolicies listBudgetWindows createGatewayGuardrail getGatewayGuardrail deleteGatewayGuardrail listGatewayGuardrails addGuardrailToEndpoint removeGuardrailFromEndpoint listEndpointGuardrailConfigs updateEndpointGuardrailConfig listSupportedProviders listSupportedModels getProviderConfig'
  },
  Webhooks: { admin: 'createWebhook listWebhooks getWebhook updateWebhook deleteWebhook testWebhook' },
  Workspaces: { admin: 'listWorkspaces createWorkspace getWorkspace updateWorkspace deleteWorkspace' },
  Jobs: {
    admin: 'submitJob getJob getJobMlflow cancelJob cancelJobMlflow searchJobs createPromptOptimizationJob getPromptOptimizationJob searchPromptOptimizationJobs searchPromptOptimizationJobsGet cancelPromptOptimizationJob deletePromptOptimizationJob invokeGenaiEvaluate'
  },
  GraphQL: { read: 'graphql', admin: 'graphqlGet' },
  Server: {
    public: 'health version',
    ui: 'serve serveStaticFile static serveGetUiTelemetry getCurrentUser',
    read: 'getServerInfo getServerInfoUi servePostUiTelemetry',
    write: 'generateDemo',
    admin: 'deleteDemo'
  },
  Assistant: {
    blocked: 'assistantSendMessage assistantStreamResponse assistantPatchSession assistantResolvePermission assistantResolveClientToolResult assistantProviderHealthCheck assistantGetProviders assistantGetConfig assistantUpdateConfig assistantInstallSkillsEndpoint assistantListProviderModels'
  }
}

/** Downloads beside the artifact paths: MLflow reads the file from the artifact store all the same. */
export const transfers: ReadonlySet<string> = new Set([
  'serveArtifacts',
  'serveModelVersionArtifact',
  'serveGetLoggedModelArtifact',
  'serveGetTraceArtifact',
  'serveGetTraceArtifactV3'
])

/** Why, where the class is not what method and name suggest. */
export const reasons: Readonly<Record<string, string>> = {
  searchDatasets: 'Only searches. The path is misspelt in MLflow (no slash after 2.0), and every version answers that it is not implemented.',
  createPresignedDownloadUrl: 'Only reads, but the URL outlives a revocation: the facade holds its expiry at 300 s (MLflow signs for up to 7 days).',
  getPresignedDownloadUrl: 'MLflow signs for 300 s unless MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS says otherwise; the caller has no say.',
  createPresignedUploadUrl: 'Whoever has the URL can write.',
  createMultipartUpload: 'Answers with URLs by which one can write.',
  serveGetTraceArtifact: 'Reads the spans and attachments of a trace.',
  serveCreatePromptlabRun: 'Makes a run with what the caller says the model answered; calls no model.',
  batchGetTraceInfos: 'A POST for the length of its list: only reads.',
  calculateTraceFilterCorrelation: 'Only counts traces.',
  queryTraceMetrics: 'Only sums over traces.',
  getOrCreateUserQueue: 'Makes the queue where it is missing.',
  invokeScorer: 'Starts jobs that call models with the server\'s credentials.',
  setExperimentTag: 'The tags by which MLflow (3.18 on) looks for issues on a schedule need `mlflow:admin`: its server calls models then, with any stored secret.',
  createExperiment: 'With a tag of a schedule of issue detection it needs `mlflow:admin`, as setting that tag does.',
  syncIssueDetectionScheduleState: 'Belongs to such a schedule.',
  serveModelVersionArtifact: 'With `presigned=true` (3.18 on) it answers with a signed URL, for 300 s unless MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS says otherwise.',
  invokeIssueDetection: 'Starts jobs that may use any stored secret by its id.',
  invokeGenaiEvaluate: 'Starts jobs that run scorers given in the body.',
  getOnlineScoringConfigs: 'Says which traces are sampled and scored, and by which endpoint.',
  serveGatewayProxy: 'Calls a model through the deployments server that MLflow points to.',
  serveGatewayProxyGet: 'Lists the endpoints of the deployments server with the server\'s own credentials.',
  gatewayRawProxy: 'Sends any path and body to the provider with the endpoint\'s credentials.',
  getSecretsConfig: 'Says whether secrets are encrypted with a passphrase of one\'s own.',
  listWorkspaces: 'Names all tenants.',
  getWorkspace: 'Tells of a tenant, whichever workspaces the key is tied to.',
  testWebhook: 'Makes the server call a URL and returns the answer.',
  graphql: 'Holds for a body that the facade read and found to be a known query; anything else needs admin or is refused.',
  graphqlGet: 'MLflow reads the query from the body of a GET, which is not judged: pages send a POST.',
  getServerInfo: 'Clients and pages ask for it at their start.',
  serveGetUiTelemetry: 'MLflow\'s pages ask for it when they load.',
  servePostUiTelemetry: 'MLflow\'s pages report clicks to its makers; nothing is stored. A reader\'s pages must not fail on it.',
  generateDemo: 'Makes experiments, runs and prompts of fixed names.',
  deleteDemo: 'Deletes for good what generateDemo made; MLflow\'s own auth app asks for an administrator.',
  getCurrentUser: 'Answered by the facade: MLflow without its auth app has no such route.',
  submitJob: 'Runs a function of the server with parameters of the caller.'
}
