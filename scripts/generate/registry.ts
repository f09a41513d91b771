/** The committed registries of MLflow, one JSON file a version, as scripts/mlflow/registry.py prints them. */
import { readFileSync } from 'node:fs'

export interface Route {
  readonly method: string
  /** In the spelling of its framework: `<name>` and `<path:name>` for Flask, `{name}` and `{name:path}` for FastAPI. */
  readonly path: string
  /** Name of the Python function. */
  readonly endpoint: string
  /** Of FastAPI's routes only. */
  readonly module?: string
  /** Where it lives once the server has a static prefix; unknown for the auth app. */
  readonly at?: 'root' | 'prefix' | 'both'
}

export interface Rpc {
  readonly service: string
  readonly name: string
  readonly request: string
  readonly response: string
  readonly endpoints: ReadonlyArray<{ readonly method: string, readonly path: string, readonly since: readonly [number, number] }>
  readonly visibility: string
  readonly title?: string
}

export interface Field {
  readonly name: string
  readonly type: string
  /** Full name of the message or enum. */
  readonly of?: string
  readonly map?: true
  readonly repeated?: true
  readonly required?: true
  readonly oneof?: string
  readonly default?: unknown
  readonly deprecated?: true
}

export interface Registry {
  readonly mlflow: string
  readonly rpcs: readonly Rpc[]
  readonly flask: readonly Route[]
  /** FastAPI's routes in the order in which they are tried, all before Flask's. */
  readonly native: readonly Route[]
  /** What `--app-name basic-auth` adds to Flask. */
  readonly auth: readonly Route[]
  /** What MLflow's auth app asks for, by method and path with unnamed parameters: names of its functions. */
  readonly validators: Readonly<Record<string, readonly string[]>>
  /** Root fields of the GraphQL schema. */
  readonly graphql: { readonly query: readonly string[], readonly mutation: readonly string[] }
  readonly messages: Readonly<Record<string, readonly Field[]>>
  readonly enums: Readonly<Record<string, ReadonlyArray<readonly [string, number]>>>
  /** FastAPI's own OpenAPI description of its routes. */
  readonly nativePaths: Readonly<Record<string, unknown>>
  readonly nativeSchemas: Readonly<Record<string, unknown>>
}

/** Reads the committed registry of a version, from the folder of the project. */
export function readRegistry (version: string): Registry {
  return JSON.parse(readFileSync(`scripts/generate/registry/${version}.json`, 'utf8')) as Registry
}

/** A route's path in the table's spelling: `{name}`, `{name:path}`, literal braces percent-encoded. */
export function toTemplate (path: string, native: boolean): string {
  if (native) return path
  return path
    .replaceAll('{', '%7B').replaceAll('}', '%7D') // 2.22.5 has one rule with braces that Flask takes literally
    .replace(/<path:(\w+)>/g, '{$1:path}')
    .replace(/<(\w+)>/g, '{$1}')
}

/** The same path with its parameters unnamed: MLflow renamed some between versions. */
export function shape (template: string): string {
  return template.replace(/\{\w+(:path)?\}/g, '{$1}')
}
