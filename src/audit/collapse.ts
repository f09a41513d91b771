/** Floods of refused calls: beyond a few in a second, those of one kind become one event that says how many. */
import { networkOf } from '../keys/guesses.js'
import type { AuditFields } from './event.js'

const everyMs = 1000
/** Events of one kind (network, reason and key) that pass by themselves within a second. */
export const apartMax = 10
/** Kinds that are told apart within a second: who has more networks than that floods from all of them. */
export const kindsMax = 1000

interface Kind {
  /** Calls of several networks and keys. */
  readonly isMixed: boolean
  seen: number
  /** The last of those that do not pass by themselves, and how many calls it stands for. */
  held: AuditFields | undefined
  count: number
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
  let kinds = new Map<string, Kind>()
  let clock: NodeJS.Timeout | undefined

  function flush (): void {
    clearTimeout(clock)
    clock = undefined
    const ended = kinds
    kinds = new Map()
    for (const { held, count, isMixed } of ended.values()) {
      if (held !== undefined) pass(count === 1 ? held : { ...held, count, ...isMixed ? nobodys : {} })
    }
  }

  function kindOf ({ address = '', reason, key_id: keyId = '' }: AuditFields): Kind {
    const own = `${networkOf(address)} ${reason} ${keyId}`
    const isMixed = !kinds.has(own) && kinds.size >= kindsMax
    const name = isMixed ? `others ${reason}` : own
    const kind = kinds.get(name) ?? { isMixed, seen: 0, held: undefined, count: 0 }
    kinds.set(name, kind)
    return kind
  }

  return {
    take (event) {
      clock ??= setTimeout(flush, everyMs).unref()
      const kind = kindOf(event)
      if (++kind.seen <= apartMax) {
        pass(event)
        return
      }
      kind.held = event
      kind.count++
    },
    flush
  }
}
