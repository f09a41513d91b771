/** Routes that FastAPI serves and describes itself (jobs, MCP servers, skills), brought to the form of the document. */
import type { Registry } from '../registry.js'
import type { Operation } from '../../../src/access/classes.js'
import { json, ref, type Parameter, type Schema, type Schemas, type Shape } from './schema.js'

interface NativeOperation {
  readonly parameters?: ReadonlyArray<{ readonly name: string, readonly in: 'path' | 'query' | 'header', readonly required: boolean, readonly schema: Schema }>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, { readonly content?: { readonly 'application/json'?: { readonly schema: Schema } } }>>
}

/** Names that a message of the protos has already, with another meaning; and those that FastAPI lengthens, since two modules have the same. */
const renamed: Readonly<Record<string, string>> = { JobStatus: 'JobRunStatus', mlflow__server__mcp_server_api__SetTagRequest: 'SetMcpTagRequest', mlflow__server__skill_registry_api__SetTagRequest: 'SetSkillTagRequest' }

/** A picture of a server or a skill. */
const icon: Schema = {
  type: 'object',
  properties: { src: { type: 'string' }, sizes: { type: 'array', items: { type: 'string' } }, mimeType: { type: 'string' }, theme: { type: 'string' } },
  required: ['src'],
  additionalProperties: true
}

/** What FastAPI leaves open and MLflow's code does not. */
const corrected: Readonly<Record<string, Schema>> = {
  MCPServerIconResponsePayload: { ...icon, properties: { ...icon.properties, source: { type: 'string', enum: ['server', 'version'] } } },
  MCPIconResponsePayload: icon,
  SkillIconResponsePayload: icon
}

/** What entities/mcp_server.py, its transport types, and entities/skill.py with its sources allow. */
const enums: Readonly<Record<string, readonly string[]>> = {
  'SkillResponse.status': ['draft', 'active', 'deprecated', 'deleted'],
  'SkillResponse.source_type': ['git', 'oci', 'zip', 'mlflow'],
  'SkillVersionResponse.status': ['draft', 'active', 'deprecated', 'deleted'],
  'SkillVersionResponse.source_type': ['git', 'oci', 'zip', 'mlflow'],
  'MCPServerResponse.status': ['draft', 'active', 'deprecated', 'deleted'],
  'MCPServerVersionResponse.status': ['draft', 'active', 'deprecated', 'deleted'],
  'MCPAccessEndpointResponse.transport_type': ['streamable-http', 'sse'],
  'MCPAccessEndpointSummaryResponse.transport_type': ['streamable-http', 'sse']
}

/**
 * The shape of a native route; undefined where FastAPI knows no more than its path.
 * @param registries oldest first
 */
export function nativeShape (operation: Operation, registries: readonly Registry[], schemas: Schemas): Shape | undefined {
  const { nativePaths, nativeSchemas } = registries.at(-1) as Registry
  const path = operation.path.replaceAll(':path}', '}')
  const described = (nativePaths[path] as Readonly<Record<string, NativeOperation>> | undefined)?.[operation.method.toLowerCase()]
  const answer = described?.responses['200']?.content?.['application/json']?.schema
  if (described === undefined || answer === undefined || Object.keys(answer).length === 0) return undefined
  const body = described.requestBody?.content
  return {
    parameters: (described.parameters ?? []).filter(parameter => parameter.in !== 'path').map(toParameter),
    ...body === undefined ? {} : { body: { required: true, content: Object.fromEntries(Object.entries(body).map(([type, { schema }]) => [type, { schema: convert(schema, 'request') }])) } },
    responses: { 200: { description: 'Done.', content: json(convert(answer, 'response')) } }
  }

  /** The same schema without FastAPI's titles and docstrings; an answer holds all its properties, null where there is nothing. */
  function convert (schema: Schema, side: 'request' | 'response', name?: string): Schema {
    if (schema.$ref !== undefined) return component(schema.$ref.split('/').at(-1) ?? '', side)
    // The routes that return an empty object declare any.
    if (side === 'response' && schema.title?.startsWith('Response ') === true) return { type: 'object', additionalProperties: false }
    const { title, description, properties, items, anyOf, additionalProperties, default: _, ...rest } = schema
    const nullType = anyOf?.length === 2 && anyOf[1]?.type === 'null' ? anyOf[0] : undefined
    if (nullType !== undefined) {
      const inner = convert(nullType, side)
      return typeof inner.type === 'string' ? { ...inner, type: [inner.type, 'null'] } : { anyOf: [inner, { type: 'null' }] }
    }
    return {
      ...rest,
      ...rest.type === 'integer' ? { format: 'int64' } : {},
      ...side === 'request' && schema.default !== undefined ? { default: schema.default } : {},
      ...properties === undefined ? {} : objectOf(properties, schema, side, name ?? ''),
      ...items === undefined ? {} : { items: convert(items, side) },
      ...typeof additionalProperties === 'object' ? { additionalProperties: convert(additionalProperties, side) } : additionalProperties === undefined ? {} : { additionalProperties }
    }
  }

  function objectOf (properties: Readonly<Record<string, Schema>>, schema: Schema, side: 'request' | 'response', name: string): Schema {
    const converted = Object.fromEntries(Object.entries(properties).map(([key, value]) => {
      const introduced = since(name, key)
      return [key, { ...withEnum(`${name}.${key}`, convert(value, side)), ...introduced === undefined ? {} : { 'x-mlflow-since': introduced } }]
    }))
    if (side === 'request' || schema.additionalProperties === true) return { properties: converted }
    return { properties: converted, required: Object.keys(converted), additionalProperties: false }
  }

  /** When a property came later than its schema. */
  function since (name: string, property: string): string | undefined {
    const having = registries.filter(registry => registry.nativeSchemas[name] !== undefined)
    const first = having.find(registry => (registry.nativeSchemas[name] as Schema).properties?.[property] !== undefined)
    return first === having[0] ? undefined : first?.mlflow
  }

  function component (name: string, side: 'request' | 'response'): Schema {
    const own = renamed[name] ?? name
    if (schemas[own] === undefined) {
      schemas[own] = {} // stands while a schema that contains itself is read
      schemas[own] = corrected[name] ?? convert({ ...nativeSchemas[name] as Schema }, side, name)
    }
    return ref(own)
  }

  function toParameter ({ name, in: where, required, schema }: { readonly name: string, readonly in: Parameter['in'], readonly required: boolean, readonly schema: Schema }): Parameter {
    const { anyOf } = schema
    return { name, in: where, ...required ? { required } : {}, schema: convert(anyOf?.[0] ?? schema, 'request') }
  }
}

function withEnum (key: string, schema: Schema): Schema {
  const values = enums[key]
  if (values === undefined) return schema
  const withNull = Array.isArray(schema.type) && schema.type.includes('null')
  return { ...schema, enum: withNull ? [...values, null] : values }
}
