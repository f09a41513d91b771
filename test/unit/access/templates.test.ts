import fc from 'fast-check'
import t from 'tap'
import { decode } from '../../../src/access/readings.js'
import { operations } from '../../../src/access/operations.generated.js'
import { compileTemplate } from '../../../src/access/templates.js'

/** What Starlette (`native`) and Werkzeug make of a template, as a regular expression. */
function oracle (template: string, native: boolean): RegExp {
  const source = template.split(/(\{\w+(?::path)?\})/).map(part => {
    if (!part.startsWith('{')) return decode(part, '/').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (!part.endsWith(':path}')) return '[^/]+'
    return native ? '.*' : '[^/].*'
  })
  return new RegExp(`^${source.join('')}$`, 's')
}

const templates = operations.flatMap(({ path, aliases = [], native }) => [path, ...aliases].filter(path => path.includes('{')).map(path => ({ path, native: native === true })))
const shapes = ['{a}', '{a}/x', '{a}/x/{b}', '{a}:x', 'x/{a}:y', '{a}/{b:path}', 'x{a:path}', '{a:path}/x', '{a:path}/x/{b}', '{a:path}/x/{b:path}', '{a:path}/x/{b:path}/y', '{a:path}/x/{b:path}/x/{c:path}/z/{d}', '{a}/x/{b:path}/y/{c}']

/** Texts of the templates and their neighbours, in any order. */
function pathOf (template: string): fc.Arbitrary<string> {
  const texts = template.split(/\{\w+(?::path)?\}/).filter(text => text !== '').map(text => decode(text, '/'))
  const piece = fc.constantFrom(...texts, ...texts.map(text => text.slice(0, -1)), ...texts.map(text => text.slice(1)), '/', 'x', 'y', 'a', '/x/', '/versions/', '/tags', '\n', '\u00ff', ':')
  return fc.array(piece, { maxLength: 9 }).map(pieces => pieces.join(''))
}

t.test('every template of the table fits what its regular expression fits, and nothing else', t => {
  t.ok(templates.length > 80)
  for (const { path, native } of templates) {
    const start = path.lastIndexOf('/', path.indexOf('{')) + 1
    const fits = compileTemplate(path.slice(start), native)
    const pattern = oracle(path, native)
    fc.assert(fc.property(pathOf(path.slice(start)), rest => {
      const asked = path.slice(0, start) + rest
      return fits(asked, start) === pattern.test(asked)
    }), { numRuns: 300 })
  }
  t.end()
})

t.test('so does every template of a shape that may come', t => {
  for (const template of shapes) {
    const fits = compileTemplate(template, true)
    fc.assert(fc.property(pathOf(template), rest => fits(rest, 0) === oracle(template, true).test(rest)), { numRuns: 1000 })
  }
  fc.assert(fc.property(pathOf('{a}/{b:path}'), rest => compileTemplate('{a}/{b:path}', false)(rest, 0) === oracle('{a}/{b:path}', false).test(rest)), { numRuns: 1000 })
  t.end()
})

t.test('a shape that would have to be tried in several ways is refused when it is compiled', t => {
  for (const template of ['{a}{b}', '{a}x/{b}', '{a}:x/{b:path}', '{a:path}x{b}', '{a:path}/x/{b}/{c}', '{a:path}/{b}/x', '{a:path}/{b}/{c:path}']) t.throws(() => compileTemplate(template, true), /No way to match/, template)
  for (const template of ['{a:path}/x', '{a:path}/x/{b:path}']) t.throws(() => compileTemplate(template, false), /No way to match/, template)
  t.end()
})
