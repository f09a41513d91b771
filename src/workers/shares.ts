/** What protects MLflow, the disk and the auth service holds for all workers together: each has its share, rounded up. */
import type { Config } from '../core/settings/config.js'

/** @param spoolTotalBytes what all spooled bodies may take */
export function shareOf (config: Config, spoolTotalBytes: number): Config {
  const { workers, upstream, keys } = config
  return {
    ...config,
    upstream: { ...upstream, connections: Math.ceil(upstream.connections / workers) },
    spoolTotalBytes: Math.ceil(spoolTotalBytes / workers),
    keys: { ...keys, sharedBy: workers }
  }
}
