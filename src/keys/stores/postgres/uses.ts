/** Times of last use, written together every few seconds: requests do not wait for that, and an outage does not lose them. */
import { StoreProblem, type Report } from '../../listeners.js'
import type { Sql } from './database.js'

const everyMs = 5000
/** Keys whose times wait for a server that is away; beyond that the oldest are forgotten. */
const waitingMax = 100_000

// In the order of the ids, so that replicas that write of the same keys do not wait for each other in a circle.
const write = `WITH used AS (
  SELECT k.id, u.at FROM unnest($1::text[], $2::bigint[]) AS u (id, at) JOIN hokusai_mlflow.keys AS k ON k.id = u.id
  ORDER BY k.id FOR NO KEY UPDATE OF k
) UPDATE hokusai_mlflow.keys AS k SET last_used_at = greatest(k.last_used_at, used.at) FROM used WHERE k.id = used.id`

interface Uses {
  /** Writes what has come since. Never fails. */
  readonly close: () => Promise<void>
}

/** @param take gives what has come since the last time */
export function collectUses (sql: Sql, take: () => ReadonlyMap<string, number>, report: Report | undefined): Uses {
  const waiting = new Map<string, number>()
  let isReported = false
  let writing = Promise.resolve()

  async function flush (): Promise<void> {
    for (const [id, at] of take()) {
      waiting.delete(id) // the latest stand last
      waiting.set(id, at)
    }
    for (const id of waiting.keys()) {
      if (waiting.size <= waitingMax) break
      waiting.delete(id)
    }
    if (waiting.size === 0) return
    const taken = [...waiting]
    try {
      await sql(write, [taken.map(([id]) => id), taken.map(([, at]) => at)])
      for (const [id, at] of taken) if (waiting.get(id) === at) waiting.delete(id)
      isReported = false
    } catch (error) {
      if (!isReported) report?.(new StoreProblem('last_used', 'The last-used times of keys cannot be written.', error))
      isReported = true
    }
  }

  const next = (): void => { writing = writing.then(flush) }
  const timer = setInterval(next, everyMs).unref()
  return {
    close: async () => {
      clearInterval(timer)
      next()
      await writing
    }
  }
}
