/** A facade whose keys are bound to the names of one team, and a stand-in for MLflow that knows two: `a` in experiment 1, `b` in 2. */
import { toPermissions } from '../../src/access/permissions.js'
import { facade, keys, type Facade } from './app.js'
import type { Answer } from './client.js'
import { answer } from './upstream.js'

export const json = { 'content-type': 'application/json' }
/** MLflow's answer. */
export const ok = (value: unknown): string => answer(200, JSON.stringify(value), json)
export const missing = answer(404, '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}', json)

/** Binds the write key, and has the stand-in know two teams. */
export async function bound (t: Parameters<typeof facade>[0], texts: readonly string[] = ['write:experiments/team-a/*', 'write:models/team-a-*'], shape?: Parameters<typeof facade>[2]): Promise<Facade> {
  const app = await facade(t, undefined, shape)
  for (const key of [keys.write, keys.read, keys.admin]) {
    const verdict = app.verdicts.get(key)
    if (verdict === undefined || !('valid' in verdict) || !verdict.valid) throw new Error('no such key')
    app.verdicts.set(key, { valid: true, caller: { ...verdict.caller, permissions: toPermissions(texts) } })
  }
  const { replies } = app.mlflow
  for (const [team, id] of [['a', '1'], ['b', '2']] as const) {
    replies.set(`/api/2.0/mlflow/experiments/get?experiment_id=${id}`, ok({ experiment: { experiment_id: id, name: `team-${team}/x`, artifact_location: `mlflow-artifacts:/${id}` } }))
    replies.set(`/api/2.0/mlflow/runs/get?run_id=run-${team}`, ok({ run: { info: { run_id: `run-${team}`, experiment_id: id }, data: {} } }))
    replies.set(`/api/2.0/mlflow/traces/tr-${team}/info`, ok({ trace_info: { request_id: `tr-${team}`, experiment_id: id } }))
    replies.set(`/api/2.0/mlflow/logged-models/m-${team}`, ok({ model: { info: { model_id: `m-${team}`, experiment_id: id } } }))
    replies.set(`/api/2.0/mlflow/registered-models/get?name=team-${team}-m`, ok({ registered_model: { name: `team-${team}-m`, tags: [] } }))
    replies.set(`/api/2.0/mlflow/registered-models/get?name=team-${team}-p`, ok({ registered_model: { name: `team-${team}-p`, tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] } }))
  }
  for (const [path, id] of [['experiments/get?experiment_id', '9'], ['runs/get?run_id', 'run-none']]) replies.set(`/api/2.0/mlflow/${path}=${id}`, missing)
  return app
}

/** Below it most of MLflow's calls are. */
export const api = '/mlflow/api/2.0/mlflow/'
/** A path that does not begin with a slash is one below `api`. */
export const post = async (app: Facade, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  await app.call('POST', path.startsWith('/') ? path : api + path, { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), headers: { ...json, ...headers } })
