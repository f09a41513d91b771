/** What the proof cannot show, and what the document must let pass; each with its reason. */

/** They are called, refused and not: `test/wire/auth/sessions.test.ts` and `people.test.ts` show them at work. */
const forBrowsers = 'A page, or a form of one: its answer is no JSON, and a cookie of a session is not for a record.'

/** Operations that the newest MLflow cannot be brought to answer well here: they are called, and their refusal is held against the document. */
export const unanswered: Readonly<Record<string, string>> = {
  searchDatasets: 'MLflow registers the misspelt path without an implementation: 404, with an empty page.',
  searchUnifiedTraceHandler: 'Part of a hosted platform\'s protocol: no open-source server implements it.',
  getOnlineTraceDetails: 'Part of a hosted platform\'s protocol: no open-source server implements it.',
  graphqlGet: 'MLflow reads the query from a body, which a GET cannot have here: it fails.',
  signInPage: forBrowsers,
  signIn: forBrowsers,
  signOut: forBrowsers,
  signInAtProvider: forBrowsers,
  signInCallback: forBrowsers
}

const withoutHandler = 'MLflow 2.22 registers the path without an implementation, which fails at the parameters of the path: 500, with a page.'
const fixedAddress = (until: string): string => `The provider's address is fixed in MLflow before ${until}: nothing can stand in for it.`
const gemini = { geminiPassthroughGenerateContent: fixedAddress('3.18'), geminiPassthroughStreamGenerateContent: fixedAddress('3.18') }
const anthropic = { anthropicPassthroughMessages: fixedAddress('3.17') }
const withoutLiteLlm = 'MLflow 3.9 asks LiteLLM, which comes with an extra of hundreds of megabytes: without it 400, which names it.'

/** What only an older MLflow cannot. */
const unansweredBefore: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '2.22.5': {
    getTraceInfoV3V2: withoutHandler,
    createAssessmentV2: 'MLflow 2.22 registers the path without an implementation: 404, with an empty page.',
    updateAssessmentV2: withoutHandler,
    deleteAssessmentV2: withoutHandler
  },
  '3.9.0': {
    listSupportedProviders: withoutLiteLlm,
    listSupportedModels: withoutLiteLlm,
    ...anthropic,
    ...gemini
  },
  '3.11.1': { ...anthropic, ...gemini },
  '3.17.2': gemini
}

/** The same for any version. */
export function unansweredBy (version: string): Readonly<Record<string, string>> {
  return { ...unanswered, ...unansweredBefore[version] }
}

/** Reasons for which a change of an answer is none: the answer could have been so. */
export const leniencies = {
  list: 'An empty list or map is left out.',
  open: 'Any JSON: the value is the user\'s, the model\'s or the provider\'s.',
  optional: 'Optional in the proto, and MLflow sets it only where it has a value.'
} as const

/** Fields of answers that were there each time and need not be, by schema and field. */
export const optional: readonly string[] = [
  'Experiment.workspace', 'SearchRunsResponse.next_page_token', 'SearchExperimentsResponse.next_page_token', 'DatasetSummary.context', 'LoggedModelInfo.model_type', 'LoggedModelInfo.source_run_id',
  'Dataset.schema', 'Dataset.profile', 'ModelVersion.description', 'ModelVersion.run_id', 'ModelVersion.run_link', 'SearchModelVersionsResponse.next_page_token',
  'ListWebhooksResponse.next_page_token', 'SearchTracesResponse.next_page_token', 'TraceLocation.mlflow_experiment', 'TraceInfoV3.execution_duration', 'TraceInfoV3.request_preview',
  'Feedback.value', 'AssessmentError.error_message', 'AssessmentError.stack_trace', 'Span.end_time_unix_nano', 'Span.status', 'Span.kind', 'Status.code',
  'CalculateTraceFilterCorrelationResponse.npmi_smoothed', 'EvaluationDataset.tags', 'SearchIssuesResponse.next_page_token', 'SearchIssuesResponse.total_count', 'Issue.last_seen_timestamp', 'Issue.last_updated_by', 'SkillIconResponsePayload.mimeType', 'InputPassFail.positive_label',
  'InputPassFail.negative_label', 'InputCategorical.multi_select', 'InputNumeric.min_value', 'InputNumeric.max_value', 'ListLabelSchemasResponse.next_page_token',
  'ListReviewQueuesResponse.next_page_token', 'ListReviewQueueItemsResponse.next_page_token', 'MCPServerIconResponsePayload.mimeType', 'MCPServerIconResponsePayload.source',
  'GatewayModelDefinition.secret_id', 'GatewayModelDefinition.secret_name', 'GatewayEndpointModelMapping.model_definition', 'GatewayEndpoint.experiment_id',
  'GatewayEndpointBinding.created_by', 'GatewayEndpointBinding.last_updated_by', 'GatewayEndpointTag.value', 'FallbackConfig.strategy', 'FallbackConfig.max_attempts',
  'GatewayGuardrailConfig.execution_order', 'GatewayGuardrailConfig.guardrail', 'whoami.name', 'whoami.environment',
  'listAuditEvents.events[].request_id', 'listAuditEvents.events[].key', 'listAuditEvents.events[].key_id', 'listAuditEvents.events[].user', 'listAuditEvents.events[].address', 'listAuditEvents.events[].session', 'listAuditEvents.events[].method', 'listAuditEvents.events[].class', 'listAuditEvents.events[].workspace', 'listAuditEvents.events[].status', 'listAuditEvents.events[].reason', 'listAuditEvents.events[].count',
  'OnlineScoringConfig.filter_string',
  'PromptOptimizationJob.run_id', 'PromptOptimizationJob.source_prompt_uri', 'PromptOptimizationJob.config', 'PromptOptimizationJobConfig.optimizer_type',
  'PromptOptimizationJobConfig.optimizer_config_json', 'CreateMultipartUploadResponse.upload_id', 'ChatCompletion.usage', 'ChatCompletion.provider', 'ChatCompletion.id', 'Embeddings.usage', 'Embeddings.data[].index', 'CreatePresignedDownloadUrlResponse.file_size', 'GetPresignedDownloadUrlResponse.file_size'
]

/** Schemas within which anything goes. */
export const open: readonly string[] = [
  'Feedback.value', 'Expectation.value', 'geminiPassthrough', 'MCPServerVersionResponse.server_json', 'MCPToolResponsePayload.inputSchema', 'MCPToolResponsePayload.outputSchema', 'MCPToolResponsePayload.annotations', 'MCPToolResponsePayload.execution',
  'SupportedModel.modality', 'listAuditEvents.events[].resource',
  'serveGatewayProxy', 'openaiPassthrough', 'anthropicPassthroughMessages', 'typesafePassthroughSystemOne', 'gatewayRawProxy', 'graphql.data', 'Job.params',
  'Job.result', 'Job.status_details', 'JobOutcome.result', 'JobOutcome.status_details', 'JobOutcome.progress', 'CancelledJob.result', 'CancelledJob.status_details', 'CancelledJob.progress', 'ChatCompletion.choices[]', 'ChatCompletion.usage', 'Embeddings.usage', 'MCPAccessEndpointResponse.resolved_version.server_json',
  'MCPAccessEndpointSummaryResponse.resolved_version.server_json'
]
