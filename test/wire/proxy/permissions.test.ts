/** Keys that are bound to names, in front of a stand-in for MLflow: what is judged, on what, and what is refused because it cannot be. */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { keys } from '../../helpers/app.js'
import { api, bound, json, ok, post } from '../../helpers/bound.js'
import type { Answer } from '../../helpers/client.js'
import { answer, says, silent } from '../../helpers/upstream.js'

t.test('what a request names is judged by the experiment that it belongs to, and what is judged is forwarded as it came', async t => {
  const app = await bound(t)
  const body = '{ "run_id" : "run-a", "key":"k", "value":"v" }'
  const passed = await post(app, 'runs/set-tag', body)
  t.equal(passed.status, 200)
  t.equal(passed.body.toString(), body)
  t.match(await post(app, 'runs/set-tag', { run_id: 'run-b', key: 'k' }), { status: 403 })
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`)).status, 200)
  t.equal((await app.call('GET', `${api}runs/get?run_uuid=run-a`)).status, 200)
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-b`)).status, 403)
  t.equal((await app.call('GET', '/mlflow/ajax-api/2.0/mlflow/runs/get?run_id=run-b')).status, 403)
  t.equal((await app.call('PATCH', `${api}traces/tr-a/tags`, { body: '{}' })).status, 200)
  t.equal((await app.call('PATCH', `${api}traces/tr-b/tags`, { body: '{}' })).status, 403)
  t.equal((await app.call('PATCH', `${api}traces/tr%2Da/tags`, { body: '{}' })).status, 403)
  t.equal((await app.call('DELETE', `${api}logged-models/m-a`)).status, 200)
  t.equal((await app.call('DELETE', `${api}logged-models/m-b`)).status, 403)
  t.equal(app.mlflow.calls.length, 5)
})

t.test('a refusal names what was asked for, and is the same for what is not there', async t => {
  const app = await bound(t)
  const foreign = await app.call('GET', `${api}runs/get?run_id=run-b`)
  const none = await app.call('GET', `${api}runs/get?run_id=run-none`)
  const sentence = (answer: Answer): string => String((JSON.parse(answer.body.toString()) as { message: string }).message)
  t.equal(sentence(foreign), 'This API key is bound to write:experiments/team-a/*, write:models/team-a-*. It does not allow to read the run "run-b".')
  t.equal(sentence(none), sentence(foreign).replace('run-b', 'run-none'))
  t.match(JSON.parse(foreign.body.toString()), { error_code: 'PERMISSION_DENIED' })
  const line = await app.line((JSON.parse(foreign.body.toString()) as { request_id: string }).request_id)
  t.equal(line.refusal, 'permission')
  t.notMatch(JSON.stringify(app.lines), 'run-b', 'the log holds nothing of what a body or a query names')
  t.match(app.events.find(event => event.outcome === 'refused'), { resource: { run: 'run-b' } })
})

t.test('what could be read in two ways is refused', async t => {
  const app = await bound(t)
  const bodies: Record<string, string | Buffer> = {
    'a name twice': '{"run_id":"run-b","run_id":"run-a"}',
    'a name twice, escaped': '{"run_id":"run-b","run\\u005fid":"run-a"}',
    'both spellings': '{"run_id":"run-a","runId":"run-b"}',
    'old and new name': '{"run_id":"run-a","run_uuid":"run-b"}',
    'a list': '{"run_id":["run-a"]}',
    'a number': '{"run_id":1}',
    null: '{"run_id":null}',
    nothing: '{}',
    'no JSON': 'run_id=run-a',
    'a byte order mark': Buffer.from('\uFEFF{"run_id":"run-a"}'),
    'UTF-16': Buffer.from('{"run_id":"run-a"}', 'utf16le'),
    'no UTF-8': Buffer.from('{"run_id":"run-a","x":"\xff"}', 'latin1'),
    'a long number': `{"run_id":"run-a","x":${'1'.repeat(5000)}}`,
    'a list of messages': '[{"run_id":"run-a"}]',
    'in a string, twice': JSON.stringify('{"run_id":"run-b","run_id":"run-a"}'),
    'a control character': '{"run_id":"run-a\\n"}',
    'half a character': '{"run_id":"\\ud800"}'
  }
  for (const [name, body] of Object.entries(bodies)) t.equal((await post(app, 'runs/delete', body)).status, 403, name)
  t.equal((await post(app, 'runs/delete', gzipSync('{"run_id":"run-a"}'), { 'content-encoding': 'gzip' })).status, 403, 'compressed')
  t.equal((await post(app, 'runs/delete?run_id=run-a', { run_id: 'run-a' })).status, 403, 'query and body')
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`, { body: '{"run_id":"run-b"}' })).status, 403, 'query and body of a GET')
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a&run_id=run-b`)).status, 403, 'a query twice')
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a&run_uuid=run-b`)).status, 403, 'a query by both names')
  t.equal((await app.call('GET', `${api}runs/get?run%5Fid=run-b&run_id=run-a`)).status, 403, 'a query twice, encoded')
  t.equal((await post(app, 'runs/delete', `{"run_id":"run-a","x":"${'x'.repeat(1024 * 1024)}"}`)).status, 403, 'a large one')
  t.equal(app.mlflow.calls.length, 0)
  t.equal((await post(app, 'runs/delete', JSON.stringify('{"runId":"run-a"}'))).status, 200, 'camel case in a string is what old clients send')
  t.equal((await post(app, 'runs/delete', { run_id: 'run-a', run_uuid: 'run-a' })).status, 200, 'both names of one run, as the client sends them')
  t.equal((await app.call('GET', `${api}runs/get`, { body: '{"run_uuid":"run-a"}' })).status, 200, 'a GET with a body')
  t.equal((await app.call('GET', `${api}runs/get`, { body: '{"run_uuid":"run-b"}' })).status, 403)
})

t.test('names are judged where they are given, and models by what they are', async t => {
  const app = await bound(t)
  t.equal((await post(app, 'experiments/create', { name: 'team-a/new' })).status, 200)
  t.equal((await post(app, 'experiments/create', { name: 'team-b/new' })).status, 403)
  t.match((await post(app, 'experiments/create', { name: 'team-a/new', artifact_location: '/etc' })).body.toString(), 'artifact_location')
  t.equal((await post(app, 'experiments/update', { experiment_id: '1', new_name: 'team-a/y' })).status, 200)
  t.equal((await post(app, 'experiments/update', { experiment_id: '1', new_name: 'team-b/y' })).status, 403)
  t.equal((await app.call('GET', `${api}registered-models/get?name=team-a-m`)).status, 200)
  t.equal((await app.call('GET', `${api}registered-models/get?name=team-a-p`)).status, 403, 'a prompt is no model')
  t.equal((await app.call('GET', `${api}registered-models/get?name=team-b-m`)).status, 403)
  t.equal((await post(app, 'registered-models/create', { name: 'team-a-n' })).status, 200)
  t.equal((await post(app, 'registered-models/create', { name: 'team-a-n', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] })).status, 403)
  t.equal((await post(app, 'registered-models/set-tag', { name: 'team-a-m', key: 'mlflow.prompt.is_prompt', value: 'true' })).status, 403)
  t.equal((await post(app, 'registered-models/rename', { name: 'team-a-m', new_name: 'team-a-n' })).status, 200)
  t.equal((await post(app, 'registered-models/rename', { name: 'team-a-m', new_name: 'team-b-n' })).status, 403)
  for (const [source, status] of [['runs:/run-a/m', 200], ['runs:/run-b/m', 403], ['models:/m-a', 200], ['models:/m-b', 403], ['models:/team-a-m/1', 200], ['models:/team-b-m/1', 403], ['mlflow-artifacts:/1/run/artifacts/m', 200], ['mlflow-artifacts:/2/run/artifacts/m', 403], ['/etc', 403], ['s3://b/k', 403], ['runs:/run-a/../../2', 403], ['runs:/run-a/%2e%2e/x', 403]] as const) {
    t.equal((await post(app, 'model-versions/create', { name: 'team-a-m', source })).status, status, source)
  }
  t.equal((await post(app, 'model-versions/create', { name: 'team-a-m', source: 'runs:/run-a/m', run_id: 'run-b' })).status, 403)
})

t.test('artifacts are judged by their path alone, and stream', async t => {
  const app = await bound(t)
  const store = '/mlflow/api/2.0/mlflow-artifacts/artifacts'
  const sent = Buffer.alloc(3_000_000, 'x')
  const stored = await app.call('PUT', `${store}/1/run/artifacts/f`, { body: sent })
  t.equal(stored.body.length, sent.length)
  for (const path of ['2/run/artifacts/f', '1/../2/f', '%31/%2e%2e/2/f', '/1/f', './1/f', '1%252f..%252f..%252f2', 'x/1/f', '', '1/%00', 'models/1/f']) {
    t.not((await app.call('PUT', `${store}/${path}`, { body: 'x' })).status, 200, path)
  }
  t.equal((await app.call('GET', `${store}?path=1/run`)).status, 200)
  t.equal((await app.call('GET', `${store}?path=2/run`)).status, 403)
  t.equal((await app.call('GET', store)).status, 403)
  t.equal((await app.call('PUT', '/mlflow/api/2.0/mlflow-artifacts//artifacts/2/mlflow-artifacts/artifacts/1/f', { body: 'x' })).status, 403)
  t.equal(app.mlflow.calls.length, 2)
})

t.test('lists hold what may be read and nothing else, in MLflow\'s own digits', async t => {
  const app = await bound(t)
  const list = '{"experiments": [{"experiment_id": "2", "name": "team-b/x"}, {"name": "team-a/x", "creation_time": 12345678901234567890}], "next_page_token": "t"}'
  app.mlflow.behave(says(answer(200, list, json)))
  const found = await post(app, 'experiments/search', { max_results: 5 })
  t.equal(found.body.toString(), '{"experiments": [{"name": "team-a/x", "creation_time": 12345678901234567890}], "next_page_token": "t"}')
  t.equal((await app.mlflow.call(1)).header('accept-encoding'), undefined)
  t.equal((await (await app.mlflow.call(1)).whole).toString(), '{"max_results":5}')
  t.equal((await app.call('HEAD', `${api}experiments/search?max_results=5`)).status, 403)
  t.equal((await app.call('GET', `${api}experiments/search?filter=name%20LIKE%20%27team-a%2F%25%27`)).status, 200)
  t.equal((await app.call('GET', `${api}experiments/search?filter=name%20LIKE%20%27team-b%2F%25%27`)).status, 403, 'a page token would tell whether there are some')
  t.equal((await post(app, 'experiments/search', { filter: "tags.x = 'y'" })).status, 403)
  t.equal((await post(app, 'experiments/search?filter=x', { max_results: 1 })).status, 403)
  t.equal((await post(app, 'runs/log-batch', { run_id: 'run-a', metrics: Array.from({ length: 300 }, () => ({ key: 'm', model_id: 'm-a' })) })).status, 200, 'one thing three hundred times')
  app.mlflow.behave(says(answer(200, '{"model_versions":[{"name":"team-a-m"},{"name":"team-a-p"},{"name":"team-b-m"}]}', json)))
  t.equal((await app.call('GET', `${api}model-versions/search`)).body.toString(), '{"model_versions":[{"name":"team-a-m"}]}')
  app.mlflow.behave(says(answer(200, '{"registered_models":[{"name":"team-a-p","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]},{"name":"team-a-m"}]}', json)))
  t.equal((await app.call('GET', `${api}registered-models/search`)).body.toString(), '{"registered_models":[{"name":"team-a-m"}]}')
  for (const odd of ['{"experiments":[{"id":1}]}', '{"experiments":[{"name":"team-a/x"}', '[]', '{"experiments":7}']) {
    app.mlflow.behave(says(answer(200, odd, json)))
    t.equal((await app.call('GET', `${api}experiments/search`)).status, 502, odd)
  }
  app.mlflow.behave(says(answer(400, '{"error_code":"INVALID_PARAMETER_VALUE"}', json)))
  t.match(await app.call('GET', `${api}experiments/search`), { status: 400 })
})

t.test('searches name what they search', async t => {
  const app = await bound(t)
  t.equal((await post(app, 'runs/search', { experiment_ids: ['1'] })).status, 200)
  t.equal((await post(app, 'runs/search', { experiment_ids: ['1', '2'] })).status, 403)
  t.equal((await post(app, 'runs/search', { experiment_ids: [] })).status, 403)
  t.equal((await post(app, 'runs/search', {})).status, 403)
  t.equal((await post(app, 'runs/search', { experiment_ids: Array.from({ length: 201 }, (_, index) => String(index)) })).status, 403)
  t.equal((await post(app, '/mlflow/api/3.0/mlflow/traces/search', { locations: [{ mlflow_experiment: { experiment_id: '1' } }, { mlflowExperiment: { experimentId: '2' } }] })).status, 403)
  t.equal((await post(app, 'runs/log-batch', { run_id: 'run-a', metrics: [{ key: 'm', model_id: 'm-b' }] })).status, 403)
})

t.test('a name that changes is seen at once where the change passes by here', async t => {
  const app = await bound(t)
  t.equal((await app.call('GET', `${api}experiments/get?experiment_id=1`)).status, 200)
  t.equal((await post(app, 'experiments/update', { experiment_id: '1', new_name: 'team-a/y' })).status, 200)
  app.mlflow.replies.set('/api/2.0/mlflow/experiments/get?experiment_id=1', ok({ experiment: { experiment_id: '1', name: 'moved', artifact_location: '' } }))
  t.equal((await app.call('GET', `${api}experiments/get?experiment_id=1`)).status, 403)
})

t.test('an MLflow that does not answer is no refusal', async t => {
  const app = await bound(t)
  app.mlflow.replies.set('/api/2.0/mlflow/runs/get?run_id=run-a', answer(500, '{}', json))
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`)).status, 503)
  app.mlflow.replies.set('/api/2.0/mlflow/runs/get?run_id=run-a', answer(200, 'no JSON', json))
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`)).status, 502)
  app.mlflow.replies.set('/api/2.0/mlflow/runs/get?run_id=run-a', answer(302, '', { location: '/x' }))
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`)).status, 502)
  app.mlflow.behave(silent)
  await app.mlflow.stop()
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`)).status, 502)
  t.equal((await app.call('GET', `${api}experiments/search`)).status, 502)
})

t.test('what many ask at once is asked once; an answer that is too large or does not come is no permission', async t => {
  const app = await bound(t)
  const target = '/api/2.0/mlflow/runs/get?run_id=run-a'
  const asked = (): number => app.mlflow.probes.filter(probe => probe === target).length
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await app.call('GET', `${api}runs/get?run_id=run-a`)))
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(asked(), 1)
  app.mlflow.replies.set('/api/2.0/mlflow/runs/get?run_id=run-large', ok({ run: { info: { run_id: 'run-large', experiment_id: '1' }, data: 'x'.repeat(5 * 1024 * 1024) } }))
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-large`)).status, 502)
  app.mlflow.replies.set('/api/2.0/mlflow/runs/get?run_id=run-slow', undefined)
  const slow = await app.call('GET', `${api}runs/get?run_id=run-slow`)
  t.equal(slow.status, 503)
  t.match(slow.body.toString(), /does not answer/)
})

t.test('a caller who leaves while its upload is judged costs nothing', async t => {
  const app = await bound(t)
  app.mlflow.replies.set('/api/2.0/mlflow/experiments/get?experiment_id=3', undefined)
  const connection = await app.connect()
  connection.write(`PUT /mlflow/api/2.0/mlflow-artifacts/artifacts/3/run/artifacts/f HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${keys.write}\r\nContent-Length: 1000000\r\n\r\n`)
  while (!app.mlflow.probes.includes('/api/2.0/mlflow/experiments/get?experiment_id=3')) await new Promise(resolve => setTimeout(resolve, 5))
  connection.destroy()
  t.equal((await app.call('GET', `${api}runs/get?run_id=run-a`)).status, 200)
  t.equal(app.mlflow.calls.length, 1, 'nothing of the upload went on')
})

t.test('a question is asked where and as the request itself goes', async t => {
  const app = await bound(t, undefined, { shape: { version: '3.17.2', prefix: '/p', restUnderPrefix: true, healthAtRoot: false, streamsArtifacts: true, chunkedIsEmpty: true, workspaces: true, hangs: false } })
  app.mlflow.replies.set('/p/api/2.0/mlflow/experiments/get?experiment_id=1', app.mlflow.replies.get('/api/2.0/mlflow/experiments/get?experiment_id=1'))
  t.equal((await app.call('GET', `${api}experiments/get?experiment_id=1`)).status, 200)
})

t.test('what nobody judges is refused, what says nothing is not, and everything is everything', async t => {
  const app = await bound(t)
  for (const path of ['/mlflow/api/3.0/mlflow/datasets/search', '/mlflow/api/3.0/mlflow/mcp-servers', '/mlflow/api/3.0/mlflow/scorers/list?experiment_id=1']) t.equal((await app.call('GET', path)).status, 403, path)
  t.equal((await app.call('GET', '/mlflow/api/2.0/mlflow/webhooks', { key: 'admin' })).status, 403, 'an administrator who is bound')
  t.equal((await app.call('GET', '/mlflow/api/3.0/mlflow/server-info')).status, 200)
  t.equal((await app.call('GET', '/mlflow/version')).status, 200)
  const reader = await bound(t, ['read:*', 'write:experiments/team-a/*'])
  t.equal((await reader.call('GET', `${api}runs/get?run_id=run-b`)).status, 200)
  t.equal((await reader.call('GET', '/mlflow/api/3.0/mlflow/datasets/search')).status, 200)
  t.equal((await post(reader, 'runs/delete', { run_id: 'run-b' })).status, 403)
  t.equal((await post(reader, 'runs/delete', { run_id: 'run-a' })).status, 200)
})
