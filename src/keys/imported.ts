/** Keys of another system, as exports describe them, whatever they come in. All of them are good or none is taken. */
import type { ImportedKey } from './contract.js'
import {
  defaultScopes, KeyInputError, refuseBoundAdmin, splitList, toGrantedScopes, toLine, toPermissionTexts, toTime, toUserId, toWorkspaces,
  userIdFrom
} from './key-input.js'
import { hashKey, isPlausible } from './key.js'

/** One key as given. */
export interface Entry {
  /** Where it stands, such as `line 3`. */
  readonly at: string
  readonly value: unknown
}

/** A key of 20 random letters and digits has 119 bits; of one that came as a hash the length cannot be told. */
const keyMinLength = 20

/** What an entry may hold. Names are compared without case, dashes and underscores, so that exports of several systems fit. */
const fields = {
  key: ['key', 'apikey'],
  hash: ['keyhash', 'hash', 'sha256'],
  userId: ['userid', 'user'],
  name: ['name'],
  scopes: ['scopes'],
  workspaces: ['workspaces', 'workspace'],
  permissions: ['permissions'],
  rate: ['rateperhour', 'ratelimitperhour'],
  expiresAt: ['expiresat', 'expires'],
  isAdmin: ['isadmin'],
  isActive: ['isactive', 'active'],
  revokedAt: ['revokedat']
} as const

/** What exports hold besides, and what means nothing here. */
const ignored = new Set([
  'id',
  'keyid',
  'email',
  'hint',
  'prefix',
  'keyprefix',
  'description',
  'environment',
  'serviceid',
  'createdat',
  'updatedat',
  'lastusedat'
])

const fieldOf: ReadonlyMap<string, keyof typeof fields> = new Map(
  Object.entries(fields).flatMap(([field, names]) => names.map(name => [name, field as keyof typeof fields]))
)

/**
 * The keys of all entries. Scopes that are not given are those of a new key, an empty list grants nothing.
 * @param told so many bad entries are named
 * @throws KeyInputError that names the bad entries, and never quotes a key
 */
export function toImportedKeys (entries: readonly Entry[], told: number = Infinity): readonly ImportedKey[] {
  const problems: string[] = []
  const places = new Map<string, string>()
  const keys = entries.flatMap(({ at, value }) => {
    try {
      const key = toImportedKey(value)
      const hash = 'key' in key ? hashKey(key.key) : key.hash
      const first = places.get(hash)
      if (first !== undefined) throw new KeyInputError(`It repeats the key of ${first}.`)
      places.set(hash, at)
      return [key]
    } catch (error) {
      if (!(error instanceof KeyInputError)) throw error
      problems.push(`${at}: ${error.message}`)
      return []
    }
  })
  if (problems.length === 0) return keys
  const more = problems.length > told ? [`and ${problems.length - told} more.`] : []
  throw new KeyInputError(`Nothing was imported:\n${[...problems.slice(0, told), ...more].join('\n')}`)
}

function toImportedKey (value: unknown): ImportedKey {
  const given = fieldsOf(value)
  if (given.isActive !== undefined && !isTrue(given.isActive)) throw new KeyInputError('The key is not active: leave it out.')
  if (given.revokedAt !== undefined) throw new KeyInputError('The key is revoked: leave it out.')
  const name = toLine('name', textOf('name', given.name) ?? 'imported')
  const userId = textOf('user_id', given.userId)
  const scopes = toGrantedScopes([
    ...(listOf('scopes', given.scopes) ?? defaultScopes),
    ...(isTrue(given.isAdmin) ? ['mlflow:admin'] : [])
  ])
  const permissions = toPermissionTexts(listOf('permissions', given.permissions) ?? [])
  refuseBoundAdmin(scopes, permissions)
  return {
    ...keyOf(textOf('key', given.key), textOf('key_hash', given.hash)),
    name,
    userId: userId === undefined ? userIdFrom(name) : toUserId(userId),
    scopes,
    workspaces: toWorkspaces(listOf('workspaces', given.workspaces) ?? []),
    permissions,
    ratePerHour: rateOf(textOf('rate_per_hour', given.rate)),
    expiresAt: expiryOf(textOf('expires_at', given.expiresAt))
  }
}

function fieldsOf (value: unknown): Partial<Record<keyof typeof fields, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new KeyInputError('It is not a JSON object.')
  const given: Partial<Record<keyof typeof fields, unknown>> = {}
  for (const [name, content] of Object.entries(value)) {
    const plain = name.toLowerCase().replace(/[-_ ]/g, '')
    const field = fieldOf.get(plain)
    // A misspelt expiry must not make a key that never ends.
    if (field === undefined && !ignored.has(plain)) {
      throw new KeyInputError(/^\w{1,40}$/.test(name) ? `"${name}" is not a field of a key.` : 'It has an unknown field.')
    }
    if (field !== undefined && content !== null) given[field] = content
  }
  return given
}

function keyOf (key: string | undefined, hash: string | undefined): { readonly key: string } | { readonly hash: string } {
  if (key !== undefined && hash !== undefined) throw new KeyInputError('It has a key and a key_hash: keep one.')
  if (key !== undefined) {
    if (!isPlausible(key)) throw new KeyInputError('The key is not 1 to 512 visible ASCII characters.')
    if (key.length < keyMinLength) {
      throw new KeyInputError(
        `The key has ${key.length} characters; keys of fewer than ${keyMinLength} can be guessed: create a new one instead.`
      )
    }
    return { key }
  }
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(hash ?? '')?.[1]
  if (hex === undefined) {
    throw new KeyInputError(
      hash === undefined ? 'It has neither a key nor a key_hash.' : 'The key_hash is not a SHA-256 of 64 hexadecimal characters.'
    )
  }
  return { hash: hex.toLowerCase() }
}

/** Text or a number as text; blank is as if not given. */
function textOf (field: string, value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string' && typeof value !== 'number') throw new KeyInputError(`The ${field} is not text.`)
  return String(value)
}

/** A list, or a text with commas or spaces between. A blank text is the empty list. */
function listOf (field: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return splitList(value.trim().replace(/[\s;,]+/g, ','))
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value
  throw new KeyInputError(`The ${field} are not a list of strings.`)
}

function isTrue (value: unknown): boolean {
  return value === true || value === 1 || (typeof value === 'string' && /^(true|t|yes|1)$/i.test(value))
}

function rateOf (text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new KeyInputError('The rate_per_hour is not a whole number above 0.')
  return Number(text)
}

/** What a `Date` can hold: later ones could be kept, and never be shown. */
const timeMax = 8.64e15

/** A time of ISO 8601, or seconds or milliseconds since 1970. One that has passed is taken: the key is refused as expired. */
function expiryOf (text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+(\.\d+)?$/.test(text)) return toTime(text)
  const at = Math.round(Number(text) < 1e11 ? Number(text) * 1000 : Number(text))
  if (at > timeMax) throw new KeyInputError('The expires_at is not a time.')
  return at
}
