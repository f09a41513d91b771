import t from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { originFor } from '../../../src/core/origin.js'

t.test('the lines to copy name an address that a client can reach', async t => {
  const origin = (env: Record<string, string>, port?: number): string => originFor(loadConfig(env, () => ''), port)
  t.equal(origin({}), 'http://127.0.0.1:8080')
  t.equal(origin({ PORT: '0' }, 40123), 'http://127.0.0.1:40123')
  t.equal(origin({ HOST: '0.0.0.0', PORT: '81' }), 'http://localhost:81')
  t.equal(origin({ HOST: '::' }), 'http://localhost:8080')
  t.equal(origin({ HOST: '::1' }), 'http://[::1]:8080')
  t.equal(origin({ HOST: '0.0.0.0', PUBLIC_URL: 'https://registry.example' }), 'https://registry.example')
})
