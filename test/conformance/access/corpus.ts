/** Attempts on everything that a reader may not do: every such operation of every MLflow, by every trick of path, method and header that is known to work on some proxy. */
import { strongest, type Operation } from '../../../src/access/classes.js'
import { mount } from '../../../src/core/public-paths.js'
import { fill, twists } from './oddpaths.js'

export interface Attempt {
  readonly method: string
  /** Request target as it goes over the wire, the mount included. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const json = { 'content-type': 'application/json' }

/** What a reader must not reach. */
export function forbidden (operations: readonly Operation[]): Operation[] {
  return operations.filter(operation => strongest(operation.class, 'read') !== 'read')
}

/** @param reduced a tenth of the tricks, for an MLflow that answers slowly */
export function attempts (operations: readonly Operation[], reduced: boolean = false): Attempt[] {
  const tricks = reduced ? [...pathTricks.slice(0, 5)] : [...pathTricks, ...twistTricks]
  return [...operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].flatMap(path => {
    const plain = fill(path, ['m-1', 'b', 'c'])
    const targets = new Set(tricks.map(trick => trick(plain)))
    return [
      ...[...targets].map(target => ({ method: operation.method, target, headers: {} })),
      ...(reduced ? headerTricks.slice(0, 2) : headerTricks).map(trick => ({ target: mount + plain, body: '{}', ...trick(operation.method, plain) }))
    ]
  })), ...graphqlAttempts]
}

/**
 * One request that would do something, by every trick that leaves it whole.
 * @param target with the mount
 */
export function disguises (operation: Operation, { method, target, headers, body }: Attempt): Attempt[] {
  const [path = '', query = ''] = target.slice(mount.length).split('?')
  const paths = [path, ...aliasesOf(operation, path)]
  const ask = (place: string): string => query === '' ? place : `${place}${place.includes('?') ? '&' : '?'}${query}`
  const whole = body === undefined ? {} : { body }
  return [
    ...paths.flatMap(plain => [...new Set(pathTricks.map(trick => trick(plain)))].map(place => ({ method, target: ask(place), headers, ...whole }))),
    ...headerTricks.map(trick => {
      const { headers: more, body: own, ...changed } = trick(method, path)
      return { target: ask(mount + path), ...whole, ...changed, ...own === undefined ? {} : { body: own }, headers: { ...headers, ...more } }
    })
  ]
}

/** The same place under the operation's other paths. */
function aliasesOf ({ path, aliases = [] }: Operation, place: string): string[] {
  const pattern = path.split(/(\{\w+(?::path)?\})/).map(part => /^\{\w+:path\}$/.test(part) ? '(.*)' : /^\{/.test(part) ? '([^/]+)' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('')
  const [, ...values] = new RegExp(`^${pattern}$`).exec(place) ?? []
  return aliases.map(alias => fill(alias, values))
}

/** Places where the same path may be asked for, and ways to hide it from a guard that reads prefixes. */
const pathTricks: ReadonlyArray<(path: string) => string> = [
  path => mount + path,
  path => `/api/mlflow${path}`,
  path => path.startsWith('/api/') || path.startsWith('/ajax-api/') ? path : mount + path,
  path => mount + path.replace(/[a-z](?=[^/]*$)/, letter => `%${letter.charCodeAt(0).toString(16)}`),
  path => `${mount}/%2F${path.slice(1)}`,
  path => mount + mount + path,
  path => `${mount}/${path}`,
  path => `/${mount}${path}`,
  path => `/${mount.slice(1).toUpperCase()}${path}`,
  path => `/%6dlflow${path}`,
  path => `${mount}%2F${path.slice(1)}`,
  path => `${mount};x${path}`,
  path => `${mount}/.${path}`,
  path => `${mount}/health/..${path}`,
  path => `${mount}/health/%2e%2e${path}`,
  path => `${mount}/health%2F..${path}`,
  path => `/health/..${mount}${path}`,
  path => `${mount}\\${path.slice(1)}`,
  path => `${mount}/health%5C..${path}`,
  path => `${mount}${path}?x=/health`,
  path => `${mount}/health?${path}`,
  path => `${mount}${path}#/health`,
  path => `${mount}${path}%00`,
  path => `${mount}${path}%0a`,
  path => `${mount}${path}%3Fx`,
  path => `${mount}${path}%23`,
  path => `http://127.0.0.1${mount}${path}`,
  path => `${mount}/static-files/..%2F..${path}`,
  path => `${mount}/api/2.0/mlflow-artifacts/artifacts/..${path}`,
  path => `${mount}/api/2.0/mlflow-artifacts/artifacts//..%2F..${path}`,
  path => `/api/mlflow/${mount}${path}`,
  path => `/api/mlflow%2F..${path}`,
  path => `/api//mlflow${path}`
]

const twistTricks = twists.flatMap(twist => [5, 17].map(at => (path: string) => mount + twist(path, at)))

type Trick = (method: string, path: string) => Partial<Attempt> & Pick<Attempt, 'method' | 'headers'>

/** The operation's method by another road, or a header that speaks for another path or caller. */
const headerTricks: readonly Trick[] = [
  method => ({ method: 'POST', headers: { ...json, 'x-http-method-override': method } }),
  method => ({ method, headers: { ...json, 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1', 'x-real-ip': '127.0.0.1', host: 'localhost' } }),
  method => ({ method: 'GET', headers: { 'x-http-method-override': method, 'x-method-override': method }, body: '' }),
  method => ({ method: 'HEAD', headers: { 'x-http-method': method }, body: '' }),
  (_method, path) => ({ method: 'GET', target: `${mount}/api/2.0/mlflow/runs/get`, headers: { 'x-original-url': path, 'x-rewrite-url': path, 'x-forwarded-uri': path }, body: '' }),
  (method, path) => ({ method: 'GET', target: `${mount}/?_method=${method}&path=${path}`, headers: {}, body: '' }),
  method => ({ method, headers: { ...json, 'x-hokusai-user-id': 'admin', x_hokusai_user_id: 'admin', 'x-hokusai-api-key-id': 'admin' } }),
  method => ({ method, headers: { 'content-type': 'text/plain' } }),
  method => ({ method, headers: { ...json, connection: 'keep-alive, authorization, x-api-key' } }),
  method => ({ method, headers: { ...json, 'content-encoding': 'gzip' } }),
  method => ({ method, headers: { ...json, 'x-mlflow-workspace': 'other' } }),
  method => ({ method, headers: { ...json, origin: 'http://127.0.0.1' } }),
  method => ({ method, headers: { ...json, cookie: 'session=admin; hokusai_session=admin' } })
]

const graphqlBodies = [
  { query: 'mutation { createRun(input: {}) { run { info { runId } } } }' },
  { query: 'mutation { testMutation(inputString: "x") { output } }' },
  { query: 'mutation { mlflowSearchRuns: createRun { id } }' },
  { query: 'query A { __typename } mutation B { testMutation(inputString: "x") { output } }', operationName: 'B' },
  { query: 'fragment W on Mutation { testMutation(inputString: "x") { output } } mutation { ...W }' },
  { query: 'mutation { ... { testMutation(inputString: "x") { output } } }' },
  { query: 'subscription { runs { id } }' },
  [{ query: 'mutation { testMutation(inputString: "x") { output } }' }],
  { query: '{ brandNewField { id } }' }
].map(body => JSON.stringify(body))

const graphqlAttempts: readonly Attempt[] = ['/graphql', '/%67raphql', '//graphql', '/graphql?query={__typename}'].flatMap(path => [
  ...[...graphqlBodies, '{"query":"{ __typename }","query":"mutation { testMutation(inputString: 1) { output } }"}', '\ufeff' + graphqlBodies[0]].flatMap(body => [
    { method: 'POST', target: mount + path, headers: json, body },
    { method: 'POST', target: mount + path, headers: { 'content-type': 'application/graphql' }, body },
    { method: 'POST', target: `/api/mlflow${path}`, headers: json, body }
  ]),
  { method: 'GET', target: `${mount}${path}`, headers: json }
])
