/** The settings OIDC_…: whose tokens count, and what they allow. */
import type { SettingReader } from './setting-reader.js'
import { headerText, http, keyLifetime, lifetime, rate } from './setting-values.js'
import type { Name } from './settings.js'

export interface OidcConfig {
  /** As tokens name it in `iss`, byte for byte. */
  readonly issuer: string
  /** What `aud` of a token holds; undefined: no tokens count. */
  readonly audience: string | undefined
  /** The facade as the provider knows it; undefined: nobody signs in there. */
  readonly client: ClientConfig | undefined
  /** The claim that says who it is. */
  readonly userClaim: string
  readonly roles: readonly Role[]
}

export interface ClientConfig {
  readonly id: string
  readonly secret: string
  /** What the provider is called on the sign-in page. */
  readonly name: string
  /** What is asked for, as OAuth has it. */
  readonly scope: string
  /** After how long the provider is asked again what a person may do, milliseconds. */
  readonly refreshMs: number
  /** How long keys live at most that people make for themselves, milliseconds; undefined: they make none. */
  readonly keyLifetimeMs: number | undefined
}

/** What whoever has these claims may do. */
export interface Role {
  /** Each of them has this value, or holds it in a list. */
  readonly claims: ReadonlyArray<readonly [name: string, value: string]>
  readonly scopes: readonly string[]
  /** Empty: all. */
  readonly workspaces: readonly string[]
  /** Empty: all that the scopes allow. */
  readonly permissions: readonly string[]
  /** Calls an hour; undefined: no limit. */
  readonly ratePerHour: number | undefined
}

const always = ['OIDC_ISSUER', 'OIDC_ROLES'] as const
const forPeople = ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'] as const

/** Undefined: there is no identity provider. */
export function oidcFrom (reader: SettingReader): OidcConfig | undefined {
  const { problems, text, value } = reader
  const missing = (names: readonly Name[]): readonly Name[] => names.filter(name => text(name) === undefined)
  const client = missing(forPeople).length === forPeople.length ? [] : forPeople
  const given = [...always, 'OIDC_AUDIENCE' as const, ...client].filter(name => text(name) !== undefined)
  if (given.length === 0) return undefined
  const lacking = [...missing([...always, ...client]), ...client.length === 0 ? missing(['OIDC_AUDIENCE']) : []]
  if (lacking.length > 0) {
    problems.push(`${given.join(', ')} alone ${given.length === 1 ? 'does' : 'do'} nothing: ${lacking.join(' and ')} ${lacking.length === 1 ? 'is' : 'are'} not set`)
    return undefined
  }
  const issuer = value('OIDC_ISSUER', issuerUrl)
  const audience = value('OIDC_AUDIENCE', headerText)
  const userClaim = value('OIDC_USER_CLAIM', headerText)
  const roles = rolesIn(text('OIDC_ROLES') ?? '')
  if (typeof roles === 'string') problems.push(`OIDC_ROLES ${roles}`)
  const known = client.length === 0 ? undefined : clientFrom(reader)
  if (issuer === undefined || userClaim === undefined || typeof roles === 'string') return undefined
  return { issuer, audience, userClaim, roles, client: known }
}

function clientFrom ({ value }: SettingReader): ClientConfig {
  return {
    id: value('OIDC_CLIENT_ID', headerText) ?? '',
    secret: value('OIDC_CLIENT_SECRET', headerText) ?? '',
    name: value('OIDC_NAME', line) ?? '',
    scope: value('OIDC_SCOPES', scopes) ?? '',
    refreshMs: value('OIDC_REFRESH_SECONDS', lifetime) ?? 0,
    keyLifetimeMs: value('OIDC_KEYS_MAX_LIFETIME', keyLifetimeOrOff) ?? undefined
  }
}

/** Null: off. */
function keyLifetimeOrOff (given: string): number | null | undefined {
  return given === 'off' ? null : keyLifetime(given)
}

function line (given: string): string | undefined {
  return /^[^\p{C}]{1,60}$/u.test(given) ? given : undefined
}

/** Names of RFC 6749, section 3.3; without `openid` no ID token comes. */
function scopes (given: string): string | undefined {
  return /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(given) && given.split(' ').includes('openid') ? given : undefined
}

/** Over plain HTTP somebody on the way could put keys of their own in place of the issuer's; on this machine there is no such way. */
function issuerUrl (given: string): string | undefined {
  const url = http(given)
  return url?.protocol === 'https:' || (url !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) ? given : undefined
}

/** The table in a text, or what is wrong with it, to complete the sentence "OIDC_ROLES …". */
export function rolesIn (json: string): readonly Role[] | string {
  let rows: unknown
  try {
    rows = JSON.parse(json)
  } catch {
    return 'is not JSON' // not where: a parser's complaint quotes the text
  }
  if (!Array.isArray(rows) || rows.length === 0 || rows.length > 1000) return 'must be a list of 1 to 1000 roles'
  const roles: Role[] = []
  for (const [index, row] of rows.entries()) {
    const role = toRole(row)
    if (typeof role === 'string') return `has a role that cannot be read, number ${index + 1}: ${role}`
    roles.push(role)
  }
  return roles
}

const fields = ['claim', 'value', 'claims', 'scopes', 'workspaces', 'permissions', 'rate']

function toRole (row: unknown): Role | string {
  if (!isObject(row)) return 'it must be an object'
  const unknown = Object.keys(row).find(name => !fields.includes(name))
  if (unknown !== undefined) return `it may have ${fields.join(', ')}, and nothing else`
  const { claim, value, claims = {}, scopes, workspaces = [], permissions = [], rate: given = 'none' } = row
  if (!isObject(claims)) return 'claims must be an object of names and values'
  const pairs = [...Object.entries(claims), ...claim === undefined && value === undefined ? [] : [[claim, value] as const]]
  if (pairs.length === 0) return 'it needs claim and value, or claims'
  if (!pairs.every(isPair)) return 'the names and values of claims must be texts that are not empty'
  if (!isTexts(scopes) || scopes.length === 0) return 'scopes must be a list of scopes'
  // An empty list would read as "none", and mean all.
  if (!isTexts(workspaces) || (row['workspaces'] !== undefined && workspaces.length === 0)) return 'workspaces must be a list of names; leave it out for all of them'
  if (!isTexts(permissions) || (row['permissions'] !== undefined && permissions.length === 0)) {
    return 'permissions must be a list of permissions; leave it out for all that the scopes allow'
  }
  const ratePerHour = typeof given === 'string' ? rate(given) : undefined
  if (ratePerHour === undefined) return 'rate must be one such as 3600/hour, or none'
  return { claims: pairs, scopes, workspaces, permissions, ratePerHour: ratePerHour ?? undefined }
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPair (pair: readonly [unknown, unknown]): pair is readonly [string, string] {
  return pair.every(text => typeof text === 'string' && text !== '')
}

function isTexts (value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
