/** `hokusai-mlflow openapi`. */
import t from 'tap'
import { parse } from 'yaml'
import { main } from '../../../src/cli/main.js'
import { versions } from '../../../src/mlflow/versions.js'

async function run (...args: string[]): Promise<{ code: number, out: string, err: string }> {
  let out = ''
  let err = ''
  const code = await main(['openapi', ...args], { stdout: { write: text => { out += text } }, stderr: { write: text => { err += text } }, env: {} })
  return { code, out, err }
}

t.test('prints the document of the newest MLflow as JSON, and nothing else', async t => {
  const { code, out, err } = await run()
  t.equal(code, 0)
  t.equal(err, '')
  const document = JSON.parse(out) as { openapi: string, paths: Record<string, unknown> }
  t.match(document.openapi, /^3\.1\./)
  t.ok(document.paths['/api/3.0/mlflow/mcp-servers'])
})

t.test('prints the same as YAML', async t => {
  const smallest = ['--mlflow', '2.22.5']
  t.same(parse((await run('--yaml', ...smallest)).out), JSON.parse((await run(...smallest)).out))
})

t.test('prints the edition of an older MLflow, or of all', async t => {
  const paths = async (version: string): Promise<Record<string, unknown>> => (JSON.parse((await run('--mlflow', version)).out) as { paths: Record<string, unknown> }).paths
  t.notOk((await paths('3.9.0'))['/api/3.0/mlflow/mcp-servers'])
  t.ok((await paths('all'))['/server-info'])
})

t.test('--mlflow alone lists the versions, and so does a wrong one', async t => {
  const { code, out } = await run('--mlflow')
  t.equal(code, 0)
  const listed = out.trimEnd().split('\n')
  t.strictSame(listed, [...versions, 'all'])
  for (const version of [listed[0] ?? '', 'all']) t.equal((await run('--mlflow', version)).code, 0, version)
  for (const version of versions) t.match((await run('--mlflow', 'newest')).err, version)
})

t.test('what is no version is wrong usage', async t => {
  const { code, out, err } = await run('--mlflow', 'newest')
  t.equal(code, 2)
  t.equal(out, '')
  t.match(err, '"newest"')
  t.equal((await run('--toml')).code, 2)
})
