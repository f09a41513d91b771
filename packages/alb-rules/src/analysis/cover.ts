/** The smallest set of earlier rules that takes everything a rule would take. */
import type { Analysis, Place } from './analysis.js'
import type { Point } from '../solver/solver.js'

export interface Cover {
  readonly by: readonly Place[]
  /** False where the work allowed was not enough: then it covers, but a smaller set may do so too. */
  readonly isSmallest: boolean
}

interface Search {
  /** The rules that could be of use, in their order. */
  readonly all: readonly Place[]
  /** A request that the rule would take and none of these does. */
  readonly missedBy: (covering: readonly Place[]) => Point | undefined
  readonly analysis: Analysis
}

/** @param place a rule that its earlier ones cover */
export function smallestCover (place: Place, analysis: Analysis): Cover {
  const { solver, tried, mayMeet } = analysis
  const all = place.earlier.filter(other => mayMeet(other, place))
  const search: Search = { all, missedBy: covering => solver.find([place.box], covering.map(other => other.box)), analysis }
  const smallest = tried(() => smallestOf(search))
  return smallest === undefined ? { by: withoutSpare(search), isSmallest: false } : { by: smallest, isSmallest: true }
}

/**
 * Every request that a candidate misses must be taken by some rule of the cover. The smallest set that takes all the
 * requests seen so far is the next candidate; the first one that misses nothing is the smallest cover.
 */
function smallestOf (search: Search): readonly Place[] {
  const takersSeen: Array<readonly Place[]> = []
  let candidate: readonly Place[] = []
  for (;;) {
    const missed = search.missedBy(candidate)
    if (missed === undefined) return candidate
    // One or two rules are found soon; beyond that each request has to tell as much as it can.
    takersSeen.push(candidate.length < 3 ? takersOf(missed, search) : fewestTakers(missed, search))
    candidate = smallestHitting(takersSeen, candidate.length, search)
  }
}

function takersOf (point: Point, { all, analysis }: Search): readonly Place[] {
  return all.filter(place => analysis.solver.holds(place.box, point))
}

/** The rules that take the missed request, or one like it that fewer rules take: it tells more. */
function fewestTakers (missed: Point, search: Search): readonly Place[] {
  const { all, missedBy } = search
  let takers = takersOf(missed, search)
  for (const place of takers) {
    if (takers.length === 1 || !takers.includes(place)) continue
    const rarer = missedBy([...all.filter(other => !takers.includes(other)), place])
    if (rarer !== undefined) takers = takersOf(rarer, search)
  }
  return takers
}

/** The fewest rules of which every list holds one. */
function smallestHitting (lists: ReadonlyArray<readonly Place[]>, sizeMin: number, search: Search): readonly Place[] {
  for (let size = sizeMin; ; size++) {
    const found = hitting(lists, size, search)
    if (found !== undefined) return found.toSorted((one, other) => one.earlier.length - other.earlier.length)
  }
}

function hitting (lists: ReadonlyArray<readonly Place[]>, size: number, search: Search): readonly Place[] | undefined {
  search.analysis.spend(lists.length)
  const [first] = lists
  if (first === undefined) return []
  if (size === 0) return undefined
  for (const place of first) {
    const rest = hitting(lists.filter(list => !list.includes(place)), size - 1, search)
    if (rest !== undefined) return [place, ...rest]
  }
  return undefined
}

/** A cover without what is seen not to be needed. */
function withoutSpare ({ all, missedBy, analysis }: Search): readonly Place[] {
  let kept = all
  for (const place of all.toReversed()) {
    const fewer = kept.filter(other => other !== place)
    const covers = analysis.tried(() => missedBy(fewer) === undefined)
    if (covers === undefined) break
    if (covers) kept = fewer
  }
  return kept
}
