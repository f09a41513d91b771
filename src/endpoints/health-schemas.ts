/** What the health endpoints answer. */
import { newest } from '../mlflow/versions.js'
import { closed, describe, json, nullable, string } from './describe.js'

const state = { ...string, enum: ['ok', 'failed'] }

export const healthPart = closed({ status: state, reason: string }, ['status'])

const limits = {
  ...closed({ status: { ...string, const: 'degraded' }, reason: string }),
  description: 'Only while limits of keys cannot be shared with other facades (`REDIS_URL`): each counts by itself, and requests are served.'
}

const part = { $ref: 'HealthPart#' }

export const health = {
  ...closed({ status: state, process: part, keys: part, mlflow: part, limits }, ['status', 'keys', 'mlflow']),
  description: 'State of the facade and of its dependencies.'
}

const ok = { status: 'ok' }
const unreachable = { status: 'failed', reason: 'MLflow cannot be reached' }
const body = { $ref: 'Health#' }
const healthy = json(body, { status: 'ok', keys: ok, mlflow: ok })
const unhealthy = json(body, { status: 'failed', keys: ok, mlflow: unreachable })

export const liveness = describe({
  operationId: 'getLiveness',
  summary: 'Liveness',
  description: 'Answers as long as the process runs. For liveness probes: it does not check MLflow.',
  scope: 'public',
  response: { 200: { description: 'The process is up.', content: json(closed({ status: { ...string, const: 'ok' } }), ok) } }
})

export const readiness = describe({
  operationId: 'getReadiness',
  summary: 'Readiness',
  description: 'Checks the key store and MLflow, and gives the reason for each that cannot be used. For readiness probes and load balancers.',
  scope: 'public',
  response: { 200: { description: 'Ready.', content: healthy }, 503: { description: 'Not ready.', content: unhealthy } }
})

export const wholeHealth = describe({
  operationId: 'getHealth',
  summary: 'Liveness and readiness combined',
  description: 'Like `/ready`, and includes the process itself.',
  scope: 'public',
  response: { 200: { description: 'Healthy.', content: healthy }, 503: { description: 'Not healthy.', content: unhealthy } }
})

export const versions = describe({
  operationId: 'getVersion',
  summary: 'Versions of the facade and MLflow',
  description: "The facade's version, and the last known version of the MLflow behind it.",
  scope: 'public',
  response: {
    200: {
      description: 'The versions.',
      content: json(closed({ version: string, mlflow: nullable(string) }), { version: '0.1.0', mlflow: newest })
    }
  }
})

const ofMlflow = closed({ status: state, mlflow: part, version: { ...nullable(string), description: 'Last known version of MLflow.' } })

function describeMlflowHealth (
  operationId: string,
  description: string,
  deprecated: { readonly deprecated?: true } = { deprecated: true }
): ReturnType<typeof describe> {
  return describe({
    operationId,
    summary: 'Health of MLflow',
    description,
    ...deprecated,
    scope: 'public',
    response: {
      200: { description: 'MLflow can be used.', content: json(ofMlflow, { status: 'ok', mlflow: ok, version: newest }) },
      503: { description: 'MLflow cannot be used.', content: json(ofMlflow, { status: 'failed', mlflow: unreachable, version: null }) }
    }
  })
}

const former = 'Former path of `/mlflow/health/mlflow`. Registration scripts call it first.'

/** By path. */
export const mlflowHealth = {
  '/mlflow/health/mlflow': describeMlflowHealth(
    'getMlflowHealth',
    'Whether MLflow can be used, and its version. Registration scripts call it first.',
    {}
  ),
  '/api/mlflow/health/mlflow': describeMlflowHealth('getMlflowHealthOld', former),
  '/api/health/mlflow': describeMlflowHealth('getMlflowHealthOldest', former)
}
