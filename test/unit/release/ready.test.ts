/** A release is what its tag says, in every place, and the changelog tells of it. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { partOf, unready } from '../../../scripts/release/ready.js'

const changelog = '# Changelog\n\n## Unreleased\n\n## 1.2.3 (2027-01-31)\n\n### Added\n\n- Something.\n\n## 1.2.2 (2027-01-01)\n\n'
const ready = { tag: 'v1.2.3', manifest: { version: '1.2.3' }, lock: { version: '1.2.3' }, chart: { version: '1.2.3', appVersion: '1.2.3' }, changelog, upgrading: '# Upgrading\n\n## To 1.2\n\nNothing.\n' }

t.test('a tag that every place names can be released, with its part of the changelog as its notes', async t => {
  t.strictSame(unready(ready), [])
  t.equal(partOf(changelog, '1.2.3'), '### Added\n\n- Something.')
})

t.test('each place that says something else is named', async t => {
  t.strictSame(unready({ ...ready, manifest: { version: '1.2.2' } }), ['package.json says 1.2.2, not 1.2.3'])
  t.strictSame(unready({ ...ready, lock: { version: '1.2.2' } }), ['package-lock.json says 1.2.2, not 1.2.3'])
  t.strictSame(unready({ ...ready, chart: { version: '1.2.3', appVersion: '1' } }), ['Chart.yaml appVersion says 1, not 1.2.3'])
  t.match(unready({ ...ready, tag: '1.2.3' }), ['1.2.3 is no tag such as v1.2.3'])
  t.match(unready({ ...ready, tag: 'v1.2.3; true' })[0], 'is no tag')
  t.strictSame(unready({ ...ready, upgrading: '# Upgrading\n\n## To 1.1\n' }), ['docs/upgrading.md has no part "## To 1.2"'])
  t.match(unready({ ...ready, changelog: '# Changelog\n\n## Unreleased\n' }), ['CHANGELOG.md has no part "## 1.2.3 (YYYY-MM-DD)"'])
  t.match(unready({ ...ready, changelog: changelog.replace('2027-01-31', 'soon') }), ['CHANGELOG.md has no part'])
  t.match(unready({ ...ready, changelog: '## 1.2.3 (2027-01-31)\n\n## 1.2.2 (2027-01-01)\n' }), ['CHANGELOG.md says nothing of 1.2.3'])
})

t.test('what people have to do for the version in hand is written', async t => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  t.match(readFileSync('docs/upgrading.md', 'utf8'), `\n## To ${version.split('.').slice(0, 2).join('.')}\n`)
})

t.test('the workflow releases what has passed CI, at a tag that is ready, by actions pinned to a commit', async t => {
  const text = readFileSync('.github/workflows/release.yml', 'utf8')
  const workflow = parse(text) as { on: { push: { tags: string[] } }, jobs: Record<string, { needs?: string | string[], steps?: Array<{ uses?: string, run?: string }>, uses?: string }> }
  t.strictSame(workflow.on, { push: { tags: ['v*'] } })
  for (const [name, { needs, steps = [] }] of Object.entries(workflow.jobs)) {
    for (const { uses } of steps) if (uses !== undefined) t.match(uses, /^[\w/-]+@[\da-f]{40}$/, name)
    if (name !== 'check' && name !== 'ready') t.ok([needs].flat().includes('ready') && [needs].flat().includes('check'), name)
  }
  const pinned = (file: string): Map<string, string> => new Map([...readFileSync(file, 'utf8').matchAll(/uses: ([\w/-]+)@(\S+)/g)].map(([, action = '', commit = '']) => [action, commit]))
  const ci = pinned('.github/workflows/ci.yml')
  for (const [action, commit] of pinned('.github/workflows/release.yml')) t.equal(commit, ci.get(action), `${action} is the one of CI`)
})
