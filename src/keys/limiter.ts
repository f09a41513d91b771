/** Holds back questions about new keys, so that guesses neither flood a store that is far away nor keep others from it. */
import { LRUCache } from 'lru-cache'
import { lacks, StoreBusyError } from './contract.js'
import { createGuesses, networkOf } from './guesses.js'
import type { VerdictSource } from './verdict-cache.js'

/** Questions about new keys in any one second; those whose keys were refused share half, so that they cannot take it all. */
const newKeysMax = { perAddress: 10, suspects: 25, inAll: 50 }
const windowMs = 1000
const remembered = 10_000

interface Limiter {
  /** Whether one more new key from there may be asked about; if so it is counted. */
  readonly admits: (address: string, at: number) => boolean
  /** The store refused a key from there. */
  readonly refused: (address: string, at: number) => void
}

/**
 * A store that is asked about no more new keys at once than it should have to bear.
 * @param now the clock, milliseconds since 1970
 * @param sharedBy processes that each ask a share
 */
export function limited (ask: VerdictSource['ask'], now: () => number, sharedBy: number = 1): VerdictSource {
  const limiter = createLimiter(sharedBy)
  return {
    admit: address => {
      if (!limiter.admits(address, now())) throw new StoreBusyError('Too many new API keys at once: try again in a second.', 1)
    },
    ask: async (key, address, hash) => {
      const verdict = await ask(key, address, hash)
      if (!verdict.valid && !lacks(verdict.reason)) limiter.refused(address, now())
      return verdict
    }
  }
}

function createLimiter (sharedBy: number): Limiter {
  const share = (max: number): number => Math.ceil(max / sharedBy)
  const [perAddress, suspectsMax, inAll] = [share(newKeysMax.perAddress), share(newKeysMax.suspects), share(newKeysMax.inAll)]
  const all: number[] = []
  const ofSuspects: number[] = []
  const networks = new LRUCache<string, number[]>({ max: remembered })
  const guesses = createGuesses()
  return {
    admits (address, at) {
      const network = networkOf(address)
      const own = networks.get(network) ?? []
      const suspect = guesses.suspects(address, at)
      if (isFull(own, perAddress, at) || isFull(all, inAll, at)) return false
      if (suspect && isFull(ofSuspects, suspectsMax, at)) return false
      own.push(at)
      all.push(at)
      if (suspect) ofSuspects.push(at)
      networks.set(network, own)
      return true
    },
    refused: guesses.count
  }
}

/** Forgets those that lie a whole window back, then counts. A clock that was set back makes times old rather than young. */
function isFull (times: number[], max: number, at: number): boolean {
  let old = 0
  while (old < times.length && Math.abs((times[old] ?? at) - at) >= windowMs) old++
  times.splice(0, old)
  return times.length >= max
}
