/** Every check has a page with an example that fires and one that must not, and fixtures of both kinds; all of them are run. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { checks, runChecks } from '../src/checks.js'
import { readRules } from '../src/formats/read.js'

const root = resolve('packages/alb-rules')
const pages = join(root, 'docs/checks')
const fixtures = join(root, 'test/fixtures')
const names = checks.map(check => check.name)
const sources = join(root, 'src/checks')

t.test('every check has a file, a page and fixtures of its name, and nothing is there of a check that is not', async t => {
  t.same(readdirSync(pages).sort(), names.map(name => `${name}.md`).sort())
  t.same(readdirSync(fixtures).sort(), names.toSorted())
  t.same(readdirSync(sources).sort(), names.map(name => `${name}.ts`).sort())
})

for (const name of names) {
  t.test(`${name} fires where its page says so and nowhere else`, async t => {
    const page = readFileSync(join(pages, `${name}.md`), 'utf8')
    t.match(page, `# ${name}`)
    const [fires, quiet, ...more] = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => json)
    t.same(more, [])
    t.ok(findingsOf(fires!).includes(name), 'the first example fires')
    t.notOk(findingsOf(quiet!).includes(name), 'the second example does not')
  })

  t.test(`${name} holds on its fixtures`, async t => {
    const files = readdirSync(join(fixtures, name))
    t.ok(files.some(file => file.startsWith('fires-')) && files.some(file => file.startsWith('quiet-')), 'both kinds are there')
    for (const file of files) {
      t.equal(findingsOf(readFileSync(join(fixtures, name, file), 'utf8')).includes(name), file.startsWith('fires-'), file)
    }
  })
}

function findingsOf (json: string): readonly string[] {
  return runChecks(readRules(json)).map(finding => finding.check)
}
