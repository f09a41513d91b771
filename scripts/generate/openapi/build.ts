/** Builds the OpenAPI document of MLflow and of the facade from the table of operations, MLflow's registries and what is written by hand beside this file. */
import type { AccessClass, Operation } from '../../../src/access/classes.js'
import { shape as pathShape, type Registry } from '../registry.js'
import { anyKey, areas, errorResponses, headers, info, securitySchemes, sharedSchemas, withRequestId, workspaceHeader } from './common.js'
import { exampleOf, type Examples } from './examples.js'
import { gatewaySchemas } from './gateway.js'
import { readMessages, type Facts, type Messages } from './messages.js'
import { nativeShape } from './native.js'
import type { Own, OwnEntry } from './own.js'
import { adjustments, routes, routeSchemas } from './routes.js'
import { json, type Parameter, type Response, type Schemas, type Shape } from './schema.js'
import { textOf } from './texts.js'

export interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: { readonly schemas: Schemas } & Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

export interface Sources {
  readonly operations: readonly Operation[]
  /** Oldest first. */
  readonly registries: readonly Registry[]
  readonly facts: Facts
  readonly examples: Examples
  /** The facade's own endpoints. */
  readonly own: Own
  readonly version: string
}

/** Files and pages, the aliases under `ajax-api` and what is blocked are no part of the API. */
export function isListed (operation: Operation): boolean {
  return operation.class !== 'blocked' && !['serve', 'serveStaticFile', 'static'].includes(operation.id)
}

/** @param older also what only older versions of MLflow have */
export function buildDocument (sources: Sources, older: boolean): OpenApi {
  const { registries, facts, examples } = sources
  const newest = registries.at(-1)
  if (newest === undefined) throw new Error('There is no registry to build from.')
  const responseOf = new Map(registries.flatMap(({ rpcs }) => rpcs.map(rpc => [rpc.request, rpc.response] as const)))
  const listed = sources.operations.filter(operation => isListed(operation) && (older || operation.until === undefined))
  const messages = readMessages(registries, facts, [...responseOf.values()])
  const schemas = messages.schemas
  Object.assign(schemas, sharedSchemas(facts), sources.own.schemas, routeSchemas, gatewaySchemas)
  const paths: Record<string, Record<string, unknown>> = {}
  const keys = new Map<string, string>()
  for (const { path, method, entry } of sources.own.operations) place(path, method, ownEntry(entry))
  for (const operation of listed) {
    const { path, entry } = mlflowEntry(operation, shapeOf(operation), examples)
    place(path, operation.method, entry)
  }
  return {
    openapi: '3.1.1',
    info: { ...info, version: sources.version },
    servers: [{ url: '/mlflow', description: 'The mount of MLflow' }],
    security: anyKey,
    tags: tagsOf(listed),
    paths,
    components: { schemas: reached(paths, schemas), responses: errorResponses(), headers, securitySchemes }
  }

  /** Two paths that differ in the names of their parameters only are one. */
  function place (path: string, method: string, entry: Readonly<Record<string, unknown>>): void {
    const shape = pathShape(path)
    const key = keys.get(shape) ?? path
    keys.set(shape, key)
    paths[key] = { ...paths[key], [method.toLowerCase()]: key === path ? entry : renameParameters(entry, path, key) }
  }

  function shapeOf (operation: Operation): Shape {
    const fixed = routes[operation.id]
    if (fixed !== undefined) return fixed
    const native = operation.native === true ? nativeShape(operation, registries, schemas) : undefined
    if (native !== undefined) return native
    if (operation.proto === undefined) throw new Error(`Nothing is known of ${operation.id}: describe it in scripts/generate/openapi/routes.ts.`)
    return protoShape(operation, operation.proto, responseOf.get(operation.proto) ?? '', messages, newest as Registry)
  }
}

/** An RPC: GET takes its message as a query, everything else as JSON, a DELETE too. */
function protoShape (operation: Operation, request: string, response: string, messages: Messages, { messages: all }: Registry): Shape {
  // Some handlers want a parameter of the path in the body too.
  const inPath = pathParameters(operation.path).map(({ name }) => name).filter(name => operation.method === 'GET' || !messages.checked(request).includes(name))
  const name = operation.id.charAt(0).toUpperCase() + operation.id.slice(1)
  const fields = (all[request] ?? []).filter(field => !inPath.includes(field.name))
  const required = messages.required(request).filter(field => !inPath.includes(field))
  const { status = '200', parameters: more = [] } = adjustments[operation.id] ?? {}
  const responses = { [status]: { description: 'Done.', content: json(messages.response(response, `${name}Response`)) } }
  if (operation.method !== 'GET') {
    return fields.length === 0 && operation.method === 'DELETE' ? { parameters: [], responses } : { parameters: [], body: { required: true, content: json(messages.request(request, `${name}Request`, inPath)) }, responses }
  }
  const parameters = fields.map((field): Parameter => {
    const { description, deprecated, 'x-mlflow-since': since, ...schema } = messages.field(request, field)
    return {
      name: field.name,
      in: 'query',
      ...required.includes(field.name) ? { required: true } : {},
      ...description === undefined ? {} : { description },
      ...deprecated === undefined ? {} : { deprecated },
      ...since === undefined ? {} : { 'x-mlflow-since': since },
      ...field.repeated ? { style: 'form', explode: true } : {},
      schema
    }
  })
  return { parameters: [...parameters, ...more], responses }
}

function mlflowEntry (operation: Operation, { parameters, body, responses }: Shape, examples: Examples): { path: string, entry: Record<string, unknown> } {
  const { summary, description, deprecated } = textOf(operation)
  const named = pathParameters(operation.path)
  const path = operation.path.replaceAll(':path}', '}')
  const prefixed = operation.family === 'health' ? `/mlflow${path}` : path // at the mount itself these paths are the facade's own
  const inWorkspace = operation.class !== 'public' && operation.area !== 'Workspaces' && operation.area !== 'Server'
  const native = operation.native === true && operation.family !== 'health'
  const entry = {
    operationId: operation.id,
    tags: [operation.area],
    summary,
    description,
    ...deprecated ? { deprecated } : {},
    ...operation.family === 'health' ? { servers: [{ url: '/', description: 'The facade itself' }] } : {},
    ...operation.class === 'public' ? { security: [] } : {},
    parameters: [...named, ...parameters, ...inWorkspace ? [workspaceHeader] : []],
    ...body === undefined ? {} : { requestBody: body },
    responses: { ...Object.fromEntries(Object.entries(responses).map(([status, response]) => [status, withRequestId(response)])), ...errorsOf(operation.class, native, extraStatuses[operation.id] ?? []), ...special[operation.id] },
    'x-hokusai-scope': scopeOf(operation.class),
    'x-mlflow-since': operation.since,
    ...operation.until === undefined ? {} : { 'x-mlflow-until': operation.until }
  }
  return { path: prefixed, entry: exampleOf(entry, examples[operation.id]) }
}

/** An endpoint of ours, as the running app describes it, with what all of them have. */
function ownEntry (entry: OwnEntry): Record<string, unknown> {
  const isPublic = entry['x-hokusai-scope'] === 'public'
  return {
    ...entry,
    parameters: entry.parameters ?? [],
    responses: { ...errorsOf(isPublic ? 'public' : 'ui', false, extraStatuses[entry.operationId] ?? []), ...Object.fromEntries(Object.entries(entry.responses).map(([status, response]) => [status, withRequestId(response)])) },
    servers: [{ url: '/', description: 'The facade itself' }]
  }
}

/** The empty answer to what no store behind MLflow's open server can do. */
const missing: Response = withRequestId({ description: 'No open-source MLflow has an implementation: the answer is empty. Or what was asked for does not exist.', content: { 'text/html': { schema: { type: 'string' } }, ...json({ $ref: '#/components/schemas/Error' }) } })

const special: Readonly<Record<string, Readonly<Record<string, Response>>>> = {
  searchDatasets: { 404: missing },
  searchUnifiedTraceHandler: { 404: missing },
  getOnlineTraceDetails: { 404: missing },
  createAssessmentV2: { 404: missing },
  getTraceInfoV3V2: { 500: broken('MLflow 2.22 has no implementation, and fails.') },
  updateAssessmentV2: { 500: broken('MLflow 2.22 has no implementation, and fails.') },
  deleteAssessmentV2: { 500: broken('MLflow 2.22 has no implementation, and fails.') },
  graphqlGet: { 500: broken('MLflow reads the query from the body, and a GET has none.') }
}

/** MLflow's own answer to what it did not catch is a page. */
function broken (description: string): Response {
  return withRequestId({ description, content: { 'text/html': { schema: { type: 'string' } }, ...json({ $ref: '#/components/schemas/Error' }) } })
}

/** Of operations on keys, which an auth service keeps to itself. */
const ofKeys = ['listKeys', 'createKey', 'importKeys', 'getKey', 'updateKey', 'revokeKey', 'rotateKey', 'disableKey', 'enableKey', 'rotateOwnKey']

const extraStatuses: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(ofKeys.map(id => [id, [501]])),
  explain: [501],
  signIn: [401, 403, 413],
  signOut: [403, 413],
  signInAtProvider: [404],
  signInCallback: [401, 403, 404],
  exportTraces: [501],
  createMultipartUpload: [501],
  completeMultipartUpload: [501],
  abortMultipartUpload: [501],
  getPresignedDownloadUrl: [501],
  createPresignedDownloadUrl: [501],
  createPresignedUploadUrl: [501]
}

function errorsOf (access: AccessClass, native: boolean, extra: readonly number[]): Record<string, { $ref: string }> {
  const statuses = access === 'public' ? [400, 404, 429, 431, 500, 502, 503, 504] : [400, 401, 403, 404, 409, 413, 429, 431, 500, 502, 503, 504]
  const all = [...statuses, ...extra].sort((a, b) => a - b)
  const mapped: Array<[string, { $ref: string }]> = all.map(status => [String(status), { $ref: `#/components/responses/${native ? 'Native' : ''}Error${status}` }])
  if (native) mapped.push(['422', { $ref: '#/components/responses/NativeError400' }])
  return Object.fromEntries(mapped)
}

function scopeOf (access: AccessClass): string {
  if (access === 'public') return 'public'
  return access === 'ui' ? 'any' : `mlflow:${access}`
}

function pathParameters (path: string): Parameter[] {
  return [...path.matchAll(/\{(\w+)(:path)?\}/g)].map(([, name = '', rest]) => ({
    name,
    in: 'path',
    required: true,
    description: `${(path.includes('/mpu/') ? 'Path of the folder below the root of all artifacts.' : pathDescriptions[name]) ?? `The ${name.replaceAll('_', ' ')}.`}${rest === undefined ? '' : ' It may hold slashes.'}`,
    schema: { type: 'string' }
  }))
}

const pathDescriptions: Readonly<Record<string, string>> = {
  artifact_path: 'Path of the file below the root of all artifacts: `<experiment id>/<run id>/artifacts/<path>` for a run\'s.',
  name: 'Name of the MCP server, such as `io.github.acme/search`.',
  version: 'Version of the MCP server.',
  endpoint_name: 'Name of the gateway endpoint.',
  path: 'Path at the provider, below its base URL.',
  trace_id: 'Id of the trace.',
  request_id: 'Id of the trace; traces were called requests in the second version of the API.',
  model_id: 'Id of the logged model.',
  dataset_id: 'Id of the dataset.'
}

function renameParameters (entry: Readonly<Record<string, unknown>>, path: string, key: string): Record<string, unknown> {
  const names = new Map(pathParameters(path).map(({ name }, index) => [name, pathParameters(key)[index]?.name ?? name]))
  const parameters = entry['parameters'] as readonly Parameter[]
  return { ...entry, parameters: parameters.map(parameter => parameter.in === 'path' ? { ...parameter, name: names.get(parameter.name) ?? parameter.name } : parameter) }
}

function tagsOf (operations: readonly Operation[]): Array<{ name: string, description: string }> {
  const used = new Set(['Facade', ...operations.map(({ area }) => area)])
  const unknown = [...used].filter(name => areas[name] === undefined)
  if (unknown.length > 0) throw new Error(`Say in scripts/generate/openapi/common.ts what ${unknown.join(', ')} is about.`)
  return Object.entries(areas).filter(([name]) => used.has(name)).map(([name, description]) => ({ name, description }))
}

/** The schemas that something refers to. */
function reached (paths: unknown, schemas: Schemas): Schemas {
  const found = new Set<string>()
  const pending = names(paths).concat(names(errorResponses()))
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue
    const schema = schemas[name]
    if (schema === undefined) throw new Error(`Nothing defines the schema ${name}.`)
    found.add(name)
    pending.push(...names(schema))
  }
  return Object.fromEntries([...found].sort().map(name => [name, schemas[name] ?? {}]))
}

function names (value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
}
