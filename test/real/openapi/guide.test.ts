/** The examples of docs/api.md, as they stand there, on a real MLflow behind the facade. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { openWorld } from '../../conformance/openapi/world.js'
import { curlPrelude } from '../../../scripts/generate/openapi/snippets.js'
import { mlflowPython } from '../../../scripts/mlflow/server.js'
import { newest } from '../../../src/mlflow/versions.js'

t.setTimeout(400_000)

const page = readFileSync('docs/api.md', 'utf8')

/** All examples of a language, in their order. */
function examples (language: string): string[] {
  return [...page.matchAll(new RegExp('```' + language + '\\n([\\s\\S]*?)\\n```', 'g'))].map(([, code = '']) => code)
}

t.test('every area has examples, and all of them work', async t => {
  const areas = [...page.matchAll(/^## (?!Scopes)/gm)].length
  t.equal(examples('sh').length, areas + 1, 'one in the shell for each area, and the beginning')
  t.equal(examples('python').length, areas + 1, 'one in Python for each area, and the beginning')
  const world = await openWorld(newest, { args: ['--enable-workspaces'] })
  t.teardown(world.close)
  const env = { ...process.env, MLFLOW_TRACKING_URI: `${world.url}/mlflow`, MLFLOW_TRACKING_TOKEN: world.key }
  const [python, run] = [await mlflowPython(newest), promisify(execFile)]
  // The addresses and keys of the beginning are placeholders.
  const shell = ['set -euo pipefail', ...examples('sh').map(code => code.replace(curlPrelude, curlPrelude.split('\n').slice(2).join('\n')))].join('\n')
  await t.resolves(run('bash', ['-c', shell], { env }), 'in the shell')
  await t.resolves(run(python, ['-c', examples('python').join('\n')], { env }), 'in Python')
})
