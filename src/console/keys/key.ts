/** What the dialogs about keys have in common. */
import type { Api } from '../api.js'

/** A key as `/admin/keys` tells of it. */
export interface Key {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly hint: string
  readonly state: 'live' | 'expired' | 'disabled' | 'revoked'
  readonly scopes: readonly string[]
  readonly workspaces: readonly string[]
  readonly permissions: readonly string[]
  readonly rate_per_hour: number | null
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoke_reason: string | null
  readonly disable_reason: string | null
  readonly replaced_by: string | null
}

/** The answer that holds a new key itself. */
export interface IssuedKey extends Key {
  readonly key: string
}

/** Where one is managed. */
export function pathOf ({ id }: Key): string {
  return `/admin/keys/${encodeURIComponent(id)}`
}

/** What a dialog about a key is given. */
export interface DeedProps {
  readonly api: Api
  readonly of: Key
  /** @param said what was done @param issued a new key, to be shown once */
  readonly onDone: (said: string, issued?: IssuedKey) => void
  readonly onClose: () => void
}
