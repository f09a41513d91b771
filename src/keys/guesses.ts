/**
 * Counts refused keys by the network they come from. Reads no clock: times are milliseconds of whichever the caller
 * uses, always the same one.
 */
import { LRUCache } from 'lru-cache'

/** The reason in log and metrics of a refusal that was one too many from its address. */
export const guessing = 'guessing'

export interface Guesses {
  /** Counts a refused key. @returns milliseconds until one more from there is within what is allowed; 0: this one was */
  count: (address: string, at: number) => number
  /** Whether a key from there was refused in about the last minute. */
  suspects: (address: string, at: number) => boolean
}

/**
 * Groups of an IPv6 address that make one network: what one machine has (RFC 4291: /64), and what a provider gives a
 * customer (RFC 6177: up to /48).
 */
const machineGroups = 4
const customerGroups = 3
/**
 * How many refused keys are let through at once, and after how long one more. Whoever changes from /64 to /64 has what
 * sixteen machines have.
 */
const machine = { burst: 20, everyMs: 500 }
const customer = { burst: 16 * machine.burst, everyMs: machine.everyMs / 16 }
const suspectMs = 60_000
/** Networks remembered of each size: a megabyte or two. Whoever has more of them is new again, up to what its /48 may. */
const remembered = 10_000

/**
 * The generic cell rate algorithm (ITU-T I.371): one number a network, the time at which all that it has used is paid off.
 * What is beyond the allowance uses none, so that whoever keeps on guessing is not locked out for ever.
 */
export function createGuesses (): Guesses {
  const levels = [
    { groups: machineGroups, ...machine, paidAt: new LRUCache<string, number>({ max: remembered }) },
    { groups: customerGroups, ...customer, paidAt: new LRUCache<string, number>({ max: remembered }) }
  ]
  return {
    count (address, at) {
      const counters = levels.map(level => {
        const network = networkOf(address, level.groups)
        const owed = Math.max(0, (level.paidAt.get(network) ?? at) - at)
        return { level, network, owed, waitMs: owed - (level.burst - 1) * level.everyMs }
      })
      const waitMs = Math.max(0, ...counters.map(counter => counter.waitMs))
      if (waitMs === 0) for (const { level, network, owed } of counters) level.paidAt.set(network, at + owed + level.everyMs)
      return waitMs
    },
    suspects: (address, at) => levels.some(({ groups, paidAt }) => {
      const paid = paidAt.get(networkOf(address, groups))
      return paid !== undefined && Math.abs(at - paid) < suspectMs // a clock that was set back makes nobody a suspect for hours
    })
  }
}

/** What stands for an address in counting: of IPv6 the first groups, in one spelling; IPv4 whole. */
export function networkOf (address: string, groups: number = machineGroups): string {
  if (!address.includes(':')) return address
  const [before = '', after = ''] = address.split('::')
  const parts = (text: string): string[] => text === '' ? [] : text.split(':')
  const [left, right] = [parts(before), parts(after)]
  const zeros = Math.max(0, 8 - left.length - right.length - (address.includes('.') ? 1 : 0)) // an IPv4 address at the end is two groups
  return [...left, ...Array<string>(zeros).fill('0'), ...right]
    .slice(0, groups)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
