/** A new MLflow: what the daily workflow does about it, and what is drafted for the person who adds it. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { operations } from '../../../src/access/operations.generated.js'
import { pinned } from '../../../src/mlflow/managed/pinned.js'
import { mlflows, newest, range, versions } from '../../../src/mlflow/versions.js'
import { unclassified } from '../../../scripts/generate/operations.js'
import { readRegistry } from '../../../scripts/generate/registry.js'
import { printList, renewed, withVersion } from '../../../scripts/mlflow/add.js'
import { guess, printDraft } from '../../../scripts/mlflow/draft.js'
import { newerRelease, news, type Run } from '../../../scripts/mlflow/news.js'

const index = (...versions: string[]): string => `mlflow (${versions[0]})\nAvailable versions: ${versions.join(', ')}\n  INSTALLED: 1.0\n`

t.test('a release is news when it is newer than all known ones, by its numbers', async t => {
  t.equal(newerRelease(index('3.20.1', '3.100.0', '3.9.0'), '3.18.0'), '3.100.0')
  t.equal(newerRelease(index('3.18.0', '3.9.0'), '3.18.0'), undefined)
  t.equal(newerRelease(index('3.19.0rc1', '3.18.0'), '3.18.0'), undefined, 'a candidate is not a release')
  t.throws(() => newerRelease('ERROR: No matching distribution found for mlflow'), /names no release/)
})

t.test('an issue is opened once for a release, with what adding it says, whole or cut to what an issue holds', async t => {
  const seen: string[][] = []
  let titles: string[] = []
  let report = 'Routes:\n  + GET /new'
  const run: Run = async (command, args) => {
    seen.push([command, ...args])
    if (command === 'python3') return index('3.99.0', newest)
    if (command === 'npm') return report
    return args[1] === 'list' ? JSON.stringify(titles.map(title => ({ title }))) : ''
  }
  t.match(await news(run, false), /3\.99\.0 is out/)
  t.equal(seen.length, 1, 'asked for nothing, it opens nothing')
  t.equal(await news(run, true), 'An issue was opened for MLflow 3.99.0.')
  t.strictSame(seen.at(-2), ['npm', 'run', '--silent', 'mlflow:add', '--', '3.99.0'])
  t.strictSame(seen.at(-1)?.slice(0, 6), ['gh', 'issue', 'create', '--title', 'MLflow 3.99.0', '--body'])
  t.match(seen.at(-1)?.[6], '+ GET /new')
  report = 'x'.repeat(100_000)
  await news(run, true)
  t.ok((seen.at(-1)?.[6]?.length ?? 0) < 65_536, 'GitHub takes no more')
  titles = ['MLflow 3.99.0']
  const before = seen.length
  t.match(await news(run, true), 'There is an issue')
  t.strictSame(seen.slice(before).map(([command]) => command), ['python3', 'gh'])
  t.equal(await news(async () => index(newest), true), `No MLflow is newer than ${newest}.`)
})

t.test('the workflow runs daily, may open issues and nothing else, and leaves no credentials for what it installs', async t => {
  const text = readFileSync('.github/workflows/mlflow.yml', 'utf8')
  t.match(text, /cron: '\d+ \d+ \* \* \*'/)
  t.match(text, 'permissions:\n  contents: read\n  issues: write\n\n')
  t.match(text, 'npm run --silent mlflow:news -- --issue')
  t.match(text, 'persist-credentials: false')
  for (const [, used] of text.matchAll(/uses: (.*)/g)) t.match(used, /^[\w-]+\/[\w-]+@[\da-f]{40} # v[\d.]+$/)
})

t.test('the list takes a version in its place, and stays a version a line', async t => {
  const entry = { version: '3.10.0', schema: 'abcdef012345' }
  t.strictSame(withVersion(mlflows, entry).map(({ version }) => version), [...versions.slice(0, 2), '3.10.0', ...versions.slice(2)])
  t.strictSame(withVersion(withVersion(mlflows, { ...entry, schema: '' }), entry), withVersion(mlflows, entry), 'once')
  t.equal(printList(mlflows), readFileSync('src/mlflow/versions.json', 'utf8'))
})

t.test('documents follow the list: ranges its end, the MLflow of our own what can be installed whole', async t => {
  const later = { version: '3.99.1', schema: 'abcdef012345' }
  const text = `MLflow ${range}, 3.9 to ${range.split(' ').at(-1)}, 1 to 3.170`
  t.equal(renewed(text, 'range', [...mlflows, later]), 'MLflow 2.22 to 3.99, 3.9 to 3.99, 1 to 3.170')
  t.equal(renewed(`mlflow==${pinned.version} `, 'pinned', [...mlflows, later]), 'mlflow==3.99.1 ')
  t.equal(renewed(`mlflow==${pinned.version} `, 'pinned', [...mlflows, { ...later, over: pinned.version }]), `mlflow==${pinned.version} `)
})

t.test('a draft goes by what is there: the same subject first, else the same verb, never what is blocked', async t => {
  const like = (method: string, path: string, id: string): ReturnType<typeof guess> => guess({ id, method, path }, operations)
  t.match(like('PATCH', '/api/3.0/mlflow/issues/{issue_id}/archive', 'archiveIssue'), { area: 'Issues', level: 'write', like: ['updateIssue'] })
  t.match(like('POST', '/ajax-api/3.0/mlflow/issues/new', 'invokeNew'), { area: 'Issues', level: 'admin' }, 'of several the strongest')
  t.match(like('PATCH', '/api/3.0/mlflow/dream-journals/{name}', 'updateDream'), { area: 'Dream journals', level: 'write' })
  t.match(like('GET', '/api/3.0/mlflow/dreams', 'odd'), { level: 'read', like: [] })
  const draft = printDraft([{ id: 'getDream', method: 'GET', path: '/api/3.0/mlflow/dreams' }], operations)
  t.match(draft.join('\n'), "  Dreams: {\n    read: 'getDream'\n  }")
  const all = versions.map(readRegistry)
  t.strictSame(unclassified(all), [])
  const [last] = all.slice(-1)
  const grown = { ...last!, flask: [...last!.flask, { method: 'POST', path: '/api/3.0/mlflow/dreams', endpoint: '_create_dream' }] }
  t.strictSame(unclassified([...all.slice(0, -1), grown]), [{ id: 'createDream', method: 'POST', path: '/api/3.0/mlflow/dreams' }])
})
