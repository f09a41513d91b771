/** What must hold of table and matcher, as functions that name what does not. Each is a second opinion: none reads the reviewed classes. */
import { strongest, type AccessClass, type Operation } from '../../../src/access/classes.js'
import type { Match } from '../../../src/access/matcher.js'
import { collapseSlashes } from '../../../src/access/readings.js'
import { shape, toTemplate, type Registry } from '../../../scripts/generate/registry.js'
import { examples } from './examples.js'
import type { Asked, Rulings } from './oracle.js'

/** A table with its matcher: ours, or one with a seeded mistake. */
export interface Subject {
  readonly operations: readonly Operation[]
  readonly match: (method: string, path: string) => Match
}

type Routes = Pick<Registry, 'mlflow' | 'flask' | 'native' | 'auth'>

/** Many tables are held against the same few registries. */
const routes = new WeakMap<Routes, Set<string>>()

function servedBy (registry: Routes): Set<string> {
  const known = routes.get(registry)
  if (known !== undefined) return known
  const found = new Set([
    ...registry.native.map(({ method, path }) => `${method} ${shape(path)}`),
    ...[...registry.flask, ...registry.auth].map(({ method, path }) => `${method} ${shape(toTemplate(path, false))}`)
  ])
  routes.set(registry, found)
  return found
}

/** Routes of an MLflow that the table does not have, and what the table claims and no MLflow has. */
export function coverage (registries: readonly Routes[], operations: readonly Operation[]): string[] {
  const order = registries.map(({ mlflow }) => mlflow)
  const problems: string[] = []
  for (const [index, registry] of registries.entries()) {
    const claimed = new Set(operations
      .filter(operation => order.indexOf(operation.since) <= index && (operation.until === undefined || order.indexOf(operation.until) >= index))
      .flatMap(operation => [operation.path, ...operation.aliases ?? []].map(path => `${operation.method} ${shape(path)}`)))
    const served = servedBy(registry)
    for (const route of served) if (!claimed.has(route)) problems.push(`MLflow ${registry.mlflow} serves ${route}, which the table does not have`)
    for (const route of claimed) if (!served.has(route)) problems.push(`the table claims ${route}, which MLflow ${registry.mlflow} does not serve`)
  }
  return problems
}

/** The path as the gateway forwards it. */
export function forwarded ({ match }: Subject, { method, path }: Asked): string {
  return path.includes('//') && !match(method, path).artifactPath ? collapseSlashes(path) : path
}

/**
 * Where the matcher and MLflow's own routing differ about what a request runs.
 * @param known the table by which MLflow's routes are named
 */
export function routing (requests: readonly Asked[], rulings: Rulings, known: readonly Operation[], subject: Subject): string[] {
  const byRoute = new Map(known.flatMap(operation => [operation.path, ...operation.aliases ?? []].map(path => [`${operation.method} ${shape(path)}`, operation] as const)))
  const problems: string[] = []
  for (const request of requests) {
    const path = forwarded(subject, request)
    const judged = subject.match(request.method, path)
    const name = `${request.method} ${path}`
    const method = request.method === 'HEAD' ? 'GET' : request.method
    // With %2F there are two readings: the stronger gives the name, and what it demands must do for both.
    const encodedSlash = /%2f/i.test(path)
    let runs = false
    for (const [version, ruling] of rulings.get(name) ?? new Map([['none', `unasked ${name}`]])) {
      if (ruling === undefined) continue
      runs = true
      const operation = byRoute.get(`${method} ${ruling}`)
      if (operation === undefined) problems.push(`${name}: MLflow ${version} runs ${ruling}, which the table does not have`)
      else if (strongest(judged.class, operation.class) !== judged.class) problems.push(`${name}: MLflow ${version} runs ${operation.id} (${operation.class}), judged ${judged.class}`)
      else if (judged.id !== operation.id && !encodedSlash) problems.push(`${name}: MLflow ${version} runs ${operation.id}, judged ${judged.id}`)
    }
    // FastAPI's routes do not answer HEAD, and the facade answers one path that MLflow does not have.
    if (judged.operation !== undefined && !runs && !encodedSlash && request.method !== 'HEAD' && judged.operation.handling !== 'facade') problems.push(`${name}: no MLflow runs anything, judged ${judged.id}`)
  }
  return problems
}

/** POSTs that only read, against the rule that a POST writes. */
const readingPosts = /\/(?:search|search-datasets|get-latest-versions|presigned-download-url|batchGetInfos|calculate-filter-correlation|ui-telemetry)$|\/traces\/metrics$|^\/graphql$/

/** What the contract says of whole trees of paths. */
const trees: ReadonlyArray<readonly [RegExp, AccessClass]> = [
  [/^\/(?:ajax-)?api\/[^/]+\/mlflow\/(?:webhooks|workspaces|gateway|prompt-optimization|jobs)(?:\/|$)|^\/ajax-api\/3\.0\/jobs(?:\/|$)|\/scorers\/online-config|\/invoke$/, 'admin'],
  [/^\/gateway\/|\/gateway-proxy$/, 'gateway'],
  [/\/mlflow\/assistant\/|^\/signup$|\/mlflow\/(?:users|roles)\/|\/permissions(?:\/|$)/, 'blocked']
]

/** Operations whose class is weaker than method, path or MLflow's own auth app suggest, or that nobody but the table lets in freely. */
export function opinions (registries: readonly Registry[], operations: readonly Operation[]): string[] {
  const problems: string[] = []
  const demand = (operation: Operation, needed: AccessClass, why: string): void => {
    if (strongest(operation.class, needed) !== operation.class) problems.push(`${operation.id} is ${operation.class}, but ${why}`)
  }
  for (const operation of operations) {
    const paths = [operation.path, ...operation.aliases ?? []]
    for (const path of paths) {
      if (operation.handling === 'facade') continue
      for (const [pattern, needed] of trees) if (pattern.test(path)) demand(operation, needed, `${path} lies where everything is ${needed}`)
      if (operation.method !== 'GET' && !readingPosts.test(path) && operation.class !== 'gateway') demand(operation, 'write', `${operation.method} ${path} writes`)
      for (const { mlflow, validators } of registries) {
        for (const validator of validators[`${operation.method} ${path.replace(/\{\w+(:path)?\}/g, '{}')}`] ?? []) {
          if (validator === 'sender_is_admin') demand(operation, 'admin', `MLflow ${mlflow} asks for an administrator`)
          else if (!/_can_(?:read|search|view|list|batch_get|query|get_(?!or_))/.test(validator)) demand(operation, 'write', `MLflow ${mlflow} asks ${validator}`)
        }
      }
    }
    if ((operation.class === 'public') !== /^\/(?:health|version)$/.test(operation.path)) problems.push(`${operation.id} is ${operation.class}`)
    if (operation.class === 'ui' && !/^\/(?:$|static-files\/|build\/)|\/ui-telemetry$|\/users\/current$/.test(operation.path)) problems.push(`${operation.id} is for any key, but no page needs it`)
  }
  return problems
}

/** Examples by hand that the matcher answers otherwise. */
export function exceptions ({ match }: Subject): string[] {
  return examples.flatMap(([method, path, expected, doubled = false]) => {
    const judged = match(method, path)
    const problems: string[] = []
    if (judged.class !== expected) problems.push(`${method} ${path} is ${judged.class}, not ${expected}`)
    if (judged.artifactPath !== doubled) problems.push(`${method} ${path}: doubled slashes are ${doubled ? '' : 'not '}data`)
    return problems
  })
}
