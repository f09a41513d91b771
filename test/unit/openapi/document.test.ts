/** Editions of the document: what one version of MLflow has. */
import t from 'tap'
import { edition as makeEdition, served, type Document, type Json, type Older } from '../../../src/endpoints/openapi/document.js'
import { readDocuments } from '../../../src/endpoints/openapi/files.js'
import { versions } from '../../../src/mlflow/versions.js'

const { newest, older } = readDocuments()

/** Made once for each version: that takes a tenth of a second. */
const made = new Map<string, Document>()

function edition (document: Document, rest: Older, version: string): Document {
  if (document !== newest || rest !== older) return makeEdition(document, rest, version)
  const found = made.get(version) ?? makeEdition(document, rest, version)
  made.set(version, found)
  return found
}

function operationsOf (document: Document): string[] {
  return Object.values(document.paths).flatMap(methods => Object.values(methods)).map(operation => (operation as { operationId: string }).operationId)
}

t.test('an edition lists what its MLflow has, and nothing else', async t => {
  const of = (version: string): Set<string> => new Set(operationsOf(edition(newest, older, version)))
  t.ok(of('3.17.2').has('createMcpServer'))
  t.notOk(of('3.11.1').has('createMcpServer'))
  t.ok(of('3.11.1').has('createWorkspace'))
  t.notOk(of('3.9.0').has('createWorkspace'))
  t.ok(of('2.22.5').has('createAssessmentV2'))
  t.notOk(of('3.9.0').has('createAssessmentV2'))
  t.ok(of('2.22.5').has('whoami'), 'the facade itself is in every edition')
})

t.test('an MLflow newer than all known ones has what the newest known one has', async t => {
  t.same(operationsOf(edition(newest, older, '4.0.0')), operationsOf(newest))
})

t.test('the edition of all has every operation of every version once', async t => {
  const ids = operationsOf(edition(newest, older, 'all'))
  t.equal(new Set(ids).size, ids.length)
  for (const version of versions) {
    t.same(operationsOf(edition(newest, older, version)).filter(id => !ids.includes(id)), [], version)
  }
})

t.test('fields that came later are not in an older edition, and not demanded either', async t => {
  const info = (version: string): { properties: object, required: string[] } => edition(newest, older, version).components.schemas['ServerInfo'] as unknown as { properties: object, required: string[] }
  t.same(Object.keys(info('3.11.1').properties), ['store_type', 'workspaces_enabled'])
  t.same(info('3.11.1').required, ['store_type', 'workspaces_enabled'])
  t.ok(info('3.17.2').required.includes('features_enabled'))
})

t.test('an edition refers to nothing that it does not hold, and holds nothing that it does not refer to', async t => {
  for (const version of [...versions, 'all']) {
    const document = edition(newest, older, version)
    const named = new Set([...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name))
    const held = new Set(Object.keys(document.components.schemas))
    t.same([...named].filter(name => !held.has(name ?? '')), [], `${version}: missing`)
    if (version !== 'all') t.same([...held].filter(name => !named.has(name)), [], `${version}: idle`)
  }
})

t.test('an example is not trimmed, whatever its keys are called', async t => {
  const operation = { tags: ['A'], operationId: 'x', requestBody: { content: { 'application/json': { example: { 'x-mlflow-since': '9.0.0', kept: true } } } } }
  const document = { tags: [{ name: 'A' }], paths: { '/x': { get: operation } }, components: { schemas: {}, responses: {} } } as unknown as Document
  const none: Older = { paths: {}, components: { schemas: {} } }
  t.same(edition(document, none, '3.9.0').paths, document.paths)
})

t.test('what says nothing of versions is in all of them', async t => {
  const plain: Json[] = [null, 1, 'x', [], {}, { a: 1 }]
  for (const value of plain) t.ok(served(value, '2.0.0'), JSON.stringify(value))
  t.notOk(served({ 'x-mlflow-since': '3.0.0' }, '2.9.9'))
  t.notOk(served({ 'x-mlflow-until': '3.0.0' }, '3.0.1'))
})
