/** Limits of keys, and who counts against them: this process alone, unless something is shared with others (`shared.ts`). */
import { LRUCache } from 'lru-cache'
import { allowanceOf, spend, standing, type Standing } from './allowance.js'

export interface Limits {
  /**
   * Counts a call of a key that has a limit, or only looks. Answers at once, without a promise, where nothing has to be asked; never fails.
   * @param ratePerHour the limit, as it is now: what was used before stays used
   */
  readonly take: (keyId: string, ratePerHour: number, cost: 0 | 1) => Standing | Promise<Standing>
  /** Why calls are counted by this process alone although they should be with others; undefined where all is as it should be. */
  readonly problem: () => string | undefined
  readonly close: () => void
}

export interface LocalLimits extends Limits {
  readonly take: (keyId: string, ratePerHour: number, cost: 0 | 1) => Standing
  /** How much a key owes. */
  readonly owedMs: (keyId: string) => number
  /** Takes what somebody else says that a key owed at that moment of the clock. */
  readonly learn: (keyId: string, owedMs: number, at: number) => void
}

/** Keys remembered, the last used ones: some 20 MB, of which nothing is taken before there is a key with a limit. */
const remembered = 100_000

/** @param now a clock that is never set, in milliseconds */
export function createLocalLimits (now: () => number = () => performance.now()): LocalLimits {
  /** When all that a key has used is paid off. */
  let paidAt: LRUCache<string, number> | undefined
  const owed = (keyId: string, at: number): number => Math.max(0, (paidAt?.get(keyId) ?? at) - at)
  const learn = (keyId: string, owedMs: number, at: number): void => {
    paidAt ??= new LRUCache({ max: remembered })
    paidAt.set(keyId, at + owedMs)
  }
  return {
    take (keyId, ratePerHour, cost) {
      const allowance = allowanceOf(ratePerHour)
      const at = now()
      const before = owed(keyId, at)
      if (cost === 0) return standing(before, allowance, true)
      const { isAllowed, owedMs } = spend(before, allowance)
      if (isAllowed) learn(keyId, owedMs, at)
      return standing(owedMs, allowance, isAllowed)
    },
    owedMs: keyId => owed(keyId, now()),
    learn,
    problem: () => undefined,
    close () {}
  }
}
