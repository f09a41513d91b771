import fc from 'fast-check'
import t from 'tap'
import { strongest, type AccessClass } from '../../../src/access/classes.js'
import { match, mayDouble } from '../../../src/access/matcher.js'
import { operations } from '../../../src/access/operations.generated.js'
import { exceptions } from '../../conformance/access/checks.js'
import { examples } from '../../conformance/access/examples.js'
import { fill } from '../../conformance/access/oddpaths.js'

const anyOperation = fc.constantFrom(...operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].map(path => ({ operation, path }))))

t.test('requests demand what the contract says', t => {
  t.ok(examples.length > 50)
  t.strictSame(exceptions({ operations, match }), [])
  t.end()
})

t.test('every operation is found by each of its paths, and a GET by HEAD too', t => {
  for (const operation of operations) {
    for (const path of [operation.path, ...operation.aliases ?? []]) {
      const filled = fill(path, ['m-1', 'a', 'b'])
      t.equal(match(operation.method, filled).id, operation.id, `${operation.method} ${filled}`)
      if (operation.method === 'GET') t.equal(match('HEAD', filled).id, operation.id)
    }
  }
  t.end()
})

t.test('the family is that of the path that was asked for', t => {
  t.equal(match('POST', '/api/2.0/mlflow/runs/create').family, 'rest')
  t.equal(match('POST', '/ajax-api/2.0/mlflow/runs/create').family, 'ajax')
  t.equal(match('PUT', '/api/2.0/mlflow-artifacts/artifacts/a').family, 'artifacts')
  t.equal(match('PUT', '/ajax-api/2.0/mlflow-artifacts/artifacts/a').family, 'ajax-artifacts')
  t.equal(match('DELETE', '/api/2.0/mlflow-artifacts/artifacts/a').family, 'rest', 'only GET and PUT have a route that streams')
  t.equal(match('GET', '/ajax-api/3.0/jobs/x').family, 'native-ajax')
  t.equal(match('POST', '/v1/traces').family, 'otlp')
  t.equal(match('GET', '/ajax-api/3.0/mlflow/server-info').family, 'ajax')
  t.end()
})

t.test('what is unknown goes where its like lives, is named for a label, and is for administrators', t => {
  for (const [path, family] of [['/api/4.0/new', 'rest'], ['/ajax-api/4.0/new', 'ajax'], ['/gateway/new', 'gateway'], ['/v1/metrics', 'otlp'], ['/new', 'ui'], ['/%61pi/4.0/new', 'rest']] as const) {
    t.strictSame(match('POST', path), { operation: undefined, id: 'unknown', class: 'admin', family, artifactPath: false })
  }
  t.equal(match('GET', '/%ff').id, 'unknown', 'even what cannot be decoded')
  t.end()
})

t.test('no way of encoding a character lowers what a path demands', t => {
  fc.assert(fc.property(anyOperation, fc.array(fc.nat()), fc.boolean(), ({ operation, path }, places, slashes) => {
    const plain = fill(path, ['m-1', 'a', 'b'])
    let encoded = ''
    for (let index = 0; index < plain.length; index++) {
      const character = plain.charAt(index)
      const chosen = places.some(place => place % plain.length === index) && index > 0 && (character !== '/' || slashes)
      const whole = character === '%' || plain.slice(Math.max(0, index - 2), index).includes('%')
      encoded += chosen && !whole ? '%' + character.charCodeAt(0).toString(16) : character
    }
    const demanded = match(operation.method, encoded)
    if (strongest(demanded.class, operation.class) !== demanded.class) return false
    return encoded.toLowerCase().includes('%2f') || demanded.id === operation.id
  }), { numRuns: 1500 })
  t.end()
})

t.test('doubled slashes are data only where a beginning says that they may be', t => {
  fc.assert(fc.property(anyOperation, fc.constantFrom('a', 'a//b', '/a', '%2Fa'), fc.constantFrom('/', '//', '%2F', '/%2f'), fc.nat(), ({ operation, path }, value, slash, place) => {
    const filled = fill(path, [value, value, value])
    const slashes = [...filled.matchAll(/\//g)].map(({ index }) => index)
    const index = slashes[place % slashes.length] ?? 0
    const asked = filled.slice(0, index) + slash + filled.slice(index + 1)
    return mayDouble(asked) || !match(operation.method, asked).artifactPath
  }), { numRuns: 1500 })
  t.ok(mayDouble('/api/2.0/mlflow-artifacts/artifacts/a//b'))
  t.ok(mayDouble('/%61%70%69%2F%32%2E%30%2F%6D%6C%66%6C%6F%77%2D%61%72%74%69%66%61%63%74%73%2F%6D%70%75%2F%63%6F%6D%70%6C%65%74%65%2Fa//b'), 'however it is encoded')
  t.notOk(mayDouble('/api/2.0/mlflow//x'))
  t.end()
})

t.test('a percent sign that is encoded itself stays data', t => {
  t.equal(match('GET', '/api/2.0/mlflow/logged-models/a%252Fb').id, 'getLoggedModel')
  t.equal(match('POST', '/api%252F2.0/mlflow/runs/create').id, 'unknown')
  t.end()
})

t.test('any path whatever is judged, and only by a class of the table', t => {
  fc.assert(fc.property(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'), fc.webPath(), (method, path) => {
    const judged = match(method, `/${path}`)
    return judged.operation === undefined ? ['admin', 'blocked'].includes(judged.class) : strongest(judged.class, judged.operation.class) === judged.class
  }), { numRuns: 700 })
  t.end()
})

t.test('judging is quick enough for 20,000 calls a second', t => {
  for (const [method, path] of [['POST', '/api/2.0/mlflow/runs/create'], ['GET', '/api/3.0/mlflow/traces/tr-1'], ['PUT', '/api/2.0/mlflow-artifacts/artifacts/1/2/artifacts/model/data.bin']] as const) {
    for (let count = 0; count < 50_000; count++) match(method, path)
    const before = process.cpuUsage()
    for (let count = 0; count < 50_000; count++) match(method, path)
    const { user, system } = process.cpuUsage(before)
    // Processor time, for the machine may be busy; the bound leaves room for the loader of the tests.
    t.ok((user + system) / 50_000 < 5, `${((user + system) / 50_000).toFixed(2)} us for ${path}`)
  }
  t.end()
})

t.test('where several routes of FastAPI fit, the first is the one', t => {
  t.equal(match('POST', '/gateway/proxy/mlflow/invocations').id, 'gatewayInvocations')
  t.equal(match('DELETE', '/api/3.0/mlflow/mcp-servers/a/versions/1/tags/x').id, 'deleteMcpServerVersionTag')
  t.end()
})

/** Names of scoped things as clients, proxies and attackers spell them: `@organization/name`, `name`, and what is neither. */
const scoped = fc.tuple(
  fc.constantFrom('@', '%40', '', '@@', 'a@', '%2540'), fc.constantFrom('acme', 'versions', 'tags', 'bulk-register', '@'),
  fc.constantFrom('/', '%2F', '%2f', '%252F', ''), fc.constantFrom('review', 'versions', 'aliases', '@acme', '%40', '1')
).map(parts => parts.join(''))
const behind = fc.constantFrom('', '/versions', '/versions/1', '%2Fversions%2F1', '/tags', '/tags/a', '/tags/a%2Fb', '/versions/1/tags/%40a', '/aliases/production', '%2faliases')
const skillsOf = operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].filter(path => /\/skills(?:\/|$)/.test(path)).map(path => ({ operation, path })))

/** What FastAPI runs for a path that was decoded: the first route in its order whose expression fits. */
function routed (method: string, path: string): string {
  const fits = (template: string): boolean => new RegExp(`^${template.replace(/\{\w+:path\}/g, '.*').replace(/\{\w+\}/g, '[^/]+')}$`, 's').test(path)
  return skillsOf.find(({ operation, path: template }) => operation.method === method && fits(template))?.operation.id ?? 'unknown'
}

t.test('names of scoped things are judged by both readings, however their @ and / are spelt', t => {
  const runs = new Set<string>()
  fc.assert(fc.property(fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'), fc.constantFrom('/api', '/ajax-api'), scoped, behind, (method, root, name, rest) => {
    const path = `${root}/3.0/mlflow/skills/${name}${rest}`
    const classOf = (id: string): AccessClass => operations.find(operation => operation.id === id)?.class ?? 'admin'
    const ids = [decodeURIComponent(path), decodeURIComponent(path.replace(/%2f/gi, '%E2%88%95'))].map(reading => routed(method, reading))
    const judged = match(method, path)
    if (judged.class === classOf(ids[0] ?? '')) runs.add(ids[0] ?? '')
    return judged.class === strongest(classOf(ids[0] ?? ''), classOf(ids[1] ?? '')) && (ids[0] !== ids[1] || judged.id === ids[0])
  }), { numRuns: 1500 })
  for (const id of ['getOrganizationSkill', 'getSkill', 'searchOrganizationSkillVersions', 'setOrganizationSkillTag', 'deleteOrganizationSkillVersionTag', 'deleteSkillTag', 'unknown']) t.ok(runs.has(id), id)
  t.equal(match('GET', '/api/3.0/mlflow/skills/@acme/versions').id, 'getOrganizationSkill', 'a skill of that name, not the versions of @acme')
  t.end()
})
