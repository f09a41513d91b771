/** Every error that the facade itself answers, in MLflow's own terms, so that MLflow's client raises the right exception. What MLflow answers passes untouched. */
import type { Reason } from './reasons.js'

export interface ErrorKind {
  readonly status: number
  /** MLflow's `error_code`: its client maps it on an exception (mlflow/exceptions.py, all versions). */
  readonly errorCode: string
  /** What the caller reads unless the place of the error knows better. */
  readonly message: string
  /** What happened and what to check, for the page of errors. */
  readonly help: string
}

const howToPresent = 'Set MLFLOW_TRACKING_TOKEN, or send the header "Authorization: Bearer KEY".'

const table = {
  badRequest: { status: 400, errorCode: 'INVALID_PARAMETER_VALUE', message: 'The request is not valid HTTP for this API.', help: 'The path, the query or the headers are malformed or ambiguous: dot segments, backslashes, control characters, an invalid percent-encoding, a body on HEAD or one over 1 MiB on GET, two different keys. Or a field that one of the facade\'s own endpoints takes is missing, unknown or not valid. The message says which.' },
  unauthenticated: { status: 401, errorCode: 'UNAUTHENTICATED', message: `No valid API key was presented. ${howToPresent}`, help: 'The key is missing, unknown, malformed, expired, disabled or revoked. The response does not say which; the log line does (`refusal`). If the credentials cannot be a key at all, the message says what the facade saw.' },
  forbidden: { status: 403, errorCode: 'PERMISSION_DENIED', message: 'This API key does not allow this.', help: 'The key is valid, but lacks the scope, workspace, permission or balance that the message names, the body names a place outside of the settings `POLICY_…`, or a page from another origin tried to write.' },
  notFound: { status: 404, errorCode: 'ENDPOINT_NOT_FOUND', message: 'There is nothing at this path. MLflow is served under /mlflow/: set the tracking URI to this origin with /mlflow.', help: 'The facade does not serve this path, and no `PLATFORM_UPSTREAM_URL` is set to forward it to; the tracking URI is the origin followed by `/mlflow`. Or it is an MLflow endpoint that the facade does not know, and the key is not an administrator\'s: MLflow\'s client then falls back to an older API.' },
  noSuchKey: { status: 404, errorCode: 'RESOURCE_DOES_NOT_EXIST', message: 'No key has this id.', help: 'The path names a key that the store does not hold. `GET /admin/keys` lists the ids.' },
  conflict: { status: 409, errorCode: 'RESOURCE_CONFLICT', message: 'The key cannot be changed so.', help: 'A key that is revoked or has expired cannot be changed, enabled or rotated, one that was rotated cannot be rotated again, one that is in the store cannot be imported, and the last live key that may manage keys cannot be revoked, disabled or narrowed over HTTP. The message says which.' },
  gone: { status: 410, errorCode: 'ENDPOINT_NOT_FOUND', message: 'This path has moved under /mlflow/.', help: 'An old path was requested with `LEGACY_PATHS=gone`. The message names the new path.' },
  tooLarge: { status: 413, errorCode: 'INVALID_PARAMETER_VALUE', message: 'The body is too large.', help: 'A body other than an artifact may have at most `BODY_MAX_BYTES`. A chunked upload to an MLflow that cannot read chunked bodies is spooled to disk, up to `SPOOL_MAX_BYTES`: send a Content-Length, or raise the setting.' },
  headTooLarge: { status: 431, errorCode: 'INVALID_PARAMETER_VALUE', message: 'The request line and headers are larger than 80 KiB.', help: 'Shorten the query, or use the POST form of the search.' },
  slowRequest: { status: 408, errorCode: 'INVALID_PARAMETER_VALUE', message: 'The request head did not arrive within 60 s.', help: 'The client or the network is too slow, the request head never ended, or no byte of the body arrived for `MLFLOW_UPSTREAM_IDLE_TIMEOUT`.' },
  rateLimited: { status: 429, errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'Too many requests. Try again after the time in Retry-After.', help: 'The key has used up its calls per hour (`--rate`; the `RateLimit` header says what is left), too many refused keys from one address (20 at once, then two a second; a good key is never refused for its address), too many validations of new keys, too many concurrent requests or transfers with one key, or a rate limit of the auth service. MLflow\'s client waits and retries by itself.' },
  unavailable: { status: 503, errorCode: 'TEMPORARILY_UNAVAILABLE', message: 'The service cannot answer at the moment. Try again.', help: 'MLflow, the key store or the auth service does not answer, all `MLFLOW_UPSTREAM_CONNECTIONS` were in use for 10 s, the facade is shutting down, or there is no room for another chunked upload (`SPOOL_TOTAL_BYTES`). `/ready` and the log line say which.' },
  notOurs: { status: 501, errorCode: 'NOT_IMPLEMENTED', message: 'The auth service manages the keys: create, change and list them there.', help: 'Keys are checked by an auth service (`KEYS_URL`, `HOKUSAI_AUTH_SERVICE_URL`), which alone creates and changes them. `/admin/keys` and `/whoami/rotate` need a key store of the facade\'s own.' },
  badGateway: { status: 502, errorCode: 'INTERNAL_ERROR', message: 'MLflow refused or broke the connection.', help: 'See MLflow\'s own log at the time of the request; the facade\'s log line has the cause (`error`). If the message names the platform, the server at `PLATFORM_UPSTREAM_URL` failed.' },
  timeout: { status: 504, errorCode: 'DEADLINE_EXCEEDED', message: 'MLflow did not answer in time.', help: 'MLflow sent no first byte within `MLFLOW_UPSTREAM_TIMEOUT`, or was silent during a transfer for `MLFLOW_UPSTREAM_IDLE_TIMEOUT`.' },
  internal: { status: 500, errorCode: 'INTERNAL_ERROR', message: 'The facade failed. Report the request id.', help: 'A bug in the facade: the log line with the request id has the stack trace.' }
} satisfies Record<string, ErrorKind>

export type ErrorName = keyof typeof table

export const errors: Readonly<Record<ErrorName, ErrorKind>> = table

interface Details {
  /** Instead of the kind's own. */
  readonly status?: number
  readonly message?: string
  /** Why: for the log line and the metric of refusals. */
  readonly reason: Reason
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** A refusal or failure that is answered as `error_code` and `message`; its cause stays in the log. */
export class FacadeError extends Error {
  readonly kind: ErrorKind
  readonly reason: Reason
  readonly headers: Readonly<Record<string, string>>
  // Fastify reads it when the error reaches its own handling.
  readonly statusCode: number

  constructor (name: ErrorName, details: Details) {
    // Without a stack, which nobody reads (the reason says more) and which took 30 us of the 130 that a refusal costs; what is our fault has a cause with its own.
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(details.message ?? errors[name].message, { cause: details.cause })
    Error.stackTraceLimit = limit
    this.kind = details.status === undefined ? errors[name] : { ...errors[name], status: details.status }
    this.statusCode = this.kind.status
    this.reason = details.reason
    this.headers = details.headers ?? {}
  }
}

/** The `code` that OpenAI's API gives where MLflow gives this one; it has none for the others. */
const openaiCodes: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  PERMISSION_DENIED: 'insufficient_permissions',
  ENDPOINT_NOT_FOUND: 'unknown_url',
  REQUEST_LIMIT_EXCEEDED: 'rate_limit_exceeded'
}

/** A text as a sentence: it may begin with a name that is written small within one. */
export function sentence (text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/**
 * The body of every answer of ours that reports an error.
 * @param onGateway on the LLM gateway OpenAI's form stands beside MLflow's: its SDKs show only what is in `error`
 */
export function errorBody ({ kind: { status, errorCode }, message }: FacadeError, requestId: string, onGateway: boolean = false): string {
  const body = { error_code: errorCode, message, request_id: requestId }
  return JSON.stringify(onGateway ? { ...body, error: { message, type: openaiType(status), code: openaiCodes[errorCode] ?? null } } : body)
}

/** As OpenAI's API has it: `requests` is the type of its limits on calls. */
function openaiType (status: number): string {
  return status >= 500 ? 'server_error' : status === 429 ? 'requests' : 'invalid_request_error'
}

/**
 * 401.
 * @param saw what came in place of a key, where it cannot be one; never the value itself
 */
export function unauthenticated (reason: Reason, saw?: string): FacadeError {
  return new FacadeError('unauthenticated', { reason, ...saw === undefined ? {} : { message: `No valid API key was presented: the facade saw ${saw}. ${howToPresent}` } })
}

/** MLflow's client tries seven times and waits as told: long enough to see a server through its start of 20 to 60 s, and less than its own four minutes. */
const retryAfterSeconds = 15

/** 503 with a wait that MLflow's client survives. */
export function unavailable (message: string, reason: Reason, cause?: unknown): FacadeError {
  return new FacadeError('unavailable', { message, reason, cause, headers: { 'retry-after': String(retryAfterSeconds) } })
}

/** What Fastify says of a request that does not fit its route: a schema (Ajv's complaints), a body that is no JSON, too much of it. */
interface RequestFault extends Error {
  readonly statusCode: number
  readonly code?: string
  readonly validation?: ReadonlyArray<{ readonly instancePath?: string, readonly message?: string, readonly params?: Readonly<Record<string, unknown>> }>
  /** body, querystring, params or headers. */
  readonly validationContext?: string
}

/**
 * Whatever was thrown, as an error of ours. What Fastify and its plugins blame on the request (a schema that it does not fit, a range that is not
 * there) keeps its status; anything else that is not declared here is our fault and says nothing to the caller.
 */
export function toFacadeError (thrown: unknown): FacadeError {
  if (thrown instanceof FacadeError) return thrown
  if (!isRequestFault(thrown)) return new FacadeError('internal', { reason: 'internal', cause: thrown })
  const { statusCode: status, code } = thrown
  if (thrown.validation !== undefined) return new FacadeError('badRequest', { message: misfit(thrown), reason: 'schema' })
  if (status === 404) return new FacadeError('notFound', { reason: 'notFound' })
  if (status === 413) return new FacadeError('tooLarge', { reason: 'body_too_large' })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || code === 'FST_ERR_CTP_INVALID_JSON_BODY' || code === 'FST_ERR_CTP_EMPTY_JSON_BODY') {
    return new FacadeError('badRequest', { status, message: 'The body must be JSON, with the header "Content-Type: application/json".', reason: 'malformed' })
  }
  return new FacadeError('badRequest', { status, message: `The request cannot be served as sent (status ${status}).`, reason: 'malformed' })
}

function isRequestFault (thrown: unknown): thrown is RequestFault {
  return thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number' && thrown.statusCode >= 400 && thrown.statusCode <= 499
}

const partNames: Readonly<Record<string, string>> = { querystring: 'parameter', params: 'path parameter', headers: 'header' }

/** The first complaint, with the field that it is about; never with a value. */
function misfit ({ validation, validationContext = 'body' }: RequestFault): string {
  const { instancePath = '', message = 'is not valid', params = {} } = validation?.[0] ?? {}
  const part = partNames[validationContext] ?? 'field'
  const inner = params.missingProperty ?? params.additionalProperty
  const path = [...instancePath.split('/').slice(1), ...typeof inner === 'string' ? [inner] : []].join('.')
  if (path === '') return `The ${validationContext} ${message}.`
  const said = params.missingProperty !== undefined ? 'is missing' : params.additionalProperty !== undefined ? 'is unknown' : message
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : ''
  return `The ${part} ${path.slice(0, 200)} ${said}${allowed}.`
}
