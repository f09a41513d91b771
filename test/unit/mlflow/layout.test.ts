import t from 'tap'
import type { Family } from '../../../src/access/classes.js'
import { boundsGraphql, hidesGatewayCredentials, prefixFor, losesChunks, recognise, type Answers, type Layout } from '../../../src/mlflow/layout.js'

const html = { status: 404, contentType: 'text/html; charset=utf-8', body: '<!doctype html>' }
const json = { status: 200, contentType: 'application/json', body: '{"experiment": {}}' }
const missing = { status: 404, contentType: 'application/json', body: '{"error_code": "RESOURCE_DOES_NOT_EXIST"}' }
const version = (text: string) => ({ status: 200, contentType: 'text/html', body: `${text}\n` })
const none: Answers = { version: html, prefixedVersion: html, rest: html, prefixedRest: html, prefixedAjax: html, artifact: html, chunked: html, serverInfo: html }
const streaming = { ...missing, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST"}' }

/** What each server of the kind answers, and what is to be read from it. */
const servers: ReadonlyArray<readonly [string, Partial<Answers>, Layout]> = [
  ['3.17.2 without a prefix', { version: version('3.17.2'), rest: json, artifact: streaming, chunked: { ...missing, status: 400 } }, { version: '3.17.2', prefix: '', restUnderPrefix: false, healthAtRoot: true, streamsArtifacts: true, chunkedIsEmpty: true, workspaces: undefined }],
  ['3.9.0 with a prefix', { prefixedVersion: version('3.9.0'), rest: json, prefixedAjax: json, artifact: missing, chunked: { ...missing, status: 400 } }, { version: '3.9.0', prefix: '/p', restUnderPrefix: false, healthAtRoot: false, streamsArtifacts: false, chunkedIsEmpty: true, workspaces: undefined }],
  ['2.22.5 with a prefix', { version: version('2.22.5'), rest: missing, prefixedAjax: missing, artifact: missing, chunked: json }, { version: '2.22.5', prefix: '/p', restUnderPrefix: false, healthAtRoot: true, streamsArtifacts: false, chunkedIsEmpty: false, workspaces: undefined }],
  ['3.17.2 with a prefix', { prefixedVersion: version('3.17.2'), prefixedRest: json, prefixedAjax: json, artifact: streaming, chunked: { ...missing, status: 400 } }, { version: '3.17.2', prefix: '/p', restUnderPrefix: true, healthAtRoot: false, streamsArtifacts: true, chunkedIsEmpty: true, workspaces: undefined }]
]

for (const [name, answers, layout] of servers) {
  t.test(`${name} is recognised`, async t => { t.strictSame(recognise({ ...none, ...answers }, '/p'), layout) })
}

t.test('an MLflow without its first experiment is one all the same, a version that is a page is none', async t => {
  t.match(recognise({ ...none, rest: missing, version: { ...version('<html>'), body: '<html>' } }, '/p'), { version: 'unknown' })
})

t.test('only an MLflow that says so keeps workspaces apart', async t => {
  const said = (answer: Partial<Answers['serverInfo']>) => { const found = recognise({ ...none, rest: json, serverInfo: { ...json, ...answer } }, '/p'); return typeof found === 'string' ? found : found.workspaces }
  t.equal(said({ body: '{"store_type":"SqlStore","workspaces_enabled":true}' }), true)
  t.equal(said({ body: '{"store_type": "SqlStore", "workspaces_enabled": false}\n' }), false)
  for (const answer of [html, { body: '{"store_type":"SqlStore"}' }, { body: '{"workspaces_enabled":"true"}' }]) t.equal(said(answer), undefined)
})

t.test('a fault of the moment where MLflow says what it is recognises nothing', async t => {
  for (const status of [401, 429, 500, 502, 503, 504]) {
    for (const answer of ['chunked', 'serverInfo'] as const) t.match(recognise({ ...none, rest: json, [answer]: { ...json, status } }, '/p'), `MLflow answers ${status}`, answer)
  }
  for (const status of [403, 302, 204]) t.match(recognise({ ...none, rest: json, serverInfo: { ...json, status } }, '/p'), `MLflow answers ${status}`)
})

t.test('what is no MLflow is named by what it lacks', async t => {
  for (const [answers, reason] of [
    [none, /the server that answers is not MLflow/],
    [{ ...none, rest: { status: 403, contentType: 'text/plain', body: 'Invalid Host header' } }, /--allowed-hosts/],
    [{ ...none, prefixedRest: { status: 401, contentType: 'text/plain', body: '' } }, /MLFLOW_UPSTREAM_AUTHORIZATION/],
    [{ ...none, rest: { status: 502, contentType: 'text/html', body: 'nginx' } }, /MLflow answers 502/],
    [{ ...none, rest: { status: 200, contentType: 'text/html', body: 'hello' } }, /the server that answers is not MLflow/]
  ] as const) t.match(recognise(answers, '/p'), reason)
})

const families: readonly Family[] = ['rest', 'ajax', 'native-ajax', 'artifacts', 'ajax-artifacts', 'otlp', 'gateway', 'graphql', 'ui', 'build', 'health', 'assistant', 'auth']

t.test('without a prefix everything is at the root', async t => {
  const [, , layout] = servers[0]!
  for (const family of families) for (const method of ['GET', 'PUT', 'HEAD', 'POST']) t.equal(prefixFor(layout, family, method), '')
})

t.test('with a prefix each family is where its version keeps it', async t => {
  const under = (layout: Layout, method: string) => families.filter(family => prefixFor(layout, family, method) === '/p')
  const [older, oldest, newer] = [servers[1]![2], servers[2]![2], servers[3]![2]]
  t.strictSame(under(older, 'GET'), ['ajax', 'ajax-artifacts', 'graphql', 'ui', 'health'])
  t.strictSame(under(oldest, 'GET'), ['ajax', 'ajax-artifacts', 'ui'])
  t.strictSame(under(newer, 'GET'), families.filter(family => !['artifacts', 'ajax-artifacts', 'build'].includes(family)))
  t.strictSame(under(newer, 'HEAD'), families.filter(family => family !== 'build'))
})

t.test('chunks are spooled where Flask would lose them, and only there', async t => {
  const newer = servers[3]![2]
  t.strictSame(families.filter(family => !losesChunks(newer, family, 'PUT')), ['native-ajax', 'artifacts', 'ajax-artifacts', 'otlp', 'gateway', 'assistant'])
  t.ok(losesChunks(newer, 'artifacts', 'POST'))
  t.ok(losesChunks(servers[1]![2], 'artifacts', 'PUT'))
  t.notOk(losesChunks(servers[2]![2], 'rest', 'POST'))
})

t.test('only an MLflow that is known to keep our credentials from LLM providers gets them on its gateway', async t => {
  const layout = servers[0]![2]
  for (const [version, hides] of [['2.22.5', false], ['3.9.0', false], ['3.14.0', false], ['3.15.0', true], ['3.17.2', true], ['3.15.0rc1', true], ['4.0.0', true], ['unknown', false]] as const) t.equal(hidesGatewayCredentials({ ...layout, version }), hides, version)
})

t.test('only an MLflow that is known to bound GraphQL queries is left to do so', async t => {
  const layout = servers[0]![2]
  for (const [version, bounds] of [['2.22.5', false], ['3.0.0', false], ['3.9.0', true], ['3.11.1', true], ['3.17.2', true], ['4.0.0', true], ['unknown', false]] as const) t.equal(boundsGraphql({ ...layout, version }), bounds, version)
})
