/** Workers divide what protects others than their callers, and nothing else. */
import t from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { limited } from '../../../src/keys/limiter.js'
import { shareOf } from '../../../src/workers/shares.js'

t.test('bounds that protect MLflow and the disk are divided and rounded up; those of a key are not', async t => {
  const config = loadConfig({ WORKERS: '3', MLFLOW_UPSTREAM_CONNECTIONS: '100' }, () => '')
  const own = shareOf(config, 1000)
  t.match(own, { upstream: { connections: 34 }, spoolTotalBytes: 334, keys: { sharedBy: 3 } })
  t.match(own, { requestsPerKey: config.requestsPerKey, transfersPerKey: config.transfersPerKey, spoolMaxBytes: config.spoolMaxBytes })
})

t.test('workers ask the auth service about as many new keys together as one that is alone', async t => {
  const admitted = (sharedBy: number): number => {
    const { admit } = limited(async () => ({ valid: false, reason: 'unknown' }), () => 0, sharedBy)
    let count = 0
    for (let address = 0; address < 100; address++) {
      try {
        admit?.(`192.0.2.${address}`)
        count++
      } catch { /* no more */ }
    }
    return count
  }
  t.equal(admitted(1), 50)
  t.equal(admitted(2), 25)
  t.equal(admitted(64), 1, 'never none')
})
