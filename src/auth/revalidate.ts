/** Keys that end while their request is under way: a long transfer, or a body that the facade waits for, must not outlive a revocation. */
import { unauthenticated, type FacadeError } from '../core/errors.js'
import { toGateway, type RequestContext } from '../http/context.js'
import { sessionToken } from '../http/session-cookie.js'
import { lacks, type KeyVerifier, type Verdict } from '../keys/contract.js'
import { isJwt } from '../keys/key.js'
import type { Sessions } from '../keys/sessions/sessions.js'
import { presentedKey } from './credentials.js'

const intervalMs = 1000

/** Who says whether a key or a session is still good. */
export interface Judges {
  readonly verifier: KeyVerifier
  readonly sessions: Sessions
}

/** Looks once a second at what has been under way to MLflow for longer than that. @returns the function that stops it */
export function watchRevocations (active: readonly RequestContext[], judges: Judges): () => void {
  const clock = setInterval(() => {
    const now = performance.now()
    for (const context of active) {
      const { transfer, caller } = context.request
      if (transfer === undefined || caller === undefined || transfer.endedAt !== 0 || now - transfer.beganAt <= intervalMs) continue
      // The next look tries again
      endedSince(context, judges).then(ended => { if (ended !== undefined) transfer.cancel(ended) }).catch(() => {})
    }
  }, intervalMs).unref()
  return () => clearInterval(clock)
}

/**
 * The refusal for a key or a session that was good when its request began and no longer is; undefined where it still is, or where
 * the store cannot say.
 */
export async function endedSince (context: RequestContext, judges: Judges): Promise<FacadeError | undefined> {
  try {
    const verdict = await judgeAgain(context, judges)
    if (verdict === undefined) return unauthenticated('session')
    if (verdict === 'nothing' || verdict.valid || lacks(verdict.reason)) return undefined
    return unauthenticated(verdict.reason)
  } catch {
    return undefined
  }
}

/** What vouches for the request is still in its own head; keeping another copy would be one more place to leak from. */
async function judgeAgain ({ head, address, request }: RequestContext, { verifier, sessions }: Judges): Promise<Verdict | undefined | 'nothing'> {
  if (request.keyIn === 'cookie') return await sessions.verify(sessionToken(head.cookie) ?? '', address)
  const presented = presentedKey(head, toGateway(request.context))
  // A token lives for minutes and ends by time alone: it has to be good when a request begins
  return presented.kind === 'key' && !isJwt(presented.key) ? await verifier.verify(presented.key, address) : 'nothing'
}
