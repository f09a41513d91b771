/** MLflow's own pages after signing in, version by version: docs/browser.md lists what is looked at. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import { openBrowser } from '../../../scripts/browser.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { complaintsOf } from '../../helpers/complaints.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { takePicture } from '../../helpers/looks.js'

t.setTimeout(400_000)

const notes = 'what was seen in the run\n'

/** Two servers at a time: more of them starve each other. */
const pairs: ReadonlyArray<ReadonlyArray<{ readonly version: string, readonly args?: readonly string[] }>> = [
  [{ version: '2.22.5' }, { version: '3.9.0', args: ['--static-prefix', '/mlflow'] }],
  [{ version: '3.11.1' }, { version: '3.17.2' }]
]

interface Seeded {
  readonly facade: FacadeProcess
  readonly experiment: string
  readonly run: string
  /** What the list of traces shows of the one that there is. */
  readonly trace: string
}

/** Leaves behind what a client would, through the facade. */
async function seed (facade: FacadeProcess, version: string): Promise<Seeded> {
  const key = await facade.createKey('mlflow:write')
  const send = async <T>(method: string, path: string, body: string | object): Promise<T> => {
    const isText = typeof body === 'string'
    const headers = { authorization: `Bearer ${key}`, 'content-type': isText ? 'text/plain' : 'application/json' }
    const answer = await fetch(`${facade.url}/mlflow/api/${path}`, { method, headers, body: isText ? body : JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`MLflow ${version}, ${path}: ${answer.status} ${text}`)
    return (text === '' ? {} : JSON.parse(text)) as T // some versions answer an upload with nothing
  }
  const tags = [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }]
  const made = { name: 'seen by people', tags }
  const { experiment_id: experiment } = await send<{ experiment_id: string }>('POST', '2.0/mlflow/experiments/create', made)
  const begun = { experiment_id: experiment, run_name: 'first-run', start_time: Date.now() }
  const run = (await send<{ run: { info: { run_id: string } } }>('POST', '2.0/mlflow/runs/create', begun)).run.info.run_id
  const metrics = Array.from({ length: 20 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), timestamp: Date.now(), step }))
  await send('POST', '2.0/mlflow/runs/log-batch', { run_id: run, metrics, params: [{ key: 'depth', value: '3' }], tags: [] })
  await send('PUT', `2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/notes.txt`, notes)
  await send('POST', '2.0/mlflow/runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
  await send('POST', '2.0/mlflow/registered-models/create', { name: 'first-model' })
  const source = `mlflow-artifacts:/${experiment}/${run}/artifacts`
  await send('POST', '2.0/mlflow/model-versions/create', { name: 'first-model', source, run_id: run })
  if (isMajor2(version)) {
    const trace = { experiment_id: experiment, timestamp_ms: Date.now(), request_metadata: [], tags: [] }
    const { trace_info: info } = await send<{ trace_info: { request_id: string } }>('POST', '2.0/mlflow/traces', trace)
    return { facade, experiment, run, trace: info.request_id }
  }
  await send('POST', '3.0/mlflow/traces', { trace: { trace_info: traceOf(experiment) } })
  return { facade, experiment, run, trace: 'first-question' }
}

function traceOf (experiment: string): object {
  return {
    trace_id: `tr-${randomBytes(16).toString('hex')}`,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } },
    request_time: new Date().toISOString(),
    execution_duration: '0.5s',
    state: 'OK',
    request_preview: 'first-question',
    trace_metadata: { 'mlflow.trace_schema.version': '3' },
    tags: { 'mlflow.traceName': 'first-trace' }
  }
}

function isMajor2 (version: string): boolean {
  return version.startsWith('2.')
}

let browser: Browser
t.before(async () => {
  browser = await openBrowser(t)
})

for (const pair of pairs) {
  t.test(pair.map(({ version }) => version).join(' and '), async t => {
    const dir = t.testdir(Object.fromEntries(pair.map(({ version }) => [version, { artifacts: {} }])))
    const houses = await Promise.all(pair.map(async ({ version, args = [] }) => {
      const mlflow = await startMlflow(t, { version, args, dir: join(dir, version) })
      return { version, seeded: await seed(await startFacade(t, { mlflowUrl: mlflow.url }), version) }
    }))
    for (const { version, seeded } of houses) await t.test(version, async t => await visit(t, version, seeded))
  })
}

async function visit (t: Test, version: string, { facade, experiment, run, trace }: Seeded): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 } })
  t.teardown(async () => await page.context().close())
  const complaints = complaintsOf(page, facade.url)
  const look = async (name: string, place: string, sign: string): Promise<void> => {
    await page.goto(`${facade.url}/mlflow/#/${place}`)
    const isSeen = await page.locator(sign).first().waitFor({ timeout: 30_000 }).then(() => true, () => false)
    await takePicture(page, `${name.replaceAll(' ', '-')}-${version}`)
    t.ok(isSeen, `${name}: ${sign}`)
  }
  const list = isMajor2(version) ? '' : 'experiments'
  const ofRun = `experiments/${experiment}/runs/${run}`
  await page.goto(`${facade.url}/mlflow/#/${list}`)
  await page.locator('#key').fill(await facade.createKey('mlflow:read'))
  await page.keyboard.press('Enter')
  await page.waitForURL(`${facade.url}/mlflow/#/${list}`)
  await look('experiments', list, 'a:has-text("seen by people")')
  await look('run', ofRun, 'text=first-run')
  await look('chart', `${ofRun}/model-metrics`, '.js-plotly-plot .scatterlayer .trace')
  await look('artifact', `${ofRun}/artifacts/notes.txt`, `text=${notes.trim()}`)
  const download = page.waitForEvent('download')
  await page.locator('[data-component-id$="artifactview.tsx_337"]').click() // the button has no name of its own
  t.equal(readFileSync(await (await download).path(), 'utf8'), notes, 'the artifact downloaded')
  await look('model', 'models/first-model', 'text=Version 1')
  const traces = isMajor2(version) ? '?compareRunsMode=TRACES' : '/traces'
  await look('traces', `experiments/${experiment}${traces}`, `text=${trace}`)
  t.strictSame(complaints, [])
}
