/**
 * What to tell someone who ties a key to workspaces: an MLflow without any would show that key everything, so the
 * facade refuses it there.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../../core/settings/config.js'
import type { Layout } from '../../mlflow/layout.js'
import { watch } from '../../mlflow/monitor.js'
import { openUpstream } from '../../mlflow/pool.js'

/** Whoever makes a key does not wait for MLflow longer than this. */
const patienceMs = 2000

/** A sentence, or undefined where MLflow keeps workspaces apart. Never fails. */
export async function workspaceNote (config: Config['upstream']): Promise<string | undefined> {
  const layout = config.url === undefined ? undefined : await look(config, config.url)
  if (layout === undefined) { return 'If MLflow does not separate workspaces (--enable-workspaces), this key gets 403; MLflow could not be asked now.' }
  if (layout.workspaces === true) return undefined
  return `MLflow ${layout.version} does not separate workspaces: this key gets 403 until MLflow (3.10 or later) runs with --enable-workspaces.`
}

async function look (config: Config['upstream'], url: URL): Promise<Layout | undefined> {
  const upstream = openUpstream(config, url)
  const monitor = watch(upstream, () => {})
  const late = new AbortController()
  try {
    return await Promise.race([monitor.refresh().catch(() => undefined), delay(patienceMs, undefined, { signal: late.signal })])
  } finally {
    late.abort()
    monitor.close()
    await upstream.close()
  }
}
