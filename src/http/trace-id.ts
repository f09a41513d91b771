/** Ids of traces (W3C Trace Context, section 3.2.2.3) that lead to the log line of a request. */
import { createHash } from 'node:crypto'

const traceId = /^[\da-f]{16}(?!0{16})[\da-f]{16}$/

/**
 * The id of the trace of a request that came without one: its own id without hyphens, or made from it. Neither half of a UUID of version 4
 * can be zero, which would make an id invalid.
 * @param isUuid it is one of ours; one that a load balancer gave may have any form
 */
export function traceIdOf (requestId: string, isUuid: boolean): string {
  if (isUuid) {
    return requestId.slice(0, 8) + requestId.slice(9, 13) + requestId.slice(14, 18) + requestId.slice(19, 23) + requestId.slice(24)
  }
  const plain = requestId.replaceAll('-', '')
  return traceId.test(plain) ? plain : createHash('sha256').update(requestId).digest('hex').slice(0, 32)
}
