/** Keys with a limit: what costs a call, what every answer says of what is left, and what is beyond it. */
import t from 'tap'
import { facade, keys, requestHead, type Facade, type Request } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { createLocalLimits, type Limits } from '../../../src/keys/limits/local.js'
import { answer, echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const chat = '/mlflow/gateway/openai/v1/chat/completions'

/** What an answer says of the limit. */
function told (answered: Answer): { readonly policy: string | undefined, readonly left: number, readonly next: number } {
  const [, left, next] = /^"default";r=(\d+);t=(\d+)$/.exec(answered.header('ratelimit') ?? '') ?? []
  return { policy: answered.header('ratelimit-policy'), left: Number(left), next: Number(next) }
}

/** Answers to so many requests of the write key, one after the other on one connection. */
async function burst (up: Facade, count: number): Promise<Answer[]> {
  const connection = await up.connect()
  const answers: Answer[] = []
  for (let index = 0; index < count; index++) {
    connection.write(requestHead('GET', search))
    answers.push(await connection.answer())
  }
  connection.destroy()
  return answers
}

t.test('60/hour lets 60 through at once, each answer with what is left, and then none; MLflow is not asked', async t => {
  const up = await facade(t, echo)
  up.limit('write', 60)
  const answers = await burst(up, 63)
  t.strictSame(answers.map(({ status }) => status), [...Array<number>(60).fill(200), 429, 429, 429])
  t.strictSame(answers.map(answered => told(answered).left), [...Array.from({ length: 60 }, (_, index) => 59 - index), 0, 0, 0])
  t.ok(answers.every(answered => told(answered).policy === '"default";q=60;w=3600'))
  t.equal(up.mlflow.calls.length, 60)
  const refused = answers[60]!
  const wait = Number(refused.header('retry-after'))
  t.ok(wait > 50 && wait <= 60, String(wait))
  t.equal(told(refused).next, wait, 'the same moment')
  t.match(refused.json(), { error_code: 'REQUEST_LIMIT_EXCEEDED', request_id: refused.header('x-request-id'), message: /used up its 60 calls an hour: the next one is due in \d+ s/ })
  t.match(refused.headers.map(([name]) => name.toLowerCase()).filter(name => name === 'content-type' || name === 'ratelimit'), ['content-type', 'ratelimit'])
  const line = await up.line(refused.header('x-request-id'))
  t.match(line, { status: 429, refusal: 'rate', operation: 'searchExperiments', key: 'hk_test_writ…' })
  t.equal(await up.metric('refusals_total{reason="rate"}'), 3)
})

t.test('a wait is no longer than MLflow\'s client has patience, and no longer than needed where it is short', async t => {
  const limits = createLocalLimits()
  const up = await facade(t, echo, { limits })
  up.limit('write', 3)
  const [, , , slow] = await burst(up, 4)
  t.equal(slow?.header('retry-after'), '240')
  t.ok(told(slow!).next > 1100 && told(slow!).next <= 1200, 'RateLimit tells the truth')
  up.limit('read', 3600)
  for (let call = 0; call < 3600; call++) limits.take('key_read', 3600, 1)
  const quick = await up.call('GET', search, { key: 'read' })
  t.equal(quick.status, 429)
  t.equal(quick.header('retry-after'), '1', 'rounded up')
  t.match(quick.json(), { message: /used up its 3600 calls an hour: the next one is due in 1 s/ })
})

t.test('fractions of a call an hour, as auth services may give, are one call and a long wait', async t => {
  const up = await facade(t, echo)
  up.limit('write', 0.5)
  const [first, second] = await burst(up, 2)
  t.equal(first?.status, 200)
  t.match(told(first!), { policy: '"default";q=1;w=7200', left: 0, next: 7200 })
  t.equal(second?.status, 429)
  t.equal(second?.header('retry-after'), '240')
  t.match(second?.json().message, /used up its one call in 7200 s/)
})

t.test('every answer of a key with a limit says what is left: forwarded ones, refusals, errors, small and large, old paths', async t => {
  const up = await facade(t, call => {
    const whole = answer(call.target.includes('missing') ? 404 : 200, call.target.includes('large') ? 'x'.repeat(200_000) : '{}')
    call.whole.then(() => call.write(call.method === 'HEAD' ? whole.slice(0, whole.indexOf('\r\n\r\n') + 4) : whole))
  }, { env: { BODY_MAX_BYTES: '1000', REQUESTS_PER_KEY: '1' } })
  for (const key of ['write', 'read', 'gateway', 'tied'] as const) up.limit(key, 1000)
  const kinds: ReadonlyArray<readonly [status: number, method: string, target: string, Request?]> = [
    [200, 'GET', search], [200, 'HEAD', search], [200, 'GET', `${search}?large`], [404, 'GET', `${search}?missing`], [200, 'POST', create, { body: '{}' }],
    [200, 'POST', '/api/2.0/mlflow/experiments/create', { body: '{}' }], [200, 'GET', '/mlflow/ajax-api/2.0/mlflow/users/current'],
    [413, 'POST', create, { body: 'x'.repeat(2000) }], [403, 'POST', create, { key: 'read', body: '{}' }], [403, 'GET', search, { key: 'tied', headers: { 'X-MLFLOW-WORKSPACE': 'team-c' } }],
    [404, 'GET', '/mlflow/api/2.0/mlflow/nothing'], [403, 'POST', create, { headers: { Origin: 'https://elsewhere.example' }, body: '{}' }],
    [400, 'POST', '/mlflow/graphql', { body: 'not JSON' }], [200, 'POST', chat, { key: 'gateway', body: '{}' }], [403, 'POST', chat, { key: 'read', body: '{}' }]
  ]
  const left = { write: 1000, read: 1000, gateway: 1000, tied: 1000 }
  for (const [status, method, target, request = {}] of kinds) {
    const key = (request.key ?? 'write') as keyof typeof left
    const answered = await up.call(method, target, request)
    t.equal(answered.status, status, `${method} ${target}`)
    t.match(told(answered), { policy: '"default";q=1000;w=3600', left: --left[key] }, `${method} ${target}: ${answered.text().slice(0, 100)}`)
    t.equal(answered.all('ratelimit').length, 1)
  }
  t.notMatch(JSON.stringify(up.mlflow.calls.map(({ headers }) => headers)), /ratelimit/i, 'MLflow is not told')
})

t.test('what asks for no key, and a key that is none, cost nothing and say nothing; nor does a key without a limit', async t => {
  const up = await facade(t, echo, { env: { CORS_ALLOWED_ORIGINS: 'https://notebooks.example' } })
  up.limit('write', 10)
  const silent: ReadonlyArray<readonly [method: string, target: string, Request?]> = [
    ['GET', '/mlflow/health'], ['GET', '/live'], ['GET', '/ready'], ['GET', '/mlflow'], ['GET', '/api/2.0/mlflow/experiments/search'], ['GET', '/nothing'], ['GET', '/mlflow/a/../b'],
    ['OPTIONS', create, { key: null, headers: { Origin: 'https://notebooks.example', 'Access-Control-Request-Method': 'POST' } }], ['OPTIONS', create],
    ['GET', search, { key: null }], ['GET', search, { key: 'unknown' }], ['GET', search, { key: 'admin' }], ['GET', '/whoami', { key: 'admin' }], ['POST', create, { key: 'read', body: '{}' }]
  ]
  for (const [method, target, request] of silent) {
    const answered = await up.call(method, target, request)
    t.notMatch(answered.headers.map(([name]) => name).join(), /ratelimit/i, `${method} ${target}`)
  }
  t.match(told(await up.call('GET', search)), { left: 9 })
})

t.test('/whoami shows the limit and what is left, costs nothing, and answers when nothing is left', async t => {
  const up = await facade(t, echo)
  up.limit('write', 2)
  for (const [left, next] of [[2, 0], [1, 1800], [0, 1800]] as const) {
    for (let again = 0; again < 3; again++) {
      const answered = await up.call('GET', '/whoami')
      t.match(answered.json(), { rate_limit_per_hour: 2, rate_limit_remaining: left })
      t.match(told(answered), { policy: '"default";q=2;w=3600', left })
      const { rate_limit_next_seconds: seconds } = answered.json() as { rate_limit_next_seconds: number }
      t.ok(seconds <= next && seconds >= next - 30, String(seconds))
      t.equal(told(answered).next, seconds)
    }
    await up.call('GET', search)
  }
  t.equal((await up.call('GET', search)).status, 429)
  t.equal((await up.call('GET', '/whoami')).status, 200)
  t.match((await up.call('GET', '/whoami', { key: 'admin' })).json(), { rate_limit_per_hour: null, rate_limit_remaining: null, rate_limit_next_seconds: null })
})

t.test('keys are limited apart; on the gateway the refusal has OpenAI\'s form too; a body is taken and the connection goes on', async t => {
  const up = await facade(t, echo)
  up.limit('write', 1)
  up.limit('gateway', 1)
  await up.call('GET', search)
  t.equal((await up.call('POST', chat, { key: 'gateway', body: '{}' })).status, 200)
  const refused = await up.call('POST', chat, { key: 'gateway', body: '{}' })
  t.match(refused.json(), { error_code: 'REQUEST_LIMIT_EXCEEDED', error: { type: 'requests', code: 'rate_limit_exceeded' } })
  const connection = await up.connect()
  for (let index = 0; index < 3; index++) {
    connection.write(`${requestHead('POST', create, { body: 'x'.repeat(20_000) })}${'x'.repeat(20_000)}`)
    const answered = await connection.answer()
    t.equal(answered.status, 429)
    t.equal(answered.header('connection'), 'keep-alive')
  }
  connection.write(requestHead('HEAD', search))
  const answered = await connection.answer({ head: true })
  t.equal(answered.status, 429)
  t.match(told(answered), { left: 0 })
})

t.test('whoever counts may take a while; a caller who leaves meanwhile harms nobody, and no key without a limit waits', async t => {
  let letGo = (): void => {}
  const allowance = { burst: 5, intervalMs: 720_000 }
  const limits: Limits = {
    take: async () => { await new Promise<void>(resolve => { letGo = resolve }); return { allowance, isAllowed: true, remaining: 4, nextMs: 1 } },
    problem: () => undefined,
    close () {}
  }
  const up = await facade(t, echo, { limits })
  up.limit('write', 5)
  const gone = await up.connect()
  gone.write(requestHead('GET', search))
  await new Promise(resolve => setTimeout(resolve, 50))
  t.equal((await up.call('GET', search, { key: 'admin' })).status, 200)
  gone.destroy()
  await new Promise(resolve => setTimeout(resolve, 50))
  letGo()
  const calling = up.call('GET', search)
  await new Promise(resolve => setTimeout(resolve, 50))
  letGo()
  const answered = await calling
  t.equal(answered.status, 200)
  t.match(told(answered), { policy: '"default";q=5;w=3600', left: 4, next: 1 })
  t.equal(up.mlflow.calls.length, 2)
})

t.test('a good key is counted under its id, whatever header it comes in and whatever the address', async t => {
  const up = await facade(t, echo)
  up.limit('write', 100)
  const presented = [{ 'X-API-Key': keys.write }, { Authorization: `ApiKey ${keys.write}` }, { Authorization: `Basic ${Buffer.from(`me:${keys.write}`).toString('base64')}` }]
  let left = 100
  for (const headers of presented) t.match(told(await up.call('GET', search, { key: null, headers })), { left: --left })
})
