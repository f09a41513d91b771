/** What an event says that a call names: from path, query and small bodies, bounded, and without keys. */
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { match } from '../../../src/access/matcher.js'
import { bodyMaxBytes, resourceOf, valueMaxLength } from '../../../src/audit/resource.js'
import { readHead } from '../../../src/http/connection/request-head.js'
import { readTarget } from '../../../src/http/target.js'

interface Given {
  readonly method?: string
  readonly body?: Buffer | string
  readonly headers?: readonly string[]
}

function named (url: string, { method = 'POST', body, headers = [] }: Given = {}): unknown {
  const target = readTarget(url)
  const found = match(method, target.path)
  return resourceOf({
    operation: { name: found.id, path: target.path, match: found },
    context: { target, head: readHead([...headers]) },
    transfer: body === undefined ? undefined : { body: typeof body === 'string' ? Buffer.from(body) : body }
  } as unknown as FastifyRequest)
}

const api = '/api/2.0/mlflow'
const key = 'hk_live_0123456789abcdefghijklmnopqrstuvwxyzABCD'

t.test('fields of the query, of a small body, and what the path names', async t => {
  t.strictSame(named(`${api}/runs/get?run_id=a%20b&other=1`, { method: 'GET' }), { run_id: 'a b' })
  t.strictSame(named(`${api}/model-versions/create`, { body: '{"name":"m","source":"s3://x","version":3,"tags":[{"key":"k"}]}' }), { name: 'm', version: '3' })
  t.strictSame(named('/api/2.0/mlflow-artifacts/artifacts/1/r/caf%C3%A9%2Fb', { method: 'PUT' }), { path: '1/r/café/b' })
  t.strictSame(named('/ajax-api/3.0/mlflow/mcp-servers/io.github%2Fx/versions/1', { method: 'DELETE' }), { path: 'io.github/x/versions/1' })
  t.strictSame(named('/api/9.0/mlflow/new/thing?run_id=1', { method: 'DELETE' }), { run_id: '1', path: '/api/9.0/mlflow/new/thing' }, 'unknown')
  t.equal(named(`${api}/runs/create`, { body: '{}' }), undefined)
})

t.test('a body that is no object, is large, or is a stream says nothing', async t => {
  for (const body of ['', '[]', '{', '"{\\"run_id\\":\\"a\\"}"', `{"run_id":"${'a'.repeat(bodyMaxBytes)}"}`, '{"run_id":null,"name":{},"__proto__":{"run_id":"a"}}']) {
    t.equal(named(`${api}/runs/delete`, { body }), undefined, body.slice(0, 40))
  }
})

t.test('a key is nowhere, whoever put it where: ours by its looks, others since they came with the request', async t => {
  const foreign = 'sk-foreign-0123456789'
  const places = [`${api}/runs/get?run_id=${key}`, `${api}/runs/get?run_id=x${key.toUpperCase()}`, `${api}/runs/get?run_id=${encodeURIComponent(foreign)}`,
    `/api/2.0/mlflow-artifacts/artifacts/${key}/a`, `/api/2.0/mlflow-artifacts/artifacts/%68%6B_live_${key.slice(8)}/a`]
  for (const headers of [['Authorization', `Bearer ${foreign}`], ['X-API-Key', foreign]]) {
    for (const place of places) {
      const text = JSON.stringify(named(place, { method: 'GET', headers }))
      t.notMatch(text, new RegExp(`${key.slice(8)}|${foreign}`, 'i'), place)
      t.match(text, /\*\*\*/)
    }
  }
  t.notMatch(JSON.stringify(named(`${api}/runs/delete`, { body: JSON.stringify({ run_id: key, name: `a ${key} b` }) })), new RegExp(key.slice(8)))
})

t.test('values and their number are bounded, in a time that does not matter', async t => {
  t.equal(named(`${api}/runs/get?run_id=a&filter=${'a'.repeat(9000)}`, { method: 'GET' }), undefined, 'a query of several kilobytes is not read')
  const body = named(`${api}/runs/delete`, { body: JSON.stringify({ run_id: 'é'.repeat(3000) }) }) as Record<string, string>
  t.equal(body['run_id']?.length, valueMaxLength + 1)
  const began = performance.now()
  for (let each = 0; each < 100; each++) named(`/api/2.0/mlflow-artifacts/artifacts/${'%2f'.repeat(20_000)}`, { method: 'GET' })
  t.ok(performance.now() - began < 2000)
})
