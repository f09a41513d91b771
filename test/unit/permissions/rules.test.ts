/** Each operation that reads or writes has a rule for keys that are bound to names, and each rule has an operation. */
import t from 'tap'
import { operations } from '../../../src/access/operations.generated.js'
import { ruled, ruleOf } from '../../../src/permissions/rules.js'

const judgedClasses = operations.filter(operation => operation.class === 'read' || operation.class === 'write')

t.test('no operation is without a rule', t => {
  const without = judgedClasses.filter(operation => JSON.stringify(ruleOf(operation)) === JSON.stringify(ruleOf({ id: 'of the next version', area: 'new' })))
  t.same(without.map(({ id }) => id), [], 'say in src/permissions/rules.ts by what each is judged')
  t.match(ruleOf({ id: 'of the next version', area: 'new' }), { refused: /not known/ })
  t.end()
})

t.test('no rule is without an operation', t => {
  t.same(ruled.filter(id => !judgedClasses.some(operation => operation.id === id)), [])
  t.end()
})

t.test('a field in the path is one of the path', t => {
  for (const operation of judgedClasses) {
    const rule = ruleOf(operation)
    if (!('asks' in rule)) continue
    for (const { place, fields } of rule.asks) {
      if (place === 'path') t.match(operation.path, new RegExp(`\\{${fields[0] ?? ''}(?::path)?\\}`), operation.id)
    }
  }
  t.end()
})

t.test('what is judged by its message is named in it: a write without a thing to judge is refused', t => {
  for (const operation of judgedClasses.filter(({ class: demanded }) => demanded === 'write')) {
    const rule = ruleOf(operation)
    if (!('asks' in rule)) continue
    const isOptional = rule.asks.every(({ optional }) => optional === true) && rule.also === undefined
    t.equal(isOptional, operation.id === 'createPresignedUploadUrl', operation.id)
  }
  t.end()
})
