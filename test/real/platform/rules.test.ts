/** The platform's rules before and after the change, by the commands that an operator runs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { routes } from '../../../src/cli/routes.js'

const [before, after, expectations] = ['before.json', 'after.json', 'expectations.yaml'].map(file => `deploy/alb/${file}`) as [string, string, string]

async function run (argv: readonly string[]): Promise<{ code: number, out: string }> {
  let out = ''
  const code = await routes.run([...argv], { stdout: { write: text => { out += text } }, stderr: { write: () => {} }, env: {} })
  return { code, out }
}

interface Change { readonly listener: string, readonly before: string, readonly after: string, readonly witness: { readonly url: string }, readonly rules: { readonly before: string, readonly after: string } }

async function changesOf (argv: readonly string[]): Promise<readonly Change[]> {
  return (JSON.parse((await run(['diff', ...argv, '--json'])).out) as { changes: Change[] }).changes
}

t.test('the new rules are clean: nothing from a warning up', async t => {
  const { code } = await run(['check', after, '--json'])
  t.equal(code, 0)
})

t.test('every rule of both listeners is reached by an expectation, and every expectation is met', async t => {
  const { code, out } = await run(['test', after, expectations, '--json'])
  t.equal(code, 0)
  t.match(JSON.parse(out), { missed: [], unreached: [] })
})

t.test('the change moves MLflow to the facade, ends the overreach of /api*, and nothing else', async t => {
  const seen = (await changesOf([before, after])).map(change => `${change.listener} ${change.before} > ${change.after}, rule ${change.rules.before} > ${change.rules.after}`)
  const facade = ['10', '11', '12', '13', '14', '15', '16', '17', '18', '19', '20'].map(rule => rule === '10' ? 'mlflow > mlflow-facade, rule 40 > 10' : `api > mlflow-facade, rule 50 > ${rule}`)
  const intended = [...facade, 'api > fixed:404, rule 100 > default', 'mlflow > mlflow-facade, rule 200 > 200']
  t.strictSame(new Set(seen), new Set(['http', 'https'].flatMap(listener => intended.map(text => `${listener} ${text}`))))
})

t.test('the four old rules: what is wrong with them is named', async t => {
  const { code, out } = await run(['check', before, '--json'])
  t.equal(code, 1)
  const { findings } = JSON.parse(out) as { findings: ReadonlyArray<{ check: string, listener: string, rule: string, by?: string[] }> }
  t.ok(findings.some(finding => finding.check === 'prefix-overreach' && finding.rule === '100'), 'what else /api* takes')
  t.ok(findings.some(finding => finding.check === 'partly-shadowed-rule' && finding.rule === '50' && finding.by?.[0] === '40'), 'what the special case takes')
  const explained = JSON.parse((await run(['explain', before, 'https://registry.hokus.ai/api/mlflow/api/2.0/mlflow/runs/create', '--method', 'POST', '--json'])).out) as { rule: string, target: string, because: string[] }
  t.match(explained, { rule: '50', target: 'api' }, 'the conflict of the requirements: MLflow\'s path goes to the API service')
})

t.test('narrowing /api* alone cuts the auth service off, and the witness says so', async t => {
  for (const narrow of ['/api/v1/models*', '/api/mlflow*', '/api/v1/*']) {
    const folder = t.testdir({ 'narrow.json': readFileSync(before, 'utf8').replaceAll('"/api*"', JSON.stringify(narrow)) })
    const lost = (await changesOf([before, join(folder, 'narrow.json')])).filter(change => change.before === 'api' && change.after === 'fixed:404')
    t.strictSame(lost.map(({ listener, witness }) => `${listener} ${new URL(witness.url).host}`), ['http auth.hokus.ai', 'https auth.hokus.ai'], narrow)
    const { out } = await run(['diff', before, join(folder, 'narrow.json')])
    t.match(out, /curl -i 'http:\/\/auth\.hokus\.ai\/api/)
  }
})
