/** Several facades behind a load balancer, on the file of deploy/proxies: restarts that nobody sees, and a key store that is away. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { countArrivals, loadThrough } from '../../conformance/replicas/load.js'
import { roll, startReplicas } from '../../conformance/replicas/roll.js'
import type { Call } from '../../helpers/upstream.js'

const replicas = await startReplicas(t)

t.test('three facades that are restarted one after the other under load: no request fails, and none arrives twice', async t => {
  const { requests, failures, restarts, arrived, twice } = await roll(replicas, 5000, 4)
  t.strictSame([...failures], [])
  t.ok(requests >= 5000 && restarts >= 3, `${requests} requests, ${restarts} restarts`)
  t.strictSame([arrived, twice], [Math.floor(requests / 4), 0])
})

t.test('while PostgreSQL is away none of them is ready, and keys in use go on through the balancer', async t => {
  const { origin, ca, key, postgres, processes } = replicas
  const load = async (forMs: number): Promise<Awaited<ReturnType<typeof loadThrough>>> => {
    const end = performance.now() + forMs
    return await loadThrough(origin, { key, ca, callers: 6, isOver: () => performance.now() > end })
  }
  await load(500)
  await postgres.kill()
  const { requests, failures } = await load(6000)
  const ready = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/ready`)).status))
  t.strictSame(ready, [503, 503, 503])
  t.strictSame([...failures], [], `${requests} requests`)
  await postgres.start()
  await delay(3000)
  t.strictSame([...(await load(500)).failures], [])
})

t.test('the proof can fail: what is refused is a failure, and a write that arrives again is seen', async t => {
  const { origin, ca, postgres, database, key } = replicas
  await postgres.query(database, 'UPDATE hokusai_mlflow.keys SET revoked_at = 1')
  await delay(1000)
  const { requests, failures } = await loadThrough(origin, { key, ca, callers: 2, isOver: count => count >= 8 })
  t.equal([...failures.values()].reduce((sum, count) => sum + count, 0), requests)
  t.match([...failures.keys()].join(), /^GET 401/)
  const { behaviour, writes } = countArrivals()
  for (const id of ['a', 'b', 'a']) behaviour({ whole: Promise.resolve(Buffer.from(id)), write () {} } as unknown as Call)
  await delay(0)
  t.strictSame(writes(), { arrived: 2, twice: 1 })
})
