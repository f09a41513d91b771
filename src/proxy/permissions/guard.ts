/** Judges a request of a key that is bound to names, before it is sent. */
import type { FastifyRequest } from 'fastify'
import type { Permissions } from '../../access/permissions.js'
import { FacadeError } from '../../core/errors.js'
import { sayForAudit } from '../../http/audited.js'
import { hasBody } from '../../http/connection/request-head.js'
import type { Layout } from '../../mlflow/layout.js'
import { fieldOf, firstRefused, refusalFor, refusalOf, type Resolver, type Thing } from '../../permissions/judge.js'
import { UnreadableError } from '../../permissions/json-text.js'
import { emptyMessage, judgedMaxBytes, readBody, readQuery } from '../../permissions/message.js'
import { checkFilter } from '../../permissions/list-filter.js'
import { ruleOf, type Listed, type Rule } from '../../permissions/rules.js'
import { spansMaxBytes } from '../../permissions/spans.js'
import { thingsOf, type Reading } from '../../permissions/things.js'
import type { Match } from '../../access/matcher.js'
import { CutUploadError, gather } from '../request-body.js'
import type { Filtering } from './filtered.js'
import { plainSpans } from './spans-body.js'
import type { Resolvers } from './resolver.js'

type Asking = Extract<Rule, { asks: unknown }>

/** What has to be done for a key that is bound. */
export type Binding =
  /** The request is judged before it goes on, its body with it. */
  | { readonly judge: (layout: Layout, body: Buffer | undefined) => Promise<Buffer | undefined> }
  /** The answer is filtered. */
  | Filtering

/**
 * What a request of a key that is bound needs.
 * @param workspace the one that MLflow is told
 * @returns undefined where everything of that kind is allowed, or the operation is bound by nothing
 * @throws FacadeError 403 where the operation is not for such keys
 */
export function bindingOf (
  request: FastifyRequest,
  permissions: Permissions,
  match: Match,
  workspace: string | undefined,
  resolvers: Resolvers
): Binding | undefined {
  const resolverOf = (layout: Layout): Resolver => resolvers.of(layout, workspace)
  const refuse = (why: string): FacadeError => forbidden(refusalFor(permissions, why))
  const { class: demanded, operation } = match
  if (demanded === 'public' || demanded === 'ui' || demanded === 'gateway') return undefined
  if (demanded !== 'read' && demanded !== 'write') throw refuse('This operation is for keys that are not bound.')
  if (permissions.everything(demanded)) return undefined
  const rule = operation === undefined ? { refused: 'It is not known what it is about.' } : ruleOf(operation)
  if ('open' in rule) return undefined
  if ('refused' in rule) throw refuse(`This operation cannot be judged by names: it needs ${demanded}:*. ${rule.refused}`)
  if ('filtered' in rule) {
    if (request.raw.method === 'HEAD') throw refuse('A HEAD request of a list cannot be filtered.')
    return { filter: rule.filtered, permissions, resolverOf, check: body => check(rule.filtered, body) }
  }
  const path = request.operation?.path ?? ''
  if (!match.artifactPath && encodedSlash(path)) throw refuse('A slash in the path is encoded: it cannot be judged.')
  const about = { template: operation?.path ?? '', verb: demanded, path }
  return { judge: async (layout, body) => await judged(rule, layout, body) }

  function check (listed: Listed, body: Buffer | undefined): void {
    try {
      for (const filter of messagesOf(request, body).message.pick('filter')) checkFilter(filter, listed, permissions)
    } catch (error) {
      throw error instanceof UnreadableError ? refuse(error.message) : error
    }
  }

  async function judged (asking: Asking, layout: Layout, read: Buffer | undefined): Promise<Buffer | undefined> {
    const body = read ?? await bodyOf(asking)
    const header = headerOf(request)
    let things: Thing[]
    try {
      const bytes = asking.also === 'spans' && body !== undefined
        ? await plainSpans(body, header('content-type'), header('content-encoding'))
        : body
      things = thingsOf(asking, { ...about, ...messagesOf(request, isMessage(asking) ? body : undefined), header, body: bytes })
    } catch (error) {
      throw error instanceof UnreadableError ? refuse(error.message) : error
    }
    const refused = await firstRefused(permissions, things, resolverOf(layout))
    if (refused !== undefined) {
      sayForAudit(request, { resource: { [fieldOf(refused)]: refused.value } })
      throw forbidden(refusalOf(permissions, refused))
    }
    if (request.raw.destroyed && !request.raw.complete) throw new CutUploadError()
    return body
  }

  async function bodyOf (asking: Asking): Promise<Buffer | undefined> {
    const maxBytes = asking.also === 'spans' ? spansMaxBytes : judgedMaxBytes
    if (!hasBody(request.context.head) || !(isMessage(asking) || asking.also === 'spans')) return undefined
    return await gather(request.raw, maxBytes, () => refuse(`The body is larger than ${maxBytes} bytes: it cannot be judged.`))
  }
}

/** Whether fields of MLflow's message are asked for. */
function isMessage ({ asks, also }: Asking): boolean {
  return asks.some(({ place }) => place === 'message') || also === 'newModel' || also === 'graphql' || also === 'traceTags'
}

/** What MLflow takes for its message, and the query. @throws UnreadableError */
function messagesOf ({ raw, context: { head, target } }: FastifyRequest, body: Buffer | undefined): Pick<Reading, 'message' | 'query'> {
  for (let index = 0; index < target.query.length; index++) {
    if (target.query.charCodeAt(index) > 0x7e) throw new UnreadableError('The query holds bytes that are not percent-encoded.')
  }
  const query = readQuery(target.query)
  const isRead = raw.method === 'GET' || raw.method === 'HEAD'
  if (isRead && !hasBody(head)) return { message: query, query }
  if (body === undefined) return { message: emptyMessage, query }
  if (target.query.length > 1) throw new UnreadableError('The request has both a query and a body.')
  return { message: readBody(body, raw.headers['content-encoding']), query }
}

/** A header that was sent once. */
function headerOf ({ raw }: FastifyRequest): (name: string) => string | undefined {
  return name => {
    const values = raw.rawHeaders.filter((_, index) => index % 2 === 1 && raw.rawHeaders[index - 1]?.toLowerCase() === name)
    if (values.length > 1) throw new UnreadableError(`The header ${name} was sent several times.`)
    return values[0]
  }
}

function encodedSlash (path: string): boolean {
  return path.toLowerCase().includes('%2f')
}

function forbidden (message: string): FacadeError {
  return new FacadeError('forbidden', { reason: 'permission', message })
}
