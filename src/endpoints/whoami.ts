/** `/whoami`: what the presented key is and may do. */
import type { FastifyInstance } from 'fastify'

export default async function whoami (app: FastifyInstance): Promise<void> {
  app.get('/whoami', { config: { access: 'ui' } }, async ({ visit }) => {
    visit.operation = 'whoami'
    const { caller } = visit
    return {
      id: caller?.keyId,
      name: caller?.name,
      owner: caller?.userId,
      environment: caller?.environment,
      scopes: [...caller?.scopes ?? []],
      workspaces: caller?.workspaces,
      rate_limit_per_hour: caller?.ratePerHour ?? null,
      expires_at: caller?.expiresAt === undefined ? null : new Date(caller.expiresAt).toISOString()
    }
  })
}
