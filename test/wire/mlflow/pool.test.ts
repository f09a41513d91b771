/** The pool towards MLflow tells apart who closed a connection. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { openUpstream } from '../../../src/mlflow/pool.js'

t.test('a connection that MLflow closes is told of, one that the facade lets go after its idle time is not', async t => {
  const server = createServer((_request, response) => response.end('3.17.2')).listen(0, '127.0.0.1')
  server.keepAliveTimeout = 60_000
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const upstream = openUpstream(loadConfig({ MLFLOW_UPSTREAM_URL: url.href }, () => '').upstream, url)
  t.teardown(async () => {
    await upstream.close()
    server.closeAllConnections()
    server.close()
  })
  const broken: string[] = []
  upstream.onBroken(() => broken.push('told'))
  const connections = async (): Promise<number> => await new Promise(resolve => server.getConnections((_error, count) => resolve(count)))

  await upstream.probe('/version')
  t.equal(await connections(), 1)
  while (await connections() > 0) await delay(50)
  t.equal(broken.length, 0)
  await upstream.probe('/version')
  server.closeAllConnections()
  for (let waited = 0; broken.length === 0 && waited < 2000; waited += 20) await delay(20)
  t.equal(broken.length, 1)
})
