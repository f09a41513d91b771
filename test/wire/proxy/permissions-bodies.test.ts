/** Bodies that are judged by more than fields of a message, for keys that are bound to names: GraphQL, and spans in protobuf. */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { bound, json, missing, ok, post } from '../../helpers/bound.js'

const graphql = (query: string, variables?: unknown): string => JSON.stringify({ query, variables })

t.test('GraphQL is judged by the inputs of its fields', async t => {
  const app = await bound(t)
  const call = async (body: string): Promise<number> => (await post(app, '/mlflow/graphql', body)).status
  const run = 'query Q($i: MlflowGetRunInput!) { mlflowGetRun(input: $i) { run { info { runId } } } }'
  t.equal(await call(graphql(run, { i: { runId: 'run-a' } })), 200)
  t.equal(await call(graphql(run, { i: { runId: 'run-b' } })), 403)
  t.equal(await call(graphql('{ mlflowGetRun(input: {runId: "run-a"}) { run { info { runId } } } }')), 200)
  t.equal(await call(graphql('{ mlflowGetRun(input: {runId: "run-b"}) { run { info { runId } } } }')), 403)
  t.equal(await call(graphql('query Q($r: String) { mlflowGetRun(input: {runId: $r}) { run { info { runId } } } }', { r: 'run-a' })), 200)
  const refused = [
    graphql('query Q($r: String = "run-b") { mlflowGetRun(input: {runId: $r}) { run { info { runId } } } }'),
    graphql('{ a: mlflowGetRun(input: {runId: "run-a"}) { run { info { runId } } } b: mlflowGetRun(input: {runId: "run-b"}) { run { info { runId } } } }'),
    graphql('{ ...f } fragment f on Query { mlflowGetRun(input: {runId: "run-b"}) { run { info { runId } } } }'),
    graphql('{ mlflowGetRun(input: {runId: "run-a", runUuid: "run-b"}) { run { info { runId } } } }'),
    graphql('{ mlflowGetRun(input: {runId: "run-a"}) { run { modelVersions { name } } } }'),
    graphql('{ mlflowGetRun(input: {runId: "run-a"}) { ...f } } fragment f on MlflowGetRunResponse { run { modelVersions { name } } }'),
    graphql('{ mlflowSearchRuns(input: {experimentIds: []}) { runs { info { runId } } } }'),
    graphql('{ mlflowSearchRuns(input: {experimentIds: ["1", "2"]}) { runs { info { runId } } } }'),
    graphql('{ mlflowSearchModelVersions(input: {}) { modelVersions { name } } }'),
    `{"query":${JSON.stringify(run)},"variables":{"i":{"runId":"run-b"}},"variables":{"i":{"runId":"run-a"}}}`,
    `{"query":${JSON.stringify(run)},"variables":{"i":{"runId":"run-b","runId":"run-a"}}}`,
    graphql('mutation { mlflowSearchRuns(input: {experimentIds: "2"}) { runs { info { runId } } } }')
  ]
  for (const body of refused) t.equal(await call(body), 403, body)
  t.equal(await call(graphql('{ mlflowSearchRuns(input: {experimentIds: ["1"]}) { runs { info { runId } } } }')), 200)
  t.equal(await call(graphql('{ __typename }')), 200)
})

const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([number * 8 + 2, 0x80 | (bytes.length & 0x7f), bytes.length >> 7]), bytes])
const exported = (spans: readonly Buffer[]): Buffer => field(1, field(2, Buffer.concat(spans.map(span => field(2, span)))))
const traceId = (char: string): Buffer => Buffer.from(char.repeat(32), 'hex')
const attribute = (key: string, value: string): Buffer => field(9, Buffer.concat([field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))]))

t.test('spans are judged by their experiment, and by the traces that they add to', async t => {
  const app = await bound(t)
  for (const [char, id] of [['a', '1'], ['b', '2']] as const) app.mlflow.replies.set(`/api/2.0/mlflow/traces/tr-${char.repeat(32)}/info`, ok({ trace_info: { request_id: `tr-${char.repeat(32)}`, experiment_id: id } }))
  app.mlflow.replies.set(`/api/2.0/mlflow/traces/tr-${'c'.repeat(32)}/info`, missing)
  const send = async (body: Buffer, headers: Record<string, string> = {}): Promise<number> =>
    (await post(app, '/mlflow/v1/traces', body, { 'content-type': 'application/x-protobuf', 'x-mlflow-experiment-id': '1', ...headers })).status
  const own = field(1, traceId('a'))
  t.equal(await send(exported([own])), 200)
  t.equal(await send(exported([field(1, traceId('c'))])), 200, 'a new trace')
  t.equal(await send(gzipSync(exported([own])), { 'content-encoding': 'gzip' }), 200)
  t.equal(await send(exported([Buffer.concat([own, attribute('mlflow.traceRequestId', `"tr-${'a'.repeat(32)}"`)])])), 200)
  t.equal(await send(exported([Buffer.concat([own, attribute('mlflow.traceTag.team', 'a')])])), 200)
  t.equal(app.mlflow.calls.length, 5)
  for (const tag of ['mlflow.artifactLocation', 'mlflow.trace.archiveLocation']) {
    t.equal(await send(exported([Buffer.concat([own, attribute(`mlflow.traceTag.${tag}`, 'mlflow-artifacts:/2/traces/tr-b/artifacts')])])), 403, tag)
  }
  app.mlflow.replies.set(`/api/2.0/mlflow/traces/tr-${'d'.repeat(32)}/info`, ok({ trace_info: { request_id: 'tr-other', experiment_id: '1' } }))
  t.equal(await send(exported([field(1, traceId('d'))])), 403, 'one that MLflow has under another id')
  t.equal(await send(exported([field(1, traceId('e'))])), 403, 'one of which MLflow does not say that it is not there')
  t.equal(await send(exported([own]), { 'x-mlflow-experiment-id': '2' }), 403)
  t.equal(await send(exported([own]), { 'x-mlflow-run-id': 'run-b' }), 403)
  t.equal(await send(exported([own, field(1, traceId('b'))])), 403)
  t.equal(await send(gzipSync(exported([field(1, traceId('b'))])), { 'content-encoding': 'gzip' }), 403)
  t.equal(await send(gzipSync(Buffer.alloc(17 * 1024 * 1024)), { 'content-encoding': 'gzip' }), 403, 'a bomb')
  t.equal(await send(exported([Buffer.concat([own, field(1, traceId('b'))])])), 403, 'two ids')
  t.equal(await send(exported([Buffer.concat([own, attribute('mlflow.traceRequestId', `"tr-${'b'.repeat(32)}"`)])])), 403, 'another name of the trace')
  t.equal(await send(Buffer.from('{"resourceSpans":[]}'), { 'content-type': 'application/json' }), 403)
  t.equal(await send(Buffer.from('nonsense')), 403)
  t.equal(await send(Buffer.alloc(5 * 1024 * 1024, 1)), 403)
  t.equal((await post(app, '/mlflow/v1/traces', exported([own]), { 'content-type': 'application/x-protobuf' })).status, 403, 'no experiment')
  t.equal(app.mlflow.calls.length, 5)
})

t.test('a trace does not take over what another team has: an assessment by its id, or files by a tag that says where they lie', async t => {
  const app = await bound(t)
  app.mlflow.replies.set('/api/2.0/mlflow/traces/tr-new/info', missing)
  const start = async (more: object): Promise<number> => (await post(app, '/mlflow/api/3.0/mlflow/traces', {
    trace: { trace_info: { trace_id: 'tr-new', trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '1' } }, ...more } }
  })).status
  t.equal(await start({ assessments: [{ assessment_name: 'good' }], tags: { team: 'a' } }), 200)
  t.equal(await start({ assessments: [{ assessment_name: 'good' }, { assessment_id: 'a-1' }] }), 403)
  t.equal(await start({ assessments: [{ assessmentId: 'a-1' }] }), 403)
  t.equal(await start({ tags: { 'mlflow.trace.archiveLocation': 'mlflow-artifacts:/2/traces/tr-b/artifacts' } }), 403)

  const [own, foreign] = ['mlflow-artifacts:/1/traces/tr-a/artifacts', 'mlflow-artifacts:/2/traces/tr-b/artifacts']
  const send = async (path: string, body: object): Promise<number> => (await app.call('PATCH', `/mlflow/api/${path}`, { headers: json, body: JSON.stringify(body) })).status
  for (const path of ['2.0/mlflow/traces/tr-a/tags', '3.0/mlflow/traces/tr-a/tags']) {
    t.equal(await send(path, { key: 'mlflow.artifactLocation', value: foreign }), 403)
    t.equal(await send(path, { key: 'mlflow.trace.archiveLocation', value: foreign }), 403)
    t.equal(await send(path, { key: 'mlflow.artifactLocation', value: own }), 200)
    t.equal(await send(path, { key: 'team', value: foreign }), 200)
  }
  const end = async (value: string): Promise<number> => await send('2.0/mlflow/traces/tr-a', { tags: [{ key: 'team', value: 'a' }, { key: 'mlflow.artifactLocation', value }] })
  t.equal(await end(own), 200, 'as the 2.22 client sends it')
  t.equal(await end(foreign), 403)
  t.equal(await send('2.0/mlflow/traces/tr-a', { tags: [{ key: 'team' }, { key: 'mlflow.artifactLocation', value: own }] }), 403, 'a tag without a value')
})
