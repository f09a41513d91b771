/** Moments as people ask for them: a time of ISO 8601, or a duration before now. */
import { anyDuration } from '../../core/settings/setting-values.js'

/** To complete the sentence "… must be …". */
export const momentAllowed = 'a time of ISO 8601 (UTC where it names no zone), or a duration before now such as 30m, 24h or 7d'

/** Milliseconds since 1970; undefined: it is none. */
export function momentOf (text: string, now: number): number | undefined {
  const before = anyDuration(text)
  if (before !== undefined) return Math.max(0, now - before)
  const [, day, time = 'T00:00', zone = 'Z'] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const at = Date.parse(`${day}${time}${zone}`)
  return Number.isNaN(at) ? undefined : at
}
