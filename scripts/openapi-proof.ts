/**
 * Proves the OpenAPI document against real MLflow servers behind the facade: every operation is called, every answer held against it,
 * real answers are changed to see that it notices, and it is linted. Exit 1 when anything fails.
 *
 * `--record` keeps what was sent and answered as the examples of the document; `--versions 3.9.0,…` proves older versions instead.
 */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs, promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { readDocuments } from '../src/openapi/files.js'
import { openContract } from './openapi/contract.js'
import { leniencies, unanswered } from './openapi/exceptions.js'
import { record } from './openapi/recorded.js'
import { draw, leniency, notices, sites, type Sample } from './openapi/seeds.js'
import { findTruth, type Truth } from './openapi/truth.js'

const seedsCount = 200

const { values } = parseArgs({ options: { record: { type: 'boolean', default: false }, versions: { type: 'string', default: '3.17.2' }, seed: { type: 'string', default: '7' } } })
let failed = false

for (const version of values.versions.split(',')) {
  const truth = await findTruth(version)
  coverage(truth)
  violations(truth)
  if (values.record && !failed) writeFileSync('scripts/openapi/recorded.json', '[\n' + record(truth.exchanges, truth.folders).map(entry => JSON.stringify(entry)).join(',\n') + '\n]\n')
  seeds(truth)
}
await lint()
process.exit(failed ? 1 : 0)

/** Every operation of the document was called, and answered well but for the exceptions. */
function coverage ({ version, document, exchanges, missed }: Truth): void {
  const operations = openContract(document).operations
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

/** Real answers, changed in one place each. */
function seeds ({ version, document, exchanges }: Truth): void {
  const contract = openContract(document)
  const samples: Sample[] = exchanges.filter(({ id, answered }) => answered.status < 300 && id !== 'getOpenapiJson')
  const drawn = draw(sites(document, samples), seedsCount, Number(values.seed))
  const unnoticed = drawn.filter(site => !notices(contract, site))
  const gaps = unnoticed.filter(site => leniency(site) === undefined)
  say(gaps.length === 0 && drawn.length === seedsCount, `seeded changes ${version}: ${drawn.length - unnoticed.length} of ${drawn.length} caught, ${unnoticed.length - gaps.length} allowed by the protos, ${gaps.length} missed`)
  for (const site of unnoticed) detail(`${leniency(site) === undefined ? 'missed' : 'allowed'}: ${site.kind} ${site.name}${leniency(site) === undefined ? '' : `: ${leniencies[leniency(site) ?? 'open']}`}`)
}

async function lint (): Promise<void> {
  const linted = await promisify(execFile)('npx', ['redocly', 'lint', '--config', 'redocly.yaml', '--format', 'summary', 'mlflow'], { encoding: 'utf8' }).then(() => true, (error: { stdout: string, stderr: string }) => {
    detail(error.stdout + error.stderr)
    return false
  })
  say(linted, `lint: ${linted ? 0 : 'some'} errors`)
  const { newest, older } = readDocuments()
  const valid = await new Validator().validate(JSON.parse(readFileSync('openapi/openapi.json', 'utf8')) as never)
  say(valid.valid && Object.keys(older.paths).length > 0, `OpenAPI 3.1 validity: ${valid.valid ? 'valid' : JSON.stringify(valid.errors)}, ${Object.keys(newest.paths).length} paths`)
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
