/** Keys that end while their request is under way: a long transfer, or a body that the facade waits for, must not outlive a revocation. */
import { presentedKey } from './credentials.js'
import type { KeyVerifier } from '../keys/contract.js'
import { unauthenticated, type FacadeError } from '../core/errors.js'
import type { Exchange } from '../proxy/exchange.js'
import { readHead } from '../http/request-head.js'
import type { Roster } from '../core/active-set.js'
import { toGateway, type Visit } from '../http/context.js'

const intervalMs = 1000

/** Looks once a second at what has been running for longer than that. @returns the function that stops it */
export function watchRevocations (open: Roster<Exchange>, verifier: KeyVerifier): () => void {
  const clock = setInterval(() => {
    const now = performance.now()
    for (const exchange of open.items) if (now - exchange.beganAt > intervalMs) recheck(exchange).catch(() => {}) // the next look tries again
  }, intervalMs).unref()
  return () => clearInterval(clock)

  async function recheck (exchange: Exchange): Promise<void> {
    const ended = await endedSince(exchange.reply.request.visit, verifier)
    if (ended !== undefined) exchange.cancel(ended)
  }
}

/** The refusal for a key that was good when its request began and is so no more; undefined where it still is, or where the store cannot say. */
export async function endedSince (visit: Visit, verifier: KeyVerifier): Promise<FacadeError | undefined> {
  // The key is still in the request's own head; keeping another copy would be one more place to leak from.
  const presented = presentedKey(readHead(visit.request.rawHeaders), toGateway(visit))
  if (presented.kind !== 'key') return undefined
  try {
    const verdict = await verifier.verify(presented.key, visit.address)
    if (verdict.valid || verdict.reason === 'balance') return undefined
    return unauthenticated(verdict.reason)
  } catch {
    return undefined
  }
}
