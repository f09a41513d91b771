/** `/openapi.json`, `/openapi.yaml` and Swagger UI at `/docs`: open to everyone, without any outside host. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { stringify } from 'yaml'
import { FacadeError } from '../errors.js'
import type { Monitor } from '../mlflow/monitor.js'
import { edition, type Document } from './document.js'
import type { Documents } from './files.js'
import { css, logo, title } from './looks.js'

interface Options {
  readonly documents: Documents
  /** Tells which MLflow is behind. */
  readonly monitor: Pick<Monitor, 'lastLayout'>
}

/** A document with its texts, once somebody asked for them. */
interface Edition {
  readonly document: Document
  json?: string
  yaml?: string
}

/** What `?mlflow=` can ask for besides `all`. */
const known = ['2.22.5', '3.9.0', '3.11.1', '3.17.2'] as const

/** Scripts and styles of our own only. The hash is of the style within Swagger UI's own mark, which it draws before ours takes its place. */
const contentSecurityPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='", "img-src 'self' data:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"
].join('; ')

export default async function openapi (app: FastifyInstance, { documents, monitor }: Options): Promise<void> {
  const { newest, older } = documents
  // Made once for each MLflow that is seen or asked for: a document takes tens of milliseconds.
  const editions = new Map<string, Edition>()

  app.addHook('onRequest', (request, reply, done) => {
    request.visit.operation = 'docs'
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
    done()
  })
  app.get('/openapi.json', (request, reply) => answer(reply, 'application/json; charset=utf-8', jsonOf(asked(request))))
  app.get('/openapi.yaml', (request, reply) => answer(reply, 'application/yaml; charset=utf-8', yamlOf(asked(request))))

  await app.register(swagger, { mode: 'static', specification: { document: newest as never } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy as never, // a string passes as it is; the types know objects only
    transformSpecification: () => of(behind()).document,
    transformSpecificationClone: false,
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
    return /^\d+\.\d+\.\d+/.test(version) ? version : known[known.length - 1] ?? 'all'
  }

  function asked (request: FastifyRequest): string {
    const wanted = (request.query as { readonly mlflow?: unknown }).mlflow
    if (wanted === undefined) return behind()
    if (wanted === 'all' || (known as readonly unknown[]).includes(wanted)) return wanted as string
    throw new FacadeError('badRequest', { message: `The parameter mlflow is one of all, ${known.join(', ')}.`, reason: 'unknown_edition' })
  }

  function of (version: string): Edition {
    const made = editions.get(version) ?? { document: edition(newest, older, version) }
    editions.set(version, made)
    return made
  }

  function jsonOf (version: string): string {
    const made = of(version)
    made.json ??= JSON.stringify(made.document)
    return made.json
  }

  function yamlOf (version: string): string {
    const made = of(version)
    made.yaml ??= stringify(made.document, { aliasDuplicateObjects: false, lineWidth: 0 })
    return made.yaml
  }
}

function answer (reply: FastifyReply, type: string, text: string): FastifyReply {
  return reply.type(type).header('cache-control', 'no-cache').send(text)
}
