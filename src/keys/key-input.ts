/** Reads what people write about a new key (name, scopes, rate, expiry, workspaces), or says in a sentence what is wrong with it. */
import { rate } from '../core/settings/setting-values.js'
import { UserError } from '../core/user-error.js'
import { isScopeName, toScopes, type Scope } from '../access/scopes.js'

/** A value that cannot be taken; the message is a whole sentence for whoever gave it, without any secret. */
export class KeyInputError extends UserError {
  override readonly exitCode = 2
  override readonly name = 'KeyInputError'
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** Some hundred years: further away no date can be trusted to be meant. */
const durationMaxMs = 36_500 * 86_400_000

/** One line of text, such as a name. */
export function toLine (what: string, text: string): string {
  const line = text.trim()
  if (line === '' || line.length > 200 || /\p{C}/u.test(line)) throw new KeyInputError(`A ${what} must have 1 to 200 characters and no control characters.`)
  return line
}

/** Whom MLflow is told of, in a header: so only what fits there. */
export function isUserId (text: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(text)
}

export function toUserId (text: string): string {
  if (!isUserId(text)) throw new KeyInputError('A user must have 1 to 200 printable ASCII characters.')
  return text
}

/** The user of a key for which none is named. */
export function userIdFrom (name: string): string {
  return name.replace(/[^\x20-\x7e]/gu, encodeURIComponent).slice(0, 200).trim()
}

/** An empty list grants nothing. */
export function toGrantedScopes (names: readonly string[]): ReadonlySet<Scope> {
  for (const name of names) {
    if (!isScopeName(name)) throw new KeyInputError(`${quoted(name)} is not a scope: use mlflow:read, mlflow:write, mlflow:gateway or mlflow:admin.`)
  }
  return toScopes(names)
}

/** Names from a comma-separated text; blank is the empty list. */
export function splitList (text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map(part => part.trim())
}

/** Calls an hour, from a text such as `60/hour`; undefined: `none`, no limit. */
export function toRate (text: string): number | undefined {
  const calls = rate(text)
  if (calls === undefined) throw new KeyInputError(`${quoted(text)} is not a rate: write it like 60/hour, or none.`)
  return calls ?? undefined
}

/** Milliseconds, from a text such as `90d`. */
export function toDurationMs (text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  const ms = Number(count) * (unitsMs[unit] ?? NaN)
  if (!(ms <= durationMaxMs)) throw new KeyInputError(`${quoted(text)} is not a duration: write it like 30m, 24h or 90d.`)
  return ms
}

/** A moment after now, in milliseconds since 1970, from a duration, a date or a time of ISO 8601. */
export function toExpiry (text: string, now: number): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? toTime(text) : now + toDurationMs(text)
  if (!(at > now)) throw new KeyInputError(`${quoted(text)} is not an expiry in the future: write it like 90d or 2027-06-30.`)
  return at
}

/** Milliseconds since 1970, from a date or a time of ISO 8601 (UTC where it names no zone). */
export function toTime (text: string): number {
  const [, day = '', rest = '', zone = 'Z'] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?(Z|[+-]\d{2}:?\d{2})?$/i.exec(text) ?? []
  const midnight = new Date(`${day}T00:00:00Z`)
  const at = Date.parse(`${day}T${rest === '' ? '00:00' : rest}${zone.toUpperCase().replace(/(\d{2})(\d{2})$/, '$1:$2')}`)
  // `Date` rolls 2027-02-30 over into March; the round trip shows it.
  if (Number.isNaN(at) || !midnight.toISOString().startsWith(day)) throw new KeyInputError(`${quoted(text)} is not a date: write it like 2027-06-30 or 2027-06-30T12:00:00Z.`)
  return at
}

/** The rule of MLflow 3.17 for names of workspaces (store/workspace/abstract_store.py). */
export function toWorkspaces (names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (!/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/.test(name) || ['workspaces', 'api', 'ajax-api', 'static-files'].includes(name)) {
      throw new KeyInputError(`${quoted(name)} is not a workspace: a name has 2 to 63 lower-case letters, digits and inner dashes, and must not be one that MLflow reserves.`)
    }
  }
  return [...new Set(names)]
}

/** A value as it may be shown: short, and never a key that was given in the wrong place. */
function quoted (text: string): string {
  return text.length <= 60 && /^[\x20-\x7e]*$/.test(text) && !/hk_(live|test)_/.test(text) ? `"${text}"` : 'The value given'
}
