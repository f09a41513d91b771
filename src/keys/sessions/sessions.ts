/**
 * Sessions of people who signed in with a key: what their cookie holds, and what they may do. A session is never more than its key, whose
 * verdict is asked for at each request, and ends with it.
 */
import { withoutAdmin } from '../../access/scopes.js'
import type { Caller, Verdict } from '../contract.js'

export interface Sessions {
  /** Begins a session with a key that was found to be good. @returns the value of its cookie. @throws StoreUnavailableError */
  begin: (key: string, caller: Caller) => Promise<string>
  /**
   * Judges a session by the value of its cookie; undefined: there is none, or it has ended by itself.
   * @throws StoreUnavailableError, StoreBusyError
   */
  verify: (token: string, address: string) => Verdict | undefined | Promise<Verdict | undefined>
  /** What the cookie has to hold from now on, of a session that was found to be good; undefined: what it holds. */
  renew: (token: string) => string | undefined
  /** Ends a session, if it is one. @throws StoreUnavailableError */
  end: (token: string) => Promise<void>
}

/** How long sessions last, milliseconds. */
export interface Lifetimes {
  /** Without a request. */
  readonly idleMs: number
  /** In any case. */
  readonly maxMs: number
}

/** Of a session, milliseconds since 1970. */
interface Times {
  readonly createdAt: number
  readonly seenAt: number
}

/** Whether a session goes on that was begun and last seen at these times; a clock that was set back ends none. */
export function lasts ({ createdAt, seenAt }: Times, { idleMs, maxMs }: Lifetimes, at: number): boolean {
  return at - createdAt < maxMs && at - seenAt < idleMs
}

/** How old the time may be at which a session was last seen before it is noted anew. */
export function lag ({ idleMs }: Lifetimes): number {
  return Math.min(60_000, idleMs / 4)
}

/** One for each caller, since the log keeps texts by them. */
const callers = new WeakMap<Caller, Caller>()

/** The verdict on a key, as it holds for a session. */
export function ofSession (verdict: Verdict): Verdict {
  if (verdict.caller === undefined) return verdict
  const known = callers.get(verdict.caller)
  const caller = known ?? { ...verdict.caller, scopes: withoutAdmin(verdict.caller.scopes), session: true as const }
  if (known === undefined) callers.set(verdict.caller, caller)
  return { ...verdict, caller }
}
