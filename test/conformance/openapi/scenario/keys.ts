/** Calls every operation on the keys of the facade. */
import { createHash } from 'node:crypto'
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'

export async function keys (c: Caller): Promise<void> {
  const body = { name: 'nightly', owner: 'ann', scopes: ['mlflow:read'], workspaces: ['team-a'], rate: '3600/hour', expires_in: '90d' }
  const id = (await c.call('createKey', { body, status: 201 })).at('id')
  await c.call('createKey', { body: { name: 'nightly', user: 'ann' }, status: 400, wrong: true })
  await c.call('createKey', { body, anonymous: true, status: 401 })
  await c.call('listKeys', { parameters: { owner: 'ann', state: 'live', max_results: 10 } })
  const first = await c.call('listKeys', { parameters: { max_results: 1 } })
  await c.call('listKeys', { parameters: { max_results: 1, page_token: first.at('next_page_token') } })
  await c.call('listKeys', { parameters: { page_token: 'none' }, status: 400 })
  const one = { parameters: { id } }
  const none = { parameters: { id: 'none' } }
  await c.call('getKey', one)
  await c.call('getKey', { ...none, status: 404 })
  await c.call('updateKey', { ...one, body: { name: 'weekly', workspaces: [], rate: null } })
  await c.call('disableKey', { ...one, body: { reason: 'on leave' } })
  await c.call('rotateKey', { ...one, body: {}, status: 409 })
  await c.call('enableKey', one)
  await c.call('rotateKey', { ...one, body: { overlap_seconds: 3600 }, status: 201 })
  await c.call('rotateKey', { ...one, body: {}, status: 409 })
  await c.call('revokeKey', { parameters: { id, reason: 'no longer needed' }, status: 204 })
  await c.call('revokeKey', { ...none, status: 404 })
  await c.call('enableKey', { ...one, status: 409 })
  const imported = { body: { keys: [{ key_hash: createHash('sha256').update('of another system').digest('hex'), name: 'imported', user_id: 'ann' }] } }
  await c.call('importKeys', imported)
  await c.call('importKeys', { ...imported, status: 409 })
  // The key that all calls come with stays good for a day.
  await c.call('rotateOwnKey', { body: { overlap_seconds: 86_400 }, status: 201 })
  await c.call('rotateOwnKey', { body: {}, status: 409 })
}
