/** Registers a model through a deployment as a client would, step by step, and takes away what it made. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Answer, Caller } from './http.js'

export interface Step {
  readonly id: string
  readonly promise: string
  readonly run: () => Promise<string | undefined>
}

const rest = '/mlflow/api/2.0/mlflow'

/** The steps in their order; each needs the ones before it. The last ones clean up, and are to be run in any case. */
export function roundTrip (caller: Caller, key: string): { readonly steps: readonly Step[], readonly cleanUp: readonly Step[] } {
  const name = `hokusai-verify-${randomUUID()}`
  const bytes = randomBytes(1024 * 1024)
  let experimentId = ''
  let runId = ''
  let artifact = ''
  const post = async (path: string, send: unknown, method = 'POST'): Promise<Answer> =>
    await caller.call(`${rest}/${path}`, { method, key, send })

  return {
    steps: [
      step('create experiment', 'an experiment is created', async () => {
        const answer = await post('experiments/create', { name })
        experimentId = text(answer, 'experiment_id')
        return good(answer)
      }),
      step('create run', 'a run is created', async () => {
        const answer = await post('runs/create', { experiment_id: experimentId, start_time: Date.now() })
        const info = (answer.json?.['run'] as { info?: { run_id?: string, artifact_uri?: string } } | undefined)?.info
        runId = info?.run_id ?? ''
        const uri = info?.artifact_uri ?? ''
        artifact = uri.startsWith('mlflow-artifacts:/')
          ? `/mlflow/api/2.0/mlflow-artifacts/artifacts/${uri.replace(/^mlflow-artifacts:\/+/, '')}/model.bin`
          : ''
        return good(answer)
      }),
      step('log metric', 'a metric is stored', async () => good(await post('runs/log-metric', { run_id: runId, key: 'answer', value: 42, timestamp: Date.now() }))),
      step('upload artifact', 'a 1 MiB file is uploaded', async () => {
        if (artifact === '') return 'artifacts do not go through MLflow: the artifact_uri of its runs is not mlflow-artifacts:'
        return good(await caller.call(artifact, { method: 'PUT', key, bytes, headers: { 'content-length': String(bytes.length) } }))
      }),
      step('download artifact', 'the same file is downloaded', async () => {
        const answer = await caller.call(artifact, { key })
        return good(answer) ?? (answer.body.equals(bytes) ? undefined : 'the downloaded bytes differ')
      }),
      step('register model', 'a registered model is created', async () => good(await post('registered-models/create', { name }))),
      step('create version', 'a version of it is created', async () => good(await post('model-versions/create', { name, source: `runs:/${runId}/model`, run_id: runId }))),
      step('find model', 'it is found', async () => {
        const answer = await caller.call(`${rest}/registered-models/search?filter=${encodeURIComponent(`name='${name}'`)}`, { key })
        return good(answer) ?? (answer.body.includes(name) ? undefined : 'the search does not find it')
      })
    ],
    cleanUp: [
      step('delete model', 'the model is deleted', async () => gone(await post('registered-models/delete', { name }, 'DELETE'))),
      step('delete artifact', 'the file is deleted', async () => artifact === '' ? undefined : gone(await caller.call(artifact, { method: 'DELETE', key }))),
      step('delete experiment', 'the experiment is deleted (MLflow keeps it until garbage collection)', async () => experimentId === '' ? undefined : gone(await post('experiments/delete', { experiment_id: experimentId })))
    ]
  }
}

function step (id: string, promise: string, run: Step['run']): Step {
  return { id, promise, run }
}

function text (answer: Answer, field: string): string {
  const value = answer.json?.[field]
  return typeof value === 'string' ? value : ''
}

function good (answer: Answer): string | undefined {
  return answer.status === 200
    ? undefined
    : `${answer.status}${answer.json?.['message'] === undefined ? '' : `: ${String(answer.json['message'])}`}`
}

/** What was never made need not be taken away. */
function gone (answer: Answer): string | undefined {
  return answer.status === 404 ? undefined : good(answer)
}
