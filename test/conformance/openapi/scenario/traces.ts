/** Calls every operation on traces and assessments. */
import type { Call, Caller } from '../../../../scripts/generate/openapi/caller.js'
import { toProtobuf } from '../otlp.js'
import type { Tracked } from './tracking.js'

const began = '2026-01-05T10:00:00.250Z'
const beganNano = 1_767_607_200_250_000_000n

export interface Traced { readonly traceId: string }

export async function traces (c: Caller, { experimentId, runId }: Tracked): Promise<Traced> {
  await secondVersion(c, experimentId)
  if (!c.has('startTraceV3')) return { traceId: '' }
  const traceId = await exported(c, experimentId, runId)
  await stored(c, experimentId, traceId)
  await c.call('linkTracesToRun', { body: { trace_ids: [traceId], run_id: runId } })
  await c.call('setTraceTagV3', { parameters: { trace_id: traceId }, body: { key: 'seen', value: 'yes' } })
  await c.call('deleteTraceTagV3', { parameters: { trace_id: traceId }, body: { key: 'seen' } })
  await c.call('createRegisteredModel', { body: { name: 'answer', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] } })
  await c.call('createModelVersion', { body: { name: 'answer', source: 'prompt-template', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }, { key: 'mlflow.prompt.text', value: 'Answer {{question}}' }] } })
  await c.call('linkPromptsToTrace', { body: { trace_id: traceId, prompt_versions: [{ name: 'answer', version: '1' }] } })
  await assessments(c, traceId)
  await c.call('getTraceInfoV3', { parameters: { trace_id: traceId } })
  await c.call('getTraceInfoV3', { parameters: { trace_id: 'tr-none' }, status: 404 })
  const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } }]
  await c.call('searchTracesV3', { body: { locations, filter: "attributes.status = 'OK'", max_results: 1, order_by: ['timestamp_ms DESC'] } })
  await c.call('searchTracesV3', { body: { locations } })
  await c.call('getTrace', { parameters: { trace_id: traceId, allow_partial: true } })
  await c.call('batchGetTraces', { parameters: { trace_ids: [traceId] } })
  await c.call('batchGetTraceInfos', { body: { trace_ids: [traceId] } })
  await c.call('calculateTraceFilterCorrelation', { body: { experiment_ids: [experimentId], filter_string1: "attributes.status = 'OK'", filter_string2: "attributes.status = 'ERROR'" } })
  await c.call('queryTraceMetrics', { body: { experiment_ids: [experimentId], view_type: 'TRACES', metric_name: 'trace_count', aggregations: [{ aggregation_type: 'COUNT' }], dimensions: ['trace_status'], max_results: 100 } })
  await c.call('queryTraceMetrics', { body: { experiment_ids: [experimentId], view_type: 'TRACES', metric_name: 'latency', aggregations: [{ aggregation_type: 'PERCENTILE', percentile_value: 50 }, { aggregation_type: 'AVG' }], time_interval_seconds: 3600, start_time_ms: 1_767_600_000_000, end_time_ms: 1_767_700_000_000 } })
  await c.call('serveGetTraceArtifact', { parameters: { request_id: traceId } })
  await c.call('serveGetTraceArtifactV3', { parameters: { request_id: traceId } })
  await c.call('searchUnifiedTraceHandler', { parameters: { model_id: 'm-1', sql_warehouse_id: 'w', experiment_ids: [experimentId] }, status: 404 })
  await c.call('getOnlineTraceDetails', { parameters: { trace_id: traceId, sql_warehouse_id: 'w', source_inference_table: 't', source_databricks_request_id: 'r' }, status: 404 })
  return { traceId }
}

async function secondVersion (c: Caller, experimentId: string): Promise<void> {
  const metadata = [{ key: 'mlflow.traceInputs', value: '{"question":"why"}' }]
  const parameters = { request_id: (await c.call('startTrace', { body: { experiment_id: experimentId, timestamp_ms: 1_767_607_200_000, request_metadata: metadata, tags: [{ key: 'mlflow.traceName', value: 'answer' }] } })).at('trace_info.request_id') }
  await c.call('endTrace', { parameters, body: { timestamp_ms: 1_767_607_201_000, status: 'OK', request_metadata: [{ key: 'mlflow.traceOutputs', value: '"because"' }], tags: [{ key: 'end', value: 'yes' }] } })
  await c.call('setTraceTag', { parameters, body: { key: 'seen', value: 'yes' } })
  await c.call('getTraceInfo', { parameters })
  await c.call('deleteTraceTag', { parameters, body: { key: 'seen' } })
  await spansOf(c, experimentId, parameters.request_id)
  await c.call('searchTraces', { parameters: { experiment_ids: [experimentId], max_results: 1, order_by: ['timestamp_ms DESC'] } })
  await c.call('deleteTraces', { body: { experiment_id: experimentId, request_ids: [parameters.request_id] } })
}

/** MLflow 2.22 keeps the spans as an artifact that the client uploads, and knows the newer operations by their paths only. */
async function spansOf (c: Caller, experimentId: string, requestId: string): Promise<void> {
  if (c.has('startTraceV3')) return
  const spans = { spans: [{ name: 'answer', context: { span_id: '0x1', trace_id: '0x2' }, parent_id: null, start_time: 1, end_time: 2, status_code: 'OK', status_message: '', attributes: {}, events: [] }] }
  await c.call('uploadArtifact', { parameters: { artifact_path: `${experimentId}/traces/${requestId}/artifacts/traces.json` }, body: Buffer.from(JSON.stringify(spans)), type: 'application/octet-stream' })
  await c.call('serveGetTraceArtifact', { parameters: { request_id: requestId } })
  await c.call('getTraceInfoV3V2', { parameters: { request_id: requestId }, status: 500 })
  const assessment = { assessment_name: 'helpful', trace_id: requestId, source: { source_type: 'HUMAN', source_id: 'ada' }, feedback: { value: true } }
  await c.call('createAssessmentV2', { body: { assessment }, status: 404 })
  const parameters = { trace_id: requestId, assessment_id: 'a-1' }
  await c.call('updateAssessmentV2', { parameters, body: { assessment: { ...assessment, assessment_id: 'a-1' }, update_mask: 'feedback' }, status: 500 })
  await c.call('deleteAssessmentV2', { parameters, status: 500 })
}

/** As an OpenTelemetry exporter sends it: in JSON, where MLflow takes it, else in protobuf. */
async function exported (c: Caller, experimentId: string, runId: string): Promise<string> {
  const id = '0af7651916cd43dd8448eb211c80319c'
  const root = {
    traceId: id,
    spanId: 'b7ad6b7169203331',
    name: 'answer',
    kind: 2,
    startTimeUnixNano: String(beganNano),
    endTimeUnixNano: String(beganNano + 1_500_000_000n),
    attributes: [{ key: 'mlflow.spanInputs', value: { stringValue: '{"question":"why"}' } }, { key: 'retries', value: { intValue: '2' } }, { key: 'parts', value: { arrayValue: { values: [{ doubleValue: 0.5 }, { boolValue: true }] } } }],
    events: [{ timeUnixNano: String(beganNano + 1n), name: 'thought', attributes: [{ key: 'tokens', value: { intValue: '7' } }] }],
    status: { code: 1 }
  }
  const child = { traceId: id, spanId: 'b7ad6b7169203332', parentSpanId: root.spanId, name: 'look up', kind: 1, startTimeUnixNano: root.startTimeUnixNano, endTimeUnixNano: root.endTimeUnixNano, status: { code: 2, message: 'nothing there' } }
  const body = { resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'answers' } }] }, scopeSpans: [{ scope: { name: 'scenario' }, spans: [root, child] }] }] }
  const sent = (request: object): Pick<Call, 'body' | 'type'> => c.takes('exportTraces', 'application/json') ? { body: request } : { body: toProtobuf(request), type: 'application/x-protobuf' }
  await c.call('exportTraces', { parameters: { 'x-mlflow-experiment-id': experimentId, 'x-mlflow-run-id': runId }, ...sent(body) })
  await c.call('exportTraces', { parameters: {}, ...sent(body), status: 422, wrong: true })
  await c.call('exportTraces', { parameters: { 'x-mlflow-experiment-id': experimentId }, ...sent({ resourceSpans: [] }), status: 400 })
  return `tr-${id}`
}

async function stored (c: Caller, experimentId: string, linked: string): Promise<void> {
  const trace = (id: string, state: string): unknown => ({
    trace_info: {
      trace_id: id,
      client_request_id: `client-${id}`,
      trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } },
      request_preview: 'why',
      response_preview: 'because',
      request_time: began,
      execution_duration: '1.250s',
      state,
      trace_metadata: { 'mlflow.trace_schema.version': '3', other: linked },
      tags: { 'mlflow.traceName': 'answer' }
    }
  })
  for (const [id, state] of [['tr-00000000000000000000000000000001', 'OK'], ['tr-00000000000000000000000000000002', 'ERROR'], ['tr-00000000000000000000000000000003', 'IN_PROGRESS']] as const) {
    await c.call('startTraceV3', { body: { trace: trace(id, state) } })
  }
  await c.call('deleteTracesV3', { body: { experiment_id: experimentId, request_ids: ['tr-00000000000000000000000000000003'] } })
}

async function assessments (c: Caller, traceId: string): Promise<void> {
  const source = { source_type: 'HUMAN', source_id: 'ada' }
  const create = async (assessment: unknown): Promise<string> => (await c.call('createAssessment', { parameters: { trace_id: traceId }, body: { assessment } })).at('assessment.assessment_id')
  const feedback = await create({ assessment_name: 'helpful', trace_id: traceId, source, feedback: { value: true }, rationale: 'It was', metadata: { round: '1' } })
  await create({ assessment_name: 'parts', trace_id: traceId, source: { source_type: 'CODE', source_id: 'check' }, feedback: { value: { relevance: 0.8, notes: ['short'] } }, span_id: 'b7ad6b7169203331' })
  await create({ assessment_name: 'failed', trace_id: traceId, source: { source_type: 'LLM_JUDGE', source_id: 'judge' }, feedback: { value: null, error: { error_code: 'TIMEOUT', error_message: 'Too slow', stack_trace: 'at judge' } } })
  const expectation = await create({ assessment_name: 'expected', trace_id: traceId, source, expectation: { value: 'because' } })
  await create({ assessment_name: 'expected parts', trace_id: traceId, source, expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '{"a":1}' } } })
  const parameters = { trace_id: traceId, assessment_id: feedback }
  await c.call('getAssessment', { parameters })
  await c.call('updateAssessment', { parameters, body: { assessment: { assessment_id: feedback, trace_id: traceId, feedback: { value: false }, rationale: 'After all not' }, update_mask: 'feedback,rationale' } })
  await c.call('deleteAssessment', { parameters: { trace_id: traceId, assessment_id: expectation } })
  await c.call('getAssessment', { parameters: { trace_id: traceId, assessment_id: 'a-none' }, status: 404 })
}
