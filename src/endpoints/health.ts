/** What load balancers and people ask without a key: is the process up, can it serve, which versions. No address in any answer. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { KeyVerifier } from '../keys/contract.js'
import type { Limits } from '../keys/limits/local.js'
import { version } from '../core/version.js'
import { health as healthSchema, healthPart, liveness, mlflowHealth, readiness, versions, wholeHealth } from './health-schemas.js'

interface Options {
  readonly verifier: KeyVerifier
  readonly limits: Limits
  /** Why MLflow cannot be used; undefined when it can. */
  readonly problem: () => string | undefined
  /** Version of the MLflow seen last. */
  readonly version: () => string | undefined
  /** True once the process is on its way out. */
  readonly draining: () => boolean
}

interface Part { readonly status: 'ok' | 'degraded' | 'failed', readonly reason?: string }

const ok: Part = { status: 'ok' }
const config = { operation: 'facade_health' }

export default async function health (
  app: FastifyInstance,
  { verifier, limits, problem, version: mlflowVersion, draining }: Options
): Promise<void> {
  app.addSchema({ $id: 'HealthPart', ...healthPart })
  app.addSchema({ $id: 'Health', ...healthSchema })
  app.get('/live', { schema: liveness, config }, async () => ({ status: 'ok' }))
  app.get('/ready', { schema: readiness, config }, async (_request, reply) => answer(reply, await parts()))
  app.get('/health', { schema: wholeHealth, config }, async (_request, reply) => answer(reply, { process: ok, ...await parts() }))
  app.get('/version', { schema: versions, config }, async () => ({ version, mlflow: mlflowVersion() ?? null }))
  for (const [path, schema] of Object.entries(mlflowHealth)) {
    app.get(path, { schema, config }, async (_request, reply) => answer(reply, { mlflow: mlflow() }, { version: mlflowVersion() ?? null }))
  }

  async function parts (): Promise<Record<string, Part>> {
    const alone = limits.problem()
    const found = { keys: await keys(), mlflow: mlflow(), ...alone === undefined ? {} : { limits: degraded(alone) } }
    return draining() ? { ...found, process: { status: 'failed', reason: 'shutting down' } } : found
  }

  async function keys (): Promise<Part> {
    try {
      await verifier.check()
      return ok
    } catch (error) {
      return { status: 'failed', reason: error instanceof Error ? error.message : 'unknown' }
    }
  }

  function mlflow (): Part {
    const reason = problem()
    return reason === undefined ? ok : { status: 'failed', reason }
  }
}

/** Requests are served all the same. */
function degraded (why: string): Part {
  return { status: 'degraded', reason: `${why} This facade limits keys by itself.` }
}

function answer (reply: FastifyReply, parts: Record<string, Part>, more: Record<string, unknown> = {}): unknown {
  const failed = Object.values(parts).some(part => part.status === 'failed')
  if (failed) void reply.code(503).header('retry-after', '2')
  return { status: failed ? 'failed' : 'ok', ...parts, ...more }
}
