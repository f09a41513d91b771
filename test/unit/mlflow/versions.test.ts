/** One list of the known versions of MLflow, and every place that has to follow it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { lacking, places } from '../../../scripts/mlflow/places.js'
import { compareVersions, mlflows, newest, oldest, range, versions } from '../../../src/mlflow/versions.js'

const read = (path: string): string | undefined => existsSync(path) ? readFileSync(path, 'utf8') : undefined
const another = { version: '3.99.0', schema: 'abcdef012345' }

t.test('every place names the versions that src/mlflow/versions.json lists', async t => {
  t.strictSame(lacking(mlflows, read), [])
})

t.test('a version that is added is missed in every place, by its name', async t => {
  const lines = lacking([...mlflows, another], read)
  for (const { path } of places) t.ok(lines.some(line => line.startsWith(path.replace('VERSION', '3.99.0'))), path)
  t.equal(lines.length, places.length, 'and nothing else is said')
  t.match(lines, ['scripts/generate/registry/3.99.0.json is not there: npm run mlflow:add -- 3.99.0'])
  const text = lacking([...mlflows, { ...another, over: newest }], read).join('\n')
  t.notMatch(text, 'compose.yaml', 'one that cannot be installed whole is not the MLflow of our own')
})

t.test('a list that is out of order, or incomplete, says so', async t => {
  t.match(lacking([another, ...mlflows], read).join('\n'), `versions.json: ${oldest} does not stand after all older ones`)
  t.match(lacking([...mlflows, { ...another, schema: '' }], read).join('\n'), 'versions.json: 3.99.0 has no Alembic revision')
  t.match(lacking([...mlflows, { ...another, over: '3.98.0' }], read).join('\n'), 'versions.json: 3.99.0 lies over 3.98.0')
})

t.test('the shell and CI take the list from the same file', async t => {
  t.strictSame(execFileSync('scripts/mlflow/versions', { encoding: 'utf8' }).trim().split('\n'), versions)
  t.match(readFileSync('scripts/mlflow/venvs', 'utf8'), '$(scripts/mlflow/versions)')
  t.match(readFileSync('.github/workflows/ci.yml', 'utf8'), "hashFiles('scripts/mlflow/venv', 'src/mlflow/versions.json')")
})

t.test('what the package index lacks is said where people look, and only while it does', async t => {
  const page = readFileSync('docs/own-mlflow.md', 'utf8')
  const said = Array.from(page.matchAll(/of (\d+\.\d+\.\d+) the index lacks/g), ([, version]) => version)
  t.strictSame(said, mlflows.filter(({ over }) => over !== undefined).map(({ version }) => version))
})

t.test('CONTRIBUTING lists every place of the recipe', async t => {
  const recipe = /^- \*\*An MLflow version\*\*.*?(?=^- \*\*|^## )/ms.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[0] ?? ''
  for (const { path } of places) t.ok(recipe.includes(`\`${path}\``), path)
})

t.test('nothing else spells out the list', async t => {
  const spelt = new RegExp(versions.map(version => `'${version.replaceAll('.', '\\.')}'`).join(', '))
  const within = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => `${folder}/${file}`)
  const files = ['src', 'scripts', 'test', 'bench'].flatMap(within).filter(file => file.endsWith('.ts'))
  t.strictSame(files.filter(file => spelt.test(readFileSync(file, 'utf8'))), [])
})

t.test('versions compare by their numbers, not as text', async t => {
  const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99))
  fc.assert(fc.property(version, version, (a, b) => {
    const order = a.map((part, index) => part - (b[index] ?? 0)).find(difference => difference !== 0) ?? 0
    return Math.sign(compareVersions(a.join('.'), b.join('.'))) === Math.sign(order)
  }))
  t.ok(compareVersions('3.9.0', '3.17.2') < 0)
  t.equal(compareVersions('3.17.2', '3.17.2.post1'), 0)
  t.equal(compareVersions('unknown', '0.0.0'), 0)
  t.match(range, /^\d+\.\d+ to \d+\.\d+$/)
})
