/** What all operations share: errors, headers, security and the words of the document as a whole. */
import { errors } from '../../../src/core/errors.js'
import { newest, versions } from '../../../src/mlflow/versions.js'
import type { Facts } from './messages.js'
import { closed, json, list, nullable, open, ref, string, type Parameter, type Response, type Schema, type Schemas } from './schema.js'

/** Of MLflow, as a sentence lists them. */
const listed = `${versions.slice(0, -1).join(', ')} and ${newest}`

export const info = {
  title: 'MLflow behind the Hokusai facade',
  description: [
    'MLflow\'s REST API, as it is served under `/mlflow` by an authenticated facade, and the facade\'s own paths.',
    '',
    'Every operation below `/mlflow` is MLflow\'s own: its name, parameters and answers are those of the server behind. The document that a running facade serves lists what that server has; `?mlflow=all` lists every known version. `x-mlflow-since` is the first version of MLflow, among ' + listed + ', that has an operation or a field.',
    '',
    '**Keys.** Present an API key in one of four headers. MLflow\'s client does so by itself when `MLFLOW_TRACKING_TOKEN` is set. `x-hokusai-scope` says which scope an operation asks for; `mlflow:write` includes `mlflow:read`, and `mlflow:admin` includes all.',
    '',
    '**Limits.** A key may have a limit of calls an hour: so many at once, then one after the other. Every answer to such a key says in `RateLimit` how many are left (`r`) and after how many seconds there is one more (`t`), and in `RateLimit-Policy` how many there are (`q`) in how many seconds (`w`), as draft-ietf-httpapi-ratelimit-headers-10 has it. `/whoami` shows the same and costs no call.',
    '',
    '**Answers.** MLflow leaves out fields that are empty: a list that is not there is an empty list. 64-bit integers are JSON numbers. Errors carry `error_code` and `message`; those of the facade carry `request_id` too.',
    '',
    'A path whose parameter may hold slashes, such as an artifact\'s, takes them as they are.'
  ].join('\n'),
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
}

export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The API key as a bearer token: what `MLFLOW_TRACKING_TOKEN` sends.' },
  apiKeyScheme: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'The API key as `ApiKey KEY`.' },
  apiKeyHeader: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The API key alone.' },
  basic: { type: 'http', scheme: 'basic', description: 'Any user name, and the API key as password: what `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD` send.' }
}

/** One of the header forms. */
export const anyKey = Object.keys(securitySchemes).map(name => ({ [name]: [] }))

export const workspaceHeader: Parameter = {
  name: 'X-MLFLOW-WORKSPACE',
  in: 'header',
  description: 'The workspace to work in, where MLflow has workspaces enabled. A key that is tied to one workspace need not name it.',
  schema: string,
  'x-mlflow-since': '3.11.1'
}

const requestId = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } }
const rateLimit = { RateLimit: { $ref: '#/components/headers/RateLimit' }, 'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' } }
const retryAfter = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }

export const headers = {
  RequestId: { description: 'Names this request in the facade\'s log.', required: true, schema: string },
  RetryAfter: { description: 'Seconds to wait before trying again.', schema: { type: 'integer', minimum: 0 } },
  RateLimit: { description: 'What is left to a key that has a limit, on all of its answers: `"default";r=CALLS;t=SECONDS`.', schema: string },
  RateLimitPolicy: { description: 'The limit of a key that has one, on all of its answers: `"default";q=CALLS;w=SECONDS`.', schema: string },
  Authenticate: { description: 'How to authenticate: `Bearer`, and in a second field `Basic realm="MLflow"`, except to calls of pages (`Sec-Fetch-Mode` other than `navigate`).', schema: string }
}

export function withRequestId (response: Response): Response {
  return { ...response, headers: { ...requestId, ...response.headers } }
}

const causes: Readonly<Record<number, string>> = {
  400: 'The request cannot be understood, or a parameter is wrong: MLflow\'s judgement, or the facade\'s of path and headers.',
  401: errors.unauthenticated.help,
  403: errors.forbidden.help,
  404: 'What was asked for does not exist.',
  409: 'It clashes with what is there.',
  413: errors.tooLarge.help,
  429: errors.rateLimited.help,
  431: errors.headTooLarge.help,
  500: 'MLflow or the facade failed. A `request_id` in the body tells that it was the facade.',
  501: 'This MLflow, as it is set up, cannot do this. Or an auth service manages the keys.',
  502: errors.badGateway.help,
  503: errors.unavailable.help,
  504: errors.timeout.help
}

/** Components for the errors that any operation can answer with; `Native…` where FastAPI may have answered. */
export function errorResponses (): Record<string, Response> {
  return Object.fromEntries(Object.entries(causes).flatMap(([status, description]) => {
    const extra = status === '401' ? { 'WWW-Authenticate': { $ref: '#/components/headers/Authenticate' } } : status === '429' ? { ...retryAfter, ...rateLimit } : status === '503' ? retryAfter : {}
    const response = (schema: Schema): Response => ({ description, headers: { ...requestId, ...extra }, content: json(schema) })
    const native = response({ anyOf: [ref('Error'), ref('NativeError')] })
    // What FastAPI did not foresee is a bare sentence.
    const bare = status === '500' ? { content: { ...native.content, 'text/plain': { schema: string } } } : {}
    return [[`Error${status}`, response(ref('Error'))], [`NativeError${status}`, { ...native, ...bare }]]
  }))
}

export function sharedSchemas (facts: Facts): Schemas {
  return {
    Error: {
      ...open({
        error_code: ref('ErrorCode'),
        message: { ...string, description: 'What went wrong, for people.' },
        request_id: { ...string, description: 'Only where the facade itself answered: names the request in its log.' },
        error: {
          type: 'object',
          description: 'Only where the facade itself answered under `gateway/`: the same in the form of OpenAI\'s API, whose SDKs read nothing else.',
          properties: { message: string, type: string, code: nullable(string) }
        },
        sqlstate: { ...nullable(string), 'x-mlflow-since': '3.17.2' },
        error_class: { ...nullable(string), 'x-mlflow-since': '3.17.2' }
      }, ['error_code', 'message']),
      description: 'An error in MLflow\'s form.'
    },
    ErrorCode: { ...string, enum: facts.errorCodes },
    NativeError: {
      ...closed({ detail: { anyOf: [string, ref('Error'), list(ref('Fault'))] } }),
      description: 'An error of those routes of MLflow that are not written in its usual form.'
    },
    Fault: {
      type: 'object',
      description: 'What is wrong with one part of a request.',
      properties: { loc: list({ anyOf: [string, { type: 'integer' }] }), msg: string, type: string, input: {}, ctx: { type: 'object' } },
      required: ['loc', 'msg', 'type']
    }
  }
}

/** What each area is about, in the order in which the document shows them. */
export const areas: Readonly<Record<string, string>> = {
  Facade: 'The facade itself: health, versions, what a key may do, and the management of keys.',
  Experiments: 'Experiments hold runs, traces and datasets.',
  Runs: 'Runs hold what a training or an evaluation was given and what came out.',
  Metrics: 'Values that change in the course of a run.',
  Artifacts: 'Files: of runs, of models, of the artifact store.',
  'Logged models': 'Models as they are stored, before anything is registered.',
  'Registered models': 'Names under which models (and prompts) are registered.',
  'Model versions': 'Versions of registered models.',
  Traces: 'What an application did in answer to one call, as spans.',
  Assessments: 'Feedback and expectations on traces.',
  'Evaluation datasets': 'Inputs and expectations to evaluate with.',
  Scorers: 'Judges of traces, in versions.',
  Issues: 'Kinds of failure found in traces.',
  'Label schemas': 'What reviewers are asked.',
  'Review queues': 'Traces that wait for reviewers.',
  'MCP servers': 'A registry of servers of the Model Context Protocol.',
  Skills: 'A registry of instructions and files for agents, in versions.',
  'LLM gateway': 'Calls to language models through MLflow, which holds the credentials.',
  'LLM gateway configuration': 'Endpoints, models, secrets, budgets and guardrails of the gateway.',
  Webhooks: 'Calls that MLflow makes when something happens in the registry.',
  Workspaces: 'Tenants of one server.',
  Jobs: 'What the server works on in the background.',
  GraphQL: 'What MLflow\'s pages query.',
  Server: 'The server behind the facade.'
}
