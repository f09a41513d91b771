/**
 * Proves the OpenAPI document against real MLflow servers behind the facade: every operation is called, every answer held against it,
 * real answers are changed to see that it notices, it is linted, and generating it again must change nothing. Exit 1 when anything fails.
 *
 * `--versions 3.9.0,…` proves these versions only; `--record` keeps what the newest was sent and answered as the examples of the document.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs, promisify } from 'node:util'
import { openContract } from '../../../scripts/generate/openapi/contract.js'
import { editions, lintEditions } from './lint.js'
import { leniencies, unansweredBy } from '../../../scripts/generate/openapi/exceptions.js'
import { record } from '../../../scripts/generate/openapi/recorded.js'
import { draw, leniency, notices, sites, type Sample } from '../../../scripts/generate/openapi/seeds.js'
import { findTruth, type Truth } from './truth.js'
import { newest, versions } from '../../../src/mlflow/versions.js'

const seedsCount = 200

const { values } = parseArgs({ options: { record: { type: 'boolean', default: false }, versions: { type: 'string', default: versions.join() }, seed: { type: 'string', default: '7' } } })
let failed = false

for (const version of values.versions.split(',')) {
  const truth = await findTruth(version)
  coverage(truth)
  violations(truth)
  if (values.record && version === newest && !failed) writeFileSync('scripts/generate/openapi/recorded.json', '[\n' + record(truth.exchanges, truth.folders).map(entry => JSON.stringify(entry)).join(',\n') + '\n]\n')
  seeds(truth)
}
await lint()
await regenerate()
process.exit(failed ? 1 : 0)

/** Every operation of the document was called, and answered well but for the exceptions. */
function coverage ({ version, document, exchanges, missed }: Truth): void {
  const operations = openContract(document).operations
  const unanswered = unansweredBy(version)
  const well = new Set(exchanges.filter(({ answered, complaints }) => answered.status < 300 && complaints.length === 0).map(({ id }) => id))
  const gaps = [...operations.keys()].filter(id => !well.has(id) && unanswered[id] === undefined && !missed.includes(id))
  const excepted = [...operations.keys()].filter(id => unanswered[id] !== undefined)
  say(missed.length === 0 && gaps.length === 0, `coverage ${version}: ${operations.size - missed.length} of ${operations.size} operations called (${percent(operations.size - missed.length, operations.size)}), ${well.size} answered well, ${excepted.length} exceptions`)
  for (const id of excepted) detail(`exception: ${id}: ${unanswered[id] ?? ''}`)
  for (const id of missed) detail(`not called: ${id}`)
  for (const id of gaps) detail(`never answered well: ${id}`)
}

function violations ({ version, exchanges }: Truth): void {
  const wrong = exchanges.filter(({ complaints }) => complaints.length > 0)
  say(wrong.length === 0, `violations ${version}: ${wrong.length} in ${exchanges.length} calls`)
  for (const { id, complaints } of wrong) for (const complaint of complaints) detail(`${id}: ${complaint}`)
}

/** Real answers, changed in one place each; what the protos themselves allow is no mistake and is listed beside. */
function seeds ({ version, document, exchanges }: Truth): void {
  const contract = openContract(document)
  const samples: Sample[] = exchanges.filter(({ id, answered }) => answered.status < 300 && id !== 'getOpenapiJson')
  const all = sites(document, samples)
  const allowed = new Map(all.flatMap(site => leniency(site) === undefined || notices(contract, site) ? [] : [[`${site.kind} ${site.name}`, leniencies[leniency(site) ?? 'open']] as const]))
  const drawn = draw(all.filter(site => leniency(site) === undefined), seedsCount, Number(values.seed))
  const missed = drawn.filter(site => !notices(contract, site))
  say(missed.length === 0 && drawn.length === seedsCount, `seeded changes ${version}: ${drawn.length - missed.length} of ${drawn.length} caught; ${allowed.size} kinds of change are allowed by the protos`)
  for (const { kind, name } of missed) detail(`missed: ${kind} ${name}`)
  for (const [change, why] of allowed) detail(`allowed: ${change}: ${why}`)
}

async function lint (): Promise<void> {
  const found = await lintEditions()
  say(found.length === 0, `lint and OpenAPI 3.1 validity of ${editions.length} editions: ${found.length} errors`)
  found.forEach(detail)
}

async function regenerate (): Promise<void> {
  const printed = await promisify(execFile)(process.execPath, ['.build/scripts/generate/main.js', '--check']).then(({ stdout }) => stdout, (error: { stdout: string, stderr: string }) => error.stdout || error.stderr)
  const stale = printed.split('\n').filter(line => line !== '')
  say(stale.length === 0, `generating again changes ${stale.length} files`)
  stale.forEach(detail)
}

function percent (part: number, whole: number): string {
  return `${Math.floor(part / whole * 100)} %`
}

function say (fine: boolean, line: string): void {
  failed ||= !fine
  process.stdout.write(`${fine ? 'ok    ' : 'FAILED'} ${line}\n`)
}

function detail (line: string): void {
  process.stdout.write(`         ${line}\n`)
}
