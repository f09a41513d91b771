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
  description: 'How the facade and what it needs are doing.'
}

const ok = { status: 'ok' }
const unreachable = { status: 'failed', reason: 'MLflow cannot be reached' }
const body = { $ref: 'Health#' }
const healthy = json(body, { status: 'ok', keys: ok, mlflow: ok })
const unhealthy = json(body, { status: 'failed', keys: ok, mlflow: unreachable })

export const liveness = describe({
  operationId: 'getLiveness',
  summary: 'Is the process up',
  description: 'Answers as long as the process can. For liveness probes: it does not look at MLflow.',
  scope: 'public',
  response: { 200: { description: 'It is.', content: json(closed({ status: { ...string, const: 'ok' } }), ok) } }
})

export const readiness = describe({
  operationId: 'getReadiness',
  summary: 'Can it serve',
  description: 'Looks at the key store and at MLflow, and says of each why it cannot be used. For readiness probes and load balancers.',
  scope: 'public',
  response: { 200: { description: 'It can.', content: healthy }, 503: { description: 'It cannot.', content: unhealthy } }
})

export const wholeHealth = describe({
  operationId: 'getHealth',
  summary: 'Liveness and readiness in one',
  description: 'As `/ready`, with the process itself.',
  scope: 'public',
  response: { 200: { description: 'All is well.', content: healthy }, 503: { description: 'Something is not.', content: unhealthy } }
})

export const versions = describe({
  operationId: 'getVersion',
  summary: 'Versions of facade and MLflow',
  description: "The facade's version, and that of the MLflow behind it as it was seen last.",
  scope: 'public',
  response: {
    200: {
      description: 'Both.',
      content: json(closed({ version: string, mlflow: nullable(string) }), { version: '0.1.0', mlflow: newest })
    }
  }
})

const ofMlflow = closed({ status: state, mlflow: part, version: { ...nullable(string), description: 'Of the MLflow that was seen last.' } })

function describeMlflowHealth (
  operationId: string,
  description: string,
  deprecated: { readonly deprecated?: true } = { deprecated: true }
): ReturnType<typeof describe> {
  return describe({
    operationId,
    summary: 'Health of the MLflow behind',
    description,
    ...deprecated,
    scope: 'public',
    response: {
      200: { description: 'It can.', content: json(ofMlflow, { status: 'ok', mlflow: ok, version: newest }) },
      503: { description: 'It cannot.', content: json(ofMlflow, { status: 'failed', mlflow: unreachable, version: null }) }
    }
  })
}

const former = 'The former place of `/mlflow/health/mlflow`. Registration scripts ask for it first.'

/** By path. */
export const mlflowHealth = {
  '/mlflow/health/mlflow': describeMlflowHealth(
    'getMlflowHealth',
    'Whether MLflow can be used, and its version. Registration scripts ask for it first.',
    {}
  ),
  '/api/mlflow/health/mlflow': describeMlflowHealth('getMlflowHealthOld', former),
  '/api/health/mlflow': describeMlflowHealth('getMlflowHealthOldest', former)
}
