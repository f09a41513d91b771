/** The first minutes of a new user: `npm start` in a terminal, from nothing to the lines that are pasted. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openTerminal } from '../../helpers/terminal.js'
import { machine } from './machine.js'

t.test('on a terminal: each step a line, never silent for 5 s, and the lines to copy last and once, with the key', async t => {
  const { dataDir, env } = machine(t, { uv: 'fake', python3: 'fake' })
  const terminal = openTerminal(t, [process.execPath, 'scripts/start.js', '--port', '0', '--data-dir', dataDir], { ...env, METRICS_PORT: 'off' })
  await terminal.until(/\nEND\n/)
  const shown = terminal.shown()
  const places = [/Starting the facade/, /Preparing MLflow/, /Listening on http/, /MLflow \S+ is ready/, /^export MLFLOW_TRACKING_URI=/m, /^END$/m].map(step => shown.search(step))
  t.strictSame(places, [...places].sort((one, other) => one - other), shown)
  t.ok(places.every(place => place >= 0), shown)
  t.ok(terminal.silence() < 5000, `${terminal.silence()} ms`)
  t.equal(shown.match(/hk_live_/g)?.length, 1, 'the key is shown once')
  t.equal(shown.match(/^export MLFLOW_TRACKING_URI=/gm)?.length, 1)
  t.notMatch(shown, /^\{/m, 'no JSON')
  t.notMatch(shown, / warn /, 'that MLflow is not there yet is no warning')
  const block = /^export MLFLOW_TRACKING_URI=[^]*?^END\n/m.exec(shown)?.[0] ?? ''
  pastes(t, block)
  await terminal.interrupt()
  t.notMatch(terminal.shown().slice(shown.length), /hk_live_/, 'and not again at the end')
})

t.test('a process that ends before it could show the key does so then', async t => {
  const { dataDir, env } = machine(t, { uv: 'fake', python3: 'fake' })
  const terminal = openTerminal(t, [process.execPath, 'dist/cli/main.js', 'start', '--port', '0', '--data-dir', dataDir], { ...env, METRICS_PORT: 'off' })
  await terminal.until(/Listening on/)
  await terminal.interrupt()
  t.equal(terminal.shown().match(/^export MLFLOW_TRACKING_TOKEN=hk_live_\w{42}$/gm)?.length, 1)
})

t.test('with an MLflow of one\'s own the lines come at once, and a pipe gets JSON', async t => {
  const env = { PATH: process.env.PATH, METRICS_PORT: 'off', DATA_DIR: t.testdir() }
  const terminal = openTerminal(t, [process.execPath, 'dist/cli/main.js', 'start', '--port', '0', '--upstream', 'http://127.0.0.1:9'], env)
  await terminal.until(/\nEND\n/)
  t.match(terminal.shown(), /^\d\d:\d\d:\d\d .{0,5}info {2}listening/m)
})

/** The lines do in bash and in Python what they say; a stand-in for MLflow's client tells what it was given. */
function pastes (t: Test, block: string): void {
  const folder = t.testdir()
  writeFileSync(join(folder, 'mlflow.py'), `import os, contextlib
@contextlib.contextmanager
def start_run():
    yield
def log_metric(name, value):
    print("logged", name, value, os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_TRACKING_TOKEN"][:8])
`)
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', PYTHONPATH: folder }
  const logged = /logged answer 42 http:\/\/127\.0\.0\.1:\d+\/mlflow hk_live_/
  t.match(execFileSync('bash', ['--norc', '-i'], { env, input: block, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] }), logged)
  const lines = /<<'END'\n([^]*)END\n/.exec(block)?.[1] ?? ''
  const given = { ...env, MLFLOW_TRACKING_URI: 'http://127.0.0.1:1/mlflow', MLFLOW_TRACKING_TOKEN: 'hk_live_x' }
  t.match(execFileSync('python3', ['-i', '-q'], { env: given, input: lines, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] }), logged)
}
