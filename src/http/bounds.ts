/** What one key may have under way at once, so that it does not take all of MLflow or of our memory: requests, and transfers among them. */
import { FacadeError } from '../core/errors.js'
import type { Visit } from './context.js'

/** What a key has under way. */
export interface Use {
  readonly keyId: string
  requests: number
  transfers: number
}

export interface Bounds {
  /** Counts a request that goes on to MLflow, until `leave`. @throws FacadeError 429 when its key has as many as it may */
  enter: (visit: Visit, isTransfer: boolean) => void
  /** The request has ended; harmless where it was not counted. */
  leave: (visit: Visit) => void
}

export function createBounds ({ requestsPerKey, transfersPerKey }: { readonly requestsPerKey: number, readonly transfersPerKey: number }): Bounds {
  const uses = new Map<string, Use>()
  return {
    enter (visit, isTransfer) {
      const keyId = visit.caller?.keyId
      if (keyId === undefined || visit.use !== undefined) return
      const use = uses.get(keyId) ?? { keyId, requests: 0, transfers: 0 }
      if (use.requests >= requestsPerKey) throw full(`${use.requests} requests under way`, 'requests', 1)
      if (isTransfer && use.transfers >= transfersPerKey) throw full(`${use.transfers} transfers open`, 'transfers', 2)
      if (use.requests === 0) uses.set(keyId, use)
      use.requests++
      if (isTransfer) use.transfers++
      visit.use = use
      visit.isTransfer = isTransfer
    },
    leave (visit) {
      const { use } = visit
      if (use === undefined) return
      visit.use = undefined
      use.requests--
      if (visit.isTransfer) use.transfers--
      if (use.requests === 0) uses.delete(use.keyId)
    }
  }
}

function full (what: string, reason: string, seconds: number): FacadeError {
  return new FacadeError('rateLimited', { message: `This API key has ${what}, which is its limit. Try again.`, reason, headers: { 'retry-after': String(seconds) } })
}
