/** What the limit of a key does to its requests: each costs a call, what is left stands on every answer, and beyond it is 429. */
import type { FastifyRequest } from 'fastify'
import { FacadeError } from '../core/errors.js'
import type { Caller } from '../keys/contract.js'
import type { Standing } from '../keys/limits/allowance.js'
import type { Limits } from '../keys/limits/local.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the key stands after this request; undefined: it has no limit, or none was presented. */
    standing: Standing | undefined
  }
  interface FastifyContextConfig {
    /** A request of this route costs no call. */
    free?: boolean
  }
}

/** MLflow's client tries again for about four minutes in all, and waits as long as it is told to. */
const retryAfterMaxSeconds = 240

/** Counts a request of a key that has a limit. Never fails: whoever counts has an answer in any case. */
export function countCall (
  request: FastifyRequest,
  { keyId, ratePerHour = Infinity }: Caller,
  limits: Limits
): Standing | Promise<Standing> {
  return limits.take(keyId, ratePerHour, request.routeOptions.config.free === true ? 0 : 1)
}

/**
 * Puts on the answer, whatever it will be, what is left (draft-ietf-httpapi-ratelimit-headers-10). `t` is until there is one call
 * more than `r`, as Retry-After has it, and not until all of them are there again.
 * @returns the refusal, where the limit is used up
 */
export function noteStanding (request: FastifyRequest, standing: Standing): FacadeError | undefined {
  const { allowance: { burst, intervalMs }, isAllowed, remaining, nextMs } = standing
  const nextSeconds = Math.ceil(nextMs / 1000)
  request.standing = standing
  request.context.responseHeaders.push(
    'ratelimit-policy', `"default";q=${burst};w=${Math.max(1, Math.round(burst * intervalMs / 1000))}`,
    'ratelimit', `"default";r=${remaining};t=${nextSeconds}`
  )
  if (isAllowed) return undefined
  const seconds = Math.min(retryAfterMaxSeconds, Math.max(1, nextSeconds))
  return new FacadeError('rateLimited', {
    message: `This API key has used up its ${inWords(burst, burst * intervalMs)}: the next one is due in ${nextSeconds} s. Try again then.`,
    reason: 'rate',
    headers: { 'retry-after': String(seconds) }
  })
}

function inWords (calls: number, ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${calls === 1 ? 'one call' : `${calls} calls`} ${seconds === 3600 ? 'an hour' : `in ${seconds} s`}`
}
