import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { request } from 'undici'
import { operations } from '../../src/mlflow/operations/table.js'
import { attempts, forbidden } from '../../scripts/proof/corpus.js'
import { startFacade } from '../../scripts/proof/facade.js'
import { startMlflow, type Mlflow } from '../helpers/mlflow.js'

t.setTimeout(600_000)

/** All that an MLflow stores, as one hash: rows of its database, names and sizes of its artifacts. */
const digest = `
import hashlib, os, sqlite3, sys
h = hashlib.sha256()
db = sqlite3.connect("file:" + sys.argv[1] + "/mlflow.db?mode=ro", uri=True)
for line in db.iterdump():
    h.update(line.encode())
for folder, folders, files in sorted(os.walk(sys.argv[1] + "/artifacts")):
    for name in sorted(files):
        path = os.path.join(folder, name)
        h.update(f"{path} {os.path.getsize(path)}".encode())
print(h.hexdigest())
`

async function stateOf (mlflow: Mlflow): Promise<string> {
  const { stdout } = await promisify(execFile)(mlflow.python, ['-c', digest, mlflow.dir])
  return stdout.trim()
}

// The oldest decodes paths in gunicorn, the newest in uvicorn: what routes in between is compared string by string in proof.test.ts.
for (const version of ['2.22.5', '3.17.2']) {
  t.test(`no attempt with a read key or without one changes a real MLflow ${version}`, async t => {
    const mlflow = await startMlflow(t, { version, dir: t.testdir({ artifacts: {} }) })
    const facade = await startFacade(mlflow.url, 'redirect')
    t.teardown(facade.close)
    const tried = attempts(forbidden(operations), true)

    const before = await stateOf(mlflow)
    for (const key of [undefined, facade.keys.read]) {
      const statuses = await facade.attempt(tried, key)
      t.notOk(statuses.includes(0), 'every attempt is answered')
    }
    t.equal(await stateOf(mlflow), before)

    const created = await request(`${mlflow.url}/api/2.0/mlflow/experiments/create`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"control"}' })
    t.equal(created.statusCode, 200)
    await created.body.dump()
    t.not(await stateOf(mlflow), before, 'a write would have shown')
  })
}
