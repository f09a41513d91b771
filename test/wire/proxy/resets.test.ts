/**
 * The outage: a caller without a key sent `CONNECT a:1`, or a path that cannot be decoded, and reset its connection before the
 * answer was out. Node had taken its own listeners off the one socket, and the other's address was already gone: either error
 * was raised where nobody listened, and the process ended with all that it was doing for others.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { facade, requestHead } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

t.test('a connection that is reset at any moment harms nobody else', async t => {
  const { call, connect } = await facade(t, echo)
  const host = 'Host: facade.test\r\n'
  const starts = [
    `CONNECT a:1 HTTP/1.1\r\n${host}\r\n${'x'.repeat(100)}`, `GET /mlflow/%zz HTTP/1.1\r\n${host}\r\n`, `QUERY /live HTTP/1.1\r\n${host}\r\n`, 'garbage\r\n\r\n',
    `GET /live HTTP/1.1\r\n${host}\r\n`, `OPTIONS /x HTTP/1.1\r\n${host}\r\n`, requestHead('GET', '/mlflow/api/2.0/mlflow/experiments/search'),
    requestHead('PUT', '/mlflow/api/2.0/mlflow-artifacts/artifacts/x', { body: 'x'.repeat(200_000) }) + 'x'.repeat(50_000), requestHead('POST', '/mlflow/graphql', { body: '{}' }), `GET /live HTTP/1.1\r\n${host}`
  ]
  for (const start of starts) {
    for (let round = 0; round < 24; round++) {
      const connection = await connect()
      connection.write(start)
      await delay(round % 4) // before, while and after it is read
      connection.socket.resetAndDestroy()
    }
    t.equal((await call('GET', '/live', { key: null })).status, 200, start.slice(0, 30))
  }
})
