/**
 * Rules for the values of settings: each reads a text, or gives undefined where it is not allowed. What is allowed
 * stands in settings.ts, in words.
 */
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'

export function port (given: string): number | undefined {
  return /^\d{1,5}$/.test(given) && Number(given) <= 65535 ? Number(given) : undefined
}

export function count (given: string): number | undefined {
  return /^\d{1,15}$/.test(given) ? Number(given) : undefined
}

export function positiveCount (given: string): number | undefined {
  return count(given) === 0 ? undefined : count(given)
}

/** As many as one address has ports. */
export function connections (given: string): number | undefined {
  const asked = positiveCount(given)
  return asked !== undefined && asked <= 65_535 ? asked : undefined
}

const workersMax = 64

export function workers (given: string): number | undefined {
  if (given === 'auto') return Math.min(workersMax, availableParallelism())
  const asked = positiveCount(given)
  return asked !== undefined && asked <= workersMax ? asked : undefined
}

/** Eleven days: two of them and a little still fit into a timer of Node. */
const secondsMax = 1_000_000

/** Seconds, fractions allowed, as milliseconds. */
export function seconds (given: string): number | undefined {
  const ms = Math.round(Number(given) * 1000)
  return /^\d+(\.\d+)?$/.test(given) && ms <= secondsMax * 1000 ? ms : undefined
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** Some hundred years: further away no date can be trusted to be meant. */
const durationMaxMs = 36_500 * 86_400_000

/** Milliseconds, from a text such as `90d`, however long that is. */
export function anyDuration (given: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(given) ?? []
  const unitMs = unitsMs[unit]
  return unitMs === undefined ? undefined : Number(count) * unitMs
}

/** As `anyDuration`, of what may come true. */
export function duration (given: string): number | undefined {
  const ms = anyDuration(given)
  return ms !== undefined && ms <= durationMaxMs ? ms : undefined
}

/** How long a key may live, milliseconds: from a text such as `90d`, or from seconds. */
export function keyLifetime (given: string): number | undefined {
  const ms = duration(/^\d+$/.test(given) ? `${given}s` : given)
  return ms !== undefined && ms >= 1000 ? ms : undefined
}

/** Below a tenth of a second a healthy MLflow would look like one that hangs. */
export function timeout (given: string): number | undefined {
  const ms = seconds(given)
  return ms !== undefined && ms >= 100 ? ms : undefined
}

/** As `seconds`, of what must not end at once. */
export function lifetime (given: string): number | undefined {
  const ms = seconds(given)
  return ms !== undefined && ms >= 1000 ? ms : undefined
}

/** What a secret is made from; a short one could be guessed by whoever holds something that was sealed with it. */
export function secret (given: string): string | undefined {
  return given.length >= 32 && given.length <= 1024 ? given : undefined
}

/** Calls an hour, from a text such as `60/hour`; null: `none`, no limit. */
export function rate (given: string): number | null | undefined {
  if (given === 'none') return null
  const calls = Number(/^(\d{1,9})\/(?:h|hour)$/.exec(given)?.[1])
  return calls > 0 ? calls : undefined
}

export function hostname (given: string): string | undefined {
  return isIP(given) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(given) ? given : undefined
}

export function hostAndPort (given: string): string | undefined {
  return /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(given) ? given : undefined
}

export function headerText (given: string): string | undefined {
  return /^[\x20-\x7e]+$/.test(given) ? given : undefined
}

/** A URL that means what it says: parsing it would drop dot segments and encode spaces, and nothing sends user and password anywhere. */
export function http (given: string): URL | undefined {
  if (!/^https?:\/\/[^\s\\]+$/i.test(given) || /\/(\.|%2e){1,2}(\/|$)/i.test(given) || !URL.canParse(given)) return undefined
  const url = new URL(given)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return isPlain && url.port !== '0' ? url : undefined
}

/** It stands in lines that people paste into a shell, so its host is a name or an address: URLs allow `$(…)` there. */
export function origin (given: string): URL | undefined {
  const url = http(given)
  return url?.pathname === '/' && /^[\w.-]+$|^\[[\da-f:.]+\]$/.test(url.hostname) ? url : undefined
}

export function origins (given: string): ReadonlySet<string> | undefined {
  const list = given.split(',').map(part => part.trim()).filter(part => part !== '').map(origin)
  return list.includes(undefined) || given.includes('*') ? undefined : new Set(list.flatMap(url => url?.origin ?? []))
}

export function cidrs (given: string): string[] | undefined {
  const list = given.split(',').map(part => part.trim()).filter(part => part !== '')
  const valid = list.every(part => {
    const [address = '', bits, ...more] = part.split('/')
    const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    return (
      width >= 0 &&
      more.length === 0 &&
      !address.includes('%') &&
      (bits === undefined ? !part.includes('/') : /^\d{1,3}$/.test(bits) && Number(bits) <= width)
    )
  })
  return valid ? list : undefined
}

export function date (given: string): Date | undefined {
  const at = new Date(`${given}T00:00:00Z`)
  // `new Date` rolls 2027-02-30 over into March; the round trip shows it.
  return /^\d{4}-\d{2}-\d{2}$/.test(given) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(given) ? at : undefined
}

export function oneOf<T extends string> (...allowed: T[]): (given: string) => T | undefined {
  return given => allowed.find(word => word === given)
}
