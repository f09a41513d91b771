/** `/admin/audit`: the audit events that are kept, for administrators. */
import type { FastifyInstance } from 'fastify'
import type { AuditOutcome } from '../../audit/event.js'
import { momentAllowed, momentOf } from '../../audit/read/moment.js'
import { openAuditReader, unkept } from '../../audit/read/open.js'
import { PageTokenError } from '../../audit/read/query.js'
import type { AuditConfig } from '../../core/settings/audit-settings.js'
import { FacadeError, unavailable } from '../../core/errors.js'
import { UserError } from '../../core/user-error.js'
import { auditSchema } from './audit-schemas.js'
import { adminRoute } from './keys.js'

interface Query {
  readonly since?: string
  readonly until?: string
  readonly key?: string
  readonly user?: string
  readonly operation?: string
  readonly outcome?: AuditOutcome
  readonly reason?: string
  readonly max_results: string
  readonly page_token?: string
}

/** Of files one page looks through so much: a filter that fits nothing holds up nobody, and the next page goes on. */
const scanMaxBytes = 32 * 1024 * 1024

export default async function adminAudit (app: FastifyInstance, { audit }: { readonly audit: AuditConfig }): Promise<void> {
  const reader = await openAuditReader(audit)
  app.addHook('onClose', async () => await reader?.close())
  app.get('/admin/audit', adminRoute('audit', auditSchema), async request => {
    if (reader === undefined) throw new FacadeError('notFound', { message: unkept(audit), reason: 'notFound' })
    const { since, until, max_results: max, page_token: token, ...filter } = request.query as Query
    const now = Date.now()
    const span = { since: momentIn('since', since, now), until: momentIn('until', until, now) }
    try {
      const { events, next } = await reader.read({ ...filter, ...span }, { max: Number(max), token, scanMaxBytes })
      return { events, next_page_token: next ?? null }
    } catch (error) {
      if (error instanceof PageTokenError) throw invalid('page_token', 'is not one that came with a page')
      throw error instanceof UserError ? unavailable('The audit events cannot be read at the moment. Try again.', 'store_unavailable', error) : error
    }
  })
}

function momentIn (name: string, given: string | undefined, now: number): number | undefined {
  if (given === undefined) return undefined
  const at = momentOf(given, now)
  if (at === undefined) throw invalid(name, `must be ${momentAllowed}`)
  return at
}

function invalid (name: string, problem: string): FacadeError {
  return new FacadeError('badRequest', { message: `The parameter ${name} ${problem}.`, reason: 'schema' })
}
