/** Numbers events on their way to a sink: what a sink has no room for leaves a gap in the numbers, and one event says how large it is. */
import { gapOperation, lineOf, newSource, type AuditEvent, type AuditFields } from './event.js'
import { retryMs, type AuditSink } from './sink.js'

/** Whoever hands over events. Neither fails, and neither waits. */
export interface AuditRecorder {
  readonly record: (fields: AuditFields) => void
  /** So many were lost on their way here. */
  readonly lose: (count: number) => void
}

export interface AuditTrail extends AuditRecorder {
  readonly close: () => Promise<void>
}

interface Ears {
  readonly onEvent: (event: AuditEvent) => void
  readonly onLoss: (count: number) => void
}

export function openTrail (sink: AuditSink, { onEvent, onLoss }: Ears, source: string = newSource()): AuditTrail {
  let seq = 0
  let missing = 0
  let clock: NodeJS.Timeout | undefined

  /** @returns whether it was taken; the number is used up then only */
  function offer (fields: AuditFields): boolean {
    const event = { seq: seq + 1, source, ...fields }
    if (!sink.take(event, lineOf(event))) return false
    seq++
    onEvent(event)
    return true
  }

  /** @returns whether nothing is missing any more */
  function tellGap (): boolean {
    if (missing > 0 && !offer({ time: new Date().toISOString(), operation: gapOperation, outcome: 'failed', count: missing })) return false
    missing = 0
    clearInterval(clock)
    clock = undefined
    return true
  }

  function lose (count: number): void {
    if (count === 0) return
    seq += count
    missing += count
    onLoss(count)
    clock ??= setInterval(tellGap, retryMs).unref()
  }

  return {
    record (fields) {
      if ((missing > 0 && !tellGap()) || !offer(fields)) lose(1)
    },
    lose,
    async close () {
      tellGap()
      clearInterval(clock)
      await sink.close()
    }
  }
}
