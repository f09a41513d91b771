import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { KeysConfig } from '../../../src/core/settings/config.js'
import { openStore, openVerifier, storeKind } from '../../../src/keys/open.js'

t.test('the configuration decides which store guards, and the auth service owns its keys', async t => {
  const config = { cacheMs: 1000, staleMs: 1000, serviceId: 'platform', emptyScopes: 'none' as const }
  const service = { ...config, store: { kind: 'service' as const, url: new URL('http://127.0.0.1:9/') } }
  await t.rejects(openStore(service), { name: 'StoreNotOursError' })
  const remote = await openVerifier(service)
  await t.rejects(async () => await remote.verify('K1', '192.0.2.1'), { name: 'StoreUnavailableError' })
  await remote.close()
  const local = await openVerifier({ ...config, store: { kind: 'sqlite', file: join(t.testdir(), 'new', 'folder', 'keys.db') } })
  t.match(await local.verify('K1', '192.0.2.1'), { valid: false, reason: 'unknown' })
  await local.close()
})

t.test('what is said of a store opens none', async t => {
  const file = join(t.testdir(), 'keys.db')
  const rest = { cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' } as const
  const kindOf = (store: KeysConfig['store']): ReturnType<typeof storeKind> => storeKind({ store, ...rest })
  t.match(kindOf({ kind: 'sqlite', file }), { managed: true })
  t.equal(await kindOf({ kind: 'sqlite', file }).exists(), false)
  t.notOk(existsSync(file))
  t.match(kindOf({ kind: 'service', url: new URL('http://127.0.0.1:9/') }), { managed: false })
})
