/**
 * Connections to MLflow, so many at once: who comes later waits in a row, and a clock of the upstream sees to it that
 * nobody waits for long.
 */
import { toFacadeError } from '../core/errors.js'
import type { Slotted } from '../core/active-set.js'

/** A request on its way to a server behind, as far as the waiting for a connection goes. */
export interface Waiting extends Slotted {
  /** Since when it waits, in milliseconds of the monotonic clock; 0: it does not. And whether it has a connection. */
  waitingSince: number
  hasTurn: boolean
  /** 0: it has not ended. */
  readonly endedAt: number
  cancel: (error: Error) => void
}

export interface Turns<T extends Waiting> {
  /** Starts an exchange, now or when it is its turn. */
  take: (exchange: T) => void
  /** An exchange has ended, whether or not it had its turn. */
  leave: (exchange: T) => void
  /** Forgets those that gave up while they waited. */
  sweep: () => void
}

/** @param start begins an exchange, which has a connection from then on */
export function createTurns<T extends Waiting> (most: number, start: (exchange: T) => void): Turns<T> {
  let waiting: T[] = []
  let taken = 0
  let moving = false
  return {
    take (exchange) {
      exchange.waitingSince = performance.now()
      waiting.push(exchange)
      advance()
    },
    leave (exchange) {
      if (!exchange.hasTurn) return
      exchange.hasTurn = false
      taken--
      advance()
    },
    sweep () {
      if (waiting.length > 0) waiting = waiting.filter(({ endedAt }) => endedAt === 0)
    }
  }

  /** A loop, since what is started may end within its start (MLflow cannot be reached), for any number of them. */
  function advance (): void {
    if (moving) return
    moving = true
    while (taken < most) {
      const exchange = waiting.shift()
      if (exchange === undefined) break
      if (exchange.endedAt !== 0) continue
      exchange.waitingSince = 0
      exchange.hasTurn = true
      taken++
      try {
        start(exchange)
      } catch (error) { // the fault of this one: others wait behind it, and it may be another's end that began it
        exchange.cancel(toFacadeError(error))
      }
    }
    moving = false
  }
}
