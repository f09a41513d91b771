/** What the project is for: the stock MLflow client does its work through the facade, with a key, on the new path and on the old one. */
import { execFile, type ExecFileOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { answering, startAuthServer, type Behaviour } from '../helpers/auth-server.js'
import { startFacade, type FacadeProcess } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(900_000) // a minute and a half on an idle machine; importing MLflow alone takes seconds each time

const mlflow = await startMlflow(t, { dir: t.testdir() })
const facade = await startFacade(t, { mlflowUrl: mlflow.url })
const key = await facade.createKey('mlflow:write')
const paths = [['/mlflow', []], ['/api/mlflow', ['--legacy']]] as const

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs Python with MLflow, without what the developer's own environment says about MLflow. */
async function python (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_') && !name.startsWith('HOKUSAI_')))
  return await command(mlflow.python, argv, { env: { ...clean, MLFLOW_DISABLE_TELEMETRY: 'true', ...env } })
}

async function command (program: string, argv: readonly string[], options: ExecFileOptions): Promise<Finished> {
  return await new Promise(resolve => {
    execFile(program, argv, { ...options, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

/** What the scenarios of client.py saw, by their names. */
async function scenarios (uri: string, names: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await python(['test/real/client.py', uri, ...names], { MLFLOW_TRACKING_TOKEN: key, ...env })
  if (code !== 0) throw new Error(`client.py ended with ${code}:\n${stderr.slice(-4000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>
}

const register = async (base: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Finished> =>
  await python(['scripts/test_real_registration.py', '--base-url', base, ...argv], env)

for (const [path, options] of paths) {
  t.test(`the registration script succeeds on ${path}`, async t => {
    const finished = await register(facade.url, options, { HOKUSAI_API_KEY: key })
    t.match(finished, { code: 0, stdout: /^ok .+ search_registered_models .+\n\nSUCCESS: hokusai_registration_\S+ version 1 is registered$/m })
    t.match(finished, { stdout: ` ${facade.url}${path}\n` })
    t.notMatch(finished.stdout + finished.stderr, key)
  })
}

t.test('the client gets through the facade what it gets from MLflow itself, on both paths', async t => {
  const direct = await scenarios(mlflow.url, ['odd_names', 'raw_paths'])
  t.match(direct, { odd_names: { 'two words.txt': 'same', '100%.txt': 'same', '%41.txt': 'same', 'a#b.txt': 'same', 'why?.txt': 'same', '[1].txt': 'same', 'a+b.txt': 'same' } })
  t.match(direct, { raw_paths: { 'd//e': [[200, ''], [200, 'd//e'], [200, '{}'], [404]] } })
  for (const [path] of paths) {
    const seen = await scenarios(facade.url + path, ['odd_names', 'raw_paths', 'nested_runs', 'load_model', 'trace', 'otlp'])
    t.same(seen.odd_names, direct.odd_names, `${path}: artifacts with odd names`)
    t.same(seen.raw_paths, direct.raw_paths, `${path}: artifact paths byte for byte`)
    t.same(seen.nested_runs, [0.5, 1], `${path}: nested runs are found by their parent`)
    t.same(seen.load_model, [[0, 1], [0, 1]], `${path}: a model loads by models:/NAME/VERSION and models:/NAME@ALIAS`)
    t.same(seen.trace, { spans: ['inner', 'outer'], outputs: [{ answer: 42 }] }, `${path}: traces by the client`)
    t.same(seen.otlp, ['exported gzip', 'exported plain'], `${path}: traces by OpenTelemetry's exporter`)
  }
})

t.test('1 GiB passes unchanged in both directions, and takes less than 48 MiB more memory', async t => {
  const folder = t.testdir()
  const file = join(folder, 'model.bin')
  writeLarge(file, 1024)
  for (const [path] of paths) {
    const growth = facade.watchGrowth()
    t.same(await scenarios(facade.url + path, [`large=${file}`]), { large: true }, `${path}: the artifact comes back as it went`)
    t.ok(growth() < 48 * 2 ** 20, `${path}: memory grew by ${Math.round(growth() / 2 ** 20)} MiB`)
  }
})

t.test('a refusal reaches the user of the client as its exception, with our code and our words', async t => {
  const readKey = await facade.createKey('mlflow:read')
  const limited = await behindAuthService(t, answering(429, { detail: 'slow down' }, { 'retry-after': '7' }))
  const unsure = await behindAuthService(t, answering(500, {}))
  const at = (base: string, token: string, call: 'search' | 'create' | 'read' = 'search'): Record<string, unknown> => ({ uri: `${base}/mlflow`, token, call })
  const cases = [
    { name: '401', ...at(facade.url, `${key.slice(0, -6)}zzzzzz`) },
    { name: '401 old path', ...at(`${facade.url}/api`, 'hk_live_nobody') },
    { name: '403', ...at(facade.url, readKey, 'create') },
    { name: '403 old path', ...at(`${facade.url}/api`, readKey, 'create') },
    { name: '404', ...at(facade.url, key), uri: `${facade.url}/mlfow` },
    { name: '429', ...at(limited.url, key, 'read') },
    { name: '429 in the end', ...at(limited.url, key) },
    { name: '503', ...at(unsure.url, key, 'read') },
    { name: '503 in the end', ...at(unsure.url, key) }
  ]
  const file = join(t.testdir(), 'cases.json')
  writeFileSync(file, JSON.stringify(cases))
  const { refusals } = await scenarios(`${facade.url}/mlflow`, [`refusals=${file}`], { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' })
  const noKey = { type: 'RestException', code: 'UNAUTHENTICATED', status: 401, message: /No valid API key was presented/ }
  const noScope = { type: 'RestException', code: 'PERMISSION_DENIED', status: 403, message: /mlflow:write/ }
  t.match(refusals, {
    401: noKey,
    '401 old path': noKey,
    403: noScope,
    '403 old path': noScope,
    404: { type: 'RestException', code: 'ENDPOINT_NOT_FOUND', status: 404, message: /\/mlflow/ },
    429: { type: 'RestException', code: 'REQUEST_LIMIT_EXCEEDED', status: 429, message: /The auth service limits this API key/ },
    503: { type: 'RestException', code: 'TEMPORARILY_UNAVAILABLE', status: 503, message: /key/ },
    // After its last try the client keeps no more of the answer than its status.
    '429 in the end': { type: 'RestException', message: /^REQUEST_LIMIT_EXCEEDED: / },
    '503 in the end': { type: 'RestException', message: /^TEMPORARILY_UNAVAILABLE: / }
  })
})

t.test('the registration script exits with 2 where there is nothing to try, before it loads anything', async t => {
  const cases: Array<readonly [readonly string[], NodeJS.ProcessEnv, RegExp]> = [
    [[], {}, /Set HOKUSAI_API_KEY/],
    [['--base-url', 'registry.hokus.ai'], { HOKUSAI_API_KEY: key }, /must be an http:\/\/ or https:\/\/ URL/],
    [['--base-url', 'https://registry.hokus.ai/api/mlflow'], { HOKUSAI_API_KEY: key }, /without \/mlflow/],
    [['--what'], { HOKUSAI_API_KEY: key }, /unrecognized arguments/]
  ]
  for (const [argv, env, reason] of cases) {
    t.match(await python(['scripts/test_real_registration.py', ...argv], env), { code: 2, stdout: /^$/, stderr: reason }, String(reason))
  }
})

t.test('a deployment that answers 503 for ever fails the registration script after seconds, not minutes, in a row that says why', async t => {
  const broken = createServer((req, res) => {
    const early = req.url!.endsWith('/health/mlflow') || (req.url!.startsWith('/api/mlflow') && req.headers['user-agent']!.startsWith('python-requests'))
    if (early) answering(200, {})(res, '', req)
    else answering(503, { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'not today' }, { 'retry-after': '240' })(res, '', req)
  }).listen(0, '127.0.0.1')
  await once(broken, 'listening')
  t.teardown(() => broken.close())
  const finished = await register(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`, [], { HOKUSAI_API_KEY: key })
  t.match(finished, { code: 1, stdout: /^FAILED .+ search_experiments .+TEMPORARILY_UNAVAILABLE.*\nskipped +set_experiment$/m })
  t.notMatch(finished.stdout, 'SUCCESS')
  t.ok(Number(/^FAILED +([\d.]+) s/m.exec(finished.stdout)?.[1]) < 30, 'a Retry-After of 240 s is not waited for')
})

t.test('no key is in what the facade printed', async t => {
  t.match(facade.output(), '"operation"')
  t.notMatch(facade.output(), key)
})

/** A facade whose keys are judged by an auth service that behaves so. */
async function behindAuthService (t: { teardown: (fn: () => unknown) => void }, behaviour: Behaviour): Promise<FacadeProcess> {
  const service = await startAuthServer()
  t.teardown(async () => await service.close())
  const guarded = await startFacade(t, { mlflowUrl: mlflow.url, env: { KEYS_URL: service.url.href } })
  service.behave(behaviour) // not earlier: a facade whose auth service fails is not ready
  return guarded
}

/** A file of this many MiB, no two alike, that does not fit the disk's or the reader's patterns. */
function writeLarge (file: string, mebibytes: number): void {
  const block = randomBytes(2 ** 20)
  const output = openSync(file, 'w')
  for (let index = 0; index < mebibytes; index++) {
    block.writeUInt32LE(index)
    writeSync(output, block)
  }
  closeSync(output)
}

// One job after the other, as in docs/ci.md: the second adds a version, and the alias moves.
t.test('the jobs of docs/ci.md register the model, as they stand there', async t => {
  const page = readFileSync('docs/ci.md', 'utf8')
  const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
  const [script = ''] = blocks('python')
  const folder = t.testdir({ 'register.py': script })
  const [github, gitlab] = blocks('yaml').map(text => parse(text))
  const { env, steps } = github.jobs.register as { env: Record<string, string>, steps: Array<{ run?: string }> }
  const jobs = [
    { names: Object.keys(env), lines: steps.flatMap(({ run }) => run ?? []) },
    { names: [...Object.keys(gitlab.register.variables as object), 'MLFLOW_TRACKING_TOKEN'], lines: gitlab.register.script as string[] }
  ]
  const given: Record<string, string> = { MLFLOW_TRACKING_URI: `${facade.url}/mlflow`, MLFLOW_TRACKING_TOKEN: key, COMMIT: 'c'.repeat(40), JOB_URL: 'https://ci.example/1' }
  for (const [index, { names, lines }] of jobs.entries()) {
    t.match(lines[0], /^pip install mlflow==[\d.]+$/)
    const path = `${dirname(mlflow.python)}:${process.env.PATH ?? ''}`
    const finished = await command('bash', ['-euo', 'pipefail', '-c', lines.slice(1).join('\n')], { cwd: folder, env: { PATH: path, HOME: folder, MLFLOW_DISABLE_TELEMETRY: 'true', ...Object.fromEntries(names.map(name => [name, given[name]])) } })
    t.match(finished, { code: 0, stdout: new RegExp(`^churn version ${index + 1} is registered$`, 'm') }, finished.stderr.slice(-2000))
    t.notMatch(finished.stdout + finished.stderr, key)
  }
  const alias = await fetch(`${facade.url}/mlflow/api/2.0/mlflow/registered-models/alias?name=churn&alias=champion`, { headers: { authorization: `Bearer ${key}` } })
  t.match(await alias.json(), { model_version: { version: '2', name: 'churn' } })
})
