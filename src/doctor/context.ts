/** The context of the checks: looks at MLflow once, without changing anything there. */
import { join, resolve } from 'node:path'
import type { Config } from '../core/settings/config.js'
import { FacadeError } from '../core/errors.js'
import { socketAt } from '../mlflow/managed/address.js'
import type { Layout } from '../mlflow/layout.js'
import { type Monitor, watch } from '../mlflow/monitor.js'
import { openUpstream, type Upstream } from '../mlflow/pool.js'
import type { DoctorContext } from './check.js'

/** The first queries of an MLflow that has just started may take longer than a probe waits. */
const attempts = 4

interface Given {
  readonly env: DoctorContext['env']
  readonly key: string | undefined
  readonly url: URL | undefined
}

/** Looks around, runs the work and leaves nothing open. */
export async function withContext<T> (config: Config, { env, key, url }: Given, work: (context: DoctorContext) => Promise<T>): Promise<T> {
  const shown = url ?? config.publicUrl
  const front = shown === undefined ? undefined : { url: shown, asked: url !== undefined }
  const socketPath = ownSocket(config)
  const upstream =
    config.upstream.url === undefined && socketPath === undefined
      ? undefined
      : openUpstream(config.upstream, config.upstream.url ?? new URL('http://localhost'), { socketPath })
  try {
    const seen = upstream === undefined ? { fault: undefined, layout: undefined } : await look(upstream)
    return await work({ config, env, key, front, upstream, socketPath, ...seen })
  } finally {
    await upstream?.close()
  }
}

/** Undefined where MLflow is not our own, or does not run. */
function ownSocket ({ upstream, dataDir }: Config): string | undefined {
  return upstream.url === undefined ? socketAt(join(resolve(dataDir), 'mlflow')) : undefined
}

async function look (upstream: Upstream): Promise<{ fault: Error | undefined, layout: Layout | undefined }> {
  const monitor = watch(upstream, () => {})
  try {
    await upstream.probe(`${upstream.basePath}/health`)
    return { fault: undefined, layout: await recognise(monitor) }
  } catch (error) {
    return { fault: error as Error, layout: undefined }
  } finally {
    monitor.close()
  }
}

/** Undefined where the checks have to find out why not. @throws what kept MLflow from answering at all */
async function recognise (monitor: Monitor): Promise<Layout | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await monitor.refresh()
    } catch (error) {
      if (error instanceof FacadeError && error.reason === 'upstream_not_ready') return undefined
      if (attempt === attempts) throw error instanceof FacadeError ? error.cause : error
    }
  }
}
