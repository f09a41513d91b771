/** Permissions as they are written, and what they cover. */
import t from 'tap'
import { permissionProblem, toPermissions, type Verb } from '../../../src/access/permissions.js'

t.test('a permission that cannot be read has a sentence that shows how one is written', t => {
  for (const text of ['read:*', 'write:*', 'read:experiments/*', 'write:models/team-a-*', 'write:prompts/x', 'read:experiments/a b/ü*']) {
    t.equal(permissionProblem(text), undefined, text)
  }
  for (const text of ['', 'read', 'read:', 'read:experiments', 'read:experiments/', 'delete:*', 'READ:*', 'read:runs/x', 'read:*/x', 'write:models']) {
    t.match(permissionProblem(text), /is not a permission: write read:\*/, text)
  }
  t.match(permissionProblem(`read:models/${'x'.repeat(300)}`), /at most 300 characters/)
  t.match(permissionProblem('read:models/a\nb'), /control characters/)
  t.end()
})

t.test('writing includes reading, kinds are apart, and a star is any run of characters', t => {
  const permissions = toPermissions(['read:experiments/*', 'write:experiments/team-a/*', 'write:models/a*b*c'])
  const may = (verb: Verb, kind: 'experiments' | 'models' | 'prompts', name: string): boolean => permissions?.cover(verb, kind, name) === true
  t.ok(may('read', 'experiments', 'anything'))
  t.ok(may('write', 'experiments', 'team-a/x/y'))
  for (const name of ['team-a', 'team-A/x', 'xteam-a/y', '']) t.notOk(may('write', 'experiments', name), name)
  for (const name of ['abc', 'a-b-c', 'abbc', 'abcc']) t.ok(may('write', 'models', name) && may('read', 'models', name), name)
  for (const name of ['ac', 'acb', 'abcd', 'xabc', 'ab']) t.notOk(may('write', 'models', name), name)
  t.notOk(may('read', 'prompts', 'abc'))
  t.notOk(permissions?.everything('read'))
  t.ok(permissions?.speakOf('read', 'models'))
  t.notOk(permissions?.speakOf('read', 'prompts'))
  t.end()
})

t.test('parts of a pattern do not overlap in a name', t => {
  t.notOk(toPermissions(['read:models/ab*ba'])?.cover('read', 'models', 'aba'))
  t.notOk(toPermissions(['read:models/a*bc*c'])?.cover('read', 'models', 'abc'))
  t.ok(toPermissions(['read:models/**'])?.cover('read', 'models', ''))
  t.end()
})

t.test('everything is everything, for reading by either verb', t => {
  const permissions = toPermissions(['write:*'])
  t.ok(permissions?.everything('write') && permissions.everything('read') && permissions.cover('read', 'prompts', 'x'))
  t.notOk(toPermissions(['read:*'])?.everything('write'))
  t.end()
})

t.test('no permission leaves a key unbound, and one that nobody can read binds it to nothing', t => {
  t.equal(toPermissions([]), undefined)
  const permissions = toPermissions(['read:gateways/x'])
  t.ok(permissions !== undefined && !permissions.everything('read') && !permissions.cover('read', 'models', 'x'))
  t.end()
})
