/** What each kind of client does on one path. A call passes when its effect is there in MLflow, whatever the client says. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newest } from '../../../src/mlflow/versions.js'

const run = promisify(execFile)

export interface Target {
  /** Tracking URI under test. */
  readonly uri: string
  readonly key: string
  /** MLflow itself, to look for effects. */
  readonly direct: string
  readonly python: string
  /** Scratch folder, with what `prepare` has put there. */
  readonly folder: string
}

export interface Call {
  readonly call: string
  /** Undefined when the effect is there. */
  readonly problem: string | undefined
}

export interface Client {
  readonly name: string
  readonly version: () => Promise<string>
  readonly measure: (target: Target) => Promise<Call[]>
}

const javaVersion = '2.17.2'
/** The newest that runs on Node 20. */
const exporterVersion = '0.223.1'
const exporterPackages = [`@opentelemetry/exporter-trace-otlp-proto@${exporterVersion}`, '@opentelemetry/sdk-trace-node@2.12']

/** Fetches the clients that are not here yet: Java's from Maven Central, JavaScript's exporter from npm. */
export async function prepare (folder: string): Promise<void> {
  await writeFile(join(folder, 'pom.xml'), `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>clients</groupId><artifactId>clients</artifactId><version>1</version>
<dependencies><dependency><groupId>org.mlflow</groupId><artifactId>mlflow-client</artifactId><version>${javaVersion}</version></dependency></dependencies></project>
`)
  await run('mvn', ['-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath'], { cwd: folder, timeout: 300_000 })
  await run('sh', ['-c', `javac -d . -cp "$(cat classpath)" '${join(process.cwd(), 'test/conformance/clients/Calls.java')}'`], { cwd: folder, timeout: 120_000 })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}\n')
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...exporterPackages], { cwd: folder, timeout: 300_000 })
  await copyFile('test/conformance/clients/export.mjs', join(folder, 'export.mjs'))
}

export const clients = (python: string): readonly Client[] => [
  { name: 'Python `mlflow`', version: async () => await printed(python, '-c', 'import importlib.metadata as m; print(m.version("mlflow"))'), measure: measurePython },
  { name: 'Java `mlflow-client`', version: async () => javaVersion, measure: measureJava },
  { name: 'OpenTelemetry Python exporter', version: async () => await printed(python, '-c', 'import importlib.metadata as m; print(m.version("opentelemetry-exporter-otlp-proto-http"))'), measure: async target => await measureExport(target, target.python, 'test/conformance/clients/export.py') },
  { name: 'OpenTelemetry JavaScript exporter', version: async () => exporterVersion, measure: async target => await measureExport(target, process.execPath, join(target.folder, 'export.mjs')) },
  { name: 'Node `fetch`', version: async () => process.version.slice(1), measure: measureFetch },
  { name: 'curl', version: async () => (await printed('curl', '--version')).split(' ')[1] ?? '', measure: measureCurl }
]

async function printed (command: string, ...args: readonly string[]): Promise<string> {
  return (await run(command, args)).stdout.trim().split('\n')[0] ?? ''
}

async function measurePython ({ uri, key, python }: Target): Promise<Call[]> {
  const { stdout } = await run(python, ['test/conformance/matrix/client.py', newest, uri], { env: { ...process.env, MLFLOW_TRACKING_TOKEN: key }, timeout: 300_000 })
  return stdout.split('\n').filter(line => line.startsWith('{"uri"')).map(line => {
    const { check, problem } = JSON.parse(line) as { check: string, problem: string | null }
    return { call: check, problem: problem ?? undefined }
  })
}

async function measureJava ({ uri, key, direct, folder }: Target): Promise<Call[]> {
  const { stdout } = await run('sh', ['-c', 'java -cp ".:$(cat classpath)" Calls "$0" "$1" "$2"', uri, key, direct], { cwd: folder, timeout: 300_000 })
  return stdout.split('\n').filter(line => line.includes('\t')).map(line => {
    const [call = '', problem] = line.split('\t')
    return { call, problem: problem === '' ? undefined : problem }
  })
}

async function measureExport ({ uri, key, direct }: Target, program: string, script: string): Promise<Call[]> {
  const { experiment_id: experiment } = await ask(`${direct}/api/2.0/mlflow/experiments/create`, { name: randomUUID() }) as { experiment_id: string }
  const { stdout } = await run(program, [script, uri, experiment], { env: { ...process.env, MLFLOW_TRACKING_TOKEN: key }, timeout: 120_000 })
  const { traces = [] } = await ask(`${direct}/api/3.0/mlflow/traces/search`, { locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } }], max_results: 5 }) as { traces?: unknown[] }
  return [{ call: 'a span', problem: traces.length === 1 ? undefined : `not there; the exporter says: ${stdout.trim()}` }]
}

async function ask (url: string, body: unknown): Promise<unknown> {
  return await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json()
}

async function measureFetch ({ uri, key, direct }: Target): Promise<Call[]> {
  const headers = { authorization: `Bearer ${key}` }
  const name = randomUUID()
  return await tried({
    GET: async () => (await fetch(`${uri}/api/2.0/mlflow/experiments/get?experiment_id=0`, { headers })).ok,
    'POST of JSON': async () => {
      await fetch(`${uri}/api/2.0/mlflow/experiments/create`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ name }) })
      return (await fetch(`${direct}/api/2.0/mlflow/experiments/get-by-name?experiment_name=${name}`)).ok
    },
    'PUT of a buffer': async () => {
      await fetch(uri + artifact(name), { method: 'PUT', headers, body: 'whole' })
      return await stored(direct, name) === 'whole'
    },
    'PUT of a stream': async () => {
      const body = new Blob(['stre', 'amed']).stream()
      await fetch(`${uri}${artifact(name)}-stream`, { method: 'PUT', headers, body, duplex: 'half' })
      return await stored(direct, `${name}-stream`) === 'streamed'
    },
    download: async () => await (await fetch(uri + artifact(name), { headers })).text() === 'whole'
  })
}

async function measureCurl ({ uri, key, direct, folder }: Target): Promise<Call[]> {
  const file = join(folder, 'upload')
  await writeFile(file, 'by curl')
  const authorization = `Authorization: Bearer ${key}`
  const curl = async (...args: readonly string[]): Promise<string> => (await run('curl', ['-sS', '-H', authorization, ...args])).stdout
  const name = randomUUID()
  const get = `${uri}/api/2.0/mlflow/experiments/get?experiment_id=0`
  return await tried({
    GET: async () => (await curl(get)).includes('artifact_location'),
    '`-L` GET': async () => (await curl('-L', get)).includes('artifact_location'),
    '`-d` (POST)': async () => {
      await curl('-H', 'Content-Type: application/json', '-d', JSON.stringify({ name }), `${uri}/api/2.0/mlflow/experiments/create`)
      return (await fetch(`${direct}/api/2.0/mlflow/experiments/get-by-name?experiment_name=${name}`)).ok
    },
    '`-T` file': async () => {
      await curl('-T', file, uri + artifact(name))
      return await stored(direct, name) === 'by curl'
    },
    '`-T -` (chunked)': async () => {
      await run('sh', ['-c', 'cat "$0" | curl -sS -H "$1" -T - "$2"', file, authorization, `${uri}${artifact(name)}-chunked`])
      return await stored(direct, `${name}-chunked`) === 'by curl'
    },
    '`-L` download': async () => await curl('-L', uri + artifact(name)) === 'by curl'
  })
}

async function tried (calls: Readonly<Record<string, () => Promise<boolean>>>): Promise<Call[]> {
  const results: Call[] = []
  for (const [call, work] of Object.entries(calls)) {
    results.push({ call, problem: await work().then(there => there ? undefined : 'no effect', error => String(error)) })
  }
  return results
}

function artifact (name: string): string {
  return `/api/2.0/mlflow-artifacts/artifacts/clients/${name}`
}

async function stored (direct: string, name: string): Promise<string> {
  return await (await fetch(direct + artifact(name))).text()
}
