/** Odd requests by the thousand: every route of every MLflow, spelt in ways that callers, proxies and attackers spell them. */
import fc from 'fast-check'
import type { Operation } from '../../../src/access/classes.js'
import { match } from '../../../src/access/matcher.js'
import { readTarget } from '../../../src/http/target.js'
import type { Asked } from './oracle.js'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** What stands for a parameter: plain names, words that are routes themselves, and what looks like more than one segment. */
const values = ['1', 'abc', 'search', 'get', 'create', 'versions', 'tags', 'endpoints', '@acme', '%40acme', '@acme%2Fversions', '@', 'a@b', 'aliases', 'info', 'jobs', 'cancel', 'mlflow', 'proxy', 'io.github.a%2Fb', 'a%2Fversions',
  'a%2Fversions%2F1%2Ftags', '%2F', 'x%2F', '%2Fx', 'a%252Fb', '%C3%A9', 'caf%C3%A9%20x', '%E2%80%A8', 'a;b', 'a:b', 'a=b', '[a]', '%7Bassessment.trace_id%7D', '{x}', '%3F', '%23', '%25', 'a+b', 'a|b', "'", '%00x', '%0a', '%ff', '%zz', '%', 'acc_at_90%data', 'a%5Cb', '..x', 'x..', '%61bc', 'UPPER', '-', '~', '$', '*', '(', 'artifacts', 'static-files', '%20']

export type Twist = (path: string, at: number) => string

/** Ways of spelling a path otherwise; `at` is any number, to choose the place. */
export const twists: readonly Twist[] = [
  path => path,
  path => path,
  (path, at) => replaceAt(path, at, character => character === '/' ? '%2F' : percent(character)),
  (path, at) => replaceAt(path, at, percent),
  (path, at) => replaceSlash(path, at, '%2f'),
  (path, at) => replaceSlash(path, at, '%252F'),
  (path, at) => replaceSlash(path, at, '//'),
  (path, at) => replaceSlash(path, at, '/%2F'),
  (path, at) => replaceSlash(path, at, '///'),
  (path, at) => replaceSlash(path, at, '/;/'),
  path => path + '/',
  path => path + '//',
  path => path + '%2F',
  path => path + '/x',
  path => path + ';x',
  path => path + '%20',
  path => '/' + path,
  path => '/%2F' + path.slice(1),
  path => '/mlflow' + path,
  path => path.slice(0, -1),
  path => path.replace(/\/[^/]*$/, ''),
  path => path.replace('/api/', '/ajax-api/'),
  path => path.replace('/ajax-api/', '/api/'),
  path => path.replace('/2.0/', '/3.0/'),
  path => path.replace('/3.0/', '/2.0/'),
  path => path.replace('/2.0/', '/2.0'),
  path => path.replace('/mlflow/', '/preview/mlflow/'),
  path => path.toUpperCase(),
  (path, at) => replaceAt(path, at, character => character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()),
  (path, at) => [...path].map((character, index) => (index + at) % 3 === 0 && character !== '/' ? percent(character) : character).join('')
]

/** The texts of a template with three open parameters, in another order and twice: too rare to be drawn. */
const tangled: readonly Asked[] = ['a/tags/b/versions/1', 'a/versions/1/tags/b/versions/2', 'a/tags/b/versions/1/tags/c', 'a/versions/b/versions/1/tags/c/tags/d']
  .flatMap(name => ['GET', 'POST', 'DELETE'].map(method => ({ method, path: `/api/3.0/mlflow/mcp-servers/${name}` })))

/**
 * Requests whose raw paths the facade does not refuse, the same ones for the same seed.
 * @param count how many to draw, besides every route once in its plain spelling, and some that are tangled
 */
export function oddRequests (operations: readonly Operation[], count: number, seed: number): Asked[] {
  const plain = operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].flatMap(path => [
    { method: operation.method, path: fill(path, ['1', '2', '3']) },
    ...operation.method === 'GET' ? [{ method: 'HEAD', path: fill(path, ['1', '2', '3']) }] : []
  ]))
  const drawn = fc.sample(fc.tuple(
    fc.constantFrom(...operations),
    fc.boolean(),
    fc.option(fc.constantFrom(...methods), { nil: undefined, freq: 3 }),
    fc.array(fc.constantFrom(...values), { minLength: 3, maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...twists), fc.nat(1000)), { minLength: 0, maxLength: 3 })
  ), { numRuns: count, seed }).map(([operation, viaAlias, method, parameters, changes]) => ({
    method: method ?? operation.method,
    path: changes.reduce((path, [twist, at]) => twist(path, at), fill((viaAlias ? operation.aliases?.[0] : undefined) ?? operation.path, parameters))
  }))
  const seen = new Set<string>()
  return [...plain, ...tangled, ...drawn].filter(({ method, path }) => {
    const key = `${method} ${path}`
    if (seen.has(key) || isRefused(method, path)) return false
    seen.add(key)
    return true
  })
}

function isRefused (method: string, path: string): boolean {
  const { problem, odd } = readTarget(path)
  return problem !== undefined || (odd !== undefined && !match(method, path).artifactPath)
}

/** A template with values for its parameters. */
export function fill (template: string, parameters: readonly string[]): string {
  let next = 0
  return template.replace(/\{\w+(:path)?\}/g, () => parameters[next++] ?? 'x')
}

function percent (character: string): string {
  return '%' + character.charCodeAt(0).toString(16).padStart(2, '0')
}

function replaceAt (path: string, at: number, change: (character: string) => string): string {
  const index = 1 + at % Math.max(1, path.length - 1)
  const character = path.charAt(index)
  if (character === '%' || path.slice(Math.max(0, index - 2), index).includes('%')) return path // an encoding stays whole
  return path.slice(0, index) + change(character) + path.slice(index + 1)
}

function replaceSlash (path: string, at: number, by: string): string {
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index).slice(1)
  const index = slashes[at % Math.max(1, slashes.length)]
  return index === undefined ? path : path.slice(0, index) + by + path.slice(index + 1)
}
