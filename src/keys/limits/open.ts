/** Opens what counts the calls of keys that have a limit: in Redis where REDIS_URL names one, else in this process. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisAddress } from '../../core/settings/redis-url.js'
import { createLocalLimits, type Limits } from './local.js'
import { createSharedLimits, type SharedLimitsOptions } from './shared.js'

export type LimitListeners = Pick<SharedLimitsOptions, 'onState' | 'onLocal'>

/** The start waits for the first connection so long: whoever calls at once would else find none. */
const startMs = 1000

/** Never fails: until there is a connection, this process counts by itself. */
export async function openLimits (address: RedisAddress | undefined, listeners: LimitListeners): Promise<Limits> {
  if (address === undefined) return createLocalLimits()
  const { openCounter } = await import('./redis.js')
  let tried: Promise<void> | undefined
  const limits = createSharedLimits({
    ...listeners,
    open: onError => {
      const counter = openCounter(address, onError)
      tried = counter.tried
      return counter
    }
  })
  await Promise.race([tried, delay(startMs, undefined, { ref: false })])
  return limits
}
