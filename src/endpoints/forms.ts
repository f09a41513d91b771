/** What forms of pages send. */
import type { FastifyInstance } from 'fastify'

const formMaxBytes = 16 * 1024

/** Has the routes of a plug-in take forms: a field that comes twice is the last one. */
export function takeForms (app: FastifyInstance): void {
  const form = { parseAs: 'string', bodyLimit: formMaxBytes } as const
  app.addContentTypeParser('application/x-www-form-urlencoded', form, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })
}
