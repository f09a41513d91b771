import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { errorBody, errors, FacadeError, toFacadeError, unavailable } from '../../../src/core/errors.js'
import { reasons } from '../../../src/core/reasons.js'

t.test('each error is one of MLflow\'s codes with the status that MLflow gives it', async t => {
  const statuses: Readonly<Record<string, readonly number[]>> = {
    INVALID_PARAMETER_VALUE: [400, 408, 413, 431], UNAUTHENTICATED: [401], PERMISSION_DENIED: [403], ENDPOINT_NOT_FOUND: [404, 410], RESOURCE_DOES_NOT_EXIST: [404], RESOURCE_CONFLICT: [409], REQUEST_LIMIT_EXCEEDED: [429], NOT_IMPLEMENTED: [501], INTERNAL_ERROR: [500, 502], TEMPORARILY_UNAVAILABLE: [503], DEADLINE_EXCEEDED: [504]
  }
  for (const [name, { status, errorCode, message, help }] of Object.entries(errors)) {
    t.ok(statuses[errorCode]?.includes(status), `${name}: ${errorCode} ${status}`)
    t.match(message, /^[A-Z].*\.$/s)
    t.ok(help.length > 20)
  }
})

t.test('a body holds the code, the public sentence and the request id, and nothing of the cause', async t => {
  const error = new FacadeError('badGateway', { cause: new Error('connect ECONNREFUSED 10.0.0.7:5000'), reason: 'upstream_refused' })
  t.strictSame(JSON.parse(errorBody(error, 'id-1')), { error_code: 'INTERNAL_ERROR', message: errors.badGateway.message, request_id: 'id-1' })
  t.equal(error.reason, 'upstream_refused')
  t.equal((error.cause as Error).message, 'connect ECONNREFUSED 10.0.0.7:5000')
})

t.test('on the LLM gateway a body also has the form that OpenAI\'s SDKs read', async t => {
  for (const [name, type, code] of [['unauthenticated', 'invalid_request_error', 'invalid_api_key'], ['rateLimited', 'requests', 'rate_limit_exceeded'], ['forbidden', 'invalid_request_error', 'insufficient_permissions'], ['badRequest', 'invalid_request_error', null], ['badGateway', 'server_error', null]] as const) {
    const { message, errorCode } = errors[name]
    t.strictSame(JSON.parse(errorBody(new FacadeError(name, { reason: 'malformed' }), 'id-1', true)), { error_code: errorCode, message, request_id: 'id-1', error: { message, type, code } })
  }
})

t.test('a refusal takes no time for a stack, and other errors keep theirs', async t => {
  t.notMatch(new FacadeError('notFound', { reason: 'notFound' }).stack, /\n\s+at /)
  t.match(new Error('x').stack, /\n\s+at /)
})

t.test('whatever is thrown becomes an error that says nothing of itself to the caller', async t => {
  for (const thrown of [new TypeError('x.y is not a function'), 'text', undefined, null, 42, { statusCode: 200, message: 'sneaky' }]) {
    const error = toFacadeError(thrown)
    t.equal(error.kind.status, 500)
    t.equal(error.cause, thrown)
    t.notMatch(errorBody(error, 'id'), /not a function|text|sneaky/)
  }
  const own = new FacadeError('notFound', { reason: 'notFound' })
  t.equal(toFacadeError(own), own)
})

t.test('a wait never kills the client\'s own patience', async t => {
  t.strictSame(unavailable('Try again.', 'upstream_busy').headers, { 'retry-after': '15' })
  t.equal(unavailable('Try again.', 'upstream_busy').statusCode, 503)
})

t.test('each reason of the register is given somewhere, and there are no two for one thing', async t => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts') && !file.endsWith('reasons.ts')).map(file => readFileSync(`src/${file}`, 'utf8')).join('\n')
  for (const reason of Object.keys(reasons)) t.ok(sources.includes(`'${reason}'`), reason)
  t.equal(new Set(Object.values(reasons)).size, Object.keys(reasons).length)
})
