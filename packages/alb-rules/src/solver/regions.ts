/** What the parts of a request may still be when some conditions were taken and others ruled out. */
import type { Atom, Box, Point } from './box.js'
import type { Budget } from './budget.js'
import { createPrefixWalk } from './prefixes.js'
import { createRange, includes, type Choice, type Language, type Range } from './range.js'
import { dimensionOf } from './shapes.js'
import { createWalk, type Walk } from './walk.js'

/** The parts that were looked at. */
export type Region = ReadonlyMap<string, Range>

export interface Regions {
  /** Whether a part can be there several times. */
  readonly isMany: (part: string) => boolean
  /** A region with more conditions; undefined where no request is left in it. */
  readonly narrow: (region: Region, required: readonly Atom[], forbidden: readonly Atom[]) => Region | undefined
  /** What a part may still be in a region. */
  readonly rangeOf: (region: Region, part: string) => Range
  /** What a part may be that meets one condition. Kept, so that what one rule's condition has to do with another's is computed once. */
  readonly single: (atom: Atom) => Range
  /** False only where no request lies in both; a quick first look. */
  readonly mayMeet: (one: Box, other: Box) => boolean
  /** Whether one value can meet both conditions on one part. */
  readonly shareValue: (one: Atom, other: Atom) => boolean
  readonly valuesOf: (point: Point, part: string) => readonly Choice[]
  readonly holds: (box: Box, point: Point) => boolean
}

/** @param hosts names that a witness should have, where they fit */
export function createRegions (budget: Budget, hosts: readonly string[]): Regions {
  const walk = createWalk(budget)
  const prefixWalk = createPrefixWalk(budget)
  const wholes = new Map<string, Range>()
  const singles = new Map<Language, Range>()

  function whole (part: string): Range {
    const known = wholes.get(part) ?? createRange(dimensionOf(part, hosts), part === 'source' ? prefixWalk : walk)
    wholes.set(part, known)
    return known
  }

  function single ({ part, language }: Atom): Range {
    const known = singles.get(language)
    if (known !== undefined) return known
    const range = whole(part).narrowed([language], [])
    singles.set(language, range)
    return range
  }

  function narrow (region: Region, required: readonly Atom[], forbidden: readonly Atom[]): Region | undefined {
    const next = new Map(region)
    for (const part of new Set([...required, ...forbidden].map(atom => atom.part))) {
      const more = required.filter(atom => atom.part === part)
      const less = forbidden.filter(atom => atom.part === part)
      const old = region.get(part)
      const [first, second] = more
      const isSingle = old === undefined && less.length === 0 && first !== undefined && second === undefined
      const range = isSingle ? single(first) : (old ?? whole(part)).narrowed(more.map(languageOf), less.map(languageOf))
      if (!range.isPossible()) return undefined
      next.set(part, range)
    }
    return next
  }

  function mayMeet (one: Box, other: Box): boolean {
    const agree = (atom: Atom, second: Atom): boolean => {
      return atom.part !== second.part || whole(atom.part).isMany || single(atom).meets(second.language)
    }
    return one.every(atom => other.every(second => agree(atom, second)))
  }

  const valuesOf = (point: Point, part: string): readonly Choice[] => point.get(part) ?? whole(part).choose()

  return {
    isMany: part => whole(part).isMany,
    narrow,
    rangeOf: (region, part) => region.get(part) ?? whole(part),
    single,
    mayMeet,
    shareValue: (one, other) => isPossibleOnce(one, other, hosts, walk),
    valuesOf,
    holds: (box, point) => box.every(({ part, language }) => valuesOf(point, part).some(choice => includes(language, choice)))
  }
}

function isPossibleOnce (one: Atom, other: Atom, hosts: readonly string[], walk: Walk): boolean {
  return createRange({ ...dimensionOf(one.part, hosts), many: false }, walk, [one.language, other.language]).isPossible()
}

function languageOf ({ language }: Atom): Language {
  return language
}
