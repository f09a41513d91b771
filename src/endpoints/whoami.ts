/** `/whoami`: what the presented key is and may do. */
import type { FastifyInstance } from 'fastify'
import { scopeNames } from '../access/scopes.js'
import { closed, describe, json, nullable, string } from './describe.js'

const integer = { type: 'integer', minimum: 0 }

const schema = describe({
  operationId: 'whoami',
  summary: 'What the presented key may do',
  description: 'Whose key it is, its scopes, workspaces and permissions, its limit and what is left of it, and when it expires. Costs no call.',
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
        permissions: { type: 'array', items: { ...string, description: 'What it may read and write, such as `write:experiments/team-a/*`. Empty: all that its scopes allow.' } },
        rate_limit_per_hour: { ...nullable({ type: 'number' }), description: 'Calls an hour; `null`: no limit.' }, // an auth service may give fractions
        rate_limit_remaining: { ...nullable(integer), description: 'Calls that may be made at once; `null`: no limit.' },
        rate_limit_next_seconds: { ...nullable(integer), description: 'Until there is one more; 0: all are there.' },
        expires_at: { ...nullable(string), format: 'date-time' }
      }, ['id', 'owner', 'scopes', 'workspaces', 'permissions', 'rate_limit_per_hour', 'rate_limit_remaining', 'rate_limit_next_seconds', 'expires_at']), {
        id: 'key_7KqZ2hVd0w',
        name: 'training',
        owner: 'ann',
        environment: 'live',
        scopes: ['mlflow:read', 'mlflow:write'],
        workspaces: [],
        permissions: [],
        rate_limit_per_hour: 3600,
        rate_limit_remaining: 3597,
        rate_limit_next_seconds: 1,
        expires_at: '2027-01-01T00:00:00.000Z'
      })
    }
  }
})

export default async function whoami (app: FastifyInstance): Promise<void> {
  app.get('/whoami', { schema, config: { access: 'ui', operation: 'whoami', free: true } }, async ({ caller, standing }) => ({
    id: caller?.keyId,
    name: caller?.name,
    owner: caller?.userId,
    environment: caller?.environment,
    scopes: [...caller?.scopes ?? []],
    workspaces: caller?.workspaces,
    permissions: caller?.permissions?.texts ?? [],
    rate_limit_per_hour: caller?.ratePerHour ?? null,
    rate_limit_remaining: standing?.remaining ?? null,
    rate_limit_next_seconds: standing === undefined ? null : Math.ceil(standing.nextMs / 1000),
    expires_at: caller?.expiresAt === undefined ? null : new Date(caller.expiresAt).toISOString()
  }))
}
