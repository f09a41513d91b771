/** An MLflow that is newer than all known ones, behind this facade: what works, what is closed, and what people are told. */
import t from 'tap'
import { newest } from '../../../src/mlflow/versions.js'
import { facade } from '../../helpers/app.js'
import { echo, shapeA, shapeC } from '../../helpers/upstream.js'

for (const [where, shape] of [['at its root', shapeA], ['under a static prefix', shapeC]] as const) {
  t.test(`what is known works with an MLflow 3.99.0 ${where}, and what is not is for administrators`, async t => {
    const { call, mlflow, lines } = await facade(t, echo, { shape: { ...shape, version: '3.99.0' } })
    t.equal((await call('POST', '/mlflow/api/2.0/mlflow/runs/create', { key: 'write', body: '{}' })).status, 200)
    t.equal((await call('GET', '/mlflow/api/2.0/mlflow/runs/get?run_id=1', { key: 'read' })).status, 200)
    t.equal(mlflow.calls.length, 2)
    for (const path of ['/mlflow/ajax-api/3.0/mlflow/new', '/mlflow/api/4.0/mlflow/runs/create', '/mlflow/gateway/x/new']) {
      for (const key of ['read', 'write'] as const) {
        t.match((await call('POST', path, { key, body: '{}' })).json(), { error_code: 'ENDPOINT_NOT_FOUND' }, `${key} ${path}`)
      }
      t.equal((await call('POST', path, { key: 'admin', body: '{}' })).status, 200, path)
    }
    const assistant = await call('POST', '/mlflow/ajax-api/4.0/mlflow/assistant/new', { key: 'admin', body: '{}' })
    t.equal(assistant.status, 403, 'a later assistant is shut')
    t.match((await call('GET', '/', { key: null })).text(), `MLflow 3.99.0 is newer than ${newest}`)
    t.ok(lines.some(({ msg }) => msg.startsWith('MLflow 3.99.0 is newer')), 'the log says so, too')
    const [served, known] = [await call('GET', '/openapi.json', { key: null }), await call('GET', `/openapi.json?mlflow=${newest}`, { key: null })]
    t.equal(served.text(), known.text(), 'the document is that of the newest known one')
  })
}

t.test('of an MLflow that is known the start page says nothing', async t => {
  const { call } = await facade(t, echo)
  t.notMatch((await call('GET', '/', { key: null })).text(), 'is newer')
})
