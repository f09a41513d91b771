/** A small MLflow with one fault, and the doctor run against it. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { doctor } from '../../../src/cli/doctor.js'

interface Test { teardown: (fn: () => unknown) => void }

export interface Faults {
  readonly version?: string
  /** Refuses every Host that is not in the list; `/health` and `/version` are exempt, as in MLflow. */
  readonly allowedHosts?: readonly string[]
  readonly wantsCredentials?: boolean
  /** What stands before it wants `Authorization` on every path. */
  readonly guarded?: boolean
  readonly status?: number
  readonly noArtifacts?: boolean
  /** Artifact locations of its experiments. */
  readonly locations?: readonly string[]
  readonly chunkedIsEmpty?: boolean
  /** Runs with `--enable-workspaces`. */
  readonly workspaces?: boolean
  /** Closes idle connections so early, without saying so. */
  readonly idleMs?: number
  /** How far its clock is ahead. */
  readonly aheadMs?: number
  /** Its static prefix; the API stays at the root, as in 3.9. */
  readonly prefix?: string
  /** `/version` and `/health` do not move under the prefix, as in 2.22. */
  readonly versionAtRoot?: boolean
  readonly tls?: { readonly key: string, readonly cert: string }
  readonly hangs?: boolean
  /** Scripts of its pages by path, below the prefix. */
  readonly scripts?: Readonly<Record<string, string>>
  /** Further routes, by method and path. */
  readonly routes?: readonly string[]
}

/** Starts it on loopback and gives its URL, without the prefix. */
export async function fakeMlflow (t: Test, faults: Faults = {}): Promise<string> {
  const { version = '3.17.2', prefix = '', locations = ['mlflow-artifacts:/0'] } = faults
  const answer: RequestListener = (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const send = (status: number, body: string, type = 'application/json'): void => {
      response.sendDate = false
      response.setHeader('date', new Date(Date.now() + (faults.aheadMs ?? 0)).toUTCString())
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
      const { idleMs } = faults
      if (idleMs !== undefined) setTimeout(() => request.socket.destroy(), idleMs)
    }
    request.resume()
    if (faults.hangs === true) return
    const own = faults.versionAtRoot === true ? '' : prefix
    if (path === `${own}/health`) send(200, 'OK', 'text/html')
    else if (path === `${own}/version`) send(200, version, 'text/plain')
    else if (faults.allowedHosts?.includes(request.headers.host ?? '') === false) send(403, 'Invalid Host header - possible DNS rebinding attack detected', 'text/plain')
    else if (faults.wantsCredentials === true && request.headers.authorization !== 'Basic c2VjcmV0' && (faults.guarded === true || request.headers['x-mlflow-authorization'] !== 'Basic c2VjcmV0')) send(401, 'You are not authenticated', 'text/html')
    else if (faults.status !== undefined) send(faults.status, 'oops', 'text/html')
    else if (path.endsWith('/experiments/search')) send(request.headers['transfer-encoding'] !== undefined && faults.chunkedIsEmpty === true ? 400 : 200, JSON.stringify({ experiments: locations.map(place => ({ artifact_location: place })) }))
    else if (path === '/api/2.0/mlflow-artifacts/artifacts') send(faults.noArtifacts === true ? 503 : 200, faults.noArtifacts === true ? 'Endpoint: artifacts disabled due to the mlflow server running with `--no-serve-artifacts`' : '{}')
    else if (path === '/api/2.0/mlflow/experiments/get' || path === `${prefix}/ajax-api/2.0/mlflow/experiments/get`) send(200, '{"experiment":{}}')
    else if (path.startsWith('/api/2.0/mlflow-artifacts/')) send(404, '{"error_code":"RESOURCE_DOES_NOT_EXIST"}')
    else if (path === '/api/3.0/mlflow/server-info') send(200, JSON.stringify({ workspaces_enabled: faults.workspaces === true }))
    else if (faults.scripts !== undefined && path === `${prefix}/static-files/asset-manifest.json`) send(200, JSON.stringify({ files: Object.fromEntries(Object.keys(faults.scripts).map(name => [name, name])) }))
    else if (faults.scripts?.[path.slice(prefix.length)] !== undefined) send(200, faults.scripts[path.slice(prefix.length)] ?? '', 'text/javascript')
    else if (faults.routes?.includes(`${request.method} ${path.slice(prefix.length)}`) === true) send(200, '{}')
    else if (path === '/gateway/mlflow/v1/chat/completions') send(400, '{"detail":"Missing required \'model\' parameter"}')
    else send(404, '<!doctype html>', 'text/html')
  }
  // Node says in a header how long it keeps connections, unless it is told to keep them for ever.
  const options = faults.idleMs === undefined ? {} : { keepAliveTimeout: 0 }
  const server = faults.tls === undefined ? createServer(options, answer) : createTlsServer({ ...options, ...faults.tls }, answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${faults.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Has a server listen on loopback. */
export async function address (t: Test, server: Server): Promise<URL> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

export interface Report {
  readonly code: number
  readonly findings: ReadonlyArray<{ readonly check: string, readonly severity: string, readonly message: string, readonly fix: string }>
  readonly checks: ReadonlyArray<{ readonly check: string, readonly status: string, readonly message: string }>
  /** The checks that found something. */
  readonly named: readonly string[]
}

/** Runs `doctor --json` in an otherwise healthy configuration. */
export async function examine (env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Report> {
  const { code, stdout } = await run({ PATH: process.env['PATH'] ?? '', DATA_DIR: join(tmpdir(), 'hokusai-mlflow-not-there'), LEGACY_SUNSET: '2099-12-31', ...env }, ['--json', ...args])
  const report = JSON.parse(stdout) as Omit<Report, 'code' | 'named'>
  return { code, ...report, named: report.findings.map(({ check }) => check) }
}

export async function run (env: Readonly<Record<string, string>>, args: readonly string[]): Promise<{ code: number, stdout: string, stderr: string }> {
  let stdout = ''
  let stderr = ''
  const code = await doctor.run([...args], { stdout: { write: text => { stdout += text } }, stderr: { write: text => { stderr += text } }, env })
  return { code, stdout, stderr }
}
