/** Whole facades that share one Redis: a key's limit counts at all of them together, and no request is Redis's victim. */
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { startAuthServer } from '../../helpers/auth-server.js'
import { connect, head, type Answer } from '../../helpers/client.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { startRedis } from '../../helpers/redis.js'
import { echo, standIn } from '../../helpers/upstream.js'

interface Up extends FacadeProcess {
  readonly call: (target?: string) => Promise<Answer & { readonly ms: number, readonly left: number }>
  readonly metric: (name: string) => Promise<number>
}

const key = 'a-key-of-the-platform'
const search = '/mlflow/api/2.0/mlflow/experiments/search'

t.test('two facades, one limit that the auth service gives, and a Redis that is killed, hung, and comes back', async t => {
  const password = 's3cret'
  const redis = await startRedis(t, { password })
  const auth = await startAuthServer()
  t.teardown(auth.close)
  auth.keys.set(key, { user_id: 'u1', key_id: 'key_shared', scopes: ['mlflow:write'], rate_limit_per_hour: 40 })
  const mlflow = await standIn(t, echo)
  const env = { KEYS_URL: auth.url.href, REDIS_URL: redis.url }
  const [one, two] = await Promise.all([start(mlflow.url.href, env), start(mlflow.url.href, env)])

  async function start (mlflowUrl: string, settings: Readonly<Record<string, string>>): Promise<Up> {
    const metricsPort = await freePort()
    const up = await startFacade(t, { mlflowUrl, env: { ...settings, METRICS_PORT: String(metricsPort) } })
    return {
      ...up,
      async call (target = search) {
        const connection = await connect(t, Number(new URL(up.url).port))
        const begin = performance.now()
        connection.write(head(`GET ${target}`, [['X-API-Key', key]]))
        const answered = await connection.answer()
        connection.destroy()
        return { ...answered, ms: performance.now() - begin, left: Number(/r=(\d+)/.exec(answered.header('ratelimit') ?? '')?.[1]) }
      },
      async metric (name) {
        const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
        return Number(new RegExp(`^hokusai_mlflow_${name} (\\S+)$`, 'm').exec(text)?.[1])
      }
    }
  }
  const ready = async (up: Up): Promise<unknown> => {
    const answered = await fetch(`${up.url}/ready`)
    return { status: answered.status, ...await answered.json() as object }
  }
  const until = async (redisUp: number): Promise<void> => {
    for (const end = performance.now() + 10_000; performance.now() < end; await delay(50)) if (await one.metric('redis_up') === redisUp && await two.metric('redis_up') === redisUp) return
    throw new Error(`redis_up was not ${redisUp} within 10 s`)
  }

  t.strictSame(await ready(one), { status: 'ok', keys: { status: 'ok' }, mlflow: { status: 'ok' } })
  for (let call = 0; call < 20; call += 2) {
    t.equal((await one.call()).left, 39 - call)
    t.equal((await two.call()).left, 38 - call)
  }

  await redis.kill()
  const first = await one.call()
  t.match(first, { status: 200, left: 20 }, 'each goes on from what it knew')
  t.ok(first.ms < 300, `${first.ms}`)
  t.match(await two.call(), { status: 200, left: 19 })
  await until(0)
  t.match(await ready(one), { status: 'ok', keys: { status: 'ok' }, limits: { status: 'degraded', reason: /^Redis cannot be reached.* This facade limits keys by itself\.$/ } })
  t.equal((await fetch(`${one.url}/ready`)).status, 200, 'it is no reason to take a facade out')
  t.match(await one.call('/whoami'), { status: 200, left: 20 })
  for (let call = 0; call < 20; call++) t.match(await one.call(), { status: 200 })
  t.match(await one.call(), { status: 429, left: 0 })
  t.match(await two.call(), { status: 200, left: 18 })
  await delay(1100) // a scrape may be a second old
  t.equal(await one.metric('local_limits_total'), 23)

  await redis.start()
  await until(1)
  t.strictSame(await ready(two), { status: 'ok', keys: { status: 'ok' }, mlflow: { status: 'ok' } })
  t.match(await one.call(), { status: 429 }, 'a Redis that came back empty is told of what was used')
  t.equal(await one.metric('local_limits_total'), 23)

  redis.hang()
  const waited = await Promise.all(Array.from({ length: 10 }, async () => await one.call('/whoami')))
  t.ok(waited.every(({ status, ms }) => status === 200 && ms < 500), waited.map(({ ms }) => ms.toFixed(0)).join())
  redis.resume()
  await delay(1100)
  await until(1)

  for (const up of [one, two]) {
    t.notMatch(up.output(), new RegExp(password))
    const gone = up.output().split('Redis does not answer: each facade limits keys by itself').length - 1
    t.ok(up === one ? gone === 2 : gone === 1 || gone === 2, `${gone}: once an outage, of which the second was short`)
    t.equal(up.output().split('Redis answers again').length - 1, gone)
  }
})

t.test('a Redis that is not there stops no start, and a wrong URL of it ends one with a sentence', async t => {
  const mlflow = await standIn(t, echo)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { REDIS_URL: `redis://:s3cret@127.0.0.1:${await freePort()}` } })
  const limited = await up.createKey('mlflow:read', ['--rate', '2/hour'])
  const statuses: number[] = []
  for (let call = 0; call < 3; call++) statuses.push((await fetch(up.url + search, { headers: { authorization: `Bearer ${limited}` } })).status)
  t.strictSame(statuses, [200, 200, 429])
  t.match(up.output(), /Redis cannot be reached: nothing listens there/)
  t.notMatch(up.output(), 's3cret')
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'start'], { encoding: 'utf8', env: { PATH: process.env.PATH, DATA_DIR: t.testdir(), MLFLOW_UPSTREAM_URL: mlflow.url.href, REDIS_URL: 'redis://:s3cret@x/y' } })
  t.equal(status, 2)
  t.match(stderr, /REDIS_URL is not valid: it must be redis:/)
  t.notMatch(stderr, 's3cret')
})
