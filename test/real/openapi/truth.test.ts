/** The document against real MLflow servers of every version behind the facade. */
import t from 'tap'
import { unansweredBy } from '../../../scripts/generate/openapi/exceptions.js'
import { findTruth } from '../../conformance/openapi/truth.js'
import { versions } from '../../../src/mlflow/versions.js'

t.setTimeout(900_000) // five minutes on an idle machine: two servers a version start, one after the other

for (const version of versions) {
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
