/** Proves the access rules against MLflow itself: coverage of its registries, agreement with its routing, attempts to get by, and seeded mistakes. Exit 1 when anything fails. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { match } from '../../../src/access/matcher.js'
import { operations } from '../../../src/access/operations.generated.js'
import { collapseSlashes } from '../../../src/access/readings.js'
import { versions } from '../../../src/mlflow/versions.js'
import { findBypasses, isAim } from './bypasses.js'
import { coverage, exceptions, opinions, routing, type Subject } from './checks.js'
import { mutants, withMistake } from './mutants.js'
import { oddRequests } from './oddpaths.js'
import { collect, openOracle } from './oracle.js'
import { readRegistry } from '../../../scripts/generate/registry.js'

const run = promisify(execFile)

interface Section {
  readonly line: string
  /** What failed, a sentence each. */
  readonly problems: readonly string[]
}

/**
 * Runs all proofs, with the MLflow of every version installed.
 * @param count how many odd requests to draw
 * @param report is handed each section as soon as it is known
 */
export async function prove (count: number, seed: number, report: (section: Section) => void): Promise<boolean> {
  let proven = true
  const state = (line: string, problems: readonly string[]): void => {
    proven &&= problems.length === 0
    report({ line, problems })
  }
  const subject: Subject = { operations, match }
  const registries = versions.map(readRegistry)
  const oracles = await Promise.all(versions.map(openOracle))
  try {
    for (const [index, { version, live }] of oracles.entries()) {
      const problems = coverage(registries.with(index, { ...registries[index] as typeof registries[number], ...live }), operations)
      const routes = live.flask.length + live.native.length + live.auth.length
      state(`MLflow ${version}: registry coverage ${percent(routes - problems.length, routes)} of ${routes} routes`, problems)
    }
    const stale = await staleRegistries()
    state(`committed registries that are not what MLflow says: ${stale.length} of ${versions.length}`, stale)
    state(`classes weaker than a second opinion: ${opinions(registries, operations).length} of ${operations.length} operations`, opinions(registries, operations))
    state(`examples of the contract that are judged otherwise: ${exceptions(subject).length}`, exceptions(subject))

    const requests = oddRequests(operations, count, seed)
    // With its doubled slashes and without: a mistake may forward either.
    const asked = requests.flatMap(request => request.path.includes('//') ? [request, { ...request, path: collapseSlashes(request.path) }] : [request])
    const rulings = await collect(oracles, asked)
    const differences = routing(requests, rulings, operations, subject)
    state(`disagreements with MLflow's routing: ${differences.length} on ${requests.length} requests of ${versions.length} versions`, differences)

    const aims = operations.filter(isAim).length
    for (const legacyPaths of ['redirect', 'forward'] as const) {
      const outcome = await findBypasses(operations, oracles, legacyPaths)
      state(`bypasses, LEGACY_PATHS=${legacyPaths}: ${outcome.bypasses.length} in ${outcome.attempts} attempts (${outcome.forwarded} harmless requests forwarded)`, outcome.bypasses)
      state(`operations that the same attempts reach with an admin key: ${aims - outcome.unreached.length} of ${aims}`, outcome.unreached)
    }

    const missed: string[] = []
    for (const mutant of mutants) {
      const mistaken = await withMistake(mutant)
      const found = coverage(registries, mistaken.operations).length + opinions(registries, mistaken.operations).length + exceptions(mistaken).length + routing(requests, rulings, operations, mistaken).length
      if (found === 0) missed.push(`not caught: ${mutant.name}`)
    }
    state(`seeded mistakes caught: ${mutants.length - missed.length} of ${mutants.length}`, missed)
  } finally {
    for (const oracle of oracles) oracle.close()
  }
  return proven
}

/** The registries are printed anew: the table, the classes and the document all come from the committed ones. */
async function staleRegistries (): Promise<string[]> {
  const stale: string[] = []
  for (const version of versions) {
    const python = (await run('scripts/mlflow/venv', [version])).stdout.trim()
    const { stdout } = await run(python, ['scripts/mlflow/registry.py'], { maxBuffer: 2 ** 26 })
    const [said, committed] = [stdout.split('\n'), readFileSync(`scripts/generate/registry/${version}.json`, 'utf8').split('\n')]
    const index = said.findIndex((line, at) => line !== committed[at])
    if (index !== -1 || said.length !== committed.length) stale.push(`MLflow ${version}, line ${index + 1}: says ${said[index]?.slice(0, 200) ?? 'nothing more'}, not ${committed[index]?.slice(0, 200) ?? 'nothing more'}`)
  }
  return stale
}

function percent (part: number, whole: number): string {
  return `${Math.floor(1000 * part / whole) / 10} %`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [count = '10000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
  process.stdout.write(`seed ${seed}\n`)
  const proven = await prove(Number(count), Number(seed), ({ line, problems }) => {
    process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${line}\n${problems.slice(0, 20).map(problem => `     ${problem}\n`).join('')}`)
  })
  process.exit(proven ? 0 : 1)
}
