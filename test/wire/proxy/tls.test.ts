/** Towards MLflow, TLS is verified or there is no connection. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { facade } from '../../helpers/app.js'
import { answer, echo, says } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'

const folder = t.testdir()
const at = (name: string) => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A certificate that the authority `ca` signed. */
function issue (name: string, extensions: string): void {
  openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
  writeFileSync(at(`${name}.ext`), extensions)
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`)
}

openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem')
issue('server', 'subjectAltName=IP:127.0.0.1')
issue('elsewhere', 'subjectAltName=DNS:elsewhere.example')
issue('client', 'extendedKeyUsage=clientAuth')
const identity = (name: string) => ({ cert: readFileSync(at(`${name}.pem`)), key: readFileSync(at(`${name}.key`)) })

t.test('a certificate that no known authority signed is refused: 502, and MLflow sees no request', async t => {
  const { call, mlflow, line } = await facade(t, echo, { tls: identity('server') })
  const answered = await call('POST', search, { body: '{}' })
  t.equal(answered.status, 502)
  t.match(answered.json(), { error_code: 'INTERNAL_ERROR', message: 'MLflow\'s certificate was not accepted.' })
  t.equal(mlflow.calls.length + mlflow.probes.length, 0)
  t.match(await line(answered.header('x-request-id')), { refusal: 'upstream_tls' })
  const ready = await call('GET', '/ready')
  t.equal(ready.status, 503)
  t.match(ready.json(), { mlflow: { reason: /certificate/ } })
})

t.test('one of another host is refused too', async t => {
  const { call, mlflow } = await facade(t, echo, { tls: identity('elsewhere'), env: { MLFLOW_UPSTREAM_CA_FILE: at('ca.pem') } })
  t.equal((await call('GET', search)).status, 502)
  t.equal(mlflow.calls.length + mlflow.probes.length, 0)
})

t.test('one that the configured authority signed is accepted', async t => {
  const { call, mlflow } = await facade(t, echo, { tls: identity('server'), env: { MLFLOW_UPSTREAM_CA_FILE: at('ca.pem') } })
  t.equal((await call('POST', search, { body: 'over TLS' })).text(), 'over TLS')
  t.ok((mlflow.calls[0]?.socket as TLSSocket).encrypted)
})

t.test('the certificate is that of the URL\'s host, whatever Host MLflow is sent', async t => {
  const named = { MLFLOW_UPSTREAM_CA_FILE: at('ca.pem'), MLFLOW_UPSTREAM_HOST: 'elsewhere.example' }
  const own = await facade(t, echo, { tls: identity('server'), env: named })
  t.equal((await own.call('GET', search)).status, 200)
  t.equal(own.mlflow.calls[0]?.header('host'), 'elsewhere.example')
  const foreign = await facade(t, echo, { tls: identity('elsewhere'), env: named })
  t.equal((await foreign.call('GET', search)).status, 502, 'a certificate for the Host alone is none for the address')
  t.equal(foreign.mlflow.calls.length, 0)
})

t.test('an MLflow that wants a certificate of the facade gets it, and does without it nothing', async t => {
  const tls = { ...identity('server'), ca: readFileSync(at('ca.pem')), requestCert: true, rejectUnauthorized: true }
  const env = { MLFLOW_UPSTREAM_CA_FILE: at('ca.pem') }
  const known = await facade(t, echo, { tls, env: { ...env, MLFLOW_UPSTREAM_CERT_FILE: at('client.pem'), MLFLOW_UPSTREAM_KEY_FILE: at('client.key') } })
  t.equal((await known.call('GET', search)).status, 200)
  t.equal((known.mlflow.calls[0]?.socket as TLSSocket).getPeerCertificate().subject.CN, 'client')
  const unknown = await facade(t, echo, { tls, env })
  t.equal((await unknown.call('GET', search)).status, 502)
  t.equal(unknown.mlflow.calls.length, 0)
})

t.test('credentials and Host that MLflow wants are sent to it, with every request and probe', async t => {
  const { call, mlflow } = await facade(t, echo, { env: { MLFLOW_UPSTREAM_AUTHORIZATION: 'Basic bWU6c2VjcmV0', MLFLOW_UPSTREAM_HOST: 'mlflow.internal:5000' } })
  t.equal((await call('GET', search)).status, 200)
  t.strictSame(mlflow.calls[0]?.all('authorization'), ['Basic bWU6c2VjcmV0'])
  t.strictSame(mlflow.calls[0]?.all('host'), ['mlflow.internal:5000'])
})

t.test('a Location under the Host that MLflow is told is its own, in whatever case that is written', async t => {
  const { call } = await facade(t, says(answer(302, '', { Location: 'http://MLflow.Internal:5000/x' })), { env: { MLFLOW_UPSTREAM_HOST: 'MLflow.Internal:5000' } })
  t.equal((await call('GET', search)).header('location'), '/mlflow/x')
})
