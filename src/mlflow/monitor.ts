/**
 * Watches the MLflow behind: recognises its layout, notices when it goes, and recognises it anew before anything is
 * sent to one that came back.
 */
import { Readable } from 'node:stream'
import { type FacadeError, unavailable } from '../core/errors.js'
import { type Answer, prefixFor, type Layout, recognise, tellsWorkspaces, workspacesIn } from './layout.js'
import { mount } from '../core/public-paths.js'
import { nameFault, type Upstream } from './pool.js'

/** Short enough that a server cannot be replaced unseen: none starts in two seconds. */
const intervalMs = 2000
const probeTimeoutMs = 5000
/** A busy MLflow may miss one probe; two make the facade say that it is not ready. */
const missesUntilDown = 2
const serverInfo = '/api/3.0/mlflow/server-info'

export interface Monitor {
  /** The layout, or undefined while it has to be recognised (anew) before anything may be sent. */
  readonly layout: Layout | undefined
  /** The layout seen last, even when MLflow is gone. */
  readonly lastLayout: Layout | undefined
  /** Why MLflow cannot be used, for `/ready`; undefined when it can. No address in it. */
  readonly problem: string | undefined
  /** Recognises MLflow now; calls at the same time share one try. Throws the error to answer with. */
  refresh: () => Promise<Layout>
  /** Something broke on the way to MLflow: look before the next request is sent. */
  suspect: () => void
  close: () => void
}

/** @param onChange is told of every change of MLflow's state, for the log */
export function watch (upstream: Upstream, onChange: (state: { layout?: Layout, problem?: string }) => void): Monitor {
  const prefix = upstream.basePath === '' ? mount : upstream.basePath
  let layout: Layout | undefined
  let trusted = false
  let problem: string | undefined = 'MLflow has not been probed yet'
  let misses = 0
  let refreshing: Promise<Layout> | undefined

  const tick = setInterval(() => { monitor.refresh().catch(() => {}) }, intervalMs).unref()

  const monitor: Monitor = {
    get layout () { return trusted ? layout : undefined },
    get lastLayout () { return layout },
    get problem () { return problem },
    refresh: async () => await (refreshing ??= look().finally(() => { refreshing = undefined })),
    suspect: () => { trusted = false },
    close: () => clearInterval(tick)
  }
  upstream.onBroken(monitor.suspect)
  return monitor

  async function look (): Promise<Layout> {
    try {
      if (layout !== undefined && await isSame(layout)) {
        settle(layout)
        return layout
      }
      const found = recognise(await ask(), prefix)
      if (typeof found === 'string') throw unavailable(`MLflow is not ready: ${found}.`, 'upstream_not_ready')
      settle(found)
      return found
    } catch (error) {
      throw lose(error)
    }
  }

  /** One that was started again with or without workspaces has the same version. */
  async function isSame (known: Layout): Promise<boolean> {
    const version = await get(`${known.healthAtRoot ? '' : known.prefix}/version`)
    if (version.status !== 200 || version.body.trim() !== known.version) return false
    if (known.workspaces === undefined) return true
    const info = await get(prefixFor(known, 'rest', 'GET') + serverInfo)
    // It may fail for a moment; after a broken connection that would say of the next MLflow what was true of the last.
    return tellsWorkspaces(info) ? workspacesIn(info) === known.workspaces : trusted
  }

  /** Asks what tells the layouts apart; nothing is written. */
  async function ask (): Promise<Parameters<typeof recognise>[0]> {
    const experiment = '2.0/mlflow/experiments/get?experiment_id=0'
    const [version, prefixedVersion, rest, prefixedRest, prefixedAjax, artifact] = await Promise.all([
      get('/version'),
      get(`${prefix}/version`),
      get(`/api/${experiment}`),
      get(`${prefix}/api/${experiment}`),
      get(`${prefix}/ajax-api/${experiment}`),
      get('/api/2.0/mlflow-artifacts/artifacts/.hokusai-mlflow-probe')
    ] as const)
    const restHome = prefixedRest.contentType.startsWith('application/json') ? prefix : ''
    const [chunked, info] = await Promise.all([
      upstream.probe(`${restHome}/api/2.0/mlflow/experiments/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Readable.from(['{"max_results":1}']),
        timeoutMs: probeTimeoutMs
      }),
      get(restHome + serverInfo)
    ])
    return { version, prefixedVersion, rest, prefixedRest, prefixedAjax, artifact, chunked, serverInfo: info }
  }

  async function get (path: string): Promise<Answer> {
    return await upstream.probe(path, { timeoutMs: probeTimeoutMs })
  }

  function settle (found: Layout): void {
    const changed = problem !== undefined || found !== layout
    layout = found
    trusted = true
    problem = undefined
    misses = 0
    if (changed) onChange({ layout: found })
  }

  function lose (error: unknown): FacadeError {
    const late = error instanceof Error && error.name === 'TimeoutError'
    const fault = late ? unavailable('MLflow does not answer.', 'upstream_silent', error) : nameFault(error as Error)
    // Silence alone may be a long computation of an MLflow that is known: traffic goes on and has its own deadline.
    misses++
    if (!late) trusted = false
    if ((!late || misses >= missesUntilDown || layout === undefined) && problem !== fault.message) {
      problem = fault.message
      onChange({ problem })
    }
    return fault
  }
}
