/** The short form of `npm run explain:proof`, and that it can fail; and the command as people use it. */
import t from 'tap'
import type { Explanation } from '../../src/explain/explanation.js'
import { startMlflow } from '../../scripts/mlflow/server.js'
import { compare, differencesIn } from '../conformance/explain/compare.js'
import { startFacade } from '../helpers/facade.js'

t.setTimeout(300_000)

t.test('requests go as they are explained', async t => {
  const { requests, ends, differences } = await compare(t, 400, 1)
  t.strictSame(differences, [])
  t.equal(requests, 400)
  t.ok(ends.size >= 12 && (ends.get('forwarded') ?? 0) > 20, [...ends.keys()].join())
})

t.test('what goes otherwise is seen', t => {
  const explained = { outcome: 'forwarded', status: null, reason: null, operation: 'getRun', workspace: null, mlflow: { method: 'GET', path: '/x', version: null } } as unknown as Explanation
  const happened = { status: 200, operation: 'getRun', refusal: undefined, target: '/x', workspace: undefined }
  t.strictSame(differencesIn(explained, happened), [])
  for (const other of [{ target: '/y' }, { target: undefined }, { operation: 'other' }, { refusal: 'scope' }, { workspace: 'team-a' }]) {
    t.not(differencesIn(explained, { ...happened, ...other }).length, 0, JSON.stringify(other))
  }
  t.end()
})

t.test('the command asks a facade that runs nowhere, of an MLflow that does', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const up = await startFacade(t, { mlflowUrl: mlflow.url })
  await up.createKey('mlflow:read', ['--name', 'reader'])
  const text = await up.command(['explain', 'GET', '/mlflow/api/2.0/mlflow/runs/get?run_id=1', '--key', 'reader'])
  t.match(text, /^It would be forwarded to MLflow\.\n {2}operation {4}getRun\n/)
  t.match(text, /MLflow gets {2}GET \/api\/2\.0\/mlflow\/runs\/get\?run_id=1 \(MLflow \d/)
  await t.rejects(up.command(['explain', 'POST', '/mlflow/api/2.0/mlflow/runs/delete', '--key', 'reader']), { code: 1, stdout: /would be refused[^]*403[^]*mlflow:write/ })
  await t.rejects(up.command(['explain', 'GET', '/x', '--key', 'nobody']), { code: 1, stderr: /No key has this/ })
  await t.rejects(up.command(['explain', 'GET']), { code: 2, stderr: /needs a METHOD and a PATH/ })
})
