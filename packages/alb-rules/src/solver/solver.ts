/**
 * Finds a request that lies in some boxes and outside of others, or proves that there is none.
 * Exact: it branches where it must, and throws where the work allowed is used up.
 */
import type { Box, Point } from './box.js'
import type { Budget } from './budget.js'
import { areCovered } from './pieces.js'
import type { Choice } from './range.js'
import { createRegions, type Region, type Regions } from './regions.js'

export interface Solver {
  /**
   * A request in all of the first boxes and in none of the second; undefined where there is none.
   * @throws LimitReached
   */
  readonly find: (inside: readonly Box[], outside: readonly Box[]) => Point | undefined
  /** False only where no request lies in both; a quick first look. */
  readonly mayMeet: (one: Box, other: Box) => boolean
  /** Whether one value of a part can meet both conditions, where it can be there several times too.
   *  @throws LimitReached */
  readonly shareValue: Regions['shareValue']
  /** Whether a request that was found lies in a box. */
  readonly holds: (box: Box, point: Point) => boolean
  /** The values that a part of a found request has, or would have if nothing were asked of it. */
  readonly valuesOf: (point: Point, part: string) => readonly Choice[]
}

/** @param hosts names that a witness should have, where they fit */
export function createSolver (budget: Budget, hosts: readonly string[]): Solver {
  const regions = createRegions(budget, hosts)
  const { mayMeet, single, narrow, isMany, shareValue, holds, valuesOf } = regions
  const search = createSearch(budget, regions)
  const pairs = new WeakMap<Box, Map<Box, Box | undefined>>()

  function find (inside: readonly Box[], outside: readonly Box[]): Point | undefined {
    if (inside.some((box, at) => inside.slice(0, at).some(other => !mayMeet(box, other)))) return undefined
    const left: Box[] = []
    for (const box of outside) {
      const rest = restOf(box, inside)
      if (rest?.length === 0) return undefined
      if (rest !== undefined) left.push(rest)
    }
    const required = inside.flat()
    if (areCovered(required, left, isMany, budget)) return undefined
    // What a single condition rules out is ruled out at once, where that part is looked at anyway.
    const isSingle = (box: Box): boolean => box.length === 1 && required.some(({ part }) => part === box[0]?.part)
    const region = narrow(new Map(), required, left.filter(isSingle).flat())
    return region === undefined ? undefined : search(region, left.filter(box => !isSingle(box)))
  }

  /** The conditions of a box that some request in the first boxes could miss; undefined where no request in them is in it. */
  function restOf (box: Box, inside: readonly Box[]): Box | undefined {
    let rest = box
    for (const one of inside) {
      const missed = missable(one, box)
      if (missed === undefined) return undefined
      rest = rest.filter(atom => missed.includes(atom))
    }
    return rest
  }

  /** The same for one box, kept: the same pairs come in many questions. */
  function missable (inside: Box, box: Box): Box | undefined {
    const known = pairs.get(inside) ?? new Map<Box, Box | undefined>()
    pairs.set(inside, known)
    if (known.has(box)) return known.get(box)
    budget.spend(box.length)
    const isMet = ({ part, language }: Box[number]): boolean => inside.some(atom => atom.part === part && !single(atom).leaves(language))
    const missed = mayMeet(inside, box) ? box.filter(atom => !isMet(atom)) : undefined
    known.set(box, missed)
    return missed
  }

  return { find, mayMeet, shareValue, holds, valuesOf }
}

/** Finds a request of a region outside of boxes. */
function createSearch (budget: Budget, { narrow, rangeOf, holds }: Regions) {
  /** Tries one request of the region, then rules out the boxes that it turned out to lie in, and tries the next. */
  function search (start: Region, outside: readonly Box[]): Point | undefined {
    let region = start
    for (;;) {
      budget.spend(1 + outside.length)
      const quick = new Map([...region].map(([part, range]) => [part, range.some()]))
      const hitByQuick = outside.filter(box => holds(box, quick))
      // Only what may be the answer has to look like one.
      const point = hitByQuick.length > 0 ? quick : new Map([...region].map(([part, range]) => [part, range.choose()]))
      const hit = (hitByQuick.length > 0 ? hitByQuick : outside.filter(box => holds(box, point))).map(box => waysOut(region, box))
      const [first, ...more] = hit.toSorted((one, other) => one.length - other.length)
      if (first === undefined) return point
      if (first.length === 0) return undefined
      if (first.length > 1) return branch(region, first, outside)
      const narrower = narrow(region, [], [first, ...more].filter(ways => ways.length === 1).flat())
      if (narrower === undefined) return undefined
      region = narrower
    }
  }

  /** The conditions of a box that some request of the region misses. */
  function waysOut (region: Region, box: Box): Box {
    return box.filter(({ part, language }) => rangeOf(region, part).leaves(language))
  }

  /** A request out of the box misses its first condition, or meets that and misses the second, and so on. */
  function branch (region: Region, ways: Box, outside: readonly Box[]): Point | undefined {
    for (const [at, atom] of ways.entries()) {
      const narrower = narrow(region, ways.slice(0, at), [atom])
      const found = narrower === undefined ? undefined : search(narrower, outside)
      if (found !== undefined) return found
    }
    return undefined
  }

  return search
}
