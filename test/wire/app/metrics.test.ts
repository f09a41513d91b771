/** The metrics have a port without a key: whoever reaches it can neither stop the process nor fill it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import { Gauge, Registry } from 'prom-client'
import t from 'tap'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { serveMetrics } from '../../../src/observe/metrics-server.js'
import { connect, head } from '../../helpers/client.js'
import { startFacade } from '../../helpers/facade.js'
import { echo, standIn } from '../../helpers/upstream.js'

t.test('two thousand scrapes in one write, unread, on each of twenty connections: the process goes on, small, and ends on SIGTERM', async t => {
  const mlflow = await standIn(t, echo)
  const metricsPort = await freePort()
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { METRICS_PORT: String(metricsPort) } })
  const growth = up.watchGrowth()
  const attackers = await Promise.all(Array.from({ length: 20 }, async () => await connect(t, metricsPort)))
  for (const { socket, write } of attackers) {
    socket.pause()
    write(head('GET /metrics').repeat(2000))
  }
  for (let look = 0; look < 10; look++) {
    const answered = await fetch(`${up.url}/live`, { signal: AbortSignal.timeout(1000) })
    t.equal(answered.status, 200)
    await delay(50)
  }
  for (const { destroy } of attackers) destroy()
  const scraped = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { signal: AbortSignal.timeout(1000) })
  t.match(await scraped.text(), /hokusai_mlflow_upstream_up 1/)
  t.ok(growth() < 150 * 2 ** 20, `${Math.round(growth() / 2 ** 20)} MiB`)
  const start = performance.now()
  await up.stop()
  t.ok(performance.now() - start < 5000)
})

t.test('scrapes at the same time share one text, which is made anew after a second', async t => {
  let made = 0
  const registry = new Registry()
  registry.registerMetric(new Gauge({ name: 'made', help: 'How often.', registers: [], collect () { this.set(++made) } }))
  const server = await serveMetrics(registry, '127.0.0.1', 0)
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  const connection = await connect(t, port)
  connection.write(head('GET /metrics').repeat(20) + head('GET /other'))
  for (let count = 0; count < 20; count++) t.match((await connection.answer()).text(), /^made 1$/m)
  t.equal((await connection.answer()).status, 404)
  await delay(1050) // as long as a text is shared
  connection.write(head('GET /metrics'))
  t.match((await connection.answer()).text(), /^made 2$/m, 'on the same connection')
})

t.test('connections beyond 128 are closed, and a head has ten seconds', async t => {
  const server = await serveMetrics(new Registry(), '127.0.0.1', 0)
  t.teardown(() => { server.closeAllConnections(); server.close() })
  t.match(server, { headersTimeout: 10_000, requestTimeout: 10_000 })
  const { port } = server.address() as AddressInfo
  const held = await Promise.all(Array.from({ length: 128 }, async () => await connect(t, port)))
  await (await connect(t, port)).closed
  held[0]?.write(head('GET /metrics'))
  t.equal((await held[0]?.answer())?.status, 200)
})
