/** What one key may have under way at once, so that it does not take all of MLflow or of our memory: requests, and transfers among them. */
import type { FastifyRequest } from 'fastify'
import { FacadeError } from '../core/errors.js'

/** What a key has under way. */
interface Use {
  readonly keyId: string
  requests: number
  transfers: number
}

/** A request that counts among what its key has under way. */
export interface Lease {
  readonly use: Use
  readonly isTransfer: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    lease: Lease | undefined
  }
}

export interface Bounds {
  /** Counts a request that goes on to MLflow, until `leave`. @throws FacadeError 429 when its key has as many as it may */
  enter: (request: FastifyRequest, isTransfer: boolean) => void
  /** The request has ended; harmless where it was not counted. */
  leave: (request: FastifyRequest) => void
}

export function createBounds (
  { requestsPerKey, transfersPerKey }: { readonly requestsPerKey: number, readonly transfersPerKey: number }
): Bounds {
  const uses = new Map<string, Use>()
  return {
    enter (request, isTransfer) {
      const keyId = request.caller?.keyId
      if (keyId === undefined || request.lease !== undefined) return
      const use = uses.get(keyId) ?? { keyId, requests: 0, transfers: 0 }
      if (use.requests >= requestsPerKey) throw full(`${use.requests} requests in progress`, 'requests', 1)
      if (isTransfer && use.transfers >= transfersPerKey) throw full(`${use.transfers} transfers open`, 'transfers', 2)
      if (use.requests === 0) uses.set(keyId, use)
      use.requests++
      if (isTransfer) use.transfers++
      request.lease = { use, isTransfer }
    },
    leave (request) {
      const { lease } = request
      if (lease === undefined) return
      request.lease = undefined
      const { use, isTransfer } = lease
      use.requests--
      if (isTransfer) use.transfers--
      if (use.requests === 0) uses.delete(use.keyId)
    }
  }
}

function full (what: string, reason: 'requests' | 'transfers', seconds: number): FacadeError {
  return new FacadeError('rateLimited', {
    message: `This API key has ${what}, which is its limit. Try again.`,
    reason,
    headers: { 'retry-after': String(seconds) }
  })
}
