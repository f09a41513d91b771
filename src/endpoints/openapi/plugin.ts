/** `/openapi.json`, `/openapi.yaml` and Swagger UI at `/docs`: open to everyone, without any outside host. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { FacadeError } from '../../core/errors.js'
import type { Monitor } from '../../mlflow/monitor.js'
import { newest, versions } from '../../mlflow/versions.js'
import { openAssets } from './assets.js'
import { answer } from './content.js'
import { openEditions } from './editions.js'
import { css, logo, title } from './theme.js'

interface Options {
  /** Tells which MLflow is behind. */
  readonly monitor: Pick<Monitor, 'lastLayout'>
}

/** Scripts and styles of our own only. The hash is of the style within Swagger UI's own mark, which it draws before ours takes its place. */
const contentSecurityPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='", "img-src 'self' data:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"
].join('; ')

export default async function openapi (app: FastifyInstance, { monitor }: Options): Promise<void> {
  const editions = openEditions()
  const assets = openAssets()

  app.addHook('onRequest', (request, reply, done) => {
    request.visit.operation = 'docs'
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
    done()
  })
  // Swagger UI's plug-in would write the document anew for each of these, and send its files uncompressed.
  const instead: Readonly<Record<string, RouteHandlerMethod>> = {
    '/docs/json': sendJson,
    '/docs/yaml': sendYaml,
    '/docs/static/*': sendAsset
  }
  app.addHook('onRoute', route => { route.handler = instead[route.url] ?? route.handler })
  app.addHook('onClose', editions.close)
  app.get('/openapi.json', sendJson)
  app.get('/openapi.yaml', sendYaml)

  // The user interface insists on a document of this plug-in; nobody is sent it.
  await app.register(swagger, { mode: 'static', specification: { document: { openapi: '3.1.0' } as never } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy as never, // a string passes as it is; the types know objects only
    theme: { title, css: [{ filename: 'facade.css', content: css }] },
    logo,
    uiConfig: {
      // Paths without a host: whatever name people use, it is asked for there.
      urls: [{ url: '/openapi.json', name: 'this server' }, { url: '/openapi.json?mlflow=all', name: 'every known MLflow' }],
      deepLinking: true,
      docExpansion: 'none',
      filter: true,
      displayRequestDuration: true,
      persistAuthorization: false,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      syntaxHighlight: { activated: true }
    } as never // `urls` is Swagger UI's own, unknown to the types
  })

  function behind (): string {
    const version = monitor.lastLayout?.version ?? ''
    return /^\d+\.\d+\.\d+/.test(version) ? version : newest
  }

  function asked (request: FastifyRequest): string {
    const wanted = (request.query as { readonly mlflow?: unknown }).mlflow
    if (wanted === undefined) return behind()
    if (wanted === 'all' || (versions as readonly unknown[]).includes(wanted)) return wanted as string
    throw new FacadeError('badRequest', { message: `The parameter mlflow is one of all, ${versions.join(', ')}.`, reason: 'unknown_edition' })
  }

  async function sendJson (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return answer(request, reply, (await editions.of(asked(request))).json)
  }

  async function sendYaml (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return answer(request, reply, (await editions.of(asked(request))).yaml)
  }

  async function sendAsset (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asset = await assets((request.params as { readonly '*': string })['*'])
    if (asset === undefined) throw new FacadeError('notFound')
    return answer(request, reply, asset)
  }
}
