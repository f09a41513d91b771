/** `/openapi.json`, `/openapi.yaml` and Swagger UI at `/docs`: open to everyone, without any outside host. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { FacadeError } from '../../core/errors.js'
import { operationOutside } from '../../http/context.js'
import type { Monitor } from '../../mlflow/monitor.js'
import { newest } from '../../mlflow/versions.js'
import { assetsIn, openAssets } from '../assets.js'
import { answer } from '../content.js'
import { openEditions } from './editions.js'
import { pageScript } from './page-script.js'
import { css, logo, title } from './theme.js'
import { edition, jsonEdition, yamlEdition } from './schemas.js'

interface Options {
  /** Tells which MLflow is behind. */
  readonly monitor: Pick<Monitor, 'lastLayout'>
}

const docs = operationOutside('docs')

/**
 * Scripts and styles of our own only. The hash is of the style within Swagger UI's own mark, which it draws before ours
 * takes its place.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

export default async function openapi (app: FastifyInstance, { monitor }: Options): Promise<void> {
  const editions = openEditions()
  const assets = openAssets(assetsIn(join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static')))

  app.addHook('onRequest', (request, reply, done) => {
    request.operation = docs // of Swagger UI's routes too, which are not ours to configure
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
    done()
  })
  // Swagger UI's plug-in would write the document anew for each of these, and send its files uncompressed.
  const instead: Readonly<Record<string, Partial<RouteOptions>>> = {
    '/docs/json': { handler: sendJson, schema: { hide: true, querystring: edition } },
    '/docs/yaml': { handler: sendYaml, schema: { hide: true, querystring: edition } },
    '/docs/static/*': { handler: sendAsset }
  }
  app.addHook('onRoute', route => { Object.assign(route, instead[route.url]) })
  app.addHook('onClose', editions.close)
  app.get('/openapi.json', { schema: jsonEdition }, sendJson)
  app.get('/openapi.yaml', { schema: yamlEdition }, sendYaml)

  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy as never, // a string passes as it is; the types know objects only
    theme: { title, css: [{ filename: 'facade.css', content: css }], js: [{ filename: 'facade.js', content: pageScript }] },
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

  /** One of those that the schema allows: each costs a worker once, so nothing else is made. */
  const asked = (request: FastifyRequest): string => (request.query as { readonly mlflow?: string }).mlflow ?? behind()

  async function sendJson (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return answer(request, reply, (await editions.of(asked(request))).json)
  }

  async function sendYaml (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return answer(request, reply, (await editions.of(asked(request))).yaml)
  }

  async function sendAsset (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asset = await assets((request.params as { readonly '*': string })['*'])
    if (asset === undefined) throw new FacadeError('notFound', { reason: 'notFound' })
    return answer(request, reply, asset)
  }
}
