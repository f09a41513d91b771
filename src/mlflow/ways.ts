/** The two ways to MLflow: our own client for what is plain, undici for the rest. Their connections are counted together. */
import type { Dispatcher, Pool } from 'undici'
import type { PlainClient } from './client/client.js'
import { plainHead } from './client/request.js'
import type { PooledRequest } from './pooled.js'

export interface Ways {
  /** Sends one that has its turn. @throws what undici refuses to send */
  send: (request: PooledRequest) => void
  /** One has ended, sent or not. */
  ended: (request: PooledRequest) => void
}

/**
 * @param plain undefined: all goes by undici
 * @param most so many connections of both at once, as many as there are turns
 */
export function openWays (pool: Pool, plain: PlainClient | undefined, most: number, servername: { readonly servername?: string }): Ways {
  const byUndici = new Set<PooledRequest>()
  let connected = 0
  pool.on('connect', () => { connected++ })
  pool.on('disconnect', () => { connected-- })
  /** Whether a connection of undici's waits for use. */
  const hasFree = (): boolean => connected > byUndici.size
  const isFull = (client: PlainClient): boolean => client.size + Math.max(connected, byUndici.size) >= most

  return {
    send (request) {
      const head = plain === undefined ? undefined : plainHead(request)
      if (plain !== undefined && head !== undefined && (plain.free > 0 || !isFull(plain) || !hasFree())) {
        plain.send(request, head)
        return
      }
      if (plain !== undefined && isFull(plain) && !hasFree()) plain.giveUpOne()
      byUndici.add(request)
      const { outgoing: { method, path }, headers, body } = request
      const handler = request as Dispatcher.DispatchHandler
      pool.dispatch({ method: method as 'GET', path, headers, body, ...servername } as Dispatcher.DispatchOptions, handler)
    },
    ended (request) {
      byUndici.delete(request)
    }
  }
}
