/** Drives every supported MLflow, with and without a static prefix, by the new and the old path, with the stock client. Usage: `npm run test:matrix [-- VERSION…]`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openStage, startFacade, untilReady, type Facade } from '../../../scripts/cleanup.js'
import { mlflowPython, startMlflow } from '../../../scripts/mlflow/server.js'
import { newest, versions } from '../../../src/mlflow/versions.js'
import { passing, tryNames } from '../../helpers/names.js'
import { swap } from './swap.js'

interface Row {
  readonly uri: string
  readonly check: string
  readonly problem: string | null
}

/** Two servers at a time: more would only wait for each other on two cores. */
const atOnce = 2

const wanted = process.argv.slice(2)
const stage = openStage()
const root = await mkdtemp(join(tmpdir(), 'hokusai-matrix-'))
stage.teardown(async () => await rm(root, { recursive: true, force: true, maxRetries: 3 }))
const began = performance.now()
let passed = 0
let failed = 0

const layouts = versions.filter(version => wanted.length === 0 || wanted.includes(version)).flatMap(version => ['', '/mlflow'].map(prefix => ({ version, prefix })))
const waiting = layouts.values()
await Promise.all(Array.from({ length: atOnce }, async () => {
  for (const layout of waiting) await tryLayout(layout).catch(error => report(layout, 'start', newest, [{ uri: '', check: 'start', problem: String(error) }]))
}))
if (wanted.length === 0) await trySwap()
await stage.clear()
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** One server with a facade before it: the newest client by both paths, and the server's own client by the new one. */
async function tryLayout ({ version, prefix }: { version: string, prefix: string }): Promise<void> {
  const own = openStage()
  const dir = join(root, `${version}${prefix.replace('/', '-')}`)
  await mkdir(dir)
  try {
    const mlflow = await startMlflow(own, { version, dir, args: prefix === '' ? [] : ['--static-prefix', prefix] })
    const facade = await startFacade(own, mlflow.url + prefix, join(dir, 'facade'))
    await untilReady(facade.url)
    const rows = await runClient(newest, version, facade, ['/mlflow', '/api/mlflow'])
    report({ version, prefix }, 'new path', newest, rows.filter(row => row.uri === '/mlflow'))
    report({ version, prefix }, 'old path', newest, rows.filter(row => row.uri === '/api/mlflow'))
    if (prefix === '') report({ version, prefix }, 'names', newest, await compareNames(own, mlflow.url, facade))
    if (version !== newest && prefix !== '') report({ version, prefix }, 'new path', version, await runClient(version, version, facade, ['/mlflow']))
  } finally {
    await own.clear()
  }
}

/** Artifacts of odd names, put, got and deleted directly and through the facade. */
async function compareNames (own: ReturnType<typeof openStage>, url: string, facade: Facade): Promise<Row[]> {
  const direct = await tryNames(own, { url }, passing, 'direct')
  const through = await tryNames(own, { url: `${facade.url}/mlflow`, key: facade.key }, passing, 'facade')
  return through.map(({ name, answers }, index) => {
    const [is, expected] = [JSON.stringify(answers), JSON.stringify(direct[index]?.answers)]
    return { uri: '/mlflow', check: name, problem: is === expected ? null : `${is}, directly ${expected}` }
  })
}

/** An upgrade under a client that goes on working. */
async function trySwap (): Promise<void> {
  const dir = join(root, 'swap')
  await mkdir(dir)
  const swapped = { version: `3.9.0 -> ${newest}`, prefix: '/mlflow' }
  report(swapped, 'new path', newest, await swap(stage, dir).catch(error => [{ uri: '', check: 'swap', problem: String(error) }]))
}

async function runClient (client: string, server: string, { url, key }: Facade, paths: readonly string[]): Promise<Row[]> {
  const child = spawn(await mlflowPython(client), ['test/conformance/matrix/client.py', server, ...paths.map(path => url + path)], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MLFLOW_TRACKING_TOKEN: key }
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(-2000) })
  const late = setTimeout(() => child.kill('SIGKILL'), 240_000)
  const ended = once(child, 'exit')
  const rows: Row[] = []
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{"uri"')) rows.push(JSON.parse(line) as Row) // MLflow's client prints links, too
  }
  const [code, signal] = await ended as [number | null, string | null]
  clearTimeout(late)
  if (code !== 0) rows.push({ uri: paths[0] ?? '', check: 'client', problem: `ended with ${code ?? signal}: ${complaint}` })
  return rows
}

function report ({ version, prefix }: { version: string, prefix: string }, path: string, client: string, rows: readonly Row[]): void {
  const problems = rows.filter(row => row.problem !== null)
  passed += rows.length - problems.length
  failed += problems.length + (rows.length === 0 ? 1 : 0)
  const outcome = problems.length === 0 && rows.length > 0 ? 'ok    ' : 'FAILED'
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4)
  process.stdout.write(`${outcome} ${seconds} s  MLflow ${version.padEnd(7)} prefix ${(prefix === '' ? 'none' : prefix).padEnd(8)} ${path}  client ${client.padEnd(7)} ${rows.length - problems.length} of ${rows.length}\n`)
  for (const { check, problem } of problems) process.stdout.write(`         ${check}: ${problem}\n`)
}
