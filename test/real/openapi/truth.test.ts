/** The document against real MLflow servers behind the facade: the short form of `npm run openapi:proof`, which takes every version. */
import t from 'tap'
import { unansweredBy } from '../../../scripts/generate/openapi/exceptions.js'
import { findTruth } from '../../conformance/openapi/truth.js'
import { newest, oldest } from '../../../src/mlflow/versions.js'

t.setTimeout(900_000) // three minutes on an idle machine: two servers a version start, one after the other

// The ends, and one between them that the most is known of; what changed from each to the next is in the editions, which generated.test.js compares.
for (const version of new Set([oldest, '3.17.2', newest])) {
  t.test(`every operation of ${version} is called, and no status, header or body differs from its edition`, async t => {
    const { exchanges, missed, document } = await findTruth(version)
    t.same(missed, [], 'all are called')
    for (const { id, complaints } of exchanges) t.same(complaints, [], id)
    const unanswered = unansweredBy(version)
    const well = new Set(exchanges.filter(({ answered }) => answered.status < 300).map(({ id }) => id))
    const refused = Object.values(document.paths).flatMap(methods => Object.values(methods)).map(operation => (operation as { operationId: string }).operationId).filter(id => !well.has(id))
    t.same(refused.filter(id => unanswered[id] === undefined), [], 'each answers well, but for the known exceptions')
    t.ok(refused.length <= 12, `${refused.length} exceptions`)
  })
}
