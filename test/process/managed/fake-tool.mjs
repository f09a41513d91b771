/** Stands in for uv, Python and MLflow on a PATH of its own. What it shall do wrong comes in FAKE_… variables; every call is noted in FAKE_CALLS. */
import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [tool, ...args] = process.argv.slice(2)
const { env } = process
const said = args.join(' ')
appendFileSync(env.FAKE_CALLS, `${tool} ${said}\n`)

if (tool === 'uv') uv()
else if (said.includes('sys.exit(not all(')) process.exit(env.FAKE_MISSING === undefined ? 0 : 1)
else if (said.includes('importlib')) console.log(env.FAKE_PYTHON ?? `python 3 12 venv ${join(env.PATH, 'python3')}`)
else if (said.startsWith('-m venv')) makeVenv(args.at(-1))
else if (said.startsWith('-m pip install')) install()
else if (said.startsWith('-m mlflow db upgrade')) await upgrade(args.at(-1).slice('sqlite:///'.length))
else if (said.startsWith('-m mlflow server')) serve()

function uv () {
  if (args[0] === 'venv') makeVenv(args.at(-1))
  if (args[0] === 'pip') install()
}

function makeVenv (folder) {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'bin', 'python'), `#!/bin/sh\nexec "${process.execPath}" "${process.argv[1]}" python "$@"\n`, { mode: 0o755 })
}

function install () {
  if (env.FAKE_INSTALL === 'hang') setInterval(() => {}, 1000)
  else if (env.FAKE_INSTALL !== undefined) fail(env.FAKE_INSTALL)
}

async function upgrade (file) {
  if (env.FAKE_UPGRADE !== undefined) fail(env.FAKE_UPGRADE)
  const { default: sqlite } = await import('@photostructure/sqlite')
  const db = new sqlite.DatabaseSync(file)
  db.exec("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT); DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('dc11669786a5')")
  db.close()
}

/** Like `mlflow server`: a parent that starts the server proper, passes SIGTERM on, and ends when that ends. */
function serve () {
  if (env.FAKE_SERVER === 'child') listen()
  else if (env.FAKE_SERVER !== undefined) fail(env.FAKE_SERVER)
  else {
    const child = spawn(process.execPath, process.argv.slice(1), { env: { ...env, FAKE_SERVER: 'child' }, stdio: 'inherit' })
    child.once('exit', code => process.exit(code ?? 1))
    process.once('SIGTERM', () => child.kill('SIGTERM'))
  }
}

function listen () {
  const socket = /--uds '(.+)'/.exec(args.at(-1))?.[1]
  if (socket !== undefined) rmSync(socket, { force: true })
  createServer((request, response) => response.end(request.url === '/pid' ? String(process.pid) : request.url === '/env' ? JSON.stringify(env) : 'OK'))
    .listen(socket ?? Number(args[args.indexOf('--port') + 1]), () => console.log('MLflow listens'))
  process.once('SIGTERM', () => process.exit(0))
}

function fail (words) {
  console.error(words)
  process.exit(1)
}
