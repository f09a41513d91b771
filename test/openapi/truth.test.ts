/** The document against a real MLflow behind the facade. */
import t from 'tap'
import { unanswered } from '../../scripts/openapi/exceptions.js'
import { findTruth } from '../../scripts/openapi/truth.js'
import { newest } from '../helpers/mlflow.js'

t.setTimeout(600_000) // two minutes on an idle machine: three servers start, one after the other

t.test('every operation is called, and no status, header or body differs from the document', async t => {
  const { exchanges, missed, document } = await findTruth(newest)
  t.same(missed, [], 'all are called')
  for (const { id, complaints } of exchanges) t.same(complaints, [], id)
  const well = new Set(exchanges.filter(({ answered }) => answered.status < 300).map(({ id }) => id))
  const refused = Object.values(document.paths).flatMap(methods => Object.values(methods)).map(operation => (operation as { operationId: string }).operationId).filter(id => !well.has(id))
  t.same(refused.filter(id => unanswered[id] === undefined), [], 'each answers well, but for the known exceptions')
})
