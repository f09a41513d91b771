/** Keys that end while their request is under way: a long transfer, or a body that the facade waits for, must not outlive a revocation. */
import { unauthenticated, type FacadeError } from '../core/errors.js'
import { toGateway, type RequestContext } from '../http/context.js'
import type { KeyVerifier } from '../keys/contract.js'
import { presentedKey } from './credentials.js'

const intervalMs = 1000

/** Looks once a second at what has been under way to MLflow for longer than that. @returns the function that stops it */
export function watchRevocations (active: readonly RequestContext[], verifier: KeyVerifier): () => void {
  const clock = setInterval(() => {
    const now = performance.now()
    for (const context of active) {
      const { transfer, caller } = context.request
      if (transfer === undefined || caller === undefined || transfer.endedAt !== 0 || now - transfer.beganAt <= intervalMs) continue
      // The next look tries again
      endedSince(context, verifier).then(ended => { if (ended !== undefined) transfer.cancel(ended) }).catch(() => {})
    }
  }, intervalMs).unref()
  return () => clearInterval(clock)
}

/**
 * The refusal for a key that was good when its request began and no longer is; undefined where it still is, or where
 * the store cannot say.
 */
export async function endedSince (context: RequestContext, verifier: KeyVerifier): Promise<FacadeError | undefined> {
  // The key is still in the request's own head; keeping another copy would be one more place to leak from.
  const presented = presentedKey(context.head, toGateway(context))
  if (presented.kind !== 'key') return undefined
  try {
    const verdict = await verifier.verify(presented.key, context.address)
    if (verdict.valid || verdict.reason === 'balance') return undefined
    return unauthenticated(verdict.reason)
  } catch {
    return undefined
  }
}
