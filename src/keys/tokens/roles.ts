/** What the claims of a token come to by the table OIDC_ROLES. */
import type { Role } from '../../core/settings/oidc.js'
import { allows, type Scope } from '../../access/scopes.js'
import { refuseBoundAdmin, toGrantedScopes, toPermissionTexts, toWorkspaces } from '../key-input.js'

export type Claims = Readonly<Record<string, unknown>>

export interface Grant {
  readonly scopes: ReadonlySet<Scope>
  /** Empty: all. */
  readonly workspaces: readonly string[]
  /** Empty: all that the scopes allow. */
  readonly permissions: readonly string[]
  /** Calls an hour; undefined: no limit. */
  readonly ratePerHour: number | undefined
}

type Allowed = Omit<Grant, 'ratePerHour'>

/**
 * A function that says what claims allow: all that the roles allow together that fit them; undefined where none does.
 * @throws KeyInputError where a role has a scope, a workspace or a permission that is none, or mlflow:admin and permissions
 */
export function grantsOf (roles: readonly Role[]): (claims: Claims) => Grant | undefined {
  const rows = roles.map(role => ({ ...role, ...allowedBy(role) }))
  return claims => {
    const fitting = rows.filter(row => row.claims.every(([name, value]) => holds(claimOf(claims, name), value)))
    if (fitting.length === 0) return undefined
    const isAnywhere = fitting.some(({ workspaces }) => workspaces.length === 0)
    const rate = Math.max(...fitting.map(({ ratePerHour = Infinity }) => ratePerHour))
    return {
      scopes: new Set(fitting.flatMap(({ scopes }) => [...scopes])),
      permissions: permissionsOf(fitting),
      workspaces: isAnywhere ? [] : [...new Set(fitting.flatMap(({ workspaces }) => workspaces))],
      ratePerHour: rate === Infinity ? undefined : rate
    }
  }
}

function allowedBy (role: Role): Allowed {
  const allowed = {
    scopes: toGrantedScopes(role.scopes),
    workspaces: toWorkspaces(role.workspaces),
    permissions: toPermissionTexts(role.permissions)
  }
  refuseBoundAdmin(allowed.scopes, allowed.permissions)
  return allowed
}

/** Beside roles that have permissions, one that has none stands for all that its scopes allow. */
function permissionsOf (fitting: readonly Allowed[]): readonly string[] {
  const isBound = fitting.some(({ permissions }) => permissions.length > 0)
  if (!isBound || fitting.some(({ scopes }) => allows(scopes, 'admin'))) return []
  const texts = fitting.flatMap(({ scopes, permissions }) => permissions.length > 0
    ? permissions
    : allows(scopes, 'write') ? ['write:*'] : allows(scopes, 'read') ? ['read:*'] : [])
  return [...new Set(texts)]
}

/** The claim of that name; where there is none, the one within others that a name such as `realm_access.roles` leads to. */
export function claimOf (claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Claims)[part]
  }
  return value
}

function holds (claim: unknown, value: string): boolean {
  return Array.isArray(claim) ? claim.includes(value) : claim === value
}
