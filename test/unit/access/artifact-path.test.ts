/** Whose files an artifact path names, however it is spelt. */
import t from 'tap'
import { artifactPaths, climbs, holdsEveryWorkspace, leavesWorkspaces } from '../../../src/access/artifact-path.js'

/** A path, whether it leaves the workspace `default`, whether it leaves `other`, and whether it holds all of them. */
const paths: ReadonlyArray<readonly [path: string, leavesDefault: boolean, leavesOther: boolean, holdsAll: boolean]> = [
  ['1/run/artifacts/s.txt', false, false, false],
  ['1/run/artifacts/workspaces/other', false, false, false],
  ['1/run/artifacts//a/./b', false, false, false],
  ['1/run/artifacts/acc_at_90%data.csv', false, false, false],
  ['1/run/artifacts/a\\b ... c', false, false, false],
  ['models/workspacesX', false, false, false],
  ['workspaces-of-mine/x', false, false, false],
  ['workspaces.txt', false, false, false],
  ['workspaces/default/0/d.txt', false, true, false],
  ['workspaces/other/1/s.txt', true, false, false],
  ['workspaces/other', true, false, false],
  ['workspaces%2fother%2f1', true, false, false],
  ['workspaces/other/../default/0', true, true, false],
  ['workspaces/other/%2e%2e/default/0', true, true, false],
  ['workspaces/%2e/other', true, true, false],
  ['workspaces//other', true, true, false],
  ['workspaces/OTHER/1', true, true, false],
  ['./workspaces/other/1', true, true, false],
  ['%2e/workspaces/other/1', true, true, false],
  ['%252e/workspaces/other/1', true, true, false],
  ['%25%32%65%2fworkspaces', true, true, true],
  ['/workspaces/other', true, true, false],
  ['%2fworkspaces/other', true, true, false],
  ['\\workspaces\\other', true, true, false],
  ['1/../workspaces/other', true, true, false],
  ['%09./workspaces/other', true, true, false],
  ['.%09/workspaces/other', true, true, false],
  ['.%0d%0a/workspaces/other', true, true, false],
  ['%2%0a5%092e/workspaces/other', true, true, false],
  [' ./workspaces/other', true, true, false],
  ['Workspaces/other', true, true, false],
  ['workspaces./other', true, true, false],
  ['workspaces;x/other', true, true, false],
  ['workspaces::$INDEX_ALLOCATION', true, true, true],
  ['file:workspaces/other', true, true, false],
  ['FILE:file:./workspaces/other', true, true, false],
  ['file:', true, true, true],
  ['file:workspaces', true, true, true],
  ['workspaces', true, true, true],
  ['workspaces/', true, true, true],
  ['workspaces?', true, true, true],
  ['workspaces;?', true, true, true],
  ['workspaces%3b%23', true, true, true],
  ['%77orkspaces', true, true, true],
  ['%2577orkspaces/.', true, true, true],
  ['1/../workspaces', true, true, true],
  ['.', true, true, true],
  ['./', true, true, true],
  ['%252e', true, true, true],
  ['..', true, true, true],
  ['', true, false, true],
  ['?', true, false, true],
  ['%20', true, false, true]
]

t.test('a path leads out of a key\'s workspaces, or names the files of all, by what is left of it when nothing changes any more', async t => {
  for (const [path, leavesDefault, leavesOther, holdsAll] of paths) {
    const found = [leavesWorkspaces(path, ['default'], 'default'), leavesWorkspaces(path, ['other'], 'other'), holdsEveryWorkspace(path)]
    t.strictSame(found, [leavesDefault, leavesOther, holdsAll], path)
  }
  t.equal(leavesWorkspaces('workspaces/other/1', ['default', 'other'], 'default'), false, 'of a key\'s workspaces MLflow itself compares the chosen one')
})

t.test('what is encoded more often than MLflow decodes is refused', async t => {
  const encoded = (times: number): string => `%${'25'.repeat(times - 1)}61/x`
  t.equal(leavesWorkspaces(encoded(9), ['default'], 'default'), false)
  t.equal(leavesWorkspaces(encoded(12), ['default'], 'default'), true)
  t.equal(climbs(encoded(12)), true)
  t.equal(holdsEveryWorkspace(encoded(12)), true)
})

t.test('the paths of a request are found on every route that has one, and in its query', async t => {
  const routes: ReadonlyArray<readonly [path: string, query: string, store: string[], run: string[]]> = [
    ['/api/2.0/mlflow-artifacts/artifacts/1/x', '?path=y', ['1/x'], []],
    ['/ajax-api/2.0/mlflow-artifacts/artifacts/%252e/x', '', ['%2e/x'], []],
    ['/%61pi/2.0/mlflow-artifacts%2Fartifacts/a//b', '', ['a//b'], []],
    ['//api//2.0/mlflow-artifacts//artifacts//x', '', ['/x'], []],
    ['/api/2.0/mlflow-artifacts/artifacts/', '', [''], []],
    ['/api/2.0/mlflow-artifacts/artifacts/a%0Ab', '', ['a\nb'], []],
    ['/api/2.0/mlflow-artifacts/mpu/create/1/x', '', ['1/x'], []],
    ['/api/2.0/mlflow-artifacts/mpu/complete/1/x', '', ['1/x'], []],
    ['/api/2.0/mlflow-artifacts/mpu/abort/1/x', '', ['1/x'], []],
    ['/api/2.0/mlflow-artifacts/presigned/1/x', '', ['1/x'], []],
    ['/api/2.0/mlflow-artifacts/artifacts', '', [''], []],
    ['/api/2.0/mlflow-artifacts/artifacts', '?', [''], []],
    ['/api/2.0/mlflow-artifacts/artifacts', '?x=1&path', [''], []],
    ['/api/2.0/mlflow-artifacts/artifacts', '?path=1&p%61th=%2e+%252e', ['1', '. %2e'], []],
    ['/get-artifact', '?run_id=1&path=a%2f..', [], ['a/..']],
    ['/ajax-api/2.0/mlflow/logged-models/m/artifacts/files', '?artifact_file_path=x', [], ['x']],
    ['/api/2.0/mlflow/runs/search', '', [], []]
  ]
  for (const [path, query, store, run] of routes) t.strictSame(artifactPaths(path, query), { store, run }, path + query)
})

t.test('a long path takes no longer than its length', async t => {
  for (const part of ['%25', '?', 'file:', '../', '\t', ' ', '//', '%2525']) {
    const path = part.repeat(80_000 / part.length)
    const from = performance.now()
    leavesWorkspaces(`${path}x`, ['default'], 'default')
    holdsEveryWorkspace(`${path}x`)
    artifactPaths(`/api/2.0/mlflow-artifacts/artifacts/${path}`, `?${path}`)
    t.ok(performance.now() - from < 500, part)
  }
})
