/**
 * The contract of key stores, types and errors only: a store says yes or no, and throws when it cannot say. So an outage can never look
 * like a refusal. `open.ts` opens one; whatever holds the keys, a verdict cache stands in front of it.
 */
import { UserError } from '../core/user-error.js'
import type { Environment, KeyForm } from './key.js'
import type { Permissions } from '../access/permissions.js'
import type { Scope } from '../access/scopes.js'

/** Whose key a request came with, and what it may do. */
export interface Caller {
  readonly keyId: string
  readonly userId: string
  /** What the key is called by those who manage it. */
  readonly name: string
  /** The first characters of the key, such as `hk_live_ab12…`: the only part of it that may be logged. */
  readonly hint: string
  readonly environment: Environment
  readonly scopes: ReadonlySet<Scope>
  /** Empty: all. */
  readonly workspaces: readonly string[]
  /** Which experiments and models it may read and write, where it is bound to some. */
  readonly permissions?: Permissions | undefined
  /** Calls an hour; undefined: no limit. */
  readonly ratePerHour: number | undefined
  /** Milliseconds since 1970; undefined: never. */
  readonly expiresAt: number | undefined
  /** Known by a session that was begun with the key, not by the key itself. */
  readonly session?: true
}

/** Why a valid key may do nothing: its account has no balance, or no role fits its token. A 403 to the caller. */
export type Lack = 'balance' | 'roles'

/** Why a key is refused. All of them are one 401 to the caller, but for what a valid key lacks. */
export type Refusal = 'malformed' | 'checksum' | 'unknown' | 'expired' | 'revoked' | 'disabled' | 'token' | Lack

export type Verdict =
  | { readonly valid: true, readonly caller: Caller }
  /** The caller, where the key is known, is for the log. */
  | { readonly valid: false, readonly reason: Refusal, readonly caller?: Caller }

/** Whether a refused key is valid all the same: nobody guessed it. */
export function lacks (reason: Refusal): reason is Lack {
  return reason === 'balance' || reason === 'roles'
}

/** What guards requests. */
export interface KeyVerifier {
  /**
   * Judges a key as presented from an address; answers at once, without a promise, where nothing has to be asked.
   * @throws StoreUnavailableError when the store cannot say (503), StoreBusyError when it will not say yet (429)
   */
  verify: (key: string, address: string) => Verdict | Promise<Verdict>
  /**
   * What is known of a key already; undefined: nothing. Asks nobody, counts no use. Only of verifiers that ask somebody far away: others
   * say all there is to say at once.
   */
  recall?: (key: string) => Verdict | undefined
  /** Where sessions are kept; only of stores of our own. */
  readonly sessions?: SessionRows
  /** Whether the store can answer. @throws StoreUnavailableError with a reason that names no address */
  check: () => Promise<void>
  close: () => Promise<void>
}

/** A session that somebody began with a key, by the hash of its id and never the id itself. Times in milliseconds since 1970. */
export interface SessionRow {
  readonly hash: string
  readonly keyId: string
  readonly createdAt: number
  /** Written once in a while, so it may lag behind. */
  readonly seenAt: number
}

/** Sessions of one key: more browsers than people have, and few enough that nobody fills the store with a key. */
export const sessionsPerKey = 100

/** What is kept of a session, with the hash of its key. */
export interface FoundSession {
  readonly keyHash: string
  readonly createdAt: number
  readonly seenAt: number
}

/** Sessions beside the keys that they were begun with. All throw StoreUnavailableError when the store fails. */
export interface SessionRows {
  /** Keeps a session, and forgets those that were begun or last seen at these times or before, and the oldest of a key that has many. */
  add: (session: SessionRow, begunBy: number, seenBy: number) => Promise<void>
  /** Answers at once where nothing has to be waited for. */
  find: (hash: string) => FoundSession | undefined | Promise<FoundSession | undefined>
  /** Notes that it was in use; may get lost. */
  touch: (hash: string, at: number) => Promise<void>
  remove: (hash: string) => Promise<void>
  /** Judges the key whose hash this is, as the verifier judges a key. */
  verifyKey: (keyHash: string) => Verdict | Promise<Verdict>
}

export interface NewKey {
  readonly name: string
  readonly userId: string
  readonly environment: 'live' | 'test'
  readonly scopes: ReadonlySet<Scope>
  readonly workspaces: readonly string[]
  /** Which experiments and models it may read and write, as `access/permissions.ts` reads them. Empty, or not there: all. */
  readonly permissions?: readonly string[]
  readonly ratePerHour: number | undefined
  readonly expiresAt: number | undefined
}

/** What may change of a key after it was made; what is not there stays. Undefined: no limit, no expiry. */
export type KeyChanges = {
  readonly [Field in 'name' | 'userId' | 'scopes' | 'workspaces' | 'permissions' | 'ratePerHour' | 'expiresAt']?: NewKey[Field] | undefined
}

/** A key of another system: in clear, or as the SHA-256 of it in 64 hexadecimal characters. */
export type ImportedKey = Omit<NewKey, 'environment'> & ({ readonly key: string } | { readonly hash: string })

/** All that is known of a key. `expiresAt` takes the end of a rotation's overlap into account. Times in milliseconds since 1970. */
export interface KeyRecord extends Caller {
  readonly createdAt: number
  /** Written every few seconds, so it may lag behind. */
  readonly lastUsedAt: number | undefined
  readonly revokedAt: number | undefined
  readonly revokeReason: string | undefined
  /** Since when it is refused until it is enabled again. */
  readonly disabledAt: number | undefined
  readonly disableReason: string | undefined
  /** Id of the key that took its place. */
  readonly replacedBy: string | undefined
}

/** Where several apply, the last of them. */
export type KeyState = 'live' | 'expired' | 'disabled' | 'revoked'

/** Where a key stands in the order of a list. */
export interface KeyPosition {
  readonly createdAt: number
  readonly keyId: string
}

/** Which keys are asked for; what is not said is not looked at. */
export interface KeyQuery {
  readonly state?: KeyState | undefined
  readonly owner?: string | undefined
  readonly name?: string | undefined
  /** Somewhere in the hint. */
  readonly hint?: string | undefined
  /** Only those that come after this place. */
  readonly after?: KeyPosition | undefined
  /** So many at most. */
  readonly limit: number
}

/** @property next the place of the last one, where more come after it */
export interface KeyPage {
  readonly records: readonly KeyRecord[]
  readonly next: KeyPosition | undefined
}

/** What a change must not do, asked for by those who manage keys with a key. */
export interface Care {
  /** Throws LastAdminError rather than end, disable or narrow the last live key that may manage keys. */
  readonly keepsAdmin?: boolean
}

/** The form of a key, as far as it can be told: of one that was imported by its hash alone it cannot. */
export type StoredForm = KeyForm | 'unknown'

/**
 * A key as stores of our own keep it and hand it on, by its hash and never in clear; the names are those of the columns. Times in
 * milliseconds since 1970, lists as JSON.
 */
export interface KeyRow {
  readonly id: string
  readonly hash: string
  readonly hint: string
  readonly form: StoredForm
  readonly environment: Environment
  readonly user_id: string
  readonly name: string
  readonly scopes: string
  readonly workspaces: string
  readonly permissions: string
  readonly rate_per_hour: number | null
  readonly created_at: number
  /** As it was made with. */
  readonly expires_at: number | null
  /** When it ends because another key took its place. */
  readonly overlap_until: number | null
  readonly last_used_at: number | null
  readonly revoked_at: number | null
  readonly revoke_reason: string | null
  readonly disabled_at: number | null
  readonly disable_reason: string | null
  readonly replaced_by: string | null
}

/** How many keys a store took, and how many it held already. */
export interface Imported {
  readonly imported: number
  readonly known: number
}

/** The one moment at which a key is known in clear. */
export interface IssuedKey {
  readonly key: string
  readonly record: KeyRecord
}

/**
 * A store whose keys are managed here. What may have to wait is a promise, which rejects with StoreUnavailableError when the store fails.
 */
export interface KeyStore extends KeyVerifier {
  create: (key: NewKey) => Promise<IssuedKey>
  /**
   * Makes the very first key, and only that, however many processes try at once: undefined where the store ever held one.
   * @param keep puts the key where people find it; if it throws, no key has been made. It may not wait: a transaction is open meanwhile
   */
  createFirst: (key: NewKey, keep: (key: string) => void) => Promise<IssuedKey | undefined>
  /** All keys, the oldest first. */
  list: () => Promise<readonly KeyRecord[]>
  /** Some of them, by the time at which they were made and then by id. What is made meanwhile comes last. */
  page: (query: KeyQuery) => Promise<KeyPage>
  /** Undefined: no key has this id. */
  show: (id: string) => Promise<KeyRecord | undefined>
  /** What is known of a key by its own text. Undefined: the store does not hold it. */
  find: (key: string) => Promise<KeyRecord | undefined>
  /**
   * Changes what a key may do, for its next request. Undefined: no key has this id.
   * @throws KeyEndedError, LastAdminError, KeyInputError where the key would have what excludes each other
   */
  update: (id: string, changes: KeyChanges, care?: Care) => Promise<KeyRecord | undefined>
  /**
   * Refuses a key until it is enabled again; one that is disabled already keeps its first time and reason. Undefined: no key has this id.
   * @throws KeyEndedError, LastAdminError
   */
  disable: (id: string, reason?: string, care?: Care) => Promise<KeyRecord | undefined>
  /** Ends that, if it was so. Undefined: no key has this id. @throws KeyEndedError */
  enable: (id: string) => Promise<KeyRecord | undefined>
  /**
   * Forgets keys that were revoked before a time: they are then unknown. The newest key of a store stays in any case, so that one that
   * held keys is never taken for a new one. @returns how many went
   */
  prune: (revokedBefore: number) => Promise<number>
  /** Ends a key now; one that has ended already keeps its first time and reason. Undefined: no key has this id. @throws LastAdminError */
  revoke: (id: string, reason?: string, care?: Care) => Promise<KeyRecord | undefined>
  /**
   * Replaces a key by a new one with the same grants and the same expiry, or an earlier one; the old one stays valid for the overlap.
   * Undefined: no key has this id.
   * @param latest when the new one expires at the latest, milliseconds since 1970
   * @throws KeyEndedError when the key is no longer valid, or has been replaced
   */
  rotate: (id: string, overlapMs: number, latest?: number) => Promise<IssuedKey | undefined>
  /**
   * Takes all of the keys or, when it throws, none; those that the store holds already stay as they are.
   * @param known `refuse` throws KeyKnownError where it holds one of them
   */
  import: (keys: readonly ImportedKey[], known?: 'refuse') => Promise<Imported>
  /** All keys as they are kept, the oldest first: for another store to take. */
  dump: () => Promise<readonly KeyRow[]>
  /** As `import`, for what another store has dumped: ids, times and ends stay what they were. */
  restore: (rows: readonly KeyRow[]) => Promise<Imported>
}

/** The store cannot say whether a key is good. The message names no address; the cause may. */
export class StoreUnavailableError extends UserError {
  override readonly name = 'StoreUnavailableError'
}

/** The store will not say yet. */
export class StoreBusyError extends Error {
  override readonly name = 'StoreBusyError'
  readonly retryAfterSeconds: number
  constructor (message: string, retryAfterSeconds: number) {
    super(message)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The auth service does not take the question itself, whatever the key. */
export class NotAcceptedError extends StoreUnavailableError {
  constructor () {
    super('The auth service rejects the facade\'s request (400): is AUTH_SERVICE_ID right?')
  }
}

/** The keys are managed by the platform's auth service and not here. */
export class StoreNotOursError extends UserError {
  override readonly exitCode = 2
  override readonly name = 'StoreNotOursError'
  constructor () {
    super('The auth service manages the keys: create, change and list them there.')
  }
}
