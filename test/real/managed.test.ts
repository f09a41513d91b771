/** An MLflow of our own that is the real one; only its download is replaced by an environment that is there already. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { schemaIn } from '../../src/mlflow/managed/database.js'
import { pinned } from '../../src/mlflow/managed/pinned.js'
import { mlflows, versions } from '../../src/mlflow/versions.js'
import { mlflowPython } from '../../scripts/mlflow/server.js'
import { ask, machine } from '../process/managed/machine.js'

t.setTimeout(600_000) // three starts and three migrations of a real MLflow on a busy machine

/** A uv whose environments are the one that holds the pinned MLflow. */
const uv = (python: string): string => `PATH=/usr/bin:/bin
for last; do :; done
[ "$1" = venv ] && mkdir -p "$last/bin" && printf '#!/bin/sh\\nexec "${python}" "$@"\\n' > "$last/bin/python" && chmod +x "$last/bin/python"
exit 0`

t.test('the pinned MLflow runs on its socket, survives SIGKILL with its data, and closes its assistant to callers', async t => {
  const python = await mlflowPython(pinned.version)
  const { open, line, dataDir } = machine(t, { uv: uv(python), python3: `exec "${python}" "$@"` })
  const ready = line(/is ready/)
  const local = await open()
  await ready
  t.equal(await ask(local, '/version'), pinned.version)
  t.equal(schemaIn(join(dataDir, 'mlflow')), pinned.schema, 'what is pinned is the schema of that version')
  t.match(JSON.parse(await ask(local, '/api/2.0/mlflow/experiments/get?experiment_id=0')), { experiment: { artifact_location: 'mlflow-artifacts:/0' } }, 'artifacts go through the facade')
  t.match(await ask(local, '/ajax-api/3.0/mlflow/assistant/config'), '"remote_access_allowed":false')
  const before = await ask(local, '/api/2.0/mlflow/experiments/get?experiment_id=0')

  const { pid } = JSON.parse(readFileSync(join(dataDir, 'mlflow', 'mlflow.pid'), 'utf8')) as { pid: number }
  const again = line(/is ready/)
  process.kill(pid, 'SIGKILL')
  await again
  t.equal(await ask(local, '/api/2.0/mlflow/experiments/get?experiment_id=0'), before)
})

/** The MLflow of our own, and the one that will be: the newest, whose parts the package index may still lack. */
const [next] = mlflows.slice(-1)
const upgrades = [{ from: '3.11.1', release: pinned }, { from: versions.at(-2) ?? '', release: { ...pinned, version: next!.version, schema: next!.schema } }]

for (const { from, release } of upgrades) {
  t.test(`the database of a real MLflow ${from} is upgraded to ${release.version} with its content, and kept as a backup`, async t => {
    const python = await mlflowPython(release.version)
    const { open, line, dataDir } = machine(t, { uv: uv(python), python3: `exec "${python}" "$@"` })
    const home = join(dataDir, 'mlflow')
    mkdirSync(home, { recursive: true })
    execFileSync(await mlflowPython(from), ['-c', 'import mlflow; mlflow.MlflowClient("sqlite:///mlflow.db").create_experiment("kept")'], { cwd: home, stdio: 'ignore' })
    const older = schemaIn(home)
    t.not(older, release.schema)
    await t.rejects(open({ release }), { message: /--upgrade-database/ })
    const ready = line(/is ready/)
    const local = await open({ allowUpgrade: true, release })
    await ready
    t.equal(await ask(local, '/version'), release.version)
    t.equal(schemaIn(home), release.schema)
    t.match(await ask(local, '/api/2.0/mlflow/experiments/get-by-name?experiment_name=kept'), '"name": "kept"')
    t.match(readdirSync(join(home, 'backups')), [new RegExp(`^mlflow-${older}-before-${release.version}-`)])
  })
}
