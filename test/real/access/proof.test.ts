import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { versions } from '../../../src/mlflow/versions.js'

t.setTimeout(600_000) // every known version of MLflow are imported

// As maintainers run it, compiled: under the loader of the tests it takes three times as long.
t.test('the table covers every installed MLflow, agrees with its routing, lets nobody by, and its checks catch seeded mistakes', async t => {
  const { stdout } = await promisify(execFile)(process.execPath, ['.build/test/conformance/access/main.js', '4000', '20260601'])
  const lines = stdout.trim().split('\n').slice(1)
  t.match(lines, [
    ...versions.map(version => `MLflow ${version}: registry coverage 100 % of`),
    new RegExp(`not what MLflow says: 0 of ${versions.length}$`), /second opinion: 0 of/, /judged otherwise: 0$/, /routing: 0 on/,
    ...['redirect', 'forward'].flatMap(mode => [new RegExp(`bypasses, LEGACY_PATHS=${mode}: 0 in`), /reach with an admin key: (\d+) of \1$/]),
    /seeded mistakes caught: (\d+) of \1$/
  ])
  t.equal(lines.length, versions.length + 9, 'nothing else is said')
  for (const line of lines) t.match(line, /^ok {3}/)
})
