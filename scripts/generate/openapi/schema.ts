/** The parts of an OpenAPI 3.1 document that the generator writes, as types. */

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly dependentSchemas?: Readonly<Record<string, Schema | { readonly properties: Readonly<Record<string, false>> }>>
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly contentEncoding?: string
  readonly contentMediaType?: string
  readonly deprecated?: true
  /** First known version of MLflow that has the property, where that is later than its object's. */
  readonly 'x-mlflow-since'?: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
  readonly style?: 'form'
  readonly explode?: boolean
  readonly deprecated?: true
  readonly example?: unknown
  readonly 'x-mlflow-since'?: string
}

export interface Media {
  readonly schema?: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, unknown>>
  /** The first MLflow that takes or gives it. */
  readonly 'x-mlflow-since'?: string
}

export interface Response {
  readonly description: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, Media>>
  readonly 'x-mlflow-since'?: string
}

export interface Body {
  readonly required?: boolean
  readonly description?: string
  readonly content: Readonly<Record<string, Media>>
}

/** What a call of one operation looks like, before texts, errors and security are added. */
export interface Shape {
  readonly parameters: readonly Parameter[]
  readonly body?: Body
  /** Answers other than the common errors, by status. */
  readonly responses: Readonly<Record<string, Response>>
}

export type Schemas = Record<string, Schema>

export function ref (name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

export function json (schema: Schema): Readonly<Record<string, Media>> {
  return { 'application/json': { schema } }
}

/** An object whose every property is known. */
export function closed (properties: Readonly<Record<string, Schema>>, required: readonly string[] = Object.keys(properties)): Schema {
  return { type: 'object', properties, ...required.length > 0 ? { required } : {}, additionalProperties: false }
}

/** An object of a request: MLflow ignores what it does not know. */
export function open (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, ...required.length > 0 ? { required } : {} }
}

export const string: Schema = { type: 'string' }
export const integer: Schema = { type: 'integer', format: 'int64' }
export const boolean: Schema = { type: 'boolean' }
export const number: Schema = { type: 'number', format: 'double' }

export function list (items: Schema): Schema {
  return { type: 'array', items }
}

export function nullable (schema: Schema): Schema {
  return typeof schema.type === 'string' ? { ...schema, type: [schema.type, 'null'] } : { anyOf: [schema, { type: 'null' }] }
}
