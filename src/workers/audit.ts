/** Audit events on their way to the primary, which alone numbers and keeps them. */
import type { AuditFields } from '../audit/event.js'
import type { AuditTrail } from '../audit/trail.js'

const everyMs = 100
const batchMax = 500
/** What may wait for a primary that takes nothing. */
const waitingMax = 20_000

/** @param tell hands events over, with how many were lost before them; resolves when they are on their way */
export function relayAudit (tell: (events: readonly AuditFields[], lost: number) => Promise<void>): AuditTrail {
  let waiting: AuditFields[] = []
  let lost = 0
  let clock: NodeJS.Timeout | undefined
  let telling: Promise<void> | undefined

  async function tellAll (): Promise<void> {
    while (waiting.length > 0 || lost > 0) {
      const [events, before] = [waiting.slice(0, batchMax), lost]
      waiting = waiting.slice(batchMax)
      lost = 0
      await tell(events, before)
    }
  }

  function flush (): Promise<void> {
    clearTimeout(clock)
    clock = undefined
    telling ??= tellAll().finally(() => { telling = undefined })
    return telling
  }

  function lose (count: number): void {
    lost += count
    clock ??= setTimeout(() => { void flush() }, everyMs).unref()
  }

  return {
    record (fields) {
      if (waiting.length < waitingMax) {
        waiting.push(fields)
        lose(0)
      } else lose(1)
    },
    lose,
    async close () {
      await telling
      await flush()
    }
  }
}
