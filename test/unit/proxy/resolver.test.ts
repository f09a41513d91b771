/** What the facade remembers of MLflow's names, and when it asks anew. */
import t from 'tap'
import type { Layout } from '../../../src/mlflow/layout.js'
import { createResolvers } from '../../../src/proxy/permissions/resolver.js'

const layout: Layout = { version: '3.18.0', prefix: '', restUnderPrefix: false, healthAtRoot: false, streamsArtifacts: true, chunkedIsEmpty: true, workspaces: false }

t.test('an answer that was under way when a name was given away is not remembered', async t => {
  const waiting: Array<(name: string) => void> = []
  const resolvers = createResolvers(async () => await new Promise(resolve => waiting.push(name => {
    resolve({ status: 200, contentType: 'application/json', body: JSON.stringify({ experiment: { experiment_id: '1', name, artifact_location: '' } }) })
  })))
  const { experiment } = resolvers.of(layout, undefined)
  const before = experiment('1')
  resolvers.forgetNames()
  const after = experiment('1')
  t.equal(waiting.length, 2, 'asked anew')
  waiting[1]!('new')
  t.match(await after, { name: 'new' })
  waiting[0]!('old')
  await before
  t.match(await experiment('1'), { name: 'new' })
  t.equal(waiting.length, 2, 'the later answer is remembered')
})
