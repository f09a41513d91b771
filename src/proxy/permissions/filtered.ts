/** Answers a list for a key that is bound: MLflow's own answer, less what the key may not read, or an error; never half of it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Permissions } from '../../access/permissions.js'
import { FacadeError } from '../../core/errors.js'
import { hasBody } from '../../http/connection/request-head.js'
import { prefixFor, type Layout } from '../../mlflow/layout.js'
import type { Monitor } from '../../mlflow/monitor.js'
import type { Upstream } from '../../mlflow/pool.js'
import { withoutUnreadable } from '../../permissions/filter.js'
import { judgedMaxBytes } from '../../permissions/message.js'
import type { Listed } from '../../permissions/rules.js'
import { gather } from '../request-body.js'
import { workspaceProblem, type Forwarded } from '../forward.js'
import type { Resolver } from '../../permissions/judge.js'

const answerMaxBytes = 16 * 1024 * 1024
const timeoutMs = 60_000

/** What the connection or the length of a body says is said anew; an answer must not come compressed. */
const own = new Set(['accept-encoding', 'content-length', 'connection', 'expect', 'te', 'transfer-encoding', 'range', 'if-none-match', 'if-modified-since'])

/** What of the answer is kept. */
export interface Filtering {
  readonly filter: Listed
  readonly permissions: Permissions
  readonly resolverOf: (layout: Layout) => Resolver
  /** Judges what is asked for. @throws FacadeError 403 */
  readonly check: (body: Buffer | undefined) => void
}

/** Asks MLflow and answers. @throws FacadeError; CutUploadError */
export async function answerFiltered (
  request: FastifyRequest,
  reply: FastifyReply,
  { match, target, headers, tiedTo }: Forwarded,
  { probe, monitor }: { readonly probe: Upstream['probe'], readonly monitor: Monitor },
  filtering: Filtering
): Promise<void> {
  const { raw, context } = request
  const layout = monitor.layout ?? await monitor.refresh()
  const problem = workspaceProblem(tiedTo, layout)
  if (problem !== undefined) throw problem
  const method = raw.method ?? ''
  const sent = hasBody(context.head) ? await gather(raw, judgedMaxBytes) : undefined
  filtering.check(sent)
  const path = prefixFor(layout, match.family, method) + target
  const answer = await probe(path, {
    forCaller: true,
    method,
    ...sent === undefined ? {} : { body: sent },
    headers: toRecord(headers(undefined, layout, path)),
    timeoutMs,
    maxBytes: answerMaxBytes
  })
  const body = answer.status === 200 ? await filtered(answer.body, layout, filtering) : answer.body
  void reply.code(answer.status).type(answer.contentType).send(body)
}

async function filtered (text: string, layout: Layout, { filter, permissions, resolverOf }: Filtering): Promise<string> {
  try {
    return await withoutUnreadable(text, filter, permissions, resolverOf(layout))
  } catch (error) {
    if (error instanceof FacadeError) throw error
    const message = 'MLflow\'s answer cannot be filtered: ask for fewer results (max_results), or by a narrower filter.'
    throw new FacadeError('badGateway', { reason: 'upstream_protocol', message }) // without its cause: that of the parser quotes the answer
  }
}

/** Names and values in turns; where a name comes again, its values are one list, as HTTP has it. */
function toRecord (flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let index = 0; index < flat.length; index += 2) {
    const name = (flat[index] ?? '').toLowerCase()
    if (own.has(name)) continue
    const value = flat[index + 1] ?? ''
    record[name] = record[name] === undefined ? value : `${record[name]}, ${value}`
  }
  return record
}
