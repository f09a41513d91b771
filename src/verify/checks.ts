/** What a deployment must answer, as a table; nothing here writes. */
import type { Answer, Caller } from './http.js'

export interface Check {
  readonly id: string
  /** What is promised. */
  readonly promise: string
  /** Undefined when it holds, else what was seen instead. */
  readonly run: (caller: Caller, key: string, deployment: Deployment) => Promise<string | undefined>
}

/** What only who runs it can know of a deployment. */
export interface Deployment {
  /** What is not the facade's goes to another API on the same host. */
  readonly hasPlatform: boolean
}

const experiment = '/api/2.0/mlflow/experiments/get?experiment_id=0'
const search = '/api/2.0/mlflow/experiments/search'
const wrongKey = 'hk_live_0000000000000000000000000000000000000000'

export const checks: readonly Check[] = [
  ...['/live', '/ready', '/health', '/version', '/mlflow/health', '/mlflow/version', '/mlflow/health/mlflow', '/api/mlflow/health/mlflow', '/api/health/mlflow'].map(path => ({
    id: `open ${path}`,
    promise: 'answers 200 without a key',
    run: async (caller: Caller) => status(await caller.call(path), 200)
  })),
  {
    id: 'mount redirect',
    promise: '/mlflow redirects to /mlflow/',
    run: async caller => {
      const answer = await caller.call('/mlflow')
      return status(answer, 308) ?? header(answer, 'location', '/mlflow/')
    }
  },
  {
    id: 'no key',
    promise: 'a request without a key is refused, in MLflow\'s JSON',
    run: async caller => refusal(await caller.call(`/mlflow${experiment}`), 401, 'UNAUTHENTICATED')
  },
  {
    id: 'wrong key',
    promise: 'a wrong key is refused like a missing one',
    run: async caller => refusal(await caller.call(`/mlflow${experiment}`, { key: wrongKey }), 401, 'UNAUTHENTICATED')
  },
  {
    id: 'key in the query',
    promise: 'a key in the query is not read',
    run: async (caller, key) => refusal(await caller.call(`/mlflow${experiment}&api_key=${encodeURIComponent(key)}`), 401, 'UNAUTHENTICATED')
  },
  {
    id: 'key',
    promise: '/whoami recognises the key',
    run: async (caller, key) => status(await caller.call('/whoami', { key }), 200)
  },
  {
    id: 'read',
    promise: 'the key can read an experiment',
    run: async (caller, key) => {
      const answer = await caller.call(`/mlflow${experiment}`, { key })
      return status(answer, 200) ?? (answer.json?.['experiment'] === undefined ? 'the answer is not MLflow\'s' : undefined)
    }
  },
  {
    id: 'read by header',
    promise: 'X-API-Key works like Authorization',
    run: async (caller, key) => status(await caller.call(`/mlflow${experiment}`, { headers: { 'x-api-key': key } }), 200)
  },
  ...['/api/mlflow', ''].map(old => ({
    id: `old path ${old}${experiment.split('?')[0] ?? ''}`,
    promise: 'GET is redirected to the new path (307), or served, and marked as deprecated',
    run: async (caller: Caller, key: string) => oldPath(await caller.call(`${old}${experiment}`, { key }), `/mlflow${experiment}`)
  })),
  {
    id: 'old path, POST',
    promise: 'a POST on an old path is served in place',
    run: async (caller, key) => {
      const answer = await caller.call(`/api/mlflow${search}`, { method: 'POST', key, send: { max_results: 1 } })
      return answer.status === 410 ? undefined : status(answer, 200) ?? deprecated(answer)
    }
  },
  {
    id: 'dot segments',
    promise: 'a path with dot segments is refused',
    run: async (caller, key) => refusal(await caller.call('/mlflow/api/2.0/mlflow/runs/%2e%2e/experiments/get', { key }), 400, 'INVALID_PARAMETER_VALUE')
  },
  {
    id: 'assistant',
    promise: 'MLflow\'s assistant is blocked',
    run: async (caller, key) => refusal(await caller.call('/mlflow/ajax-api/3.0/mlflow/assistant/config', { key, headers: { 'x-forwarded-for': '127.0.0.1' } }), 403, 'PERMISSION_DENIED')
  },
  {
    id: 'options',
    promise: 'OPTIONS is answered with Allow and without CORS',
    run: async caller => {
      const answer = await caller.call(`/mlflow${search}`, { method: 'OPTIONS', headers: { origin: 'https://elsewhere.example' } })
      return (
        status(answer, 204) ?? (answer.headers['access-control-allow-origin'] === undefined ? undefined : 'the answer allows other origins')
      )
    }
  },
  {
    id: 'openapi',
    promise: 'the OpenAPI document is served',
    run: async caller => {
      // Not /openapi.json: on a host that is shared with another API, that path may be the other one's.
      const answer = await caller.call('/openapi.yaml')
      return status(answer, 200) ?? (/^openapi: "?3\.1/m.test(answer.body.toString()) ? undefined : 'the response is not an OpenAPI 3.1 document')
    }
  },
  {
    id: 'unknown path',
    promise: 'an unknown path gets a 404 that names the mount, or with --platform the platform\'s own response',
    run: async (caller, _key, { hasPlatform }) => {
      const answer = await caller.call('/no-such-path-of-verify')
      // A platform may ask for its own credentials first, or send people to its own pages.
      if (hasPlatform) return answer.status < 500 ? undefined : status(answer, 404)
      return (
        refusal(answer, 404, 'ENDPOINT_NOT_FOUND') ??
        (String(answer.json?.['message']).includes('/mlflow/') ? undefined : 'the message does not name /mlflow/')
      )
    }
  }
]

function status (answer: Answer, wanted: number): string | undefined {
  if (answer.status === wanted) return undefined
  const said = answer.json?.['message'] ?? answer.json?.['status']
  return `${answer.status} instead of ${wanted}${said === undefined ? '' : `: ${String(said)}`}`
}

function header (answer: Answer, name: string, wanted: string): string | undefined {
  return answer.headers[name] === wanted
    ? undefined
    : `${name} is ${JSON.stringify(answer.headers[name])} instead of ${JSON.stringify(wanted)}`
}

function refusal (answer: Answer, wanted: number, code: string): string | undefined {
  return (
    status(answer, wanted) ??
    (answer.json?.['error_code'] === code ? undefined : `the error_code is ${String(answer.json?.['error_code'])} instead of ${code}`)
  )
}

function oldPath (answer: Answer, location: string): string | undefined {
  if (answer.status === 200 || answer.status === 410) return deprecated(answer)
  return status(answer, 307) ?? header(answer, 'location', location) ?? deprecated(answer)
}

function deprecated (answer: Answer): string | undefined {
  return answer.headers['deprecation']?.startsWith('@') === true ? undefined : 'the header Deprecation is missing'
}
