/** Results stand in documents between markers. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { requireSections, withSection, writeSections } from '../../../bench/report.js'
import { markdownTable } from '../../../scripts/markdown.js'
import { parts } from '../../../bench/options.js'

const page = '# Speed\n\n<!-- bench: pace -->\nold\n<!-- bench: end -->\n\n<!-- bench: idle -->\n<!-- bench: end -->\n'

t.test('a section is written anew, and nothing else', async t => {
  t.equal(withSection(page, { name: 'pace', markdown: 'new\n' }), page.replace('old', 'new'))
  t.equal(withSection(page, { name: 'idle', markdown: 'x\n' }), page.replace('idle -->\n', 'idle -->\nx\n'))
  t.equal(withSection(page, { name: 'real', markdown: 'x\n' }), page, 'no place for it')
  t.throws(() => withSection('<!-- bench: pace -->\nold\n', { name: 'pace', markdown: 'new\n' }), { message: 'The section pace has no line <!-- bench: end -->.' })
})

t.test('a document without a place for the result is told before anything is measured', async t => {
  const file = `${t.testdir({ 'page.md': page })}/page.md`
  requireSections(file, ['summary', 'pace'])
  t.throws(() => requireSections(file, ['real']), { message: `${file} has no line <!-- bench: real --> for the result.` })
  t.throws(() => requireSections(`${file}.x`, ['real']), { message: `${file}.x cannot be read.` })
  writeSections(file, [{ name: 'pace', markdown: 'new\n' }, { name: 'real', markdown: 'no place\n' }])
  t.equal(readFileSync(file, 'utf8'), page.replace('old', 'new'))
})

t.test('the page about performance has a place for each part, README for the short table', async t => {
  for (const name of [...parts, 'rates-post', 'rates-mix']) t.doesNotThrow(() => requireSections('docs/performance.md', [name]), name)
  t.doesNotThrow(() => requireSections('README.md', ['summary']))
})

t.test('a table', async t => {
  t.equal(markdownTable(['a', 'b'], [['x', '1']]), '| a | b |\n| --- | --: |\n| x | 1 |\n')
})
