/** Editions of the OpenAPI document: what one version of MLflow has, or all of them. Pure. */

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
  const paths: Record<string, JsonObject> = {}
  for (const [path, methods] of Object.entries(all.paths)) {
    const kept = Object.entries(methods).filter(([, operation]) => served(operation, version))
    if (kept.length > 0) paths[path] = Object.fromEntries(kept.map(([method, operation]) => [method, trim(operation, version)])) as JsonObject
  }
  const { schemas, responses } = trim(all.components, version) as { schemas: JsonObject, responses: JsonObject }
  const tags = new Set(Object.values(paths).flatMap(methods => Object.values(methods)).flatMap(operation => (operation as { tags: readonly string[] }).tags))
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
  return (typeof since !== 'string' || compare(since, version) <= 0) && (typeof until !== 'string' || compare(version, until) <= 0)
}

/** Negative where `a` is the older version. */
export function compare (a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.split('.').map(part => Number.parseInt(part, 10) || 0)) as [number[], number[]]
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
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
