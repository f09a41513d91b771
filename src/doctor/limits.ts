/** Checks of the Redis in which facades count the calls of keys with a limit together. */
import { isLoopback } from '../core/settings/postgres-url.js'
import { type Check, error, fine, warning } from './check.js'

const alone = 'each facade limits keys by itself (no REDIS_URL)'
/** A call waits 100 ms for Redis at most; who comes near that will be beyond it now and then. */
const slowMs = 50

export const limitChecks: readonly Check[] = [
  {
    id: 'limits',
    about: 'Redis (`REDIS_URL`) cannot count the calls of keys, is slow, or evicts them when its memory is full',
    async run ({ config: { redis } }) {
      if (redis === undefined) return fine(alone)
      try {
        const { inspectRedis } = await import('../keys/limits/inspect.js')
        const { server = 'it', evicting, answerMs } = await inspectRedis(redis)
        if (evicting !== undefined) {
          return warning(
            `When its memory is full, Redis forgets what keys have used (maxmemory-policy ${evicting}), and they begin anew.`,
            'give limits a Redis of their own with maxmemory-policy noeviction: they take some 100 bytes a key'
          )
        }
        if (answerMs > slowMs) {
          return warning(
            `Redis takes ${Math.round(answerMs)} ms to count a call; from 100 ms on each facade limits keys by itself.`,
            'let REDIS_URL name a Redis that is near the facade and has nothing slow to do'
          )
        }
        return fine(`${server} counts calls`)
      } catch (fault) {
        const fix = 'see to the server that REDIS_URL names: whether it runs, its address, user and password, and what that user may do'
        return error(`${fault instanceof Error ? fault.message : String(fault)} Each facade limits keys by itself.`, fix)
      }
    }
  },
  {
    id: 'limits-tls',
    about: 'the connection to Redis on another machine is unencrypted',
    run ({ config: { redis } }) {
      if (redis === undefined) return fine(alone)
      if (isLoopback(redis.host)) return fine('it does not leave this machine')
      if (redis.tls) return fine('TLS, with a certificate that is good for the host')
      const what = redis.password === '' ? 'Ids of keys go' : 'The password of Redis and ids of keys go'
      return warning(`${what} to Redis in clear.`, 'use rediss:// in REDIS_URL; NODE_EXTRA_CA_CERTS adds an authority of your own')
    }
  }
]
