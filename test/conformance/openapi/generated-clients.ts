/**
 * Proves that the OpenAPI document is of use: a TypeScript client and a Python client made from it register a model on a real MLflow,
 * and schemathesis, which sends what the document allows and what it does not, finds no server error of the facade's.
 * What it needs of npm and PyPI is installed in a folder that is removed. Exit 1 when anything fails.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { operations } from '../../../src/access/operations.generated.js'
import { newest } from '../../../src/mlflow/versions.js'
import { isListed } from '../../../scripts/generate/openapi/build.js'
import { pythonClient, typescriptClient } from './clients.js'
import { unanswered } from '../../../scripts/generate/openapi/exceptions.js'
import { openWorld, type World } from './world.js'

const run = promisify(execFile)

/** The share of operations that schemathesis must reach: how many requests it sends in its time hangs on the machine. */
const coverageMin = 0.8

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '75' }, only: { type: 'string' } } })
const folder = mkdtempSync(join(tmpdir(), 'openapi-clients-'))
const world = await openWorld(newest, { env: { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' } })
let failed = false
try {
  await stage('openapi-typescript with openapi-fetch registers a model', 'typescript', typescript)
  await stage('openapi-python-client registers a model', 'python', python)
  await stage(`schemathesis finds no server error of ours in ${values.seconds} s`, 'schemathesis', schemathesis)
} finally {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

async function stage (title: string, name: string, play: (world: World) => Promise<string>): Promise<void> {
  if (values.only !== undefined && values.only !== name) return
  try {
    process.stdout.write(`ok     ${title}: ${await play(world)}\n`)
  } catch (error) {
    failed = true
    const { stdout = '', stderr = '', message = String(error) } = error as { stdout?: string, stderr?: string, message?: string }
    process.stdout.write(`FAILED ${title}: ${message}\n${stdout}${stderr}\n`)
  }
}

/** The types are checked by the project's own compiler: what they do not allow would not build. */
async function typescript ({ url, key }: World): Promise<string> {
  const home = join(folder, 'typescript')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{"type":"module","private":true}')
  await run('npm', ['install', '--no-audit', '--no-fund', '--silent', 'openapi-typescript@7', 'typescript@5', 'openapi-fetch'], { cwd: home })
  await run(join(home, 'node_modules/.bin/openapi-typescript'), [resolve('openapi/openapi.json'), '-o', join(home, 'schema.d.ts')], { cwd: home, maxBuffer: 2 ** 26 })
  writeFileSync(join(home, 'register.ts'), typescriptClient)
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions: { target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: true, types: [] }, files: ['register.ts'] }))
  await run(resolve('node_modules/.bin/tsc'), ['-p', home])
  const { stdout } = await run(process.execPath, [join(home, 'register.js'), `${url}/mlflow`, key])
  return stdout.trim()
}

async function python ({ url, key }: World): Promise<string> {
  const bin = await environment('client', ['openapi-python-client'])
  const target = join(folder, 'generated')
  await run(join(bin, 'openapi-python-client'), ['generate', '--path', resolve('openapi/openapi.json'), '--output-path', target, '--meta', 'none'], { env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` }, maxBuffer: 2 ** 26 })
  await install('client', ['httpx', 'attrs', 'python-dateutil', 'typing_extensions'])
  const { stdout } = await run(join(bin, 'python'), ['-c', pythonClient, `${url}/mlflow`, key], { cwd: folder })
  return stdout.trim()
}

/**
 * Its examples come first, which reach every operation, then what it makes up; it is ended after its time.
 * What counts is what the facade logged: an answer above 499 that it gave by itself.
 */
async function schemathesis ({ url, key, lines }: World): Promise<string> {
  const bin = await environment('schemathesis', ['schemathesis'])
  const before = lines.length
  const left = [...Object.keys(unanswered), 'listSupportedModels']
  const child = spawn(join(bin, 'schemathesis'), [
    'run', resolve('openapi/openapi.json'), '--url', `${url}/mlflow`, '--header', `Authorization: Bearer ${key}`, '--checks', 'not_a_server_error',
    '--phases', 'examples,fuzzing', '--max-examples', '3', '--no-shrink', '--workers', '4', '--request-timeout', '10', '--seed', '7', '--continue-on-failure', '--max-time', values.seconds,
    '--suppress-health-check', 'all', ...left.flatMap(id => ['--exclude-operation-id', id])
  ], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-4000) })
  // What it is at when its time is up it may finish.
  const timer = setTimeout(() => child.kill('SIGINT'), Number(values.seconds) * 1000 + 10_000)
  const late = setTimeout(() => child.kill('SIGKILL'), Number(values.seconds) * 1000 + 20_000)
  await new Promise(resolve => child.once('exit', resolve))
  clearTimeout(timer)
  clearTimeout(late)
  const sent = lines.slice(before).map(line => JSON.parse(line) as Line).filter(line => line.status !== undefined)
  const ours = sent.filter(({ status = 0, refusal }) => status >= 500 && refusal !== undefined)
  const reached = new Set(sent.map(({ operation }) => operation))
  const aims = operations.filter(operation => isListed(operation) && operation.until === undefined && !left.includes(operation.id))
  const covered = aims.filter(({ id }) => reached.has(id)).length
  if (ours.length > 0) throw new Error(ours.slice(0, 20).map(line => JSON.stringify(line)).join('\n'))
  if (covered < aims.length * coverageMin) throw new Error(`only ${covered} of ${aims.length} operations were reached by ${sent.length} requests: ${output}`)
  return `${sent.length} requests to ${covered} of ${aims.length} operations, ${sent.filter(({ status = 0 }) => status >= 500).length} server errors of MLflow's own, none of ours`
}

interface Line {
  readonly status?: number
  readonly operation?: string
  readonly refusal?: string
}

/** A virtual environment in the folder. @returns its folder of programs */
async function environment (name: string, packages: readonly string[]): Promise<string> {
  await run('python3', ['-m', 'venv', join(folder, name)]).catch(async () => await run('uv', ['venv', join(folder, name)]))
  await install(name, packages)
  return join(folder, name, 'bin')
}

async function install (name: string, packages: readonly string[]): Promise<void> {
  const python = join(folder, name, 'bin', 'python')
  await run('uv', ['pip', 'install', '--quiet', '--python', python, ...packages]).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
  })
}
