/**
 * Does every mechanical step of a new MLflow, and says what is left for a person. Can be run again at any time; commits nothing.
 * Usage: `npm run mlflow:add -- VERSION`.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { operations } from '../../src/access/operations.generated.js'
import { compareVersions, minor, type KnownMlflow } from '../../src/mlflow/versions.js'
import { unclassified } from '../generate/operations.js'
import { described } from '../generate/openapi/texts.js'
import { readRegistry } from '../generate/registry.js'
import { diffRegistries } from './diff.js'
import { printDraft } from './draft.js'
import { addition, lacking, places } from './places.js'

const list = 'src/mlflow/versions.json'
const run = promisify(execFile)
const buffer = { maxBuffer: 64 * 1024 * 1024 }

/** The list with a version put in its place, or with its line changed. */
export function withVersion (known: readonly KnownMlflow[], entry: KnownMlflow): KnownMlflow[] {
  return [...known.filter(({ version }) => version !== entry.version), entry].sort((a, b) => compareVersions(a.version, b.version))
}

/**
 * A document that says to which version it all holds (`range`), or which one is our own (`pinned`), with what is so now: older known ones
 * give way.
 */
export function renewed (text: string, what: 'range' | 'pinned', known: readonly KnownMlflow[]): string {
  const said = what === 'range'
    ? known.map(({ version }) => ` to ${minor(version)}`)
    : known.filter(({ over }) => over === undefined).map(({ version }) => version)
  const whole = (version: string): RegExp => new RegExp(`${version.replaceAll('.', '\\.')}(?!\\d|\\.\\d)`, 'g')
  return said.reduce((renewing, older) => renewing.replaceAll(whole(older), said.at(-1) ?? ''), text)
}

async function add (version: string): Promise<void> {
  const before = read()
  const base = before.filter(({ version: other }) => compareVersions(other, version) < 0)
  const { over, python } = await step('environment', async () => await environment(version, base))
  const parts = before.find(other => other.version === version)?.parts
  const schema = await step('database revision', async () => (await run(python, ['-c', headOf])).stdout.trim().split('\n').at(-1) ?? '')
  write(withVersion(before, { version, schema, ...over === undefined ? {} : { over }, ...parts === undefined ? {} : { parts } }))
  await step('registry', async () => await print(python, 'scripts/mlflow/registry.py', `scripts/generate/registry/${version}.json`))
  const facts = async (): Promise<void> => await print(python, 'scripts/mlflow/openapi-facts.py', 'scripts/generate/openapi/facts.json')
  if (read().at(-1)?.version === version) await step('facts', facts)
  for (const { path, of, by } of places) {
    if (by === addition && (of === 'range' || of === 'pinned')) writeFileSync(path, renewed(readFileSync(path, 'utf8'), of, read()))
  }
  const missing = unclassified(read().map(known => readRegistry(known.version)))
  // Twice: the documents are made from the table as it was when the first began.
  const generate = async (): Promise<void> => {
    for (let round = 0; round < 2; round++) await run('npm', ['run', '--silent', 'generate'], buffer)
  }
  const generated = missing.length > 0 ? undefined : await step('generated files', generate).catch((error: Error) => error)
  report(version, base.at(-1)?.version ?? '', missing, generated instanceof Error ? generated : undefined)
}

/** Its Python; where the package index lacks parts of the version, it is laid over the newest one that is whole. */
async function environment (version: string, base: readonly KnownMlflow[]): Promise<{ readonly over?: string, readonly python: string }> {
  const known = read()
  const make = async (): Promise<string> => (await run('scripts/mlflow/venv', [version], buffer)).stdout.trim()
  const listed = known.find(other => other.version === version)
  if (listed !== undefined) return { ...listed.over === undefined ? {} : { over: listed.over }, python: await make() }
  try {
    return { python: await make() }
  } catch (error) {
    const over = base.findLast(other => other.over === undefined)?.version
    if (over === undefined) throw error
    console.log(`The package index does not serve all of ${version}: it is laid over ${over}, for proofs alone.`)
    write(withVersion(known, { version, schema: '', over }))
    try {
      return { over, python: await make() }
    } catch (again) {
      write(known)
      throw again
    }
  }
}

const headOf = `
import os, mlflow
from alembic.script import ScriptDirectory
print(*ScriptDirectory(os.path.join(os.path.dirname(mlflow.__file__), "store", "db_migrations")).get_heads())`

function report (version: string, before: string, missing: ReturnType<typeof unclassified>, failed: Error | undefined): void {
  const say = (lines: readonly string[]): void => console.log(lines.join('\n'))
  say(['', `What ${version} brings over ${before}:`, '', ...diffRegistries(readRegistry(before), readRegistry(version))])
  const advice = 'A draft of classes by analogy, for src/access/classes.ts. Read the source of each operation: who calls it could do what?'
  if (missing.length > 0) say(['', advice, '', ...printDraft(missing, operations)])
  const wordless = missing.map(({ id }) => id).filter(id => !described.includes(id))
  if (wordless.length > 0) say(['', `Without words in scripts/generate/openapi/texts: ${wordless.join(' ')}`])
  if (failed !== undefined) say(['', 'npm run generate fails:', '', /^Error: .*$/m.exec(failed.message)?.[0] ?? failed.message])
  say([
    '', 'Left for a person:', '',
    ...missing.length > 0 ? ['- classes and words for what is new, as above; then this command again'] : [],
    '- what operations that were there may do now: read the diff of mlflow/server against the version before',
    '- test/conformance/openapi/scenario calls what is new',
    `- npm run openapi:proof -- --versions ${version} --record, npm run generate, npm run openapi:proof`,
    `- npm run access:proof; npm run test:matrix -- ${version}; npm run clients`,
    ...lacking(read(), path => existsSync(path) ? readFileSync(path, 'utf8') : undefined).map(line => `- ${line}`)
  ])
}

async function print (python: string, script: string, path: string): Promise<void> {
  writeFileSync(path, (await run(python, [script], buffer)).stdout)
}

async function step<T> (name: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const done = await work()
  console.log(`${name.padEnd(20)} ${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s`)
  return done
}

function read (): KnownMlflow[] {
  return JSON.parse(readFileSync(list, 'utf8')) as KnownMlflow[]
}

function write (known: readonly KnownMlflow[]): void {
  writeFileSync(list, printList(known))
}

/** The list as it stands in the repository: a version a line. */
export function printList (known: readonly KnownMlflow[]): string {
  const lines = known.map(entry => Object.entries(entry).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`).join(', '))
  return `[\n${lines.map(line => `  { ${line} }`).join(',\n')}\n]\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [version] = process.argv.slice(2)
  if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    process.stderr.write('usage: npm run mlflow:add -- VERSION    (a release of MLflow, such as 3.18.0)\n')
    process.exit(2)
  }
  await add(version)
}
