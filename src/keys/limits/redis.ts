/** Counts the calls of keys in Redis or Valkey, by one script for each, within which nobody else there is served. */
import { Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from '../../core/settings/redis-url.js'
import { mostOwedMs, toleranceMs, type Allowance } from './allowance.js'

export interface Counted {
  readonly isAllowed: boolean
  readonly owedMs: number
}

export interface RedisCounter {
  /**
   * Counts a call, or only looks.
   * @param leastMs what the key owes at least: what a server has forgotten or never heard of
   * @throws the client's error, at once where there is no connection
   */
  readonly take: (keyId: string, allowance: Allowance, cost: 0 | 1, leastMs: number) => Promise<Counted>
  /** Resolves when the first try to connect is over, one way or the other. */
  readonly tried: Promise<void>
  /** Makes the connection anew, where it is there and silent. */
  readonly reconnect: () => void
  readonly close: () => void
}

/** Whose limits these are, in a Redis that may be used by others too. */
export const keyPrefix = 'hokusai-mlflow:limit:'

/**
 * The algorithm of `allowance.ts`, in microseconds, by the clock of the server: the only one that all who count here have in common. An
 * entry lives until all is paid off, so that one that is gone is the same as nothing owed. Numbers are doubles, which lie a quarter of a
 * microsecond apart in these years; Lua by itself would write 14 digits of them. An entry that lies too far ahead is written anew:
 * after the clock was set back it would else lock its key out until the clock is there again. One that is not a number, such as
 * `nan`, counts as 0.
 * Writes after TIME need Redis 5, which tells its replicas of what a script did and not of the script.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, most, cost, least, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local known = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if known ~= known then known = 0 end
local owed = math.min(math.max(known - now, least, 0), most)
local function keep()
  redis.call('SET', KEYS[1], string.format('%.2f', now + owed), 'PX', string.format('%.0f', math.ceil(owed / 1000)))
end
if known - now > most + tolerance then keep() end
if cost == 0 then return { 1, string.format('%.2f', owed) } end
if owed + interval > most + tolerance then return { 0, string.format('%.2f', owed) } end
owed = owed + interval
keep()
return { 1, string.format('%.2f', owed) }
`

interface WithScript extends Redis {
  readonly takeCall: (key: string, ...numbers: string[]) => Promise<unknown>
}

/** A connection is made anew after so long, and given up when it takes so long to make. */
const retryMs = { least: 50, most: 1000 } as const
const connectMs = 2000

/** What a connection is made with; commands fail at once while there is none. */
export function optionsFor ({ host, port, user, password, database, tls }: RedisAddress): RedisOptions {
  return {
    host,
    port,
    db: database,
    ...user === '' ? {} : { username: user },
    ...password === '' ? {} : { password },
    ...tls ? { tls: /^[\d.]+$|:/.test(host) ? {} : { servername: host } } : {},
    connectTimeout: connectMs,
    enableOfflineQueue: false,
    enableReadyCheck: false, // it would need the right to INFO; a server that is not ready says so to each command
    autoResendUnfulfilledCommands: false, // their callers have gone on
    maxRetriesPerRequest: 0,
    disableClientInfo: true
  }
}

/** @param onError told of what goes wrong with the connection itself */
export function openCounter (address: RedisAddress, onError: (error: Error) => void): RedisCounter {
  const redis = new Redis({
    ...optionsFor(address),
    retryStrategy: tries => Math.min(retryMs.most, retryMs.least * 2 ** Math.min(tries, 10)),
    scripts: { takeCall: { lua: script, numberOfKeys: 1 } }
  }) as WithScript
  redis.on('error', onError)
  return {
    tried: new Promise(resolve => redis.once('ready', resolve).once('error', () => resolve())),
    async take (keyId, allowance, cost, leastMs) {
      const mostMs = mostOwedMs(allowance)
      const numbers = [allowance.intervalMs * 1000, mostMs * 1000, cost, leastMs * 1000, toleranceMs * 1000]
      return countedOf(await redis.takeCall(keyPrefix + keyId, ...numbers.map(number => number.toFixed(4))), mostMs)
    },
    reconnect () {
      if (redis.status === 'ready' || redis.status === 'connect') redis.disconnect(true)
    },
    close: () => redis.disconnect()
  }
}

/** @throws for what the script cannot have answered: a number that is none would stay with the key, and in its header fields */
function countedOf (answer: unknown, mostMs: number): Counted {
  const [isAllowed, owed] = Array.isArray(answer) ? answer as unknown[] : []
  const owedMs = typeof owed === 'string' ? Number(owed) / 1000 : NaN
  const isWithin = owedMs >= 0 && owedMs <= mostMs + 2 * toleranceMs
  if (!isWithin || (isAllowed !== 0 && isAllowed !== 1)) throw new Error('The answer is not that of the script')
  return { isAllowed: isAllowed === 1, owedMs }
}
