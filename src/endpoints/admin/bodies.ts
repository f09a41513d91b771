/** What bodies ask of keys, in the words of `keys/key-input.ts`, and keys as answers have them. */
import { FacadeError } from '../../core/errors.js'
import type { IssuedKey, KeyRecord } from '../../keys/contract.js'
import type { KeyWishes } from '../../keys/key-input.js'
import { stateOf } from '../../keys/records.js'

/** As its schema has checked it. */
export interface KeyBody extends Pick<KeyWishes, 'name' | 'owner' | 'scopes' | 'workspaces' | 'permissions'> {
  readonly rate?: string | number | null
  readonly expires_at?: string | null
  readonly expires_in?: string | number
}

/** @throws FacadeError (400) */
export function toWishes (body: KeyBody): KeyWishes {
  const { name, owner, scopes, workspaces, permissions, rate, expires_at: at, expires_in: within } = body
  if (at !== undefined && within !== undefined) {
    throw new FacadeError('badRequest', { message: 'The fields expires_at and expires_in exclude each other: send one.', reason: 'schema' })
  }
  const expires = within === undefined ? at : typeof within === 'number' ? `${within}s` : within
  return {
    name,
    owner,
    scopes,
    workspaces,
    permissions,
    rate: typeof rate === 'number' ? `${rate}/hour` : rate === null ? 'none' : rate,
    expires: expires === null ? 'never' : expires
  }
}

const time = (at: number | undefined): string | null => at === undefined ? null : new Date(at).toISOString()

/** All that is known of a key. */
export function toKeyBody (record: KeyRecord): Readonly<Record<string, unknown>> {
  return {
    id: record.keyId,
    name: record.name,
    owner: record.userId,
    user_id: record.userId,
    hint: record.hint,
    environment: record.environment,
    state: stateOf(record, Date.now()),
    scopes: [...record.scopes],
    workspaces: record.workspaces,
    permissions: record.permissions?.texts ?? [],
    rate_per_hour: record.ratePerHour ?? null,
    created_at: time(record.createdAt),
    expires_at: time(record.expiresAt),
    last_used_at: time(record.lastUsedAt),
    revoked_at: time(record.revokedAt),
    revoke_reason: record.revokeReason ?? null,
    disabled_at: time(record.disabledAt),
    disable_reason: record.disableReason ?? null,
    replaced_by: record.replacedBy ?? null
  }
}

/** With the key itself, this once. */
export function toIssuedBody ({ key, record }: IssuedKey): Readonly<Record<string, unknown>> {
  return { key, ...toKeyBody(record) }
}
