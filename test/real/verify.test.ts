/** `verify` against a deployment that is well, and against ones that are not. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { verify } from '../../src/cli/verify.js'
import { UsageError } from '../../src/cli/command.js'
import { startFacade } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(300_000)

interface Report { readonly ok: boolean, readonly rows: ReadonlyArray<{ readonly check: string, readonly status: string, readonly message: string }> }

async function run (argv: readonly string[], env: Record<string, string> = {}): Promise<{ code: number, out: string, report: () => Report }> {
  let out = ''
  const code = await verify.run([...argv], { stdout: { write: text => { out += text } }, stderr: { write: () => {} }, env })
  return { code, out, report: () => JSON.parse(out) as Report }
}

t.test('a healthy deployment passes every row and keeps nothing of the round trip', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const key = await facade.createKey('mlflow:write')
  const whole = await run([facade.url, '--key', key, '--json'])
  t.strictSame(whole.report().rows.filter(row => row.status !== 'ok'), [])
  t.equal(whole.code, 0)
  t.notMatch(whole.out, key)
  const left = await fetch(`${mlflow.url}/api/2.0/mlflow/registered-models/search`)
  t.notMatch(await left.text(), 'hokusai-verify')

  const reader = await facade.createKey('mlflow:read')
  const readOnly = await run([facade.url, '--read-only'], { HOKUSAI_API_KEY: reader })
  t.equal(readOnly.code, 0, readOnly.out)
  t.notMatch(readOnly.out, 'create run')
  const refused = await run([facade.url, '--key', reader, '--json'])
  t.equal(refused.code, 1)
  t.match(refused.report().rows.find(row => row.check === 'create experiment'), { status: 'failed', message: /403.*mlflow:write/ })
  t.equal(refused.report().rows.find(row => row.check === 'create run')?.status, 'skipped')
})

t.test('each broken row of a deployment is named', async t => {
  // The old rules' failure: a service that knows nothing of MLflow takes every path, and asks for no key.
  const server = createServer((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { code, report } = await run([`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--key', 'k', '--json'])
  t.equal(code, 1)
  const failed = new Set(report().rows.filter(row => row.status === 'failed').map(row => row.check))
  for (const check of ['mount redirect', 'no key', 'wrong key', 'key in the query', 'read', 'dot segments', 'assistant', 'options', 'openapi', 'unknown path']) t.ok(failed.has(check), check)
})

t.test('an unknown path is 404 of ours, or with --platform whatever the platform says but a fault', async t => {
  let status = 200
  const server = createServer((_request, response) => response.writeHead(status, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}')).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const verdict = async (...more: string[]): Promise<string | undefined> => {
    const { report } = await run([`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--key', 'k', '--read-only', '--json', ...more])
    return report().rows.find(row => row.check === 'unknown path')?.status
  }
  for (const [given, alone, shared] of [[200, 'failed', 'ok'], [401, 'failed', 'ok'], [404, 'failed', 'ok'], [502, 'failed', 'failed']] as const) {
    status = given
    t.equal(await verdict(), alone, String(given))
    t.equal(await verdict('--platform'), shared, `${given} of a platform`)
  }
})

t.test('a deployment that is not there is one row, with the reason and what to look at', async t => {
  const { code, report } = await run(['http://127.0.0.1:9', '--key', 'k', '--json'])
  t.equal(code, 1)
  t.match(report().rows, [{ check: 'reach', status: 'failed', message: /ECONNREFUSED.*DNS/ }])
  t.equal(report().rows.length, 1)
})

t.test('wrong usage is exit 2 with a sentence', async t => {
  for (const argv of [[], ['x'], ['ftp://a', '--key', 'k'], ['http://a/mlflow', '--key', 'k'], ['http://a', 'http://b', '--key', 'k'], ['http://a'], ['http://a', '--nope'], ['http://a', '--key', 'k', '--connect-to', 'b'], ['http://a', '--key', 'k', '--connect-to', 'b:c']]) {
    const error: unknown = await run(argv).catch((thrown: unknown) => thrown)
    t.ok(error instanceof UsageError, argv.join(' '))
  }
})
