import { readFileSync } from 'node:fs'
import t from 'tap'
import { areas, reasons } from '../../../src/access/classes.js'
import { operations } from '../../../src/access/operations.generated.js'
import { printAccess } from '../../../scripts/generate/access-page.js'
import { diffRegistries } from '../../../scripts/mlflow/diff.js'
import { mergeOperations, printOperations } from '../../../scripts/generate/operations.js'
import { coverage } from '../../conformance/access/checks.js'
import { readRegistry, shape, toTemplate, type Route } from '../../../scripts/generate/registry.js'
import { versions } from '../../../src/mlflow/versions.js'

const registries = versions.map(readRegistry)

t.test('the committed table and page are what the registries and the classes make', t => {
  t.equal(readFileSync('src/access/operations.generated.ts', 'utf8'), printOperations(mergeOperations(registries)))
  t.equal(readFileSync('docs/access.md', 'utf8'), printAccess(operations))
  t.end()
})

t.test('the table holds every route of every version, and no other', t => {
  t.strictSame(coverage(registries, operations), [])
  t.end()
})

t.test('each line of the table is missed when it is gone', t => {
  for (const operation of operations) {
    const missed = coverage(registries, operations.filter(other => other !== operation))
    t.ok(missed.length > 0, operation.id)
  }
  t.end()
})

t.test('a route that MLflow gains is missed in the table', t => {
  const [newest] = registries.slice(-1)
  const route: Route = { method: 'POST', path: '/api/3.0/mlflow/new/<thing_id>', endpoint: '_new' }
  for (const section of ['flask', 'native', 'auth'] as const) {
    const grown = { ...newest!, [section]: [...newest![section], route] }
    t.match(coverage([...registries.slice(0, -1), grown], operations), [/serves POST \/api\/3\.0\/mlflow\/new/], section)
  }
  t.throws(() => mergeOperations([...registries.slice(0, -1), { ...newest!, flask: [...newest!.flask, route] }]), /Without a class: new \(POST/)
  t.end()
})

t.test('a class without an operation is an error, so that none is left behind', t => {
  const without = registries.map(registry => ({ ...registry, flask: registry.flask.filter(({ path }) => !path.includes('webhooks/')) }))
  t.throws(() => mergeOperations(without), /Without an operation: .*getWebhook/)
  t.end()
})

t.test('two operations never share a name, a path or a class', t => {
  const ids = operations.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
  const paths = operations.flatMap(({ method, path, aliases = [] }) => [path, ...aliases].map(path => `${method} ${shape(path)}`))
  t.equal(new Set(paths).size, paths.length)
  const classed = Object.values(areas).flatMap(levels => Object.values(levels).flatMap(ids => ids.split(' ')))
  t.equal(new Set(classed).size, classed.length)
  t.strictSame(Object.keys(reasons).filter(id => !ids.includes(id)), [], 'reasons are for operations that exist')
  t.end()
})

t.test('names are fit for labels and generated clients', t => {
  for (const { id } of operations) t.match(id, /^[a-z][A-Za-z0-9]*$/)
  t.end()
})

t.test('each version keeps a family in one place when it has a static prefix', t => {
  const families = new Map(operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].map(path =>
    [`${operation.method} ${shape(path)}`, path === operation.path ? operation.family : operation.family === 'artifacts' ? 'ajax-artifacts' : 'ajax'])))
  for (const { mlflow, flask, native } of registries) {
    const places = new Map<string, string>()
    const own = new Set<string>()
    for (const [routes, isNative] of [[native, true], [flask, false]] as const) {
      for (const route of routes) {
        const key = `${route.method} ${shape(toTemplate(route.path, isNative))}`
        if (own.has(key)) continue // FastAPI's route of the same path comes first
        own.add(key)
        const family = families.get(key)
        t.equal(places.get(family!) ?? route.at, route.at, `${mlflow} ${family} ${key}`)
        places.set(family!, route.at!)
      }
    }
  }
  t.end()
})

t.test('the difference of two versions names what came and went, with what it needs', t => {
  const [, older, newer] = registries
  const lines = diffRegistries(older!, newer!)
  t.ok(lines.includes('  + POST /api/3.0/mlflow/issues  (write)'))
  t.ok(lines.includes('  - GET /server-info'))
  t.match(lines.join('\n'), /~ mlflow\.\w+: \+\{/, 'fields that a message gained')
  t.strictSame(diffRegistries(newer!, newer!), [])
  const grown = { ...newer!, flask: [...newer!.flask, { method: 'POST', path: '/api/3.0/mlflow/new', endpoint: '_new' }] }
  t.strictSame(diffRegistries(newer!, grown), ['Routes:', '  + POST /api/3.0/mlflow/new  (needs a class in src/access/classes.ts)'])
  t.end()
})
