import fc from 'fast-check'
import t from 'tap'
import { operations } from '../../../src/access/operations.generated.js'
import { strongest, type AccessClass } from '../../../src/access/classes.js'
import { allows } from '../../../src/access/scopes.js'
import { opinions } from '../../conformance/access/checks.js'
import { readRegistry } from '../../../scripts/generate/registry.js'
import { versions } from '../../../src/mlflow/versions.js'

const classes: readonly AccessClass[] = ['public', 'ui', 'read', 'write', 'gateway', 'admin', 'blocked']
const anyClass = fc.constantFrom(...classes)
const anyScopes = fc.uniqueArray(fc.constantFrom('mlflow:read', 'mlflow:write', 'mlflow:gateway', 'mlflow:admin' as const))

t.test('no operation is weaker than its method, its path or MLflow\'s own auth app suggest', t => {
  t.strictSame(opinions(versions.map(readRegistry), operations), [])
  t.end()
})

t.test('who satisfies the strongest of two classes satisfies both', t => {
  fc.assert(fc.property(anyClass, anyClass, anyScopes, (a, b, scopes) => {
    const granted = new Set(scopes)
    return !allows(granted, strongest(a, b)) || (allows(granted, a) && allows(granted, b))
  }), { numRuns: 700 })
  t.end()
})

t.test('the order of the readings does not matter, nor does judging one twice', t => {
  fc.assert(fc.property(anyClass, anyClass, anyClass, (a, b, c) =>
    strongest(a, b) === strongest(b, a) && strongest(a, a) === a && strongest(a, strongest(b, c)) === strongest(strongest(a, b), c)), { numRuns: 700 })
  t.end()
})

t.test('scopes that do not include each other need an administrator together', t => {
  t.equal(strongest('gateway', 'read'), 'admin')
  t.equal(strongest('write', 'gateway'), 'admin')
  t.equal(strongest('ui', 'gateway'), 'gateway')
  t.equal(strongest('blocked', 'admin'), 'blocked')
  t.end()
})
