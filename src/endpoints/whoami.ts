/** `/whoami`: what the presented key is and may do. */
import type { FastifyInstance } from 'fastify'
import { scopeNames } from '../access/scopes.js'
import { closed, describe, json, nullable, string } from './describe.js'

const schema = describe({
  operationId: 'whoami',
  summary: 'What the presented key may do',
  description: 'Whose key it is, its scopes and workspaces, its limit and when it expires.',
  scope: 'any',
  response: {
    200: {
      description: 'The key.',
      content: json(closed({
        id: { ...string, description: 'Id of the key; not the key.' },
        name: string,
        owner: string,
        environment: string,
        scopes: { type: 'array', items: { ...string, enum: scopeNames } },
        workspaces: { type: 'array', items: { ...string, description: 'Empty: all workspaces.' } },
        rate_limit_per_hour: nullable({ type: 'number' }), // an auth service may give fractions
        expires_at: { ...nullable(string), format: 'date-time' }
      }, ['id', 'owner', 'scopes', 'workspaces', 'rate_limit_per_hour', 'expires_at']), {
        id: 'key_7KqZ2hVd0w',
        name: 'training',
        owner: 'ann',
        environment: 'live',
        scopes: ['mlflow:read', 'mlflow:write'],
        workspaces: [],
        rate_limit_per_hour: null,
        expires_at: '2027-01-01T00:00:00.000Z'
      })
    }
  }
})

export default async function whoami (app: FastifyInstance): Promise<void> {
  app.get('/whoami', { schema, config: { access: 'ui', operation: 'whoami' } }, async ({ caller }) => ({
    id: caller?.keyId,
    name: caller?.name,
    owner: caller?.userId,
    environment: caller?.environment,
    scopes: [...caller?.scopes ?? []],
    workspaces: caller?.workspaces,
    rate_limit_per_hour: caller?.ratePerHour ?? null,
    expires_at: caller?.expiresAt === undefined ? null : new Date(caller.expiresAt).toISOString()
  }))
}
