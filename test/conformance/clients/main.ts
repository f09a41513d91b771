/** Measures what the usual clients do on the new and on the old path, and writes docs/clients.md. Usage: `npm run clients`. Needs Maven and a JDK. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { newest, range } from '../../../src/mlflow/versions.js'
import { clients, prepare, type Call } from './measure.js'
import { openStage, startFacade, untilReady } from '../../../scripts/cleanup.js'

interface Row {
  readonly client: string
  readonly path: string
  readonly calls: readonly Call[]
}

const page = 'docs/clients.md'
const paths = ['/mlflow', '/api/mlflow']

const stage = openStage()
try {
  const rows = await measure()
  await writeFile(page, print(rows))
  for (const { client, path, calls } of rows) process.stdout.write(`${client.padEnd(50)} ${path.padEnd(12)} ${tally(calls)}\n${complaints(calls).map(line => `    ${line}\n`).join('')}`)
  process.stdout.write(`\nwritten to ${page}\n`)
  process.exitCode = rows.every(({ path, calls }) => path !== '/mlflow' || complaints(calls).length === 0) ? 0 : 1
} finally {
  await stage.clear()
}

async function measure (): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hokusai-clients-'))
  stage.teardown(async () => await rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  await prepare(folder)
  const dir = join(folder, 'mlflow')
  await mkdir(dir)
  const mlflow = await startMlflow(stage, { dir })
  const facade = await startFacade(stage, mlflow.url, join(folder, 'facade'))
  await untilReady(facade.url)
  const rows: Row[] = []
  for (const { name, version, measure } of clients(mlflow.python)) {
    const client = `${name} ${await version()}`
    for (const path of paths) {
      const target = { uri: facade.url + path, key: facade.key, direct: mlflow.url, python: mlflow.python, folder }
      rows.push({ client, path, calls: await measure(target).catch(error => [{ call: 'all', problem: String(error) }]) })
    }
  }
  return rows
}

function tally (calls: readonly Call[]): string {
  return `${calls.length - complaints(calls).length} of ${calls.length}`
}

function complaints (calls: readonly Call[]): string[] {
  return calls.flatMap(({ call, problem }) => problem === undefined ? [] : [`${call}: ${problem.slice(0, 300)}`])
}

function print (rows: readonly Row[]): string {
  const names = [...new Set(rows.map(row => row.client))]
  const cell = (client: string, path: string): string => {
    const calls = rows.find(row => row.client === client && row.path === path)?.calls ?? []
    const failed = calls.filter(({ problem }) => problem !== undefined).map(({ call }) => call)
    return failed.length === 0 ? tally(calls) : `${tally(calls)}; not: ${failed.join(', ')}`
  }
  return `# Clients

Written by \`npm run clients\`, which starts MLflow ${newest} and the facade and drives both paths with each client. A call counts when its effect is there in MLflow, whatever the client says: some report success for what a redirect has lost.

The new path is \`/mlflow\`, the old one \`/api/mlflow\` with \`LEGACY_PATHS=redirect\`, the default: GET and HEAD are answered by 307, all else is served in place.

| client | new path | old path |
|---|---|---|
${names.map(client => `| ${client} | ${paths.map(path => cell(client, path)).join(' | ')} |`).join('\n')}

curl follows redirects with \`-L\` only. OpenTelemetry's exporters follow none, which is why POST is never redirected. What hangs on the version of the server is seen by \`npm run test:matrix\`: the Python client over MLflow ${range}, each with and without \`--static-prefix\`.
`
}
