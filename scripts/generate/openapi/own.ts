/** The facade's own operations, by path from the root: a route that is added to the facade is added here too. */
import { versions } from '../../../src/mlflow/versions.js'
import { closed, integer, list, nullable, ref, string, type Media, type Parameter, type Response, type Schema } from './schema.js'

export interface OwnOperation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly description: string
  /** `public`: no key. */
  readonly scope: 'public' | 'any' | 'mlflow:admin'
  readonly parameters?: readonly Parameter[]
  readonly body?: Schema
  readonly responses: Readonly<Record<string, Response>>
  readonly deprecated?: true
}

/** JSON with an example of it. */
function shown (schema: Schema, example: unknown): Readonly<Record<string, Media>> {
  return { 'application/json': { schema, example } }
}

const ok = { status: 'ok' }
const refused = { status: 'failed', reason: 'MLflow cannot be reached' }
const health = shown(ref('Health'), { status: 'ok', keys: ok, mlflow: ok })
const unhealthy = shown(ref('Health'), { status: 'failed', keys: ok, mlflow: refused })
const mlflowHealthSchema = closed({ status: { type: 'string', enum: ['ok', 'failed'] }, mlflow: ref('HealthPart'), version: { ...nullable(string), description: 'Of the MLflow that was seen last.' } })
const mlflowHealth = shown(mlflowHealthSchema, { status: 'ok', mlflow: ok, version: '3.17.2' })
const mlflowUnhealthy = shown(mlflowHealthSchema, { status: 'failed', mlflow: refused, version: null })

export const own: readonly OwnOperation[] = [
  {
    id: 'getLiveness',
    method: 'GET',
    path: '/live',
    summary: 'Is the process up',
    description: 'Answers as long as the process can. For liveness probes: it does not look at MLflow.',
    scope: 'public',
    responses: { 200: { description: 'It is.', content: shown(closed({ status: { type: 'string', const: 'ok' } }), ok) } }
  },
  {
    id: 'getReadiness',
    method: 'GET',
    path: '/ready',
    summary: 'Can it serve',
    description: 'Looks at the key store and at MLflow, and says of each why it cannot be used. For readiness probes and load balancers.',
    scope: 'public',
    responses: { 200: { description: 'It can.', content: health }, 503: { description: 'It cannot.', content: unhealthy } }
  },
  {
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    summary: 'Liveness and readiness in one',
    description: 'As `/ready`, with the process itself.',
    scope: 'public',
    responses: { 200: { description: 'All is well.', content: health }, 503: { description: 'Something is not.', content: unhealthy } }
  },
  {
    id: 'getVersion',
    method: 'GET',
    path: '/version',
    summary: 'Versions of facade and MLflow',
    description: 'The facade\'s version, and that of the MLflow behind it as it was seen last.',
    scope: 'public',
    responses: { 200: { description: 'Both.', content: shown(closed({ version: string, mlflow: nullable(string) }), { version: '0.1.0', mlflow: '3.17.2' }) } }
  },
  ...[
    { id: 'getMlflowHealth', path: '/mlflow/health/mlflow' },
    { id: 'getMlflowHealthOld', path: '/api/mlflow/health/mlflow', deprecated: true as const },
    { id: 'getMlflowHealthOldest', path: '/api/health/mlflow', deprecated: true as const }
  ].map((operation): OwnOperation => ({
    ...operation,
    method: 'GET',
    summary: 'Health of the MLflow behind',
    description: operation.deprecated ? 'The former place of `/mlflow/health/mlflow`. Registration scripts ask for it first.' : 'Whether MLflow can be used, and its version. Registration scripts ask for it first.',
    scope: 'public',
    responses: { 200: { description: 'It can.', content: mlflowHealth }, 503: { description: 'It cannot.', content: mlflowUnhealthy } }
  })),
  {
    id: 'whoami',
    method: 'GET',
    path: '/whoami',
    summary: 'What the presented key may do',
    description: 'Whose key it is, its scopes and workspaces, its limit and when it expires.',
    scope: 'any',
    responses: {
      200: {
        description: 'The key.',
        content: shown(closed({
          id: { ...string, description: 'Id of the key; not the key.' },
          name: string,
          owner: string,
          environment: string,
          scopes: list({ ...string, enum: ['mlflow:read', 'mlflow:write', 'mlflow:gateway', 'mlflow:admin'] }),
          workspaces: list({ ...string, description: 'Empty: all workspaces.' }),
          rate_limit_per_hour: nullable(integer),
          expires_at: { type: ['string', 'null'], format: 'date-time' }
        }, ['id', 'owner', 'scopes', 'workspaces', 'rate_limit_per_hour', 'expires_at']), { id: 'key_7KqZ2hVd0w', name: 'training', owner: 'ann', environment: 'live', scopes: ['mlflow:read', 'mlflow:write'], workspaces: [], rate_limit_per_hour: null, expires_at: '2027-01-01T00:00:00.000Z' })
      }
    }
  },
  {
    id: 'getOpenapiJson',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document as JSON',
    description: 'Of the MLflow behind the facade; with `mlflow=all` of every known version.',
    scope: 'public',
    parameters: [edition()],
    responses: { 200: { description: 'An OpenAPI 3.1 document.', content: shown({ type: 'object', properties: { openapi: { type: 'string', pattern: '^3\\.1\\.' }, info: { type: 'object' }, paths: { type: 'object' }, components: { type: 'object' } }, required: ['openapi', 'info', 'paths', 'components'], additionalProperties: true }, { openapi: '3.1.1', info: {}, paths: {}, components: {} }) } }
  },
  {
    id: 'getOpenapiYaml',
    method: 'GET',
    path: '/openapi.yaml',
    summary: 'This document as YAML',
    description: 'Of the MLflow behind the facade; with `mlflow=all` of every known version.',
    scope: 'public',
    parameters: [edition()],
    responses: { 200: { description: 'An OpenAPI 3.1 document.', content: { 'application/yaml': { schema: string } } } }
  }
]

function edition (): Parameter {
  return { name: 'mlflow', in: 'query', description: 'A known version of MLflow, or `all`. Left out: the one behind the facade.', schema: { type: 'string', enum: ['all', ...versions] } }
}
