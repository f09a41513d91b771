/** Stand-ins for what lives behind the platform's load balancer beside MLflow: its API and its auth service, as far as routing can tell them apart. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKey } from '../../../src/keys/key.js'
import type { Stage } from '../../cleanup.js'

export interface Platform {
  readonly url: string
  /** A live key of the auth service that may write. */
  readonly key: string
}

/** A call that worked before the change, and must work after it. */
export interface Consumer {
  readonly host: string
  readonly method: string
  readonly path: string
}

/** Who uses the platform today, by what is known of its routes. */
export const consumers: readonly Consumer[] = [
  { host: 'registry.hokus.ai', method: 'GET', path: '/models' },
  { host: 'registry.hokus.ai', method: 'GET', path: '/api/models?limit=5&limit=6' },
  { host: 'registry.hokus.ai', method: 'POST', path: '/api/models' },
  { host: 'registry.hokus.ai', method: 'POST', path: '/api/v1/dspy/execute' },
  { host: 'registry.hokus.ai', method: 'GET', path: '/api/v1/auth/keys' },
  { host: 'registry.hokus.ai', method: 'GET', path: '/health' },
  { host: 'registry.hokus.ai', method: 'GET', path: '/docs' },
  { host: 'registry.hokus.ai', method: 'GET', path: '/openapi.json' },
  { host: 'api.hokus.ai', method: 'GET', path: '/api/models' },
  { host: 'auth.hokus.ai', method: 'POST', path: '/api/v1/keys/validate' },
  { host: 'auth.hokus.ai', method: 'GET', path: '/api/v1/keys' }
]

const known = /^\/(?:models|api\/models|api\/v1\/dspy\/|api\/v1\/auth\/keys|api\/v1\/keys|health|docs|openapi\.json)/

/** Starts both, as one target group: that is how the load balancer has them. */
export async function startPlatform (stage: Pick<Stage, 'teardown'>): Promise<Platform> {
  const key = generateKey('live')
  const server = createServer((req, res) => { void serve(req, res, key) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stage.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key }
}

async function serve (req: IncomingMessage, res: ServerResponse, key: string): Promise<void> {
  let length = 0
  for await (const chunk of req) length += (chunk as Buffer).length
  const path = req.url ?? ''
  if (path === '/api/v1/keys/validate' && req.method === 'POST') validate(req, res, key)
  else if (known.test(path)) answer(res, 200, { service: 'platform', method: req.method, path, length })
  else answer(res, 404, { detail: 'Not Found' }) // what FastAPI says
}

function validate ({ headers: { authorization } }: IncomingMessage, res: ServerResponse, key: string): void {
  if (authorization !== `Bearer ${key}`) answer(res, 401, { detail: 'Invalid or expired API key' })
  else answer(res, 200, { user_id: 'user_1', key_id: 'key_1', service_id: 'platform', scopes: ['mlflow:write'], is_admin: false, rate_limit_per_hour: 1000, has_sufficient_balance: true })
}

function answer (res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
