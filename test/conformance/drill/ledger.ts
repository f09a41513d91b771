/** What was seen in one phase of the drill, on one kind of facade. */
import type { Call, DrillKey, Verdict } from './judge.js'

export interface Figures {
  requests: number
  served: number
  refused: number
  unavailable: number
  limited: number
  violations: string[]
  /** The longest time after a key's end at which a call with it was sent that still got 2xx, in milliseconds. */
  worstEndMs: number
  /** The longest time without a 2xx for a good key. */
  longestGapMs: number
  /** The longest time that a transfer of an ended key went on. */
  worstTransferMs: number
}

export interface Tally {
  readonly figures: Figures
  readonly note: (key: DrillKey, call: Call, verdict: Verdict, at: number) => void
  readonly transferEnded: (ms: number) => void
}

/** At most so many violations are told in words. */
const toldMax = 20

export function openTally (startedAt: number): Tally {
  let servedAt = startedAt
  const figures: Figures = {
    requests: 0,
    served: 0,
    refused: 0,
    unavailable: 0,
    limited: 0,
    violations: [],
    worstEndMs: 0,
    longestGapMs: 0,
    worstTransferMs: 0
  }
  return {
    figures,
    note (key, { sentAt, status }, verdict, at) {
      figures.requests++
      const isServed = status >= 200 && status < 300
      if (isServed) {
        if (key.endingAt === undefined) {
          figures.longestGapMs = Math.max(figures.longestGapMs, at - servedAt)
          servedAt = at
        } else if (key.endedAt !== undefined && key.endedAt < sentAt) {
          figures.worstEndMs = Math.max(figures.worstEndMs, sentAt - key.endedAt)
        }
      }
      if (verdict === 'served' || verdict === 'open') figures.served++
      else if (verdict !== 'violation') figures[verdict]++
      else if (figures.violations.push(tell(key, sentAt, status)) > toldMax) figures.violations.length = toldMax
    },
    transferEnded (ms) { figures.worstTransferMs = Math.max(figures.worstTransferMs, ms) }
  }
}

function tell ({ endingAt, endedAt }: DrillKey, sentAt: number, status: number): string {
  if (endingAt === undefined) return `a good key got ${status}`
  return `a key got ${status} in a call that was sent ${Math.round(sentAt - (endedAt ?? endingAt))} ms after its end`
}
