/** `/favicon.ico`, which browsers ask for beside whatever they show; with a platform behind, that is the platform's. */
import type { FastifyInstance } from 'fastify'
import { icon } from './icon.js'

const headers = { 'cache-control': 'public, max-age=86400', 'x-content-type-options': 'nosniff' }

export default async function favicon (app: FastifyInstance): Promise<void> {
  app.get('/favicon.ico', { schema: { hide: true }, config: { operation: 'favicon' } }, (_request, reply) => {
    return reply.headers(headers).type('image/svg+xml').send(icon)
  })
}
