/** Ends running transfers whose key has ended since: a long download must not outlive a revocation. */
import { presentedKey } from '../auth/credentials.js'
import type { KeyVerifier } from '../auth/store.js'
import { FacadeError } from '../errors.js'
import type { Exchange } from '../mlflow/exchange.js'
import { readHead } from '../mlflow/headers.js'
import type { Roster } from './roster.js'

const intervalMs = 1000

/** Looks once a second at what has been running for longer than that. @returns the function that stops it */
export function watchRevocations (open: Roster<Exchange>, verifier: KeyVerifier): () => void {
  const clock = setInterval(() => {
    const now = performance.now()
    for (const exchange of open.items) if (now - exchange.beganAt > intervalMs) void recheck(exchange)
  }, intervalMs).unref()
  return () => clearInterval(clock)

  async function recheck (exchange: Exchange): Promise<void> {
    // The key is still in the request's own head; keeping another copy would be one more place to leak from.
    const presented = presentedKey(readHead(exchange.request.rawHeaders))
    if (presented.kind !== 'key') return
    try {
      const verdict = await verifier.verify(presented.key, exchange.request.socket.remoteAddress ?? '')
      if (!verdict.valid && verdict.reason !== 'balance') exchange.cancel(new FacadeError('unauthenticated', { reason: verdict.reason, headers: { 'www-authenticate': 'Bearer' } }))
    } catch {
      // A store that cannot say ends nothing.
    }
  }
}
