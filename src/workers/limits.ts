/** Limits of keys that all workers count together, at the primary: a worker asks, and does not wait for long. */
import { createLocalLimits, type Limits, type LocalLimits } from '../keys/limits/local.js'
import type { Standing } from '../keys/limits/allowance.js'
import type { Order, Report } from './messages.js'

/** A primary that is late counts the call all the same, a little later. */
const deadlineMs = 100

type Call = Extract<Report, { report: 'call' }>
type Counted = Extract<Order, { order: 'counted' }>

export interface RelayedLimits extends Limits {
  /** Takes the primary's answer. */
  readonly counted: (answer: Counted) => void
}

/**
 * A worker's side.
 * @param ask sends the call; false: there is no primary any more
 * @param onLocal a call was counted by this worker alone, from what it knew
 */
export function relayLimits (ask: (call: Call) => boolean, onLocal: () => void): RelayedLimits {
  const local = createLocalLimits()
  const waiting = new Map<number, (answer: Counted) => void>()
  let calls = 0

  return {
    take (keyId, ratePerHour, cost) {
      const alone = (): Standing => {
        onLocal()
        return local.take(keyId, ratePerHour, cost)
      }
      const call = ++calls
      const askedAt = performance.now()
      if (!ask({ report: 'call', call, keyId, ratePerHour, cost })) return alone()
      return new Promise(resolve => {
        const late = setTimeout(() => {
          waiting.delete(call)
          resolve(alone())
        }, deadlineMs)
        waiting.set(call, ({ standing, owedMs }) => {
          clearTimeout(late)
          local.learn(keyId, owedMs, askedAt)
          resolve(standing)
        })
      })
    },
    counted (answer) {
      waiting.get(answer.call)?.(answer)
      waiting.delete(answer.call)
    },
    problem: () => undefined,
    close () {}
  }
}

/** The primary's side: counts the call. */
export function countFor (limits: LocalLimits, { call, keyId, ratePerHour, cost }: Call): Counted {
  const standing = limits.take(keyId, ratePerHour, cost)
  return { order: 'counted', call, standing, owedMs: limits.owedMs(keyId) }
}
