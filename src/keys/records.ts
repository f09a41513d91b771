/** The life of a key in every store of our own: what its row holds, and how making, rotating and ending change it. Stores add their SQL. */
import { toPermissions } from '../access/permissions.js'
import { toScopes } from '../access/scopes.js'
import { createId, environmentOf, formOf, generateKey, hashKey, hintOf } from './key.js'
import { KeyEndedError } from './conflicts.js'
import type {
  Caller, ImportedKey, IssuedKey, KeyChanges, KeyRecord, KeyRow, KeyState, NewKey, StoredForm, Verdict
} from './contract.js'
import { refuseBoundAdmin } from './key-input.js'

/** What the form in a row can be. */
export const storedForms: readonly StoredForm[] = ['sealed', 'broken', 'platform', 'foreign', 'unknown']

/** The columns of a row. Rows come from other stores, too, and what a name there says becomes no SQL here. */
export const keyColumns: ReadonlyArray<keyof KeyRow> = [
  'id', 'hash', 'hint', 'form', 'environment', 'user_id', 'name', 'scopes', 'workspaces', 'permissions', 'rate_per_hour',
  'created_at', 'expires_at', 'overlap_until', 'last_used_at', 'revoked_at', 'revoke_reason', 'disabled_at', 'disable_reason', 'replaced_by'
]

/** Those that may change once the key is there; the time of last use is written apart. */
export const changingColumns: ReadonlyArray<keyof KeyRow> = [
  'user_id', 'name', 'scopes', 'workspaces', 'permissions', 'rate_per_hour', 'expires_at', 'overlap_until', 'revoked_at', 'revoke_reason',
  'disabled_at', 'disable_reason', 'replaced_by'
]

/** A key that was made just now: in clear for its owner, as a row for the store. */
export interface NewRow {
  readonly key: string
  readonly row: KeyRow
}

export function newRow (grants: NewKey, at: number): NewRow {
  const key = generateKey(grants.environment)
  return { key, row: toRow(grants, { key }, at) }
}

export function importedRow (key: ImportedKey, at: number): KeyRow {
  return toRow(key, key, at)
}

function toRow (grants: Omit<NewKey, 'environment'>, from: { readonly key: string } | { readonly hash: string }, at: number): KeyRow {
  // Of a key known by its hash alone neither the form nor the first characters can be told.
  const seen = 'key' in from
    ? { hash: hashKey(from.key), hint: hintOf(from.key), form: formOf(from.key), environment: environmentOf(from.key) }
    : { hash: from.hash, hint: '…', form: 'unknown' as const, environment: 'other' as const }
  return {
    ...seen,
    id: createId(),
    user_id: grants.userId,
    name: grants.name,
    scopes: JSON.stringify([...grants.scopes]),
    workspaces: JSON.stringify(grants.workspaces),
    permissions: JSON.stringify(grants.permissions ?? []),
    rate_per_hour: grants.ratePerHour ?? null,
    created_at: at,
    expires_at: grants.expiresAt ?? null,
    overlap_until: null,
    last_used_at: null,
    revoked_at: null,
    revoke_reason: null,
    disabled_at: null,
    disable_reason: null,
    replaced_by: null
  }
}

export function toRecord (row: KeyRow): KeyRecord {
  const ends = [row.expires_at, row.overlap_until].filter(end => end !== null)
  return {
    keyId: row.id,
    userId: row.user_id,
    name: row.name,
    hint: row.hint,
    environment: row.environment,
    scopes: toScopes(JSON.parse(row.scopes) as string[]),
    workspaces: JSON.parse(row.workspaces) as string[],
    permissions: toPermissions(JSON.parse(row.permissions) as string[]),
    ratePerHour: row.rate_per_hour ?? undefined,
    expiresAt: ends.length === 0 ? undefined : Math.min(...ends),
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    revokeReason: row.revoke_reason ?? undefined,
    disabledAt: row.disabled_at ?? undefined,
    disableReason: row.disable_reason ?? undefined,
    replacedBy: row.replaced_by ?? undefined
  }
}

export function toIssued ({ key, row }: NewRow): IssuedKey {
  return { key, record: toRecord(row) }
}

/** What the row says of its key; whether it has expired is judged anew at each request, by the verdict cache. */
export function toVerdict (row: KeyRow | undefined): Verdict {
  if (row === undefined) return { valid: false, reason: 'unknown' }
  const caller = toRecord(row)
  if (row.revoked_at !== null) return { valid: false, reason: 'revoked', caller }
  return row.disabled_at === null ? { valid: true, caller } : { valid: false, reason: 'disabled', caller }
}

/** @param at milliseconds since 1970 */
export function stateOf ({ revokedAt, disabledAt, expiresAt }: KeyRecord, at: number): KeyState {
  if (revokedAt !== undefined) return 'revoked'
  if (disabledAt !== undefined) return 'disabled'
  return expiresAt !== undefined && at >= expiresAt ? 'expired' : 'live'
}

/** The row of a key that is ended now; one that has been ended keeps its first time and reason. */
export function revoked (row: KeyRow, reason: string | undefined, at: number): KeyRow {
  return row.revoked_at === null ? { ...row, revoked_at: at, revoke_reason: reason ?? null } : row
}

/** The row of a key that is refused from now on; one that was so keeps its first time and reason. @throws KeyEndedError */
export function disabled (row: KeyRow, reason: string | undefined, at: number): KeyRow {
  refuseEnded(row, at)
  return row.disabled_at === null ? { ...row, disabled_at: at, disable_reason: reason ?? null } : row
}

/** The row of a key that is refused no longer. @throws KeyEndedError */
export function enabled (row: KeyRow, at: number): KeyRow {
  refuseEnded(row, at)
  return row.disabled_at === null ? row : { ...row, disabled_at: null, disable_reason: null }
}

/**
 * The successor of a key, with the same grants and the expiry it was made with, and the row of the key itself: ended now, or after the
 * overlap. Whoever has a key that was replaced, which may be why it was, gets no second one by it.
 * @param latest when the successor expires at the latest
 * @throws KeyEndedError when the key is no longer valid, or has been replaced
 */
export function rotated (
  row: KeyRow,
  { overlapMs, latest = Infinity }: { readonly overlapMs: number, readonly latest?: number | undefined },
  at: number
): { readonly next: NewRow, readonly old: KeyRow } {
  refuseEnded(row, at)
  if (row.disabled_at !== null) throw new KeyEndedError('The key is disabled: enable it first.')
  if (row.replaced_by !== null) throw new KeyEndedError(`The key was rotated already: rotate ${row.replaced_by}, which took its place.`)
  const record = toRecord(row)
  const environment = record.environment === 'test' ? 'test' : 'live'
  const end = Math.min(row.expires_at ?? Infinity, latest)
  const permissions = record.permissions?.texts ?? []
  const next = newRow({ ...record, permissions, environment, expiresAt: end === Infinity ? undefined : end }, at)
  const replaced = { ...row, replaced_by: next.row.id }
  const old = overlapMs > 0 ? { ...replaced, overlap_until: at + overlapMs } : revoked(replaced, 'rotated', at)
  return { next, old }
}

/**
 * The row of a key that may do something else from now on.
 * @throws KeyEndedError when the key is no longer valid, KeyInputError where it would have what excludes each other
 */
export function changed (row: KeyRow, changes: KeyChanges, at: number): KeyRow {
  refuseEnded(row, at)
  const { scopes, permissions } = changes
  if (scopes !== undefined || permissions !== undefined) {
    const record = toRecord(row)
    refuseBoundAdmin(scopes ?? record.scopes, permissions ?? record.permissions?.texts ?? [])
  }
  return {
    ...row,
    ...(changes.name === undefined ? {} : { name: changes.name }),
    ...(changes.userId === undefined ? {} : { user_id: changes.userId }),
    ...(scopes === undefined ? {} : { scopes: JSON.stringify([...scopes]) }),
    ...(changes.workspaces === undefined ? {} : { workspaces: JSON.stringify(changes.workspaces) }),
    ...(permissions === undefined ? {} : { permissions: JSON.stringify(permissions) }),
    ...('ratePerHour' in changes ? { rate_per_hour: changes.ratePerHour ?? null } : {}),
    ...('expiresAt' in changes ? { expires_at: changes.expiresAt ?? null } : {})
  }
}

/** Whether a change takes from a key that it may manage keys, or lets it do so for less long. */
export function losesAdmin (before: KeyRow, after: KeyRow, at: number): boolean {
  const [had, has] = [before, after].map(row => adminUntil(row, at))
  return (has ?? 0) < (had ?? 0)
}

function adminUntil (row: KeyRow, at: number): number {
  const record = toRecord(row)
  return stateOf(record, at) === 'live' && mayManage(record) ? record.expiresAt ?? Infinity : 0
}

/** Whether a key may manage keys: one that is tied to workspaces, or bound by permissions, could make itself another that is not. */
export function mayManage ({ scopes, workspaces, permissions }: Caller): boolean {
  return scopes.has('mlflow:admin') && workspaces.length === 0 && permissions === undefined
}

function refuseEnded (row: KeyRow, at: number): void {
  const { revokedAt, expiresAt } = toRecord(row)
  if (revokedAt !== undefined) throw new KeyEndedError('The key is revoked: create a new one.')
  if (expiresAt !== undefined && at >= expiresAt) throw new KeyEndedError('The key has expired: create a new one.')
}
