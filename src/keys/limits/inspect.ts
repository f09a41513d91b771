/** Looks at a Redis in which limits are counted, for `doctor`: a few calls of nobody's are counted, of which nothing stays. */
import { Redis } from 'ioredis'
import type { RedisAddress } from '../../core/settings/redis-url.js'
import { within } from '../../core/within.js'
import { describeRedis, SilentError } from './failures.js'
import { openCounter, optionsFor } from './redis.js'
import { trial } from './shared.js'

export interface RedisFacts {
  /** Such as `redis 7.0.15`; undefined where INFO is not allowed. */
  readonly server: string | undefined
  /** What it does when its memory is full, such as `allkeys-lru`; undefined where it has no bound, or INFO is not allowed. */
  readonly evicting: string | undefined
  /** How long the script took, there and back, the quickest of a few. */
  readonly answerMs: number
}

const patienceMs = 3000
/** The first makes Redis read the script. */
const tries = 3

/** @throws Error with a sentence, which names no address */
export async function inspectRedis (address: RedisAddress): Promise<RedisFacts> {
  let trouble: unknown
  const counter = openCounter(address, error => { trouble ??= error })
  const redis = new Redis({ ...optionsFor(address), lazyConnect: true, retryStrategy: () => null })
  redis.on('error', error => { trouble ??= error })
  try {
    await withinPatience(Promise.all([counter.tried, redis.connect()]))
    let answerMs = Infinity
    for (let call = 0; call < tries; call++) {
      const askedAt = performance.now()
      await withinPatience(counter.take(trial.keyId, trial.allowance, 1, 0))
      answerMs = Math.min(answerMs, performance.now() - askedAt)
    }
    const info = await withinPatience(redis.info()).catch(() => '')
    return { server: serverOf(info), evicting: evictingOf(info), answerMs }
  } catch (error) {
    throw new Error(describeRedis(trouble ?? error))
  } finally {
    counter.close()
    redis.disconnect()
  }
}

async function withinPatience<T> (answer: Promise<T>): Promise<T> {
  return await within(patienceMs, answer, () => new SilentError('No answer in time'))
}

/** Valkey gives the version of Redis that it goes by, and its own in fields of its own. */
function serverOf (info: string): string | undefined {
  const valkey = field(info, 'valkey_version')
  const redis = field(info, 'redis_version')
  return valkey !== undefined ? `Valkey ${valkey}` : redis !== undefined ? `Redis ${redis}` : undefined
}

function evictingOf (info: string): string | undefined {
  const policy = field(info, 'maxmemory_policy')
  return Number(field(info, 'maxmemory') ?? 0) === 0 || policy === 'noeviction' ? undefined : policy
}

function field (info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}
