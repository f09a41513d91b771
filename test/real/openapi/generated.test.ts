/** The generated document: complete, valid, tight, and what its generator makes. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { isListed } from '../../../scripts/generate/openapi/build.js'
import { openContract } from '../../../scripts/generate/openapi/contract.js'
import { unanswered } from '../../../scripts/generate/openapi/exceptions.js'
import { lintEditions } from '../../conformance/openapi/lint.js'
import { sampleOf } from '../../../scripts/generate/openapi/recorded.js'
import { leniency, notices, sites } from '../../../scripts/generate/openapi/seeds.js'
import { described } from '../../../scripts/generate/openapi/texts.js'
import { openapiFiles, readRecorded } from '../../../scripts/generate/openapi-files.js'
import { operations } from '../../../src/access/operations.generated.js'
import { readDocuments } from '../../../src/endpoints/openapi/files.js'

interface Entry {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly security?: readonly unknown[]
  readonly responses: Readonly<Record<string, unknown>>
  readonly 'x-hokusai-scope': string
  readonly 'x-mlflow-since'?: string
}

const { newest } = readDocuments()
const contract = openContract(newest)
const recorded = readRecorded()
const entries = Object.values(newest.paths).flatMap(methods => Object.values(methods)) as unknown as Entry[]

t.test('the committed files are what the generator makes', async t => {
  for (const [path, text] of Object.entries(await openapiFiles())) t.ok(readFileSync(path, 'utf8') === text, `${path}: run \`npm run generate\` and commit`)
})

t.test('the linter and the validator of OpenAPI 3.1 find no error in any edition', async t => {
  t.strictSame(await lintEditions(), [])
})

t.test('every operation of the newest MLflow is listed once, with its scope and its errors', async t => {
  const listed = new Map(entries.map(entry => [entry.operationId, entry]))
  t.equal(listed.size, entries.length, 'no id twice')
  for (const operation of operations.filter(operation => operation.until === undefined)) {
    const entry = listed.get(operation.id)
    if (!isListed(operation)) {
      t.equal(entry, undefined, `${operation.id} is not listed`)
      continue
    }
    const scope = operation.class === 'public' ? 'public' : operation.class === 'ui' ? 'any' : `mlflow:${operation.class}`
    t.match(entry, { 'x-hokusai-scope': scope, 'x-mlflow-since': operation.since }, operation.id)
    const statuses = operation.class === 'public' ? [400, 404, 429, 431, 500, 502, 503, 504] : [400, 401, 403, 404, 413, 429, 431, 500, 502, 503, 504]
    t.same(statuses.filter(status => entry?.responses[status] === undefined), [], `${operation.id} has its errors`)
  }
})

t.test('no path is an alias under ajax-api, a static file or blocked', async t => {
  const aliases = new Set(operations.flatMap(({ aliases = [] }) => aliases.map(path => path.replaceAll(':path}', '}'))))
  for (const path of Object.keys(newest.paths)) {
    t.notOk(aliases.has(path), path)
    t.notMatch(path, /assistant|static-files|\/build\/|\/roles\/|\/permissions|\/users\/(?!current)/, path)
  }
})

t.test('each text belongs to an operation, and summaries are short', async t => {
  const ids = new Set(operations.map(({ id }) => id))
  t.same(described.filter(id => !ids.has(id)), [])
  for (const { operationId, summary, description } of entries) t.ok(summary.length <= 80 && !summary.endsWith('.') && description.endsWith('.'), `${operationId}: ${summary}`)
})

t.test('what real servers were sent and answered is true to the document', async t => {
  for (const entry of recorded) {
    t.same(contract.request(entry.id, { parameters: entry.parameters ?? {}, body: requestBody(entry) }), [], `${entry.id} as sent`)
    t.same(contract.answer(entry.id, sampleOf(entry).answered), [], `${entry.id} as answered`)
  }
})

t.test('every operation has an example that worked, but for the known exceptions', async t => {
  const worked = new Set(recorded.filter(({ status }) => status < 300).map(({ id }) => id))
  const missing = entries.map(({ operationId }) => operationId).filter(id => !worked.has(id) && !id.startsWith('getOpenapi'))
  t.same(missing.sort(), Object.keys(unanswered).sort())
  t.ok(missing.length <= 10)
})

t.test('a field dropped, a type changed or a name invented in any real answer is noticed, but for what the protos allow', async t => {
  const samples = recorded.filter(({ status }) => status < 300).map(sampleOf)
  const distinct = new Map(sites(newest, samples).map(site => [`${site.kind} ${site.name}`, site]))
  const unnoticed = [...distinct.values()].filter(site => !notices(contract, site))
  t.ok(distinct.size > 1000, `${distinct.size} different changes`)
  t.same(unnoticed.filter(site => leniency(site) === undefined).map(({ kind, name }) => `${kind} ${name}`), [])
})

/** Uploads were sent as bytes, which are not kept. */
function requestBody ({ id, body }: { readonly id: string, readonly body?: unknown }): unknown {
  const content = contract.operations.get(id)?.operation.requestBody?.content ?? {}
  return body === undefined && Object.keys(content).some(type => type !== 'application/json') ? Buffer.from('') : body
}
