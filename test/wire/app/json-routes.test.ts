/** Endpoints of ours take JSON by a schema; what does not fit is 400 in MLflow's form, with the field named and no value. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { facade } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const body = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 10 }, limits: { type: 'object', properties: { hour: { type: 'integer' } } }, scope: { enum: ['read', 'write'] } },
  required: ['name'],
  additionalProperties: false
}

t.test('a body by a schema', async t => {
  const up = await facade(t, echo, { extend: app => { app.post('/made-up', { schema: { body } }, async request => ({ got: request.body })) } })
  const post = async (text: string, type: string = 'application/json') => await up.call('POST', '/made-up', { key: null, body: text, headers: { 'content-type': type } })
  t.strictSame((await post('{"name":"a","limits":{"hour":5}}')).json(), { got: { name: 'a', limits: { hour: 5 } } })
  t.equal((await post('{"name":"a"}', 'application/json; charset=utf-8')).status, 200)
  for (const [text, message] of [
    ['{}', 'The field name is missing.'],
    ['{"name":7}', 'The field name must be string.'],
    ['{"name":"a","limits":{"hour":"5"}}', 'The field limits.hour must be integer.'],
    ['{"name":"hk_live_secret"}', 'The field name must NOT have more than 10 characters.'],
    ['{"name":"a","other":1}', 'The field other is unknown.'],
    ['{"name":"a","scope":"all"}', 'The field scope must be equal to one of the allowed values: read, write.'],
    ['[]', 'The body must be object.'],
    ['{"name":', 'The body must be JSON, with the header "Content-Type: application/json".'],
    ['', 'The body must be JSON, with the header "Content-Type: application/json".'],
    ['{"__proto__":{"name":"a"}}', 'The body must be JSON, with the header "Content-Type: application/json".']
  ] as const) {
    const refused = await post(text)
    t.equal(refused.status, 400, text)
    const said = refused.json()
    t.equal(said.error_code, 'INVALID_PARAMETER_VALUE')
    t.equal(said.message, message)
    t.equal(said.request_id, refused.header('x-request-id'))
    t.notMatch(refused.text(), /secret/)
  }
  const ofOtherType = await post('name=a', 'application/x-www-form-urlencoded')
  t.equal(ofOtherType.status, 415)
  t.equal(ofOtherType.json().error_code, 'INVALID_PARAMETER_VALUE')
  const large = await post(JSON.stringify({ name: 'x'.repeat(70_000) }))
  t.equal(large.status, 413)
  t.equal(large.json().error_code, 'INVALID_PARAMETER_VALUE')
  t.equal((await up.call('POST', '/mlflow/api/2.0/mlflow/experiments/create', { body: '{"a":', headers: { 'content-type': 'application/json' } })).text(), '{"a":', 'what is MLflow\'s passes as it is')
})

t.test('a parameter by a schema', async t => {
  const { call } = await facade(t)
  const refused = await call('GET', '/openapi.json?mlflow=1.0', { key: null })
  t.equal(refused.status, 400)
  t.match(refused.json().message, /^The parameter mlflow must be equal to one of the allowed values: all, 2\.22\.5, .*\.$/)
  t.equal((await call('GET', '/openapi.json?mlflow=all&more=1', { key: null })).status, 200)
})

t.test('the document has the endpoints of the running app, and no others of ours', async t => {
  const { server } = await facade(t)
  const running = server.swagger().paths as Record<string, Record<string, { operationId: string, responses: Record<string, unknown> }>>
  const document = JSON.parse(readFileSync('openapi/openapi.json', 'utf8')) as { paths: Record<string, Record<string, { operationId: string, tags: string[], responses: Record<string, object> }>> }
  const own = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).filter(([, { tags }]) => tags.includes('Facade')).map(([method, entry]) => `${method} ${path} ${entry.operationId}`))
  t.strictSame(own.sort(), Object.entries(running).flatMap(([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`)).sort())
  t.ok(own.length >= 10)
  for (const [path, methods] of Object.entries(running)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      for (const [status, response] of Object.entries(responses)) t.match(document.paths[path]?.[method]?.responses[status], response as object, `${method} ${path} ${status}`)
    }
  }
})
