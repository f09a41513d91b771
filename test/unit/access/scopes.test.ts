import fc from 'fast-check'
import t from 'tap'
import { allows, isScopeName, scopeFor, toScopes, type AccessClass, type Scope } from '../../../src/access/scopes.js'

const classes: AccessClass[] = ['public', 'ui', 'read', 'write', 'gateway', 'admin', 'blocked']

t.test('each scope opens what it names and what that includes', async t => {
  const opens: Array<[Scope | undefined, AccessClass[]]> = [
    [undefined, ['public', 'ui']],
    ['mlflow:read', ['public', 'ui', 'read']],
    ['mlflow:write', ['public', 'ui', 'read', 'write']],
    ['mlflow:gateway', ['public', 'ui', 'gateway']],
    ['mlflow:admin', ['public', 'ui', 'read', 'write', 'gateway', 'admin']]
  ]
  for (const [scope, open] of opens) {
    t.strictSame(classes.filter(needed => allows(new Set(scope === undefined ? [] : [scope]), needed)), open, scope ?? 'nothing granted')
  }
})

t.test('the platform\'s older names mean what they meant', async t => {
  const meanings: Array<[string, Scope]> = [
    ['mlflow:access', 'mlflow:write'], ['model:write', 'mlflow:write'],
    ['model-registry:admin', 'mlflow:admin'], ['registry:admin', 'mlflow:admin'], ['admin', 'mlflow:admin']
  ]
  for (const [name, scope] of meanings) t.strictSame([...toScopes([name])], [scope], name)
  t.strictSame([...toScopes([], true)], ['mlflow:admin'], 'is_admin')
})

t.test('a name that means nothing here grants nothing', async t => {
  fc.assert(fc.property(fc.string(), name => isScopeName(name) || toScopes([name]).size === 0))
  for (const name of ['', 'MLFLOW:ADMIN', ' admin', 'mlflow:admin ', 'mlflow:*', 'constructor', '__proto__']) t.equal(toScopes([name]).size, 0, name)
})

t.test('more grants never lose access', async () => {
  const names = fc.array(fc.constantFrom('mlflow:read', 'mlflow:write', 'mlflow:gateway', 'mlflow:admin', 'model:write', 'registry:admin', 'x:y'))
  fc.assert(fc.property(names, names, fc.constantFrom(...classes), (some, more, needed) => {
    return !allows(toScopes(some), needed) || allows(toScopes([...some, ...more]), needed)
  }))
})

t.test('the scope that a refusal names would have been enough', async t => {
  for (const needed of classes) {
    const scope = scopeFor(needed)
    if (scope === undefined) t.match(needed, /^(public|ui|blocked)$/)
    else t.ok(allows(new Set([scope]), needed), needed)
  }
})
