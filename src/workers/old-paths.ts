/** Counts of old paths on their way to the primary, which alone writes their file. */
import type { OldPathUsage } from '../legacy/usage.js'
import type { OldPathCalls } from './messages.js'

const everyMs = 1000

/** @param tell takes what was counted since the last time */
export function relayOldPaths (tell: (calls: readonly OldPathCalls[]) => void): OldPathUsage {
  let counted = new Map<string, OldPathCalls>()

  function flush (): void {
    if (counted.size === 0) return
    tell([...counted.values()])
    counted = new Map()
  }

  const clock = setInterval(flush, everyMs).unref()
  return {
    note (caller, client, calls = 1) {
      const name = `${caller?.keyId ?? ''} ${client}`
      const before = counted.get(name)?.calls ?? 0
      counted.set(name, { caller: caller === undefined ? undefined : told(caller), client, calls: before + calls })
    },
    close () {
      clearInterval(clock)
      flush()
    }
  }
}

/** Scopes, workspaces and times of the caller stay here. */
function told ({ keyId, name, userId, hint }: NonNullable<OldPathCalls['caller']>): OldPathCalls['caller'] {
  return { keyId, name, userId, hint }
}
