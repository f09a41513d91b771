/** What counts the calls of keys that have a limit, and what is said of it in log and metrics. */
import type { Config } from '../core/settings/config.js'
import { openLimits } from '../keys/limits/open.js'
import type { Limits } from '../keys/limits/local.js'
import type { Ears } from './keys.js'

/** Counts in Redis where one is configured, else in this process. Never fails. */
export async function openLimitsOf ({ redis }: Config, { log, metrics }: Ears): Promise<Limits> {
  return await openLimits(redis, {
    onState (gone) {
      metrics.redisUp.set(gone === undefined ? 1 : 0)
      if (gone === undefined) log.info('Redis answers again: limits of keys are shared')
      else log.error({ error: gone }, 'Redis does not answer: each facade limits keys by itself')
    },
    onLocal: () => metrics.localLimits.inc()
  })
}
