/** The smallest set of earlier rules that takes everything a rule would take. */
import type { Point } from '../solver/box.js'
import type { Analysis, Entry } from './analysis.js'

export interface Cover {
  readonly by: readonly Entry[]
  /** False where the work allowed was not enough: then it covers, but a smaller set may do so too. */
  readonly isSmallest: boolean
}

interface Search {
  /** The rules that could be of use, in their order. */
  readonly all: readonly Entry[]
  /** A request that the rule would take and none of these does. */
  readonly missedBy: (covering: readonly Entry[]) => Point | undefined
  readonly analysis: Analysis
}

/** @param entry a rule that its earlier ones cover
 *  @param taken rules that are in the cover already, and are none of its answer */
export function smallestCover (entry: Entry, analysis: Analysis, taken: readonly Entry[] = []): Cover {
  const { solver, tried, mayMeet } = analysis
  const all = entry.earlier.filter(other => mayMeet(other, entry) && !taken.includes(other))
  const missedBy: Search['missedBy'] = covering => solver.find([entry.box], [...taken, ...covering].map(other => other.box))
  const search: Search = { all, missedBy, analysis }
  const smallest = tried(() => smallestOf(search))
  return smallest === undefined ? { by: withoutSpare(search), isSmallest: false } : { by: smallest, isSmallest: true }
}

/**
 * Every request that a candidate misses must be taken by some rule of the cover. The smallest set that takes all the
 * requests seen so far is the next candidate; the first one that misses nothing is the smallest cover.
 */
function smallestOf (search: Search): readonly Entry[] {
  const takersSeen: Array<readonly Entry[]> = []
  let candidate: readonly Entry[] = []
  for (;;) {
    const missed = search.missedBy(candidate)
    if (missed === undefined) return candidate
    // One or two rules are found soon; beyond that each request has to tell as much as it can.
    takersSeen.push(candidate.length < 3 ? takersOf(missed, search) : fewestTakers(missed, search))
    candidate = smallestHitting(takersSeen, candidate.length, search)
  }
}

function takersOf (point: Point, { all, analysis }: Search): readonly Entry[] {
  return all.filter(entry => analysis.solver.holds(entry.box, point))
}

/** The rules that take the missed request, or one like it that fewer rules take: it tells more. */
function fewestTakers (missed: Point, search: Search): readonly Entry[] {
  const { all, missedBy } = search
  let takers = takersOf(missed, search)
  for (const entry of takers) {
    if (takers.length === 1 || !takers.includes(entry)) continue
    const rarer = missedBy([...all.filter(other => !takers.includes(other)), entry])
    if (rarer !== undefined) takers = takersOf(rarer, search)
  }
  return takers
}

/** The fewest rules of which every list holds one. */
function smallestHitting (lists: ReadonlyArray<readonly Entry[]>, sizeMin: number, search: Search): readonly Entry[] {
  for (let size = sizeMin; ; size++) {
    const found = hitting(lists, size, search)
    if (found !== undefined) return found.toSorted((one, other) => one.earlier.length - other.earlier.length)
  }
}

function hitting (lists: ReadonlyArray<readonly Entry[]>, size: number, search: Search): readonly Entry[] | undefined {
  search.analysis.spend(lists.length)
  const [first] = lists
  if (first === undefined) return []
  if (size === 0) return undefined
  for (const entry of first) {
    const rest = hitting(lists.filter(list => !list.includes(entry)), size - 1, search)
    if (rest !== undefined) return [entry, ...rest]
  }
  return undefined
}

/** A cover without what is seen not to be needed. */
function withoutSpare ({ all, missedBy, analysis }: Search): readonly Entry[] {
  let kept = all
  for (const entry of all.toReversed()) {
    const fewer = kept.filter(other => other !== entry)
    const covers = analysis.tried(() => missedBy(fewer) === undefined)
    if (covers === undefined) break
    if (covers) kept = fewer
  }
  return kept
}
