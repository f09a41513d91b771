/** What workers count of old paths reaches the primary, and holds no more of a caller than is counted. */
import t from 'tap'
import { toScopes } from '../../../src/access/scopes.js'
import type { OldPathCalls } from '../../../src/workers/messages.js'
import { relayOldPaths } from '../../../src/workers/old-paths.js'

t.test('calls are told together, one row for a key and a kind of client', async t => {
  const told: Array<readonly OldPathCalls[]> = []
  const { note, close } = relayOldPaths(calls => told.push(calls))
  const caller = { keyId: 'key_1', userId: 'u', name: 'n', hint: 'hk_live_ab12…', environment: 'live', scopes: toScopes(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined } as const
  for (let call = 0; call < 3; call++) note(caller, 'python')
  note(caller, 'curl')
  note(undefined, 'python')
  t.same(told, [])
  close()
  const counted = { keyId: 'key_1', userId: 'u', name: 'n', hint: 'hk_live_ab12…' }
  t.strictSame(told, [[{ caller: counted, client: 'python', calls: 3 }, { caller: counted, client: 'curl', calls: 1 }, { caller: undefined, client: 'python', calls: 1 }]])
  close()
  t.equal(told.length, 1, 'nothing twice')
})
