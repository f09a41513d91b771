/** Log lines of requests that come in floods: one a second that says how many, in place of one for each. */
import type { Logger } from 'pino'
import { networkOf } from '../keys/guesses.js'
import type { RequestRecord } from '../http/records.js'

export interface Flood {
  /** Counts a request instead of logging it. */
  note: (record: RequestRecord) => void
  /** Writes what was counted since the last line. */
  flush: () => void
}

const everyMs = 1000
/** Networks that are told apart within one line. */
const networksMax = 1000

export function collapse (log: Logger): Flood {
  let count = 0
  let networks = new Map<string, number>()
  let last: RequestRecord | undefined
  let clock: NodeJS.Timeout | undefined

  function flush (): void {
    clearTimeout(clock)
    clock = undefined
    if (last === undefined) return
    const [busiest] = [...networks].sort(([, a], [, b]) => b - a)
    log.warn(
      {
        refusal: last.refusal,
        count,
        networks: networks.size,
        busiest: busiest?.[0],
        busiest_count: busiest?.[1],
        request_id: last.requestId,
        address: last.address
      },
      'requests'
    )
    count = 0
    networks = new Map()
    last = undefined
  }

  return {
    note (record) {
      const network = networkOf(record.address)
      count++
      last = record
      if (networks.size < networksMax || networks.has(network)) networks.set(network, (networks.get(network) ?? 0) + 1)
      clock ??= setTimeout(flush, everyMs).unref()
    },
    flush
  }
}
