/** Editions of the OpenAPI document: what one version of MLflow has, or all of them. Pure. */
import { compareVersions } from '../../mlflow/versions.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = Readonly<Record<string, Json>>

export interface Document {
  readonly paths: Readonly<Record<string, JsonObject>>
  readonly components: { readonly schemas: JsonObject } & JsonObject
  readonly [key: string]: Json
}

/** What only older versions of MLflow have: to be merged into the document of the newest. */
export interface Older {
  readonly paths: Readonly<Record<string, JsonObject>>
  readonly components: { readonly schemas: JsonObject }
}

/**
 * The document for one MLflow.
 * @param version `all`, or a version that need not be a known one: a later one has what the newest known has
 */
export function edition (newest: Document, older: Older, version: string): Document {
  const all = merge(newest, older)
  if (version === 'all') return all
  const trimmed = trim(all.components, version) as { schemas: JsonObject, responses: JsonObject }
  const paths: Record<string, JsonObject> = {}
  for (const [path, methods] of Object.entries(all.paths)) {
    const kept = Object.entries(methods).filter(([, operation]) => served(operation, version))
    if (kept.length > 0) {
      paths[path] = Object.fromEntries(
        kept.map(([method, operation]) => [method, withFittingExamples(trim(operation, version), trimmed.schemas)])
      ) as JsonObject
    }
  }
  const { schemas } = trimmed
  const text = JSON.stringify(paths)
  const responses = Object.fromEntries(
    Object.entries(trimmed.responses).filter(([name]) => text.includes(`"#/components/responses/${name}"`))
  )
  const tags = new Set(
    Object.values(paths)
      .flatMap(methods => Object.values(methods))
      .flatMap(operation => (operation as { tags: readonly string[] }).tags)
  )
  return {
    ...all,
    tags: (all['tags'] as readonly JsonObject[]).filter(({ name }) => tags.has(name as string)),
    paths,
    components: { ...all.components, responses, schemas: reached({ paths, responses }, schemas) }
  }
}

/** Whether a version of MLflow has an operation or a field; versions compare by their numbers. */
export function served (part: Json | undefined, version: string): boolean {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return true
  const { 'x-mlflow-since': since, 'x-mlflow-until': until } = part as JsonObject
  return (
    (typeof since !== 'string' || compareVersions(since, version) <= 0) &&
    (typeof until !== 'string' || compareVersions(version, until) <= 0)
  )
}

function merge (newest: Document, older: Older): Document {
  const paths: Record<string, JsonObject> = { ...newest.paths }
  for (const [path, methods] of Object.entries(older.paths)) paths[path] = { ...paths[path], ...methods }
  return { ...newest, paths, components: { ...newest.components, schemas: { ...newest.components.schemas, ...older.components.schemas } } }
}

/** The same value without the properties and parameters that this version has not. */
function trim (value: Json, version: string): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).filter(item => served(item, version)).map(item => trim(item, version))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value as JsonObject).filter(([key, item]) => key === 'example' || served(item, version))
  const trimmed = Object.fromEntries(kept.map(([key, item]) => [key, key === 'example' ? item : trim(item, version)]))
  const { properties, required } = trimmed
  if (Array.isArray(required) && typeof properties === 'object' && properties !== null) {
    return { ...trimmed, required: (required as readonly string[]).filter(name => name in properties) }
  }
  return trimmed
}

/** Examples were recorded from the newest MLflow: of one that a trimmed schema describes, only what that schema still has stays. */
function withFittingExamples (value: Json, schemas: JsonObject): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(item => withFittingExamples(item, schemas))
  if (typeof value !== 'object' || value === null) return value
  const { schema, example, ...rest } = value as JsonObject
  const walked = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, withFittingExamples(item, schemas)]))
  return {
    ...walked,
    ...(schema === undefined ? {} : { schema }),
    ...(example === undefined ? {} : { example: schema === undefined ? example : fitting(example, schema, schemas) })
  }
}

function fitting (example: Json, schema: Json, schemas: JsonObject): Json {
  if (typeof example !== 'object' || example === null || typeof schema !== 'object' || schema === null) return example
  const { $ref, anyOf, items, properties } = schema as JsonObject & { readonly properties?: JsonObject }
  if (typeof $ref === 'string') return fitting(example, schemas[$ref.split('/').at(-1) ?? ''] ?? null, schemas)
  if (Array.isArray(anyOf)) {
    return (anyOf as readonly Json[]).reduce((fitted, alternative) => fitting(fitted, alternative, schemas), example)
  }
  if (Array.isArray(example)) return items === undefined ? example : (example as readonly Json[]).map(item => fitting(item, items, schemas))
  if (properties === undefined) return example
  const closed = (schema as JsonObject)['additionalProperties'] === false
  const kept = Object.entries(example as JsonObject).filter(([name]) => !closed || name in properties)
  return Object.fromEntries(
    kept.map(([name, item]) => [name, name in properties ? fitting(item, properties[name] ?? null, schemas) : item])
  )
}

/** The schemas that something still refers to. */
function reached (roots: Json, schemas: JsonObject): JsonObject {
  const found = new Set<string>()
  const pending = names(roots)
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const schema = schemas[name]
    if (found.has(name) || schema === undefined) continue
    found.add(name)
    pending.push(...names(schema))
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)))
}

function names (value: Json): string[] {
  return [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
}
