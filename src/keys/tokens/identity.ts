/** Who the claims of the identity provider speak of. */
import type { OidcConfig } from '../../core/settings/oidc.js'
import { toPermissions } from '../../access/permissions.js'
import type { Caller } from '../contract.js'
import { accountPrefix, hashKey } from '../key.js'
import { isUserId } from '../key-input.js'
import { claimOf, type Claims, type Grant } from './roles.js'

export interface Identity {
  /** In place of a key's id: the same for all that one account presents. */
  readonly keyId: string
  readonly userId: string
}

export function identityOf (claims: Claims, sub: string, { issuer, userClaim }: OidcConfig): Identity {
  const keyId = `${accountPrefix}${hashKey(JSON.stringify([issuer, sub])).slice(0, 16)}`
  const claimed = userClaim === 'email' && claims['email_verified'] !== true ? undefined : claimOf(claims, userClaim)
  const userId = [claimed, sub].find((text): text is string => typeof text === 'string' && isUserId(text)) ?? keyId
  return { keyId, userId }
}

/** What the provider's accounts are in place of a key's caller; its name is the user's. */
export function callerOf ({ keyId, userId }: Identity, { permissions, ...grant }: Grant, expiresAt: number | undefined): Caller {
  return { keyId, userId, name: userId, hint: 'oidc…', environment: 'other', ...grant, permissions: toPermissions(permissions), expiresAt }
}

/** What is allowed where no role fits. */
export const nothing: Grant = { scopes: new Set(), workspaces: [], permissions: [], ratePerHour: undefined }
