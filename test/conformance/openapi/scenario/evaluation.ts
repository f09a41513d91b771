/** Calls every operation on datasets, scorers, issues, label schemas and review queues. */
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'
import type { Tracked } from './tracking.js'
import type { Traced } from './traces.js'

/** @returns the id and version of a scorer */
export async function evaluation (c: Caller, tracked: Tracked, traced: Traced): Promise<string> {
  if (!c.has('createDataset')) return ''
  await datasets(c, tracked)
  const scorerId = await scorers(c, tracked)
  await issues(c, tracked)
  await labels(c, tracked, traced)
  return scorerId
}

async function datasets (c: Caller, { experimentId }: Tracked): Promise<void> {
  const id = (await c.call('createDataset', { body: { name: 'questions', experiment_ids: [experimentId], created_by: 'ada', tags: '{"team":"growth"}', source_type: 'HUMAN' } })).at('dataset.dataset_id')
  const parameters = { dataset_id: id }
  await c.call('getDataset', { parameters })
  await c.call('getDataset', { parameters: { dataset_id: 'd-none' }, status: 404 })
  await c.call('upsertDatasetRecords', { parameters, body: { records: JSON.stringify([{ inputs: { question: 'why' }, expectations: { answer: 'because' } }, { inputs: { question: 'how' } }]), updated_by: 'ada' } })
  const page = (await c.call('getDatasetRecords', { parameters: { ...parameters, max_results: 1 } })).at('records')
  await c.call('getDatasetRecords', { parameters })
  const [first] = JSON.parse(page) as Array<{ dataset_record_id: string }>
  await c.call('deleteDatasetRecords', { parameters, body: { dataset_record_ids: [first?.dataset_record_id ?? ''] } })
  await c.call('setDatasetTags', { parameters, body: { tags: '{"checked":"yes"}' } })
  await c.call('deleteDatasetTag', { parameters: { ...parameters, key: 'checked' } })
  await c.call('getDatasetExperimentIds', { parameters })
  await c.call('addDatasetToExperiments', { parameters, body: { experiment_ids: ['0'] } })
  await c.call('removeDatasetFromExperiments', { parameters, body: { experiment_ids: ['0'] } })
  await c.call('createDataset', { body: { name: 'bare' } })
  await c.call('searchEvaluationDatasets', { body: { experiment_ids: [experimentId], filter_string: "name = 'questions'", max_results: 1, order_by: ['name ASC'] } })
  await c.call('searchEvaluationDatasetsGet', { parameters: { experiment_ids: [experimentId], max_results: 1 } })
  await c.call('deleteDataset', { parameters })
}

/** As MLflow's client writes a judge that calls a gateway endpoint. */
export const serializedScorer = JSON.stringify({
  name: 'polite',
  description: null,
  aggregations: [],
  is_session_level_scorer: false,
  mlflow_version: '3.17.2',
  serialization_version: 1,
  instructions_judge_pydantic_data: { model: 'gateway:/chat', instructions: 'Is {{ outputs }} polite?', feedback_value_type: { type: 'boolean', title: 'Result' } },
  builtin_scorer_class: null,
  builtin_scorer_pydantic_data: null,
  call_source: null,
  call_signature: null,
  original_func_name: null
})

async function scorers (c: Caller, { experimentId }: Tracked): Promise<string> {
  const scorer = { experiment_id: experimentId, name: 'polite' }
  const guideline = JSON.stringify({ ...JSON.parse(serializedScorer) as object, instructions_judge_pydantic_data: { model: 'openai:/gpt-4o-mini', instructions: 'Is {{ outputs }} polite?', feedback_value_type: { type: 'boolean', title: 'Result' } } })
  const scorerId = (await c.call('registerScorer', { body: { ...scorer, serialized_scorer: guideline } })).at('scorer_id')
  await c.call('registerScorer', { body: { ...scorer, serialized_scorer: guideline } })
  await c.call('getScorer', { parameters: { ...scorer, version: 1 } })
  await c.call('listScorers', { parameters: { experiment_id: experimentId } })
  await c.call('listScorerVersions', { parameters: scorer })
  await c.call('deleteScorer', { body: { ...scorer, version: 2 } })
  await c.call('getScorer', { parameters: { experiment_id: experimentId, name: 'rude' }, status: 404 })
  return scorerId
}

async function issues (c: Caller, { experimentId, runId }: Tracked): Promise<void> {
  if (!c.has('createIssue')) return
  const body = { experiment_id: experimentId, name: 'No answer', description: 'It says nothing', status: 'pending', severity: 'high', root_causes: ['No data'], source_run_id: runId, created_by: 'ada', categories: ['correctness'] }
  const parameters = { issue_id: (await c.call('createIssue', { body })).at('issue.issue_id') }
  await c.call('createIssue', { body: { experiment_id: experimentId, name: 'Bare', description: 'Little is known' } })
  await c.call('getIssue', { parameters })
  await c.call('updateIssue', { parameters, body: { ...parameters, status: 'resolved', severity: 'low', description: 'It says something' } })
  await c.call('searchIssues', { body: { experiment_id: experimentId, max_results: 1, include_trace_count: true } })
  if (c.has('createSkill')) { // the fields that came with it
    await c.call('updateIssue', { parameters, body: { ...parameters, metadata: { seen: 'twice' }, categories: ['safety'], last_updated_by: 'bob', last_seen_timestamp: 1763880000000 } })
    await c.call('searchIssues', { body: { experiment_id: experimentId, statuses: ['resolved'], order_by: ['last_seen_timestamp DESC'], include_total_count: true } })
  }
  await c.call('getIssue', { parameters: { issue_id: 'iss-none' }, status: 404 })
}

async function labels (c: Caller, { experimentId }: Tracked, { traceId }: Traced): Promise<void> {
  if (!c.has('createLabelSchema')) return
  const create = async (name: string, input: unknown, more: object = {}): Promise<string> =>
    (await c.call('createLabelSchema', { body: { experiment_id: experimentId, name, type: 'FEEDBACK', input, ...more } })).at('label_schema.schema_id')
  const schemaId = await create('clear', { pass_fail: { positive_label: 'Clear', negative_label: 'Not clear' } }, { instruction: 'Is it clear?', enable_comment: true })
  await create('mood', { categorical: { options: ['good', 'bad'], multi_select: false } })
  await create('score', { numeric: { min_value: 0, max_value: 5 } })
  const spare = await create('remark', { text: { max_length: 100 } }, { type: 'EXPECTATION' })
  await c.call('getLabelSchema', { parameters: { schema_id: schemaId } })
  await c.call('getLabelSchemaByName', { parameters: { experiment_id: experimentId, name: 'clear' } })
  await c.call('listLabelSchemas', { parameters: { experiment_id: experimentId, max_results: 2 } })
  await c.call('updateLabelSchema', { body: { schema_id: schemaId, instruction: 'Is it really clear?' } })
  await c.call('deleteLabelSchema', { body: { schema_id: spare } })
  const queueId = (await c.call('createReviewQueue', { body: { experiment_id: experimentId, name: 'monday', queue_type: 'CUSTOM', created_by: 'ada', users: ['ada', 'bob'], schema_ids: [schemaId] } })).at('review_queue.queue_id')
  const queue = { queue_id: queueId }
  await c.call('getOrCreateUserQueue', { body: { experiment_id: experimentId, user: 'ada', created_by: 'ada' } })
  await c.call('getReviewQueue', { parameters: queue })
  await c.call('getReviewQueueByName', { parameters: { experiment_id: experimentId, name: 'monday' } })
  await c.call('addItemsToReviewQueue', { body: { ...queue, item_type: 'TRACE', item_ids: [traceId] } })
  await c.call('listReviewQueues', { parameters: { experiment_id: experimentId, max_results: 1 } })
  await c.call('setReviewQueueItemStatus', { body: { ...queue, item_id: traceId, status: 'COMPLETE', completed_by: 'ada' } })
  await c.call('listReviewQueueItems', { parameters: { ...queue, max_results: 1 } })
  await c.call('removeItemsFromReviewQueue', { body: { ...queue, item_ids: [traceId] } })
  await c.call('updateReviewQueue', { body: { ...queue, name: 'tuesday', update_users: true, users: ['ada'] } })
  await c.call('deleteReviewQueue', { body: queue })
  await c.call('getReviewQueue', { parameters: queue, status: 404 })
}
