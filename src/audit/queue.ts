/** Events on their way to where they are kept: written a batch at a time, and held up to a bound while nothing can be written. */
import { setTimeout as delay } from 'node:timers/promises'
import type { AuditEvent } from './event.js'
import { closeMaxMs, onChange, retryMs, type AuditSink, type OnProblem } from './sink.js'

export interface Waiting {
  readonly event: AuditEvent
  readonly line: string
}

interface QueueOptions {
  /** How long an event waits for others. */
  readonly waitMs: number
  /** Characters that may wait. Beyond it events are lost until half of it is through: long runs, few gaps. */
  readonly heldMaxLength: number
  /** How many of those that wait go together. */
  readonly batchOf: (waiting: readonly Waiting[]) => number
  /** Writes a batch, and says how many are there whole, also where it fails. */
  readonly write: (batch: readonly Waiting[], onWritten: (count: number) => void) => Promise<void>
  readonly tell: OnProblem
}

export function openQueue ({ waitMs, heldMaxLength, batchOf, write, tell }: QueueOptions): AuditSink {
  const noteState = onChange(tell)
  const waiting: Waiting[] = []
  let held = 0
  let isFull = false
  let clock: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined

  function plan (ms: number): void {
    clock ??= setTimeout(() => { void writeOn() }, ms).unref()
  }

  function writeOn (): Promise<void> {
    clearTimeout(clock)
    clock = undefined
    writing ??= writeAll().finally(() => { writing = undefined })
    return writing
  }

  /** Until nothing waits, or nothing can be written. */
  async function writeAll (): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchOf(waiting))
      let written = 0
      try {
        await write(batch, count => { written = count })
        noteState(undefined)
      } catch (error) {
        noteState(error as Error)
      }
      for (const { line } of waiting.splice(0, written)) held -= line.length
      if (held <= heldMaxLength / 2) isFull = false
      if (written < batch.length) {
        plan(retryMs)
        return
      }
    }
  }

  return {
    take (event, line) {
      if (isFull) return false
      waiting.push({ event, line })
      held += line.length
      isFull = held >= heldMaxLength
      if (writing === undefined) plan(waitMs)
      return true
    },
    async close () {
      const finish = async (): Promise<void> => {
        await writing
        await writeOn()
      }
      await Promise.race([finish(), delay(closeMaxMs, undefined, { ref: false })])
      clearTimeout(clock)
      if (waiting.length > 0) noteState(new Error('They were not written in time.'))
    }
  }
}
