/** MLflow under its mount, and old paths that are served in place: every path is judged, then forwarded as it came. */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../core/settings/config.js'
import { FacadeError, toFacadeError } from '../core/errors.js'
import type { Bounds } from './bounds.js'
import { accessTo } from './classify.js'
import { checkArtifactPaths, wholeStoreProblem } from './artifact-workspaces.js'
import { mayChange, refusedChange } from '../http/answer/origins.js'
import { publicHost, publicProtocol } from '../http/client-address.js'
import { sayForAudit } from '../http/audited.js'
import { sendError } from '../http/answer/send-error.js'
import { artifactHeaders, uiHeaders, sessionHeaders } from '../http/session-cookie.js'
import type { RequestContext } from '../http/context.js'
import { CutUploadError } from './request-body.js'
import { openForward, type Forwarded, type ForwardOptions } from './forward.js'
import { outgoing, outgoingToGateway, type Identity } from './headers/request-headers.js'
import { hidesGatewayCredentials, losesChunks, type Layout } from '../mlflow/layout.js'
import { inspectBody, type Inspection } from './inspect-body.js'
import { placeRules, type PlaceRules } from '../access/places.js'
import { checkPlaces } from './place-policy.js'
import { movesArtifact, type Match } from '../access/matcher.js'
import { createAsker } from './permissions/asker.js'
import { bindingOf, type Binding } from './permissions/guard.js'
import { answerFiltered } from './permissions/filtered.js'
import { createResolvers } from './permissions/resolver.js'
import { methods } from '../http/target.js'
import { mount, oldRoutes } from '../core/public-paths.js'
import type { Shared } from '../mlflow/probes.js'

export interface MountOptions extends ForwardOptions {
  readonly config: Pick<Config, 'publicUrl' | 'corsAllowedOrigins' | 'allowAssistant' | 'policy'> & ForwardOptions['config']
  readonly trusted: (address: string | undefined) => boolean
  /** The refusal for a key that has ended since its request began. */
  readonly endedSince: (context: RequestContext) => Promise<FacadeError | undefined>
  /** What one key may have under way. */
  readonly bounds: Bounds
  /** MLflow's own /health and /version, asked at most once a second. */
  readonly probes: Shared
}

/** By what a request is judged before it is sent, besides its path; undefined: not by that. */
interface Judged {
  readonly inspection: Inspection | undefined
  readonly places: PlaceRules | undefined
  readonly binding: Binding | undefined
}

const plugin: FastifyPluginAsync<MountOptions> = async (app, options) => {
  const { config, upstream, monitor, trusted, bounds, probes, endedSince } = options
  const access = accessTo(config)
  const forward = await openForward(app, options)
  const probe = createAsker(upstream)
  const resolvers = createResolvers(probe)
  app.decorateRequest('lease')

  // Bodies are streams here, whatever their type: MLflow gets the type that came, or none, and judges it.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream' // Fastify would refuse some
    done()
  })

  app.route({ method: methods, url: `${mount}/*`, config: { access }, handler: serve })
  for (const url of oldRoutes) app.route({ method: methods, url, config: { access, oldPath: true }, handler: serve })

  function serve (request: FastifyRequest, reply: FastifyReply): void {
    if (request.raw.socket.destroyed) return // the caller left while the key was looked up
    try {
      answerOrForward(request, reply)
    } catch (error) {
      sendError(reply, toFacadeError(error))
    }
  }

  function answerOrForward (request: FastifyRequest, reply: FastifyReply): void {
    const { context, caller, operation, raw } = request
    const judged = operation?.match
    if (operation === undefined || judged === undefined) throw new FacadeError('notFound', { reason: 'notFound' })
    if (judged.id === 'health' || judged.id === 'version') {
      probes
        .get(judged.id)
        .then(answer => reply.code(answer.status).type(answer.contentType).send(answer.body))
        .catch(error => sendError(reply, toFacadeError(error)))
      return
    }
    const handling = judged.operation?.handling
    if (handling === 'facade') {
      void reply.send(currentUser(request))
      return
    }
    const { head } = context
    const own = mayChange(request, config, trusted(raw.socket.remoteAddress))
    const refused = own ? undefined : refusedChange(request, config)
    if (refused !== undefined) throw refused
    checkManagedWorkspace(request)
    if (request.keyIn === 'cookie') context.responseHeaders.push(...headersFor(judged))
    const workspace = chosenWorkspace(request)
    checkArtifactPaths(request, workspace)
    const places = placeRules(judged.id, config.policy)
    const inspection = handling ?? (places === undefined ? undefined : 'message')
    bounds.enter(request, movesArtifact(judged) || isSpooled(request, monitor.layout))
    if (judged.id === 'updateExperiment') reply.raw.once('close', resolvers.forgetNames)
    const bound = caller?.permissions
    const binding = bound === undefined ? undefined : bindingOf(request, bound, judged, workspace, resolvers)
    const forwarded: Forwarded = {
      match: judged,
      target: operation.path + context.target.query,
      ...inspection === undefined && binding === undefined
        ? {}
        : { judge: async layout => await inspect(request, { inspection, places, binding }, layout) },
      tiedTo: caller?.workspaces ?? [],
      wholeStore: wholeStoreProblem(request),
      headers: (length, layout, path) => {
        const sent = { ...head, contentLength: length }
        const requestId = context.hasOwnId ? context.id : undefined
        const toGateway = judged.family === 'gateway' // which hands headers on to providers: neither token nor trace goes there
        const identity: Identity = {
          host: upstream.host,
          authorization: upstream.authorization,
          signed: toGateway ? undefined : upstream.sign?.({ method: raw.method ?? '', path, caller, requestId }),
          requestId: context.id,
          traceparent: toGateway ? undefined : context.trace?.toUpstream(),
          hasOwnRequestId: context.hasOwnId,
          userId: caller?.userId,
          keyId: caller?.keyId,
          workspace,
          origin: own ? undefined : head.origin,
          clientAddress: context.address,
          publicProtocol: publicProtocol(request, config.publicUrl),
          publicHost: publicHost(request, config.publicUrl)
        }
        return toGateway ? outgoingToGateway(sent, identity, hidesGatewayCredentials(layout)) : outgoing(sent, identity)
      }
    }
    if (binding === undefined || 'judge' in binding) forward(request, reply, forwarded)
    else {
      answerFiltered(request, reply, forwarded, { probe, monitor }, binding)
        .catch(error => { if (!(error instanceof CutUploadError)) sendError(reply, toFacadeError(error)) })
    }
  }

  async function inspect (
    request: FastifyRequest,
    { inspection, places, binding }: Judged,
    layout: Layout
  ): Promise<Buffer | undefined> {
    const { raw, context, caller } = request
    let body: Buffer | undefined
    if (inspection !== undefined) {
      const { body: read, class: asked } = await inspectBody(raw, inspection, caller?.scopes ?? new Set(), layout, config.bodyMaxBytes)
      if (places !== undefined) checkPlaces(request, request.operation?.name ?? '', places, read)
      // A mutation, or what may be one: the table knows the path of GraphQL alone
      if (asked !== undefined && asked !== 'read') sayForAudit(request, { changes: true })
      body = read
    }
    if (binding !== undefined && 'judge' in binding) body = await binding.judge(layout, body)
    const ended = await endedSince(context) // a body may have taken its time
    if (ended !== undefined) throw ended
    return body
  }
}

export default plugin

/** What goes with MLflow's answer to a session. */
function headersFor (judged: Match): readonly string[] {
  if (movesArtifact(judged)) return artifactHeaders
  return judged.class === 'ui' ? uiHeaders : sessionHeaders
}

/** A chunked body may have any size, and takes a file where MLflow cannot read it; as long as MLflow is not known, it counts as one. */
function isSpooled ({ raw, context: { head }, operation }: FastifyRequest, layout: Layout | undefined): boolean {
  if (head.transferEncoding === undefined || operation?.match === undefined) return false
  return layout === undefined || losesChunks(layout, operation.match.family, raw.method ?? '')
}

/** The workspace that MLflow is told; a key that is tied to workspaces reaches no other. */
function chosenWorkspace ({ caller, context: { head } }: FastifyRequest): string | undefined {
  const asked = head.workspace[0]
  const allowed = caller?.workspaces ?? []
  if (allowed.length === 0) return asked
  if (asked === undefined && allowed.length === 1) return allowed[0]
  if (asked !== undefined && allowed.includes(asked)) return asked
  throw new FacadeError('forbidden', {
    reason: 'workspace',
    message:
      asked === undefined
        ? `This API key is limited to the workspaces ${allowed.join(', ')}: name one in X-MLFLOW-WORKSPACE.`
        : 'This API key has no access to the workspace that X-MLFLOW-WORKSPACE names.'
  })
}

/**
 * Workspaces are managed by their names in the path (`/api/3.0/mlflow/workspaces/{name}`): a key that is tied to some
 * manages those alone, and neither lists nor makes any.
 */
function checkManagedWorkspace ({ caller, operation }: FastifyRequest): void {
  const allowed = caller?.workspaces ?? []
  if (allowed.length === 0 || operation?.match?.operation?.area !== 'Workspaces') return
  const [, name] = /^\/(?:ajax-)?api\/3\.0\/mlflow\/workspaces\/([^/]+)$/.exec(decodeURIComponent(operation.path)) ?? []
  if (name === undefined || !allowed.includes(name)) {
    throw new FacadeError('forbidden', { reason: 'workspace', message: `This API key is limited to the workspaces ${allowed.join(', ')}.` })
  }
}

/** MLflow's pages ask whose session it is; without its own auth app MLflow answers 404 (3.17.2, 3.18.0), and the facade knows. */
function currentUser ({ caller }: FastifyRequest): unknown {
  return { user: { id: caller?.userId ?? '', username: caller?.userId ?? '', is_admin: caller?.scopes.has('mlflow:admin') ?? false } }
}
