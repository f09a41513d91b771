/** What the proof runs against: a real MLflow of one version, the facade in front of it with a key store of its own, and a provider behind. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { buildApp } from '../../../src/app.js'
import { openAudit } from '../../../src/audit/open.js'
import { openStore, openVerifier } from '../../../src/keys/open.js'
import { toScopes } from '../../../src/access/scopes.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import { createMetrics } from '../../../src/core/telemetry/metrics.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { startProvider } from './provider.js'

export interface World {
  /** Origin of the facade. */
  readonly url: string
  /** A key that may do everything. */
  readonly key: string
  /** A key that may only read. */
  readonly readKey: string
  /** Origin of the provider. */
  readonly provider: string
  /** How often the provider was called. */
  readonly called: () => number
  readonly mlflow: string
  readonly dir: string
  /** The facade's log, as JSON lines. */
  readonly lines: readonly string[]
  readonly close: () => Promise<void>
}

export interface WorldOptions {
  /** Further arguments of `mlflow server`. */
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

export async function openWorld (version: string, { args = [], env = {} }: WorldOptions = {}): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'openapi-'))
  const endings: Array<() => unknown> = [() => rmSync(dir, { recursive: true, force: true })]
  const close = async (): Promise<void> => { for (const end of endings.toReversed()) await end() }
  const lines: string[] = []
  try {
    const provider = await startProvider()
    endings.push(provider.close)
    const mlflow = await startMlflow({ teardown: fn => endings.push(fn) }, { version, dir, args, env: { ...settings(provider.url), ...env } })
    const config = loadConfig({ DATA_DIR: join(dir, 'facade'), MLFLOW_UPSTREAM_URL: mlflow.url, KEYS_URL: `sqlite:${join(dir, 'keys.db')}`, AUDIT_LOG: join(dir, 'audit.log') }, path => readFileSync(path, 'utf8'))
    const store = await openStore(config.keys)
    const issue = async (scope: string): Promise<string> => (await store.create({ name: 'proof', userId: 'proof', environment: 'test', scopes: toScopes([scope]), workspaces: [], ratePerHour: undefined, expiresAt: undefined })).key
    const [key, readKey] = [await issue('mlflow:admin'), await issue('mlflow:read')]
    await store.close()
    const log = pino({ level: 'info', base: null }, { write: line => { lines.push(line) } })
    const audit = await openAudit(config.audit, { log, metrics: createMetrics(), write: () => true })
    endings.push(async () => await audit?.close())
    const app = await buildApp(config, { verifier: await openVerifier(config.keys), upstream: openUpstream(config.upstream, new URL(mlflow.url)), log, audit })
    endings.push(async () => {
      app.server.closeAllConnections()
      await app.close()
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    await ready(url)
    return { url, key, readKey, provider: provider.url, called: provider.called, mlflow: mlflow.url, dir, lines, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Waits until the facade has recognised MLflow: with a slow artifact store the first try may be too short. */
async function ready (url: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 250) {
    if ((await fetch(`${url}/ready`)).ok) return
    await delay(250)
  }
  throw new Error('The facade did not recognise MLflow in 60 s.')
}

/** What MLflow must be told to call a provider and a receiver on loopback, without TLS, and nothing else: its catalogue of models is on another host. */
function settings (provider: string): NodeJS.ProcessEnv {
  return {
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'true',
    MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES: 'http,https',
    MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS: 'true',
    MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https',
    _MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
    MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
    MLFLOW_ICON_URL_ALLOW_PRIVATE_IPS: 'true',
    MLFLOW_MODEL_CATALOG_URI: '',
    MLFLOW_DEPLOYMENTS_TARGET: provider,
    MLFLOW_CRYPTO_KEK_PASSPHRASE: 'only-for-this-proof'
  }
}
