/** A real MLflow keeps its state whatever is tried, and changes it at the administrator's same request: so the attempts were no blanks. */
import t from 'tap'
import { operations } from '../../../src/access/operations.generated.js'
import { newest, oldest } from '../../../src/mlflow/versions.js'
import { findWrites } from '../../conformance/access/writes.js'

t.setTimeout(600_000)

/** What needs an administrator and only reads; and a trace that its run holds already. */
const unchanging = new Set([...operations.filter(({ method }) => method === 'GET').map(({ id }) => id), 'linkTracesToRun'])

// The oldest decodes paths in gunicorn, the newest in uvicorn: what routes in between is compared string by string in proof.test.ts.
for (const [version, least] of [[oldest, 40], [newest, 100]] as const) {
  t.test(`no attempt with a read key or without one changes a real MLflow ${version}`, async t => {
    const { attempts, tried, changed, disturbed, bypasses } = await findWrites(version)
    t.same(bypasses, [])
    t.same(disturbed, [], 'the administrator is not disturbed by them')
    t.same([...tried].filter(id => !changed.has(id) && !unchanging.has(id)), [], 'each of the operations would have changed it')
    t.ok(changed.size >= least, `${changed.size} operations`)
    t.ok(attempts > 10_000, `${attempts} attempts`)
  })
}
