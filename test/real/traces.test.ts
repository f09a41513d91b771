/** Spans as an MLflow takes them, and exemplars as a Prometheus reads them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../scripts/mlflow/ports.js'
import { startMlflow } from '../../scripts/mlflow/server.js'
import { startFacade, type FacadeProcess } from '../helpers/facade.js'

t.setTimeout(300_000)

const trace = 'c0ffee00c0ffee00c0ffee00c0ffee00'
const mlflow = await startMlflow(t, { dir: t.testdir() })
const metricsPort = await freePort()
const env = {
  METRICS_PORT: String(metricsPort),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${mlflow.url}/v1/traces`,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-mlflow-experiment-id=0'
}
const up = await startFacade(t, { mlflowUrl: mlflow.url, env })
const key = await up.createKey('mlflow:read')

async function ask ({ url }: FacadeProcess): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, traceparent: `00-${trace}-00f067aa0ba902b7-01` }
  return await fetch(`${url}/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0`, { headers })
}

/** Asks until it has an answer. */
async function soon<T> (question: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const end = performance.now() + 60_000; performance.now() < end; await delay(250)) {
    const found = await question().catch(() => undefined)
    if (found !== undefined) return found
  }
  return undefined
}

t.test('Prometheus stores the trace of a request beside its time', async t => {
  const port = await freePort()
  const dir = t.testdir()
  const scrape = { scrape_configs: [{ job_name: 'facade', scrape_interval: '1s', static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }] }] }
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(scrape))
  const options = [
    `--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`, '--enable-feature=exemplar-storage'
  ]
  const prometheus = spawn('prometheus', options, { stdio: 'ignore' })
  t.teardown(async () => {
    prometheus.kill()
    await once(prometheus, 'exit')
  })
  t.equal((await ask(up)).status, 200)
  const query = new URLSearchParams({ query: 'hokusai_mlflow_request_duration_seconds_bucket{operation="getExperiment"}', start: '0', end: '4102444800' })
  interface Exemplars { readonly data: ReadonlyArray<{ readonly exemplars: ReadonlyArray<{ readonly labels: { readonly trace_id: string } }> }> }
  const found = await soon(async () => {
    const { data } = await (await fetch(`http://127.0.0.1:${port}/api/v1/query_exemplars?${query.toString()}`)).json() as Exemplars
    return data.flatMap(({ exemplars }) => exemplars).at(0)
  })
  t.match(found, { labels: { trace_id: trace } })
  const info = await (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=hokusai_mlflow_upstream_info`)).json()
  t.match(info, { data: { result: [{ metric: { version: /^\d+\.\d+/, static_prefix: undefined, workspaces: /^(true|false)$/ } }] } })
})

t.test('MLflow shows the request and its call as a trace', async t => {
  t.equal((await ask(up)).status, 200)
  const found = await soon(async () => {
    const answered = await fetch(`${mlflow.url}/api/3.0/mlflow/traces/get?trace_id=tr-${trace}`)
    return answered.ok ? await answered.json() as { trace: { spans: ReadonlyArray<{ name: string, parent_span_id?: string }> } } : undefined
  })
  const names = found?.trace.spans.map(({ name }) => name) ?? []
  t.ok(names.includes('GET getExperiment') && names.includes('GET'), names.join())
})
