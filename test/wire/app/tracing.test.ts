/** Spans of the facade: what a collector gets, what MLflow is told of the trace, and that neither a dead collector nor a secret shows. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { facade, keys } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { startCollector, type SentSpan } from '../../helpers/collector.js'
import { answer, echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callers = `00-${traceId}-00f067aa0ba902b7-01`

const byKind = (spans: readonly SentSpan[], kind: number): SentSpan[] => spans.filter(span => span.kind === kind)

t.test('a trace goes on from the caller through the facade to MLflow, and says who did what', async t => {
  const collector = await startCollector(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/otlp`, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=s%20cret', OTEL_SERVICE_NAME: 'door' }
  const up = await facade(t, echo, { env })
  const { status } = await up.call('POST', `${search}?x=secretquery`, { headers: { traceparent: callers, tracestate: 'a=b' }, body: '{}' })
  t.equal(status, 200)
  const sent = up.mlflow.calls[0]
  await up.close()
  const [server] = byKind(collector.spans, 2).filter(span => span.traceId === traceId)
  const [call] = byKind(collector.spans, 3)
  t.match(server, { parentSpanId: '00f067aa0ba902b7', name: 'POST searchExperiments', isError: false, resource: { 'service.name': 'door', 'service.version': /^\d/ } })
  t.strictSame(server?.attributes, {
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'http.route': '/mlflow/api/2.0/mlflow/experiments/search',
    'url.scheme': server?.attributes['url.scheme'],
    'client.address': '127.0.0.1',
    'user_agent.name': 'none',
    'hokusai_mlflow.operation': 'searchExperiments',
    'hokusai_mlflow.request_id': server?.attributes['hokusai_mlflow.request_id'],
    'enduser.id': 'user-write',
    'enduser.pseudo.id': 'key_write'
  })
  t.match(call, { traceId, parentSpanId: server?.spanId, name: 'POST', attributes: { 'server.address': '127.0.0.1', 'server.port': up.mlflow.port, 'http.response.status_code': 200 } })
  t.equal(sent?.header('traceparent'), `00-${traceId}-${call?.spanId}-01`)
  t.strictSame(sent?.all('traceparent').length, 1)
  t.equal(sent?.header('tracestate'), 'a=b')
  t.ok((server?.startMs ?? 0) <= (call?.startMs ?? 0) && (call?.endMs ?? 0) <= (server?.endMs ?? 0) + 1, 'one lies within the other')
  t.ok(Math.abs((server?.startMs ?? 0) - Date.now()) < 60_000)
  t.match(collector.heads[0], { path: '/otlp/v1/traces', headers: { 'api-key': 's cret' } })
  t.notMatch(JSON.stringify(collector.spans), new RegExp(`${keys.write}|secretquery`))
})

t.test('without a trace of the caller its id is the request\'s, also in the log line and as an exemplar', async t => {
  const collector = await startCollector(t)
  const up = await facade(t, echo, { env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/x` } })
  const id = (await up.call('GET', search)).header('x-request-id') ?? ''
  t.equal((await up.line(id))['trace_id'], id.replaceAll('-', ''))
  const text = JSON.stringify(await up.metrics.registry.getMetricsAsJSON())
  t.ok(text.includes(`"labelSet":{"trace_id":"${id.replaceAll('-', '')}"}`))
  await up.close()
  t.ok(collector.spans.some(({ traceId, parentSpanId }) => traceId === id.replaceAll('-', '') && parentSpanId === ''))
  t.equal(collector.heads[0]?.path, '/x')
})

t.test('what the facade refuses has a span without a call, and faults of MLflow are errors of both', async t => {
  const collector = await startCollector(t)
  const up = await facade(t, call => call.socket.destroy(), { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
  const refused = await up.call('GET', search, { key: null })
  const broken = await up.call('GET', search)
  t.strictSame([refused.status, broken.status], [401, 502])
  await up.close()
  const of = (answered: Answer): SentSpan[] =>
    collector.spans.filter(span => span.traceId === answered.header('x-request-id')?.replaceAll('-', ''))
  t.match(of(refused), [{ kind: 2, isError: false, attributes: { 'error.type': 'no_key', 'http.response.status_code': 401 } }])
  t.equal(of(refused).length, 1)
  t.match(byKind(of(broken), 2), [{ isError: true, attributes: { 'error.type': 'upstream_reset' } }])
  t.match(byKind(of(broken), 3), [{ isError: true }])
})

t.test('what is not sampled makes no span, and MLflow is told so', async t => {
  const collector = await startCollector(t)
  const up = await facade(t, echo, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'parentbased_always_off' } })
  const first = await up.call('GET', search, { headers: { traceparent: callers.replace(/01$/, '00') } })
  await up.call('GET', search)
  await up.call('GET', search, { headers: { traceparent: callers } })
  const [unsampled, own, sampled] = up.mlflow.calls.map(call => call.header('traceparent') ?? '')
  t.match(unsampled, new RegExp(`^00-${traceId}-.{16}-00$`))
  t.match(own, /^00-.{32}-.{16}-00$/)
  t.match(sampled, new RegExp(`^00-${traceId}-.{16}-01$`))
  t.notOk('trace_id' in await up.line(first.header('x-request-id')))
  await up.close()
  t.equal(collector.spans.length, 2, 'of the one that its caller samples')
})

t.test('the gateway\'s providers are told nothing of ours', async t => {
  const collector = await startCollector(t)
  const up = await facade(t, echo, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
  const gateway = '/mlflow/gateway/mlflow/v1/chat/completions'
  await up.call('POST', gateway, { key: 'gateway', body: '{}' })
  await up.call('POST', gateway, { key: 'gateway', body: '{}', headers: { traceparent: callers } })
  t.strictSame(up.mlflow.calls.map(call => call.header('traceparent')), [undefined, callers])
})

t.test('a collector that hangs or is away costs no request anything, is told of once, and holds up no end for long', async t => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  for (const port of [(silent.address() as AddressInfo).port, 9]) {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20topsecret' }
    const up = await facade(t, call => call.write(answer(200, 'ok')), { env })
    for (let call = 0; call < 20; call++) t.equal((await up.call('GET', search)).status, 200)
    const start = performance.now()
    await up.close()
    t.ok(performance.now() - start < 4500, `${Math.round(performance.now() - start)} ms`)
    t.ok(up.lines.filter(({ msg }) => /collector/.test(msg)).length <= 1)
    t.notMatch(JSON.stringify(up.lines), /topsecret/)
  }
})
