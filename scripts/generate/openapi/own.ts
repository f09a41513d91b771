/** The facade's own operations, as the running app describes them. */
import { buildApp } from '../../../src/app.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import type { Response, Schemas } from './schema.js'

export interface OwnEntry {
  readonly operationId: string
  readonly parameters?: readonly unknown[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Response>>
  readonly 'x-hokusai-scope': string
}

interface Body {
  readonly required?: boolean
  readonly content: Readonly<Record<string, { readonly schema: { readonly required?: readonly string[], readonly minProperties?: number } }>>
}

export interface Own {
  readonly operations: ReadonlyArray<{ readonly path: string, readonly method: string, readonly entry: OwnEntry }>
  readonly schemas: Schemas
}

/** Builds the app in front of nothing, and asks it. Nothing is listened on. */
export async function readOwn (): Promise<Own> {
  const config = loadConfig({ MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9' }, () => '')
  const nobody = { verify: () => ({ valid: false, reason: 'unknown' } as const), check: async () => {}, close: async () => {} }
  const app = await buildApp(config, { verifier: nobody, upstream: openUpstream(config.upstream, new URL('http://127.0.0.1:9')) })
  try {
    await app.ready()
    return ownOf(app.swagger())
  } finally {
    await app.close()
  }
}

/** @param document what @fastify/swagger gathered */
export function ownOf (document: unknown): Own {
  const { paths, components } = document as { readonly paths: Readonly<Record<string, Readonly<Record<string, OwnEntry>>>>, readonly components: { readonly schemas: Schemas } }
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, entry]) => ({ path, method: method.toUpperCase(), entry: withBody(entry) })))
  return { operations, schemas: components.schemas }
}

/** Says of a body that asks for no field that it may be left out: @fastify/swagger takes each for one that is required. */
function withBody (entry: OwnEntry): OwnEntry {
  const { requestBody: body } = entry
  if (body === undefined) return entry
  const isOptional = Object.values(body.content).every(({ schema: { required = [], minProperties = 0 } }) => required.length === 0 && minProperties === 0)
  return { ...entry, requestBody: { ...body, required: !isOptional } }
}
