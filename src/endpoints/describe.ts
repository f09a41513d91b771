/** Descriptions of the endpoints of ours: what Fastify checks and writes by, and what the OpenAPI document says. */
import type { FastifySchema } from 'fastify'

/** A JSON schema, as far as the endpoints need one. */
export type Schema = Readonly<Record<string, unknown>>

export interface Described {
  /** In the OpenAPI document. */
  readonly operationId: string
  readonly summary: string
  readonly description: string
  /** What a key needs; `public`: no key is asked for. */
  readonly scope: 'public' | 'any' | 'mlflow:admin'
  readonly deprecated?: true
  readonly params?: Schema
  readonly querystring?: Schema
  readonly body?: Schema
  /** Answers that are no errors, by status: errors look alike everywhere. */
  readonly response: Readonly<Record<number, Answer>>
}

/** With a body, or without one. */
type Answer = { readonly description: string, readonly headers?: Readonly<Record<string, Schema>> } & ({ readonly content: Readonly<Record<string, Media>> } | { readonly type: 'null' })

interface Media {
  readonly schema: Schema
  readonly example?: unknown
}

/** The `schema` of a route. */
export function describe ({ scope, ...described }: Described): FastifySchema {
  return {
    tags: ['Facade'],
    ...scope === 'public' ? { security: [] } : {},
    ...described,
    'x-hokusai-scope': scope
  } as FastifySchema // operationId and the like are known to @fastify/swagger
}

export const string: Schema = { type: 'string' }

/** An object with these members and no others. @param required default: all */
export function closed (properties: Readonly<Record<string, Schema>>, required: readonly string[] = Object.keys(properties)): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

export function nullable (schema: Schema): Schema {
  return { ...schema, type: [schema.type, 'null'] }
}

/** JSON with an example of it. */
export function json (schema: Schema, example: unknown): Readonly<Record<string, Media>> {
  return { 'application/json': { schema, example } }
}
