/**
 * Addresses that lie in some ranges and outside of others, found by taking prefixes away instead of walking bit by bit
 * through every pattern.
 */
import type { Budget } from './budget.js'
import { everything } from './pattern.js'
import type { Walk } from './walk.js'

/** How long the bits of an address are, by the digit that they begin with. */
const lengths: ReadonlyMap<string, number> = new Map([['4', 33], ['6', 129]])

/** The lowest address of its kind that is wanted. Every pattern is a prefix and what follows. */
export function createPrefixWalk (budget: Budget): Walk {
  function free (prefix: string, taken: readonly string[]): string | undefined {
    budget.spend(1 + taken.length)
    if (taken.some(other => prefix.startsWith(other))) return undefined
    const inside = taken.filter(other => other.startsWith(prefix))
    if (inside.length === 0) return prefix
    return free(prefix + '0', inside) ?? free(prefix + '1', inside)
  }

  return ({ required, forbidden }) => {
    const taken = prefixesOf(forbidden.flat())
    let left: readonly string[] = [...lengths.keys()]
    for (const globs of required) {
      budget.spend(1 + left.length * globs.length)
      const own = prefixesOf(globs)
      left = left.flatMap(one => own.flatMap(other => one.startsWith(other) ? one : other.startsWith(one) ? other : []))
    }
    for (const prefix of [...new Set(left)].sort()) {
      const found = free(prefix, taken)
      if (found !== undefined) return found.padEnd(lengths.get(found.charAt(0)) ?? 0, '0')
    }
    return undefined
  }
}

function prefixesOf (globs: readonly string[]): readonly string[] {
  return globs.map(glob => glob.endsWith(everything) ? glob.slice(0, -everything.length) : glob)
}
