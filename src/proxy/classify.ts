/** Which operation of MLflow's a request is for, and what that demands. A value comes back; the request stays as it is. */
import type { FastifyRequest } from 'fastify'
import { match, matchFixed, mayDouble, type Match } from '../access/matcher.js'
import { collapseSlashes } from '../access/readings.js'
import { FacadeError } from '../core/errors.js'
import { belowMount } from '../core/public-paths.js'
import type { Access, Judgement } from '../http/access.js'

/** What the routes of MLflow demand, as the check of keys asks for it. */
export function accessTo ({ allowAssistant }: { readonly allowAssistant: boolean }): Access {
  const judgementOf = (path: string, found: Match): Judgement => ({
    class: found.class === 'blocked' && allowAssistant && found.family === 'assistant' ? 'admin' : found.class,
    operation: { name: found.id, path, match: found }
  })
  return {
    early (request) {
      const path = pathOf(request)
      if (path === undefined) return undefined
      const found = matchFixed(request.raw.method ?? '', path)
      return found === undefined ? undefined : judgementOf(path, found)
    },
    judged (request) {
      const path = pathOf(request)
      // The router decodes what MLflow's clients never encode
      if (path === undefined) throw new FacadeError('notFound', { reason: 'notFound' })
      const { path: read, found } = matchCollapsed(request.raw.method ?? '', path)
      const { odd } = request.context.target
      if (odd !== undefined && !found.artifactPath) throw new FacadeError('badRequest', { message: odd, reason: 'malformed' })
      return judgementOf(read, found)
    }
  }
}

/** Judges a path as MLflow will see it: doubled slashes are collapsed where they are no part of an artifact's name. */
function matchCollapsed (method: string, path: string): { readonly path: string, readonly found: Match } {
  const single = path.includes('//') && !mayDouble(path) ? collapseSlashes(path) : path
  const found = match(method, single)
  if (!single.includes('//') || found.artifactPath) return { path: single, found }
  const collapsed = collapseSlashes(single)
  return { path: collapsed, found: match(method, collapsed) }
}

/** The path below the mount. */
function pathOf ({ successor, context: { target } }: FastifyRequest): string | undefined {
  return belowMount(successor ?? target.path)
}
