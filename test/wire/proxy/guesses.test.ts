/** Keys that are guessed cost their address patience, and nobody with a good key notices. */
import t from 'tap'
import { facade, keys, requestHead, type Facade } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const wrong = (guess: number): Record<string, string> => ({ Authorization: `Bearer hk_test_wrong${guess}` })

/** Answers to wrong keys, one after the other on one connection. */
async function guess (up: Facade, count: number, headers: (guess: number) => Record<string, string> = wrong): Promise<Answer[]> {
  const connection = await up.connect()
  const answers: Answer[] = []
  for (let index = 0; index < count; index++) {
    connection.write(requestHead('GET', search, { key: null, headers: headers(index) }))
    answers.push(await connection.answer())
  }
  connection.destroy()
  return answers
}

/** How many of the answers had a status. */
function counted (answers: readonly Answer[], status: number): number {
  return answers.filter(answer => answer.status === status).length
}

t.test('twenty wrong keys at once are 401, more are 429 with a wait; the address itself is still good for a good key', async t => {
  const up = await facade(t, echo)
  const answers = await guess(up, 100)
  t.equal(counted(answers.slice(0, 20), 401), 20)
  t.ok(counted(answers, 429) > 40, 'two a second more are 401, however slow the machine')
  const refused = answers.find(({ status }) => status === 429)
  t.equal(refused?.json().error_code, 'REQUEST_LIMIT_EXCEEDED')
  t.equal(refused?.json().request_id, refused?.header('x-request-id'))
  t.equal(refused?.header('retry-after'), '1')
  t.equal((await up.call('GET', search)).status, 200)
  t.equal((await up.call('GET', search, { key: null })).status, 401, 'no key is no guess')
  t.equal((await up.call('POST', '/mlflow/api/2.0/mlflow/experiments/create', { key: 'read' })).status, 403, 'nor is a key that may not')
})

t.test('what cannot be a key counts; no key and a missing scope do not', async t => {
  const up = await facade(t, echo)
  t.equal(counted(await guess(up, 30, () => ({})), 401), 30)
  t.equal(counted(await guess(up, 30, () => ({ Authorization: `Bearer ${keys.gateway}` })), 403), 30)
  const answers = await guess(up, 100, index => ({ Authorization: index % 2 === 0 ? 'Basic dXNlcjo=' : '' }))
  t.equal(counted(answers.slice(0, 20), 401), 20)
  t.ok(counted(answers, 429) > 40)
})

t.test('wrong keys on old paths, which are redirected by any key, count like all others', async t => {
  const up = await facade(t, echo)
  const connection = await up.connect()
  for (let index = 0; index < 60; index++) {
    connection.write(requestHead('GET', search.replace('/mlflow', ''), { key: null, headers: wrong(index) }))
    t.equal((await connection.answer()).status, 307)
  }
  t.ok(counted(await guess(up, 10), 429) > 5)
  t.equal((await up.call('GET', search)).status, 200)
})

t.test('addresses count as a trusted load balancer tells them, IPv6 by /64, and others\' words not at all', async t => {
  const from = (address: (guess: number) => string) => (index: number) => ({ ...wrong(index), 'X-Forwarded-For': address(index) })
  const trusting = await facade(t, echo, { env: { TRUST_PROXY: '127.0.0.1' } })
  t.equal(counted(await guess(trusting, 100, from(index => `203.0.113.${index}`)), 401), 100)
  t.ok(counted(await guess(trusting, 100, from(index => `2001:db8::${index}`)), 429) > 40)
  t.equal(counted(await guess(trusting, 1, from(() => '2001:db8:0:1::1')), 401), 1)
  const untrusting = await facade(t, echo)
  t.ok(counted(await guess(untrusting, 100, from(index => `203.0.113.${index}`)), 429) > 40)
})

t.test('a flood is one log line a second with its count, and the metric counts every one', async t => {
  const up = await facade(t, echo)
  const begin = performance.now()
  const answers = await guess(up, 200)
  const last = answers.findLast(({ status }) => status === 429)
  await up.line(last?.header('x-request-id'))
  const refused = counted(answers, 429)
  const floods = up.lines.filter(({ msg }) => msg === 'requests')
  t.ok(floods.length <= (performance.now() - begin) / 1000)
  t.match(floods[0], { refusal: 'guessing', networks: 1, busiest: '127.0.0.1', address: '127.0.0.1' })
  t.equal(floods.reduce((sum, { count }) => sum + Number(count), 0), refused)
  t.equal(up.lines.filter(({ refusal, msg }) => refusal === 'guessing' && msg === 'request').length, 0)
  t.equal(up.lines.filter(({ refusal }) => refusal === 'unknown').length, answers.length - refused, 'what was answered with 401 has a line of its own')
  t.equal(await up.metric('refusals_total{reason="guessing"}'), refused)
  t.notMatch(JSON.stringify(up.lines), 'hk_test_wrong')
})

t.test('what was counted is not lost when the facade closes', async t => {
  const up = await facade(t, echo)
  const refused = counted(await guess(up, 60), 429)
  await up.close()
  t.equal(up.lines.filter(({ msg }) => msg === 'requests').reduce((sum, { count }) => sum + Number(count), 0), refused)
})
