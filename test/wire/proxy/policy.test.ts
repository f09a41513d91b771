/** Places that messages to MLflow name: what POLICY_… does not allow never reaches it, however the message is spelt. */
import t, { type Test } from 'tap'
import { facade, type Facade } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { echo } from '../../helpers/upstream.js'

const version = '/mlflow/api/2.0/mlflow/model-versions/create'
const experiment = '/mlflow/api/2.0/mlflow/experiments/create'
const workspaces = '/mlflow/api/3.0/mlflow/workspaces'
const webhooks = '/mlflow/api/2.0/mlflow/webhooks'
const env = {
  POLICY_MODEL_SOURCES: 's3://bucket/models/,runs:,models:,mlflow-artifacts:',
  POLICY_ARTIFACT_LOCATIONS: 's3://bucket/,/mnt/artifacts/',
  POLICY_WEBHOOK_URLS: 'https://hooks.example.com/'
}
const json = { 'Content-Type': 'application/json' }

interface Trial extends Facade {
  readonly send: (method: string, path: string, body: unknown, key?: 'write' | 'admin') => Promise<Answer>
}

async function trial (t: Test, settings: Readonly<Record<string, string>> = env): Promise<Trial> {
  const up = await facade(t, echo, { env: settings })
  const send: Trial['send'] = async (method, path, body, key = 'write') =>
    await up.call(method, path, { key, headers: json, body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) })
  return { ...up, send }
}

t.test('what is allowed reaches MLflow byte for byte, what is not is 403, and for administrators too', async t => {
  const { send, mlflow, line } = await trial(t)
  const good: ReadonlyArray<readonly [string, string, Record<string, unknown>]> = [
    ['POST', version, { name: 'm', source: 's3://bucket/models/1', run_id: 'r' }],
    ['POST', version, { name: 'm', source: 'runs:/r/model' }],
    ['POST', version, { name: 'm', source: 'models:/m-1' }],
    ['POST', version, { name: 'p', source: 'dummy-source', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] }],
    ['POST', version, { name: 'p', source: 'prompt-template' }],
    ['POST', experiment, { name: 'e' }],
    ['POST', experiment, { name: 'e', artifact_location: '' }],
    ['POST', experiment, { name: 'e', artifactLocation: null }],
    ['POST', experiment, { name: 'e', artifactLocation: 's3://bucket/x' }],
    ['POST', experiment, { name: 'e', artifact_location: 'file:///mnt/artifacts/x', tags: [{ key: 'k', value: 'file:///etc' }] }],
    ['POST', workspaces, { name: 'w', default_artifact_root: '/mnt/artifacts/w', trace_archival_config: { location: 's3://bucket/t' } }],
    ['PATCH', `${workspaces}/w`, { description: 'x' }],
    ['POST', webhooks, { name: 'h', url: 'https://hooks.example.com/x?token=1', events: [] }],
    ['PATCH', `${webhooks}/1`, { name: 'h' }],
    ['POST', '/mlflow/api/2.0/mlflow/runs/create', { source: 'file:///etc', artifact_location: 'file:///etc' }]
  ]
  for (const [method, path, body] of good) {
    const sent = JSON.stringify(body, null, 1)
    t.equal((await send(method, path, sent, 'admin')).status, 200, sent)
    t.equal((await mlflow.calls.at(-1)!.whole).toString(), sent)
  }
  const before = mlflow.calls.length
  const bad: ReadonlyArray<readonly [string, string, unknown, string]> = [
    ['POST', version, { name: 'm', source: 's3://other/models/1' }, 'source'],
    ['POST', version, { name: 'm', source: 's3://bucket/models/../x' }, 'source'],
    ['POST', version, { name: 'm', source: 'file:///etc/passwd' }, 'source'],
    ['POST', version, { name: 'm', source: '/etc' }, 'source'],
    ['POST', version, { name: 'm', source: 'dummy' }, 'source'],
    ['POST', version, JSON.stringify(JSON.stringify({ name: 'm', source: 'https://evil.example/x' })), 'source'],
    ['POST', version, '{"name": "m", "\\u0073ource": "https:\\/\\/evil.example/x"}', 'source'],
    ['POST', version, Buffer.from(`\ufeff${JSON.stringify({ name: 'm', source: 'https://evil.example/x' })}`), 'source'],
    ['POST', version.replace('/model-versions/', '%2Fmodel-versions/'), { name: 'm', source: 'https://evil.example/x' }, 'source'],
    ['POST', version.replace('/api/', '/ajax-api/'), { name: 'm', source: 'https://evil.example/x' }, 'source'],
    ['POST', `/api/mlflow${version.slice('/mlflow'.length)}`, { name: 'm', source: 'https://evil.example/x' }, 'source'],
    ['POST', version.slice('/mlflow'.length), { name: 'm', source: 'https://evil.example/x' }, 'source'],
    ['POST', experiment, { name: 'e', artifact_location: 'runs:/x/y' }, 'artifact_location'],
    ['POST', experiment, { name: 'e', artifactLocation: '/var/lib' }, 'artifact_location'],
    ['POST', experiment, { name: 'e', artifact_location: 'prompt-template' }, 'artifact_location'],
    ['POST', experiment, { name: 'e', artifact_location: ' s3://bucket/x' }, 'artifact_location'],
    ['POST', workspaces, { name: 'w', default_artifact_root: 's3://other/' }, 'default_artifact_root'],
    ['PATCH', `${workspaces}/w`, { defaultArtifactRoot: '/srv' }, 'default_artifact_root'],
    ['PATCH', `${workspaces}/w`, { traceArchivalConfig: { location: '/srv' } }, 'location'],
    ['POST', webhooks, { name: 'h', url: 'http://169.254.169.254/latest' }, 'url'],
    ['PATCH', `${webhooks}/1`, { url: 'https://hooks.example.com@evil.example/' }, 'url'],
    ['PATCH', '/mlflow/api/2.0/mlflow/traces/tr-1/tags', { key: 'mlflow.artifactLocation', value: 'file:///etc' }, 'value'],
    ['PATCH', '/mlflow/api/2.0/mlflow/traces/tr-1', { request_id: 'tr-1', tags: [{ key: 'a', value: 'b' }, { key: 'mlflow.artifactLocation', value: '/etc' }] }, 'value'],
    ['POST', '/mlflow/api/3.0/mlflow/traces', { trace: { trace_info: { tags: { 'mlflow.trace.archiveLocation': 'file:///etc' } } } }, 'mlflow.trace.archiveLocation'],
    ['POST', '/mlflow/api/3.0/mlflow/traces', { trace: { traceInfo: { tags: { 'mlflow.trace.archiveLocation': '/etc' } } } }, 'mlflow.trace.archiveLocation']
  ]
  for (const [method, path, body, field] of bad) {
    for (const key of ['write', 'admin'] as const) {
      if (key === 'write' && /workspaces|webhooks|%2F/.test(path)) continue // another refusal
      const refused = await send(method, path, body, key)
      t.match([refused.status, refused.json()], [403, { error_code: 'PERMISSION_DENIED', message: new RegExp(`\\(${field}\\) is not allowed here: allowed are .*POLICY_`) }], `${path} ${JSON.stringify(body)}`)
      t.match(await line(refused.header('x-request-id')), { refusal: 'policy', status: 403 })
    }
  }
  t.equal(mlflow.calls.length, before)
})

t.test('what MLflow may read in two ways is 400, whatever it holds', async t => {
  const { send, mlflow } = await trial(t)
  const source = '"source": "runs:/x/y"'
  for (const [path, body] of [
    [version, `{"source": "https://evil.example/x", ${source}}`],
    [version, `{${source}, "sourc\\u0065": "https://evil.example/x"}`],
    [version, JSON.stringify(`{${source}, ${source}}`)],
    [version, `{${source}, "tags": [{"key": "a", "key": "b"}]}`],
    [experiment, '{"artifact_location": "s3://bucket/x", "artifactLocation": "s3://bucket/x"}'],
    [experiment, '{"artifact_location": ["file:///etc"]}'],
    [version, '{"source": {"a": 1}}'], [version, '{"source": 7}'], [version, `{${source}, "x": NaN}`], [version, `[{${source}}]`], [version, 'null'], [version, '"x"'], [version, '{'],
    [version, Buffer.from(`{${source}}`, 'utf16le')], [version, Buffer.from(`{${source}, "x": "\xff"}`, 'latin1')], [version, `{${source}, "x": "a\u0000b"}`], [version, `${'['.repeat(200_000)}`]
  ] as ReadonlyArray<readonly [string, string | Buffer]>) {
    const refused = await send('POST', path, body)
    t.match([refused.status, refused.json().error_code], [400, 'INVALID_PARAMETER_VALUE'], body.toString().slice(0, 80))
  }
  t.equal((await send('POST', version, `{"name": "${'x'.repeat(1024 * 1024)}"}`)).status, 413)
  t.equal(mlflow.calls.length, 0)
  t.equal((await send('POST', version, `{"source": "runs:/x/y", "tags": [{"key": "a", "value": "\\" } {"}, {"key": "b", "value": "\\\\"}], "description": "${'\\"{'.repeat(200_000)}"}`)).status, 200, 'names of other objects, and what looks like one within a string')
})

t.test('without settings MLflow decides, and bodies go as they come; "none" allows none', async t => {
  const { send, mlflow } = await trial(t, {})
  for (const [path, body] of [[version, '{"source": "file:///etc", "source": "/x"}'], [experiment, '{"artifact_location": "/etc"}'], [version, 'no JSON']] as const) {
    t.equal((await send('POST', path, body)).status, 200)
    t.equal((await mlflow.calls.at(-1)!.whole).toString(), body)
  }
  const closed = await trial(t, { POLICY_WEBHOOK_URLS: 'none' })
  t.match((await closed.send('POST', webhooks, { url: 'https://hooks.example.com/' }, 'admin')).json(), { message: /none is \(POLICY_WEBHOOK_URLS\)/ })
  t.equal((await closed.send('POST', version, { source: 'file:///etc' })).status, 200)
})

t.test('the audit trail has the scheme and host of what was refused, and the schedule of an experiment is judged as before', async t => {
  const { send, events } = await trial(t)
  await send('POST', webhooks, { url: 'https://user@evil.example/services/s3cret?token=s3cret' }, 'admin')
  await send('POST', webhooks, { url: 'https://u:s3cret@evil.example/' }, 'admin')
  t.match(events.map(({ operation, outcome, reason, resource }) => ({ operation, outcome, reason, resource })), [
    { operation: 'createWebhook', outcome: 'refused', reason: 'policy', resource: { url: 'https://evil.example' } },
    { operation: 'createWebhook', outcome: 'refused', reason: 'policy', resource: { url: 'unreadable' } }
  ])
  t.notMatch(JSON.stringify(events), 's3cret')
  t.match((await send('POST', experiment, { name: 'e', tags: [{ key: 'mlflow.issueDetection.schedule', value: '{}' }] })).json(), { message: /issue detection/ })
})
