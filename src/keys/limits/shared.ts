/**
 * Limits that several facades keep together in Redis. No call fails or waits for long because of it: while it does not answer, each
 * facade counts by itself, from what it knew.
 */
import { allowanceOf, standing, type Allowance, type Standing } from './allowance.js'
import { describeRedis, SilentError } from './failures.js'
import { createLocalLimits, type Limits } from './local.js'
import type { RedisCounter } from './redis.js'

export interface SharedLimitsOptions {
  /** @param onError told of what goes wrong with the connection itself */
  readonly open: (onError: (error: Error) => void) => RedisCounter
  /** Redis is gone, with a sentence why, or back (undefined): once each time. */
  readonly onState: (gone: string | undefined) => void
  /** A call is counted by this facade alone, since Redis is gone. */
  readonly onLocal: () => void
  /** How long a call waits for Redis. */
  readonly deadlineMs?: number
}

/** Some fifty round trips within a data centre; MLflow takes about as long for its shortest answer. */
const defaultDeadlineMs = 100
/** While it is gone: until it is tried again, and until a connection that stays silent is made anew. No call has to try. */
const retryMs = { least: 100, most: 1000 } as const
const patienceMs = 2000
/** One that went within so short a time of its return is given longer and longer, up to this: its coming and going would fill the log. */
const steadyMs = 10_000
/** While it is there: so often it is looked at, for when nobody calls; it also keeps the connection in use. */
const beatMs = 5000
/** Counted to see whether Redis can count: no key has this id, for none begins with a space. */
export const trial = { keyId: ' trial', allowance: { burst: 1000, intervalMs: 1 } } as const

export function createSharedLimits ({ open, onState, onLocal, deadlineMs = defaultDeadlineMs }: SharedLimitsOptions): Limits {
  const local = createLocalLimits()
  /** Calls that wait for Redis; each is let go at once when it turns out to be gone. */
  const waiting = new Set<(error: Error) => void>()
  let gone: Error | undefined
  let isClosed = false
  let delayMs: number = retryMs.least
  let silentSince = 0
  let backAt = -Infinity
  const counter = open(lose)
  let timer = setTimeout(look, beatMs).unref()

  function lose (error: Error): void {
    const isNews = gone === undefined
    gone = error // what is wrong with the connection is told a little later than that there is none
    if (isClosed || !isNews) return
    delayMs = performance.now() - backAt < steadyMs ? Math.min(steadyMs, delayMs * 2) : retryMs.least
    silentSince = performance.now()
    onState(describeRedis(error))
    for (const letGo of waiting) letGo(error)
    wait(delayMs)
  }

  function wait (ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(look, ms).unref()
  }

  function look (): void {
    ask(trial.keyId, trial.allowance, 1).then(() => {
      if (isClosed) return
      if (gone !== undefined) {
        onState(undefined)
        backAt = performance.now()
      }
      gone = undefined
      wait(beatMs)
    }, (error: Error) => {
      if (isClosed) return
      if (gone === undefined) {
        lose(error)
        return
      }
      if (performance.now() - silentSince > patienceMs) {
        silentSince = performance.now()
        counter.reconnect()
      }
      delayMs = Math.max(delayMs, Math.min(retryMs.most, delayMs * 2))
      wait(delayMs)
    })
  }

  /** @throws when there is no answer in time */
  async function ask (keyId: string, allowance: Allowance, cost: 0 | 1): Promise<Standing> {
    const askedAt = performance.now()
    // By so much at most may what is known here be ahead of Redis, whose answer took a while: that must not add up.
    const leastMs = Math.max(0, local.owedMs(keyId) - deadlineMs)
    const { isAllowed, owedMs } = await withinDeadline(counter.take(keyId, allowance, cost, leastMs))
    local.learn(keyId, owedMs, askedAt)
    return standing(owedMs, allowance, isAllowed)
  }

  async function withinDeadline<T> (answer: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(deadline)
        waiting.delete(fail)
      }
      const fail = (error: Error): void => {
        stop()
        reject(error)
      }
      // Where this process was late, the answer may lie there to be read: timers run before that, and immediates after it.
      const deadline = setTimeout(() => setImmediate(() => fail(new SilentError('No answer in time'))), deadlineMs)
      waiting.add(fail)
      answer.then(value => {
        stop()
        resolve(value)
      }, fail)
    })
  }

  return {
    take (keyId, ratePerHour, cost) {
      const alone = (): Standing => {
        onLocal()
        return local.take(keyId, ratePerHour, cost)
      }
      if (gone !== undefined) return alone()
      return ask(keyId, allowanceOf(ratePerHour), cost).catch((error: Error) => {
        if (gone === undefined) lose(error)
        return alone()
      })
    },
    problem: () => gone === undefined ? undefined : describeRedis(gone),
    close () {
      isClosed = true
      clearTimeout(timer)
      counter.close()
    }
  }
}
