/** Floods of refused calls: beyond a few in a second, those that are alike become one event that says how many. */
import { networkOf } from '../keys/guesses.js'
import type { AuditFields } from './event.js'

const everyMs = 1000
/** Events of one caller and reason that pass by themselves within a second. */
export const apartMax = 10
/** Callers and reasons that are told apart within a second: who has more networks than that floods from all of them. */
export const callersMax = 1000

/** Calls of one operation that do not pass by themselves: the last of them, and how many there are. */
interface Held {
  last: AuditFields
  count: number
}

/** Calls from one network, for one reason, with one key or none. */
interface Caller {
  /** It stands for all that are too many to be told apart. */
  readonly isMixed: boolean
  seen: number
  readonly held: Map<string, Held>
}

/** What an event does not say that stands for calls of several callers. */
const nobodys = {
  address: undefined,
  key: undefined,
  key_id: undefined,
  user: undefined,
  session: undefined,
  request_id: undefined,
  resource: undefined
} satisfies Partial<AuditFields>

export interface Collapse {
  readonly take: (event: AuditFields) => void
  /** Passes on what was held. */
  readonly flush: () => void
}

export function collapse (pass: (event: AuditFields) => void): Collapse {
  let callers = new Map<string, Caller>()
  let clock: NodeJS.Timeout | undefined

  function flush (): void {
    clearTimeout(clock)
    clock = undefined
    const ended = callers
    callers = new Map()
    for (const { held, isMixed } of ended.values()) {
      for (const { last, count } of held.values()) pass(count === 1 ? last : { ...last, count, ...isMixed ? nobodys : {} })
    }
  }

  function callerOf ({ address = '', reason, key_id: keyId = '' }: AuditFields): Caller {
    const own = `${networkOf(address)} ${reason} ${keyId}`
    const isMixed = !callers.has(own) && callers.size >= callersMax
    const name = isMixed ? `others ${reason}` : own
    const caller = callers.get(name) ?? { isMixed, seen: 0, held: new Map<string, Held>() }
    callers.set(name, caller)
    return caller
  }

  return {
    take (event) {
      clock ??= setTimeout(flush, everyMs).unref()
      const caller = callerOf(event)
      if (++caller.seen <= apartMax) {
        pass(event)
        return
      }
      const held = caller.held.get(event.operation)
      if (held === undefined) caller.held.set(event.operation, { last: event, count: 1 })
      else Object.assign(held, { last: event, count: held.count + 1 })
    },
    flush
  }
}
