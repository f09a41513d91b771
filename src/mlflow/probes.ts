/** MLflow's own answers to `/health` and `/version`: open to everyone, so they are shared and reach MLflow at most once a second. */
import { unavailable } from '../core/errors.js'
import type { Answer } from './layout.js'
import type { Monitor } from './monitor.js'
import { nameFault, type Upstream } from './pool.js'

const keptMs = 1000

export interface Shared {
  /** @throws FacadeError when MLflow cannot be asked; that is kept for a second too */
  get: (name: 'health' | 'version') => Promise<Answer>
}

export function shareProbes (upstream: Upstream, monitor: Monitor): Shared {
  const kept = new Map<string, { readonly at: number, readonly answer: Promise<Answer> }>()
  return {
    async get (name) {
      const last = kept.get(name)
      if (last !== undefined && performance.now() - last.at < keptMs) return await last.answer
      const answer = ask(name)
      kept.set(name, { at: performance.now(), answer })
      return await answer
    }
  }

  async function ask (name: string): Promise<Answer> {
    const layout = monitor.layout ?? await monitor.refresh()
    try {
      return await upstream.probe(`${layout.healthAtRoot ? '' : layout.prefix}/${name}`)
    } catch (error) {
      throw error instanceof Error && error.name === 'TimeoutError'
        ? unavailable('MLflow does not answer.', 'upstream_silent', error)
        : nameFault(error as Error)
    }
  }
}
