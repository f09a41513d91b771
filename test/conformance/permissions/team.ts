/** What one team has in a real MLflow, made and looked at past the facade: an experiment with all that belongs to one, a model, a prompt. */
import { compareVersions } from '../../../src/mlflow/versions.js'

/** Stands in all that the team has, and in no request: an answer that holds it has crossed. */
export const markerOf = (team: string): string => `seen-of-${team}`

export interface Team {
  readonly name: string
  readonly experiment: string
  readonly experimentName: string
  readonly run: string
  readonly trace: string
  /** Undefined before 3.0. */
  readonly loggedModel: string | undefined
  readonly model: string
  readonly prompt: string
  /** In the artifact store. */
  readonly file: string
  readonly deletedRun: string
  readonly deletedExperiment: string
  /** All of it as MLflow has it now. */
  readonly state: () => Promise<string>
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- MLflow's answers, of which a few ids are read
type Json = Record<string, any>

/** @param base where MLflow is; @param salt tells several teams of one name apart */
export async function makeTeam (base: string, version: string, name: string, salt: string = '0'): Promise<Team> {
  const send = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await fetch(`${base}/api/${path}`, { method, ...body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json' } } })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 200)}`)
    return text === '' ? {} : JSON.parse(text) as Json
  }
  const marker = markerOf(name)
  const tags = [{ key: 'marker', value: marker }]
  const experimentName = `${name}/x-${salt}`
  const { experiment_id: experiment } = await send('POST', '2.0/mlflow/experiments/create', { name: experimentName, tags })
  const startRun = async (id: string): Promise<string> => (await send('POST', '2.0/mlflow/runs/create', { experiment_id: id, start_time: 1, tags })).run.info.run_id
  const [run, deletedRun] = [await startRun(experiment), await startRun(experiment)]
  await send('POST', '2.0/mlflow/runs/log-batch', { run_id: run, metrics: [{ key: 'm', value: 1, timestamp: 1, step: 0 }], params: [{ key: 'marker', value: marker }] })
  await send('POST', '2.0/mlflow/runs/delete', { run_id: deletedRun })
  const { experiment_id: deletedExperiment } = await send('POST', '2.0/mlflow/experiments/create', { name: `${experimentName}-deleted`, tags })
  await send('POST', '2.0/mlflow/experiments/delete', { experiment_id: deletedExperiment })
  const started = await send('POST', '2.0/mlflow/traces', { experiment_id: experiment, timestamp_ms: 1, request_metadata: tags, tags })
  const trace: string = started.trace_info.request_id
  await send('PATCH', `2.0/mlflow/traces/${trace}`, { request_id: trace, timestamp_ms: 2, status: 'OK', request_metadata: tags, tags })
  const hasLoggedModels = compareVersions(version, '3.0') >= 0
  const loggedModel: string | undefined = hasLoggedModels
    ? (await send('POST', '2.0/mlflow/logged-models', { experiment_id: experiment, name: 'lm', params: [{ key: 'marker', value: marker }], tags })).model.info.model_id
    : undefined
  if (loggedModel !== undefined) await send('PATCH', `2.0/mlflow/logged-models/${loggedModel}`, { model_id: loggedModel, status: 'LOGGED_MODEL_READY' })
  const file = `${experiment}/${run}/artifacts/f.txt`
  await send('PUT', `2.0/mlflow-artifacts/artifacts/${file}`, marker)
  const [model, prompt] = [`${name}-model-${salt}`, `${name}-prompt-${salt}`]
  await send('POST', '2.0/mlflow/registered-models/create', { name: model, tags, description: marker })
  await send('POST', '2.0/mlflow/model-versions/create', { name: model, source: `mlflow-artifacts:/${experiment}/${run}/artifacts`, run_id: run, tags, description: marker })
  await send('POST', '2.0/mlflow/registered-models/alias', { name: model, alias: 'champion', version: '1' })
  const promptTags = [...tags, { key: 'mlflow.prompt.is_prompt', value: 'true' }]
  await send('POST', '2.0/mlflow/registered-models/create', { name: prompt, tags: promptTags })
  await send('POST', '2.0/mlflow/model-versions/create', { name: prompt, source: 'prompt-template', tags: [...promptTags, { key: 'mlflow.prompt.text', value: marker }] })

  const look = async (method: string, path: string, body?: unknown): Promise<unknown> => await send(method, path, body).catch((error: Error) => error.message)
  return {
    name,
    experiment,
    experimentName,
    run,
    trace,
    loggedModel,
    model,
    prompt,
    file,
    deletedRun,
    deletedExperiment,
    state: async () => JSON.stringify([
      await look('GET', `2.0/mlflow/experiments/get?experiment_id=${experiment}`),
      await look('GET', `2.0/mlflow/experiments/get?experiment_id=${deletedExperiment}`),
      await look('POST', '2.0/mlflow/runs/search', { experiment_ids: [experiment], run_view_type: 'ALL' }),
      await look('GET', `2.0/mlflow/traces?experiment_ids=${experiment}`),
      await look('GET', `2.0/mlflow/traces/${trace}/info`),
      hasLoggedModels ? await look('GET', `3.0/mlflow/traces/${trace}`) : '',
      hasLoggedModels ? await look('POST', '2.0/mlflow/logged-models/search', { experiment_ids: [experiment] }) : '',
      await look('GET', `2.0/mlflow/registered-models/get?name=${model}`),
      await look('GET', `2.0/mlflow/registered-models/get?name=${prompt}`),
      await look('GET', `2.0/mlflow/model-versions/search?filter=${encodeURIComponent(`name='${model}'`)}`),
      await look('GET', `2.0/mlflow/model-versions/search?filter=${encodeURIComponent(`name='${prompt}'`)}`),
      await look('GET', `2.0/mlflow-artifacts/artifacts?path=${experiment}/${run}/artifacts`),
      await (await fetch(`${base}/api/2.0/mlflow-artifacts/artifacts/${file}`)).text()
    ])
  }
}
