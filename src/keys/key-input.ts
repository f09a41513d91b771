/** Reads what people write about a key (name, owner, scopes, rate, expiry, workspaces), or says in a sentence what is wrong with it. */
import { duration, rate } from '../core/settings/setting-values.js'
import { UserError } from '../core/user-error.js'
import { permissionProblem, permissionsMax } from '../access/permissions.js'
import { isScopeName, toScopes, type Scope } from '../access/scopes.js'
import type { KeyChanges, NewKey } from './contract.js'

/** A value that cannot be taken; the message is a whole sentence for whoever gave it, without any secret. */
export class KeyInputError extends UserError {
  override readonly exitCode = 2
  override readonly name = 'KeyInputError'
  /** What it was given for, where that is known. */
  readonly about: keyof KeyWishes | undefined
  constructor (message: string, about?: keyof KeyWishes) {
    super(message)
    this.about = about
  }
}

/** What is asked of a key, as it is written on the command line. */
export interface KeyWishes {
  readonly name?: string | undefined
  /** The user that MLflow sees. */
  readonly owner?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly workspaces?: readonly string[] | undefined
  /** Such as `write:experiments/team-a/*`; an empty list: everything. */
  readonly permissions?: readonly string[] | undefined
  /** Such as `60/hour`, or `none`. */
  readonly rate?: string | undefined
  /** A duration, a date, a time of ISO 8601, or `never`. */
  readonly expires?: string | undefined
}

/** What the configuration says of keys. */
export interface KeyRules {
  readonly defaultRate: number | undefined
  /** How far ahead an expiry may lie; undefined: as far as one likes. */
  readonly keyLifetimeMs: number | undefined
}

/** Of a key for which none are named. */
export const defaultScopes: readonly string[] = ['mlflow:read', 'mlflow:write']

/** A key as it is asked for, with the defaults for all that is not. @throws KeyInputError */
export function toNewKey (
  wishes: KeyWishes & { readonly name: string },
  environment: NewKey['environment'],
  rules: KeyRules,
  now: number
): NewKey {
  const { rate, owner, scopes = defaultScopes, workspaces = [], permissions = [], expires = 'never' } = wishes
  const name = read('name', wishes.name, text => toLine('name', text))
  const key = {
    name,
    userId: owner === undefined ? userIdFrom(name) : read('owner', owner, toUserId),
    environment,
    scopes: read('scopes', scopes, toGrantedScopes),
    workspaces: read('workspaces', workspaces, toWorkspaces),
    permissions: read('permissions', permissions, toPermissionTexts),
    ratePerHour: rate === undefined ? rules.defaultRate : read('rate', rate, toRate),
    expiresAt: read('expires', expires, text => toEnd(text, rules, now))
  }
  refuseBoundAdmin(key.scopes, key.permissions)
  return key
}

/** The changes that are asked for, and no others. @throws KeyInputError */
export function toKeyChanges (wishes: KeyWishes, rules: KeyRules, now: number): KeyChanges {
  const { name, owner, scopes, workspaces, permissions, rate, expires } = wishes
  return {
    ...(name === undefined ? {} : { name: read('name', name, text => toLine('name', text)) }),
    ...(owner === undefined ? {} : { userId: read('owner', owner, toUserId) }),
    ...(scopes === undefined ? {} : { scopes: read('scopes', scopes, toGrantedScopes) }),
    ...(workspaces === undefined ? {} : { workspaces: read('workspaces', workspaces, toWorkspaces) }),
    ...(permissions === undefined ? {} : { permissions: read('permissions', permissions, toPermissionTexts) }),
    ...(rate === undefined ? {} : { ratePerHour: read('rate', rate, toRate) }),
    ...(expires === undefined ? {} : { expiresAt: read('expires', expires, text => toEnd(text, rules, now)) })
  }
}

/** When a key ends at the latest that is made or changed now, milliseconds since 1970; undefined: never. */
export function latestEnd ({ keyLifetimeMs }: KeyRules, now: number): number | undefined {
  return keyLifetimeMs === undefined ? undefined : now + keyLifetimeMs
}

function read<Given, Read> (about: keyof KeyWishes, given: Given, reader: (given: Given) => Read): Read {
  try {
    return reader(given)
  } catch (error) {
    throw error instanceof KeyInputError ? new KeyInputError(error.message, about) : error
  }
}

/** When a key ends for which this is asked. Where it may not live for ever, never is as late as it may be. */
function toEnd (text: string, rules: KeyRules, now: number): number | undefined {
  const latest = latestEnd(rules, now)
  if (text === 'never') return latest
  const at = toExpiry(text, now)
  if (latest === undefined || at <= latest) return at
  throw new KeyInputError(`${quoted(text)} is too far ahead: KEYS_MAX_LIFETIME allows no expiry after ${new Date(latest).toISOString()}.`)
}

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

/** Which experiments and models a key may read and write; an empty list: all. */
export function toPermissionTexts (texts: readonly string[]): readonly string[] {
  for (const text of texts) {
    const problem = permissionProblem(text)
    if (problem !== undefined) throw new KeyInputError(problem.replace(`"${text}"`, () => quoted(text)))
  }
  const distinct = [...new Set(texts)]
  if (distinct.length > permissionsMax) throw new KeyInputError(`A key may have at most ${permissionsMax} permissions.`)
  return distinct
}

/** Nothing judges an administrator's calls by permissions, and whoever gives both means only one of them. @throws KeyInputError */
export function refuseBoundAdmin (scopes: ReadonlySet<Scope>, permissions: readonly string[]): void {
  if (scopes.has('mlflow:admin') && permissions.length > 0) {
    throw new KeyInputError('A key with mlflow:admin may do everything: it cannot have permissions, too.', 'permissions')
  }
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
  const ms = duration(text)
  if (ms === undefined) throw new KeyInputError(`${quoted(text)} is not a duration: write it like 30m, 24h or 90d.`)
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
