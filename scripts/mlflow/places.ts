/** Every place that names the known versions of MLflow, and what it lacks of them: for a test, and for `npm run mlflow:add`. */
import { compareVersions, minor, type KnownMlflow } from '../../src/mlflow/versions.js'

interface Place {
  /** A path from the folder of the project; `VERSION` stands for the version in question. */
  readonly path: string
  /** Which versions it has to name: each by itself, the newest, the newest that can be installed whole, or all in one. */
  readonly of: 'each' | 'newest' | 'pinned' | 'range'
  /** Whether its text names what it has to. */
  readonly names: (text: string, version: string) => boolean
  /** What puts it there. */
  readonly by: string
}

const quoted = (text: string, version: string): boolean => text.includes(`"${version}"`)
const named = (text: string, version: string): boolean =>
  new RegExp(`(?<![\\d.])${version.replaceAll('.', '\\.')}(?![\\d.]*\\d)`).test(text)
const namedFirst = (text: string, version: string): boolean => named(text.slice(0, text.indexOf('\n')), version)
const recorded = (text: string, version: string): boolean => new RegExp(`"id":"version",.*"answer":"${version}"`).test(text)
const generation = 'npm run generate'

/** What does every mechanical step. */
export const addition = 'npm run mlflow:add -- VERSION'

export const places: readonly Place[] = [
  { path: 'scripts/generate/registry/VERSION.json', of: 'each', names: quoted, by: addition },
  { path: 'src/access/operations.generated.ts', of: 'each', names: namedFirst, by: `${generation}, with classes for what is new` },
  { path: 'openapi/openapi.json', of: 'each', names: quoted, by: generation },
  { path: 'docs/access.md', of: 'range', names: named, by: generation },
  { path: 'scripts/generate/openapi/facts.json', of: 'newest', names: quoted, by: addition },
  {
    path: 'scripts/generate/openapi/recorded.json',
    of: 'newest',
    names: recorded,
    by: `npm run openapi:proof -- --versions VERSION --record, then ${generation}`
  },
  { path: 'docs/clients.md', of: 'newest', names: named, by: 'npm run clients' },
  { path: 'docs/own-mlflow.md', of: 'pinned', names: named, by: addition },
  { path: 'compose.yaml', of: 'pinned', names: (text, version) => text.includes(`mlflow==${version} `), by: addition },
  { path: 'deploy/helm/hokusai-mlflow/values.yaml', of: 'pinned', names: (text, version) => text.includes(`tag: v${version}\n`), by: addition },
  { path: 'README.md', of: 'range', names: named, by: addition },
  { path: 'docs/clients.md', of: 'range', names: named, by: 'npm run clients' },
  { path: 'docs/gateway.md', of: 'range', names: (text, version) => named(text, version.replace(/^.* /, '')), by: addition },
  { path: 'scripts/test_real_registration.py', of: 'range', names: named, by: addition }
]

/**
 * Says of each place what it lacks, a line each.
 * @param known oldest first
 * @param read the text of a file, undefined where there is none
 */
export function lacking (known: readonly KnownMlflow[], read: (path: string) => string | undefined): string[] {
  const [first, last] = [known.at(0)?.version ?? '', known.at(-1)?.version ?? '']
  const wanted = {
    each: known.map(({ version }) => version),
    newest: [last],
    pinned: [known.findLast(({ over }) => over === undefined)?.version ?? ''],
    range: [`${minor(first)} to ${minor(last)}`]
  }
  return [...faults(known), ...places.flatMap(({ path, of, names, by }) => wanted[of].flatMap(version => {
    const fill = (text: string): string => text.replaceAll('VERSION', version)
    const text = read(fill(path))
    if (text !== undefined && names(text, version)) return []
    const lacks = text === undefined ? 'is not there' : `does not name ${version}`
    return [`${fill(path)} ${lacks}: ${by.replaceAll('VERSION', of === 'each' ? version : last)}`]
  }))]
}

/** What is wrong with the list itself. */
function faults (known: readonly KnownMlflow[]): string[] {
  const versions = known.map(({ version }) => version)
  return known.flatMap(({ version, schema, over }, index) => [
    ...index > 0 && compareVersions(known[index - 1]?.version ?? '', version) >= 0 ? ['does not stand after all older ones'] : [],
    ...over === undefined || versions.slice(0, index).includes(over) ? [] : [`lies over ${over}, which is not an older known one`],
    ...(/^[0-9a-f]{12}$/).test(schema) ? [] : ['has no Alembic revision as its schema']
  ].map(fault => `src/mlflow/versions.json: ${version} ${fault}`))
}
