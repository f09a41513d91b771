/** An MLflow of our own, with stand-ins for the tools that prepare it: what is told, what is reused, what is restarted, what is left behind. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import sqlite from '@photostructure/sqlite'
import t from 'tap'
import { socketAt } from '../../../src/mlflow/managed/address.js'
import { pinned } from '../../../src/mlflow/managed/pinned.js'
import { mlflows } from '../../../src/mlflow/versions.js'
import { ask, machine, type Machine } from './machine.js'

const both = { uv: 'fake', python3: 'fake' }

function isAlive (pid: number): boolean {
  try {
    // Nobody may wait for an orphan in a container: dead it is all the same.
    return process.kill(pid, 0) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch { return false }
}

function makeOldDatabase (dataDir: string, schema: string = '0000older'): string {
  const file = join(dataDir, 'mlflow', 'mlflow.db')
  mkdirSync(dirname(file), { recursive: true })
  const db = new sqlite.DatabaseSync(file)
  db.exec(`CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('${schema}'); CREATE TABLE runs (name TEXT); INSERT INTO runs VALUES ('kept')`)
  db.close()
  return file
}

function readDatabase (file: string): { schema: unknown, runs: unknown } {
  const db = new sqlite.DatabaseSync(file)
  const found = { schema: db.prepare('SELECT version_num FROM alembic_version').get(), runs: db.prepare('SELECT name FROM runs').all() }
  db.close()
  return found
}

t.test('it is prepared in the background, tells what it does, and answers where it said', async t => {
  const { open, line, lines, dataDir } = machine(t, both)
  const ready = line(/is ready/)
  const local = await open()
  t.equal(local.state().phase, 'preparing')
  t.match(local.state().reason, /^preparing MLflow/)
  await ready
  t.strictSame(local.state(), { phase: 'ready', reason: undefined })
  t.equal(await ask(local, '/health'), 'OK')
  t.match(lines, [/^Preparing MLflow/, /creating a Python environment with uv/, /done in \d/, /installing MLflow .* with uv/, /done in \d/, /database/, /done in/, /^Starting MLflow/, /ready \(started in \d/])
  t.equal(statSync(join(dataDir, 'mlflow')).mode & 0o777, 0o700, 'nobody else reaches the socket, which has no key')
  t.match(readFileSync(join(dataDir, 'mlflow.log'), 'utf8'), 'MLflow listens')
})

t.test('without uv it is prepared with venv and pip', async t => {
  const { open, line, calls } = machine(t, { python3: 'fake' })
  const ready = line(/is ready/)
  await open()
  await ready
  t.ok(calls().some(call => call.startsWith('python -m pip install') && call.endsWith(`mlflow==${pinned.version}`)))
})

t.test('the second start installs nothing', async t => {
  const { open, line, calls } = machine(t, both)
  const ready = line(/is ready/)
  const local = await open()
  await ready
  await local.stop()
  const again = line(/is ready/)
  await open()
  await again
  t.equal(calls().filter(call => call.startsWith('uv pip install')).length, 1)
})

for (const [what, spoil] of [
  ['half-made', (venv: string) => writeFileSync(join(venv, 'hokusai-mlflow.json'), '')],
  ['of another version', (venv: string) => writeFileSync(join(venv, 'hokusai-mlflow.json'), '{"mlflow":"3.11.1"}\n')],
  ['without its Python', (venv: string) => writeFileSync(join(venv, 'bin', 'python'), '#!/nowhere/python\n')]
] as const) {
  t.test(`an environment that is ${what} is made again`, async t => {
    const { open, line, calls, dataDir } = machine(t, both)
    const ready = line(/is ready/)
    const local = await open()
    await ready
    await local.stop()
    spoil(join(dataDir, 'mlflow', 'venv'))
    const again = line(/is ready/)
    await open()
    await again
    t.equal(calls().filter(call => call.startsWith('uv pip install')).length, 2)
  })
}

t.test('killed, it is started again in the same place, and its server proper is not left behind', async t => {
  const { open, line, dataDir } = machine(t, both)
  const ready = line(/is ready/)
  const local = await open()
  await ready
  const server = Number(await ask(local, '/pid'))
  const parent = (JSON.parse(readFileSync(join(dataDir, 'mlflow', 'mlflow.pid'), 'utf8')) as { pid: number }).pid
  const down = line(/^MLflow exited \(SIGKILL\).*Restarting it in 1\.0 s/)
  const again = line(/is ready/)
  process.kill(parent, 'SIGKILL')
  await down
  t.match(local.state(), { phase: 'restarting', reason: /exited \(SIGKILL\)/ })
  await again
  t.equal(local.state().phase, 'ready')
  t.notOk(isAlive(server))
  t.not(await ask(local, '/pid'), String(server))
})

t.test('it is started again ever more slowly while it fails', async t => {
  const { open, line } = machine(t, both, { FAKE_SERVER: 'a broken configuration' })
  const first = line(/exited \(exit code 1\): see mlflow\.log in DATA_DIR\. Restarting it in 1\.0 s/)
  const second = line(/Restarting it in 2\.0 s/)
  const local = await open()
  await first
  await second
  t.match(local.state().reason, /being restarted/)
})

t.test('stopping ends it and all of its processes', async t => {
  const { open, line, dataDir } = machine(t, both)
  const ready = line(/is ready/)
  const local = await open()
  await ready
  const server = Number(await ask(local, '/pid'))
  await local.stop()
  t.notOk(isAlive(server))
  t.equal(local.state().phase, 'stopped')
  t.notOk(existsSync(join(dataDir, 'mlflow', 'mlflow.pid')))
})

t.test('stopping ends a preparation', async t => {
  const { open, line } = machine(t, both, { FAKE_INSTALL: 'hang' })
  const installing = line(/installing/)
  const local = await open()
  await installing
  await local.stop()
  t.equal(local.state().phase, 'stopped')
})

/** A process that runs an MLflow of its own, has said so much, and then dies of the signal; SIGTERM makes it exit at once. */
async function die ({ dataDir, env }: Machine, said: string, by: 'SIGKILL' | 'SIGTERM'): Promise<number> {
  const script = `import { openLocalMlflow } from ${JSON.stringify(join(process.cwd(), '.build/src/mlflow/managed/mlflow.js'))}
    process.once('SIGTERM', () => process.exit(1))
    ;(await openLocalMlflow({ dataDir: ${JSON.stringify(dataDir)}, python: 'python3', env: process.env, allowUpgrade: false, log: line => console.log(line) })).start()`
  const dying = spawn(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const chunk of dying.stdout) if (String(chunk).includes(said)) break
  const file = join(dataDir, 'mlflow', 'mlflow.pid')
  while (!existsSync(file)) await delay(20)
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number }
  const gone = once(dying, 'exit')
  dying.kill(by)
  await gone
  return pid
}

t.test('a process that exits at once, as at a second Ctrl-C, takes its MLflow along', async t => {
  const pid = await die(machine(t, both), 'is ready', 'SIGTERM')
  for (let waited = 0; isAlive(pid) && waited < 5000; waited += 20) await delay(20)
  t.notOk(isAlive(pid))
})

t.test('an installer that outlived a crash of the facade is ended before another one works in its folder', async t => {
  const world = machine(t, both, { FAKE_INSTALL: 'hang' })
  const orphan = await die(world, 'installing', 'SIGKILL')
  t.ok(isAlive(orphan))
  await world.open()
  t.notOk(isAlive(orphan))
})

t.test('a signal at any moment of a start leaves no MLflow behind', async t => {
  for (const moment of ['making MLflow\'s database', 'Starting MLflow']) {
    const { dataDir, env } = machine(t, both)
    const facade = spawn(process.execPath, ['dist/cli/main.js', 'start'], { env: { ...process.env, ...env, DATA_DIR: dataDir, PORT: '0', METRICS_PORT: 'off' }, stdio: ['ignore', 'ignore', 'pipe'] })
    t.teardown(() => facade.kill('SIGKILL'))
    const ended = once(facade, 'exit')
    for await (const chunk of facade.stderr) if (String(chunk).includes(moment)) break
    facade.kill('SIGTERM')
    t.strictSame(await ended, [0, null], moment)
    t.notOk(existsSync(join(dataDir, 'mlflow', 'mlflow.pid')), moment)
  }
})

t.test('a database that cannot be read, and a folder that Python refuses, are named and nothing is begun', async t => {
  const { open, dataDir, calls } = machine(t, both)
  mkdirSync(join(dataDir, 'mlflow'), { recursive: true })
  for (const content of ['', 'this is no database']) {
    writeFileSync(join(dataDir, 'mlflow', 'mlflow.db'), content)
    await t.rejects(open({ allowUpgrade: true }), { message: /mlflow\.db\) cannot be read as an MLflow database\. Restore a backup/ })
  }
  await t.rejects(open({ dataDir: join(dataDir, 'a:b') }), { message: /path of DATA_DIR contains a colon/ })
  t.strictSame(calls(), [])
})

t.test('an environment from which a part was taken away is made anew', async t => {
  const { open, line, env, calls } = machine(t, both)
  const ready = line(/is ready/)
  const first = await open()
  await ready
  await first.stop()
  const again = line(/is ready/)
  await open({ env: { ...env, FAKE_MISSING: 'uvicorn' } })
  await again
  t.equal(calls().filter(call => call.startsWith('uv pip install')).length, 2)
})

t.test('one that outlived a crash of the facade is ended first', async t => {
  const world = machine(t, both)
  const { open, line, dataDir } = world
  const orphan = await die(world, 'is ready', 'SIGKILL')
  t.ok(isAlive(orphan))
  const left = socketAt(join(dataDir, 'mlflow')) ?? ''
  const ready = line(/is ready/)
  const local = await open()
  t.notOk(isAlive(orphan))
  t.ok(local.socketPath === left || !existsSync(left), 'nor does its socket stay in the temporary folder')
  await ready
  t.equal(await ask(local, '/health'), 'OK')
})

t.test('a process that merely has the noted id is left alone', async t => {
  const { open, dataDir, lines } = machine(t, both)
  mkdirSync(join(dataDir, 'mlflow'), { recursive: true })
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  t.teardown(() => stranger.kill('SIGKILL'))
  writeFileSync(join(dataDir, 'mlflow', 'mlflow.pid'), JSON.stringify({ pid: stranger.pid, startedAt: '1' }))
  await (await open()).stop()
  t.ok(isAlive(stranger.pid ?? 0))
  t.notOk(lines.some(line => line.includes('left over')))
})

t.test('neither our secrets nor what a shell exports for MLflow\'s client reaches it', async t => {
  const { open, line } = machine(t, both, { KEYS_URL: 'secret', MLFLOW_UPSTREAM_AUTHORIZATION_FILE: 'secret', MLFLOW_TRACKING_TOKEN: 'secret', MLFLOW_STATIC_PREFIX: '/x', HOKUSAI_API_KEY: 'secret', HTTPS_PROXY: 'http://proxy.example' })
  const ready = line(/is ready/)
  const local = await open()
  await ready
  const seen = JSON.parse(await ask(local, '/env')) as Record<string, string>
  t.notOk(Object.values(seen).includes('secret'))
  t.match(seen, { HTTPS_PROXY: 'http://proxy.example', MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_STATIC_PREFIX: undefined })
})

t.test('a DATA_DIR whose path is too long for a socket, with odd characters in it, works', async t => {
  const { open, line, dataDir } = machine(t, both)
  const ready = line(/is ready/)
  const long = join(dataDir, `it's 100% (odd) ${'x'.repeat(100)}`)
  const local = await open({ dataDir: long })
  await ready
  t.ok(Buffer.byteLength(local.socketPath ?? '') < 104)
  t.equal(statSync(dirname(local.socketPath ?? '')).mode & 0o777, 0o700)
  t.equal(await ask(local, '/health'), 'OK')
  t.equal(socketAt(join(long, 'mlflow')), local.socketPath, 'and others find it')
  await local.stop()
  t.notOk(existsSync(dirname(local.socketPath ?? '')), 'and nothing stays in the temporary folder')
})

t.test('the database of an older MLflow is not touched without the flag', async t => {
  const { open, dataDir } = machine(t, both)
  const file = makeOldDatabase(dataDir)
  await t.rejects(open(), { message: /schema 0000older.*--upgrade-database/ })
  t.match(readDatabase(file), { schema: { version_num: '0000older' } })
})

t.test('a database of a known newer MLflow is named by its version, and no flag touches it', async t => {
  const { open, dataDir } = machine(t, both)
  const [older, newer] = mlflows.slice(-2)
  const file = makeOldDatabase(dataDir, newer!.schema)
  for (const allowUpgrade of [false, true]) {
    await t.rejects(open({ allowUpgrade, release: { ...pinned, version: older!.version, schema: older!.schema } }), { message: `was written by MLflow ${newer!.version}, newer than the built-in ${older!.version}` })
  }
  t.match(readDatabase(file), { schema: { version_num: newer!.schema } })
})

t.test('with the flag it is backed up, then upgraded', async t => {
  const { open, line, dataDir } = machine(t, both)
  const file = makeOldDatabase(dataDir)
  const ready = line(/is ready/)
  await open({ allowUpgrade: true })
  await ready
  t.match(readDatabase(file), { schema: { version_num: pinned.schema }, runs: [{ name: 'kept' }] })
  const [backup = ''] = readdirSync(join(dataDir, 'mlflow', 'backups'))
  t.match(readDatabase(join(dataDir, 'mlflow', 'backups', backup)), { schema: { version_num: '0000older' }, runs: [{ name: 'kept' }] })
})

t.test('an upgrade that fails leaves the database as it was', async t => {
  const { open, line, dataDir } = machine(t, both, { FAKE_UPGRADE: "Can't locate revision identified by '0000older'" })
  const file = makeOldDatabase(dataDir)
  const failed = line(/could not upgrade its database.*Retrying/)
  const local = await open({ allowUpgrade: true })
  await failed
  t.match(local.state().reason, /left unchanged/)
  t.match(readDatabase(file), { schema: { version_num: '0000older' }, runs: [{ name: 'kept' }] })
  t.strictSame(readdirSync(join(dataDir, 'mlflow', 'backups')), [])
  t.match(readFileSync(join(dataDir, 'mlflow.log'), 'utf8'), 'locate revision')
})
