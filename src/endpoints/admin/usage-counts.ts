/** Calls by key and refusals by reason, as this process has seen them: fed by the one event at the end of each request. */
import type { Reason } from '../../core/reasons.js'
import type { RequestRecord } from '../../http/records.js'
import type { Caller } from '../../keys/contract.js'
import { createTally, type Reading } from './tally.js'

/** Of keys that are counted by themselves; calls of further ones are counted together. */
const keysMax = 1000

export type CountedKey = Pick<Caller, 'keyId' | 'hint' | 'name' | 'userId'>

export interface UsageCounts {
  /** Hangs on to the end of each request. */
  readonly listener: (record: Pick<RequestRecord, 'caller' | 'refusal'>) => void
  /** Since when it is counted, in milliseconds since 1970. */
  readonly since: number
  readonly keys: () => Reading<CountedKey>
  readonly refusals: () => Reading<Reason>
}

export function countUsage (now: () => number = Date.now): UsageCounts {
  const keys = createTally<CountedKey>(keysMax, now)
  const refusals = createTally<Reason>(keysMax, now) // there are fewer reasons
  return {
    listener ({ caller, refusal }) {
      if (caller !== undefined) keys.note(caller.keyId, caller)
      if (refusal !== undefined) refusals.note(refusal, refusal)
    },
    since: now(),
    keys: keys.read,
    refusals: refusals.read
  }
}
