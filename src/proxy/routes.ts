/** MLflow under its mount, and old paths that are served in place: every path is judged, then forwarded as it came. */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../core/config.js'
import { FacadeError, toFacadeError } from '../core/errors.js'
import type { Bounds } from '../http/bounds.js'
import { checkArtifactPaths, wholeStoreProblem } from './artifact-workspaces.js'
import { mayWrite } from '../http/cors.js'
import { foreignPage, isOwnOrigin, publicHost, publicProtocol } from '../http/client-address.js'
import { refuse } from '../http/send-error.js'
import { isStripped } from '../http/stripped.js'
import type { Visit } from '../http/context.js'
import type { AccessClass, Mark } from '../access/classes.js'
import { openForward, type ForwardOptions } from './forward.js'
import { outgoing, outgoingToGateway, type Identity } from './request-headers.js'
import { hidesGatewayCredentials, losesChunks, type Layout } from '../mlflow/layout.js'
import { inspectBody } from './inspect-body.js'
import { match, matchFixed, mayDouble, movesArtifact, type Match } from '../access/matcher.js'
import { collapseSlashes } from '../access/readings.js'
import { belowMount, methods, oldRoutes } from '../http/target.js'
import { mount } from '../core/mount.js'
import type { Shared } from '../mlflow/probes.js'

const stateChanging = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** A Location longer than this breaks clients (Python's http.client reads lines of 64 KiB): such a request is served in place. */
const redirectMaxLength = 16 * 1024

export interface MountOptions extends ForwardOptions {
  readonly config: Pick<Config, 'publicUrl' | 'corsAllowedOrigins' | 'legacy' | 'allowAssistant'> & ForwardOptions['config']
  readonly trusted: (address: string | undefined) => boolean
  /** The refusal for a key that has ended since its request began. */
  readonly endedSince: (visit: Visit) => Promise<FacadeError | undefined>
  /** What one key may have under way. */
  readonly bounds: Bounds
  /** MLflow's own /health and /version, asked at most once a second. */
  readonly probes: Shared
}

const plugin: FastifyPluginAsync<MountOptions> = async (app, options) => {
  const { config, upstream, monitor, trusted, bounds, probes, endedSince } = options
  const forward = await openForward(app, options)

  app.route({ method: methods, url: `${mount}/*`, config: { access: { early, judged } }, handler: serve })
  for (const url of oldRoutes) app.route({ method: methods, url, config: { access: { early, judged } }, handler: serveOld })

  /** What a request demands whose path is a fixed one, or an old one that is only told its new place; in constant time. */
  function early (request: FastifyRequest): AccessClass | undefined {
    const { visit, raw } = request
    const path = below(visit)
    const found = matchFixed(raw.method ?? '', path)
    const needed = found === undefined ? undefined : note(visit, path, found)
    return visit.legacy !== undefined && !inPlace(request) ? 'public' : needed
  }

  /** Judges a request's path as MLflow will see it, and says what it demands. */
  function judged ({ visit, raw }: FastifyRequest): AccessClass {
    const method = raw.method ?? ''
    let path = below(visit)
    if (path.includes('//') && !mayDouble(path)) path = collapseSlashes(path)
    let found = match(method, path)
    if (path.includes('//') && !found.artifactPath) {
      path = collapseSlashes(path)
      found = match(method, path)
    }
    const { odd } = visit.target
    if (odd !== undefined && !found.artifactPath) throw new FacadeError('badRequest', { message: odd, reason: 'malformed' })
    return note(visit, path, found)
  }

  function note (visit: Visit, path: string, found: Match): AccessClass {
    visit.path = path
    visit.match = found
    visit.operation = found.id
    return found.class === 'blocked' && config.allowAssistant && found.family === 'assistant' ? 'admin' : found.class
  }

  /** Whether an old path is answered like the new one, or only told where that is. */
  function inPlace ({ raw: { method, headers }, visit: { target } }: FastifyRequest): boolean {
    const { mode } = config.legacy
    if (mode !== 'redirect') return mode === 'forward'
    return (method !== 'GET' && method !== 'HEAD') || target.path.length + target.query.length > redirectMaxLength || target.odd !== undefined || isStripped(headers['x-forwarded-prefix'])
  }

  function serveOld (request: FastifyRequest, reply: FastifyReply): void {
    const { visit } = request
    const location = `${visit.legacy ?? mount}${visit.target.query}`
    if (inPlace(request)) serve(request, reply)
    else if (config.legacy.mode === 'gone') refuse(reply, new FacadeError('gone', { message: `This path has moved to ${visit.legacy ?? mount}.` }))
    else void reply.code(307).header('location', location).send({ message: 'This path has moved: follow Location, or set the tracking URI to this origin with /mlflow.', location })
  }

  function serve (request: FastifyRequest, reply: FastifyReply): void {
    if (request.raw.socket.destroyed) return // the caller left while the key was looked up
    try {
      answerOrForward(request, reply)
    } catch (error) {
      refuse(reply, toFacadeError(error))
    }
  }

  function answerOrForward (request: FastifyRequest, reply: FastifyReply): void {
    const { visit, raw } = request
    const judged = visit.match
    if (judged === undefined) throw new FacadeError('notFound')
    if (judged.id === 'health' || judged.id === 'version') {
      probes.get(judged.id).then(answer => reply.code(answer.status).type(answer.contentType).send(answer.body)).catch(error => refuse(reply, toFacadeError(error)))
      return
    }
    const mark = judged.operation?.mark
    if (mark === 'facade') {
      void reply.send(currentUser(request))
      return
    }
    const { caller, head } = visit
    const peerTrusted = trusted(raw.socket.remoteAddress)
    const own = head.origin === undefined || mayWrite(visit, config.corsAllowedOrigins) || isOwnOrigin(head.origin, request, config, peerTrusted)
    if (!own && stateChanging.has(raw.method ?? '')) throw new FacadeError('forbidden', { message: foreignPage(head.origin ?? '', request, config.publicUrl), reason: 'foreign_origin' })
    checkManagedWorkspace(request)
    const workspace = chosenWorkspace(request)
    checkArtifactPaths(visit, workspace)
    bounds.enter(visit, movesArtifact(judged) || isSpooled(request, monitor.layout))
    forward(request, reply, {
      match: judged,
      target: visit.path + visit.target.query,
      ...mark === undefined ? {} : { judge: async layout => await inspect(request, mark, layout) },
      tiedTo: caller?.workspaces ?? [],
      wholeStore: wholeStoreProblem(visit),
      headers: (length, layout) => {
        const sent = { ...head, contentLength: length }
        const identity: Identity = {
          host: upstream.host,
          authorization: upstream.authorization,
          requestId: visit.id,
          userId: caller?.userId,
          keyId: caller?.keyId,
          workspace,
          origin: own ? undefined : head.origin,
          clientAddress: visit.address,
          publicProtocol: publicProtocol(request, config.publicUrl),
          publicHost: publicHost(request, config.publicUrl)
        }
        return judged.family === 'gateway' ? outgoingToGateway(sent, identity, hidesGatewayCredentials(layout)) : outgoing(sent, identity)
      }
    })
  }

  async function inspect ({ raw, visit }: FastifyRequest, mark: Exclude<Mark, 'facade'>, layout: Layout): Promise<Buffer> {
    const body = await inspectBody(raw, mark, visit.caller?.scopes ?? new Set(), layout)
    const ended = await endedSince(visit) // a body may have taken its time
    if (ended !== undefined) throw ended
    return body
  }
}

export default plugin

/** The path below the mount. */
function below ({ legacy, target }: Visit): string {
  const path = belowMount(legacy ?? target.path)
  if (path === undefined) throw new FacadeError('notFound') // the router decodes what MLflow's clients never encode
  return path
}

/** A chunked body may have any size, and takes a file where MLflow cannot read it; as long as MLflow is not known, it counts as one. */
function isSpooled ({ raw, visit: { head, match } }: FastifyRequest, layout: Layout | undefined): boolean {
  if (head.transferEncoding === undefined || match === undefined) return false
  return layout === undefined || losesChunks(layout, match.family, raw.method ?? '')
}

/** The workspace that MLflow is told; a key that is tied to workspaces reaches no other. */
function chosenWorkspace ({ visit: { caller, head } }: FastifyRequest): string | undefined {
  const asked = head.workspace[0]
  const allowed = caller?.workspaces ?? []
  if (allowed.length === 0) return asked
  if (asked === undefined && allowed.length === 1) return allowed[0]
  if (asked !== undefined && allowed.includes(asked)) return asked
  throw new FacadeError('forbidden', {
    reason: 'workspace',
    message: asked === undefined ? `This API key is for the workspaces ${allowed.join(', ')}: name one in X-MLFLOW-WORKSPACE.` : 'This API key is not for the workspace that X-MLFLOW-WORKSPACE names.'
  })
}

/** Workspaces are managed by their names in the path (`/api/3.0/mlflow/workspaces/{name}`): a key that is tied to some manages those alone, and neither lists nor makes any. */
function checkManagedWorkspace ({ visit: { caller, match, path } }: FastifyRequest): void {
  const allowed = caller?.workspaces ?? []
  if (allowed.length === 0 || match?.operation?.area !== 'Workspaces') return
  const [, name] = /^\/(?:ajax-)?api\/3\.0\/mlflow\/workspaces\/([^/]+)$/.exec(decodeURIComponent(path)) ?? []
  if (name === undefined || !allowed.includes(name)) throw new FacadeError('forbidden', { reason: 'workspace', message: `This API key is for the workspaces ${allowed.join(', ')} alone.` })
}

/** MLflow's pages ask whose session it is; without its own auth app MLflow answers 404 (3.17.2, 3.18.0), and the facade knows. */
function currentUser ({ visit: { caller } }: FastifyRequest): unknown {
  return { user: { id: caller?.userId ?? '', username: caller?.userId ?? '', is_admin: caller?.scopes.has('mlflow:admin') ?? false } }
}
