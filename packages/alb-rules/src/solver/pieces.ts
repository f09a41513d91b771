/**
 * A quick proof that boxes take everything: piece by piece, one pattern of each condition, where a single box takes each
 * piece. It may fail where there is another proof.
 */
import type { Budget } from './budget.js'
import { covers, mayMeet, type Glob } from './pattern.js'
import type { Atom, Box } from './box.js'

/** Patterns of one part that a request meets all of, by part. */
type Piece = ReadonlyMap<string, readonly Glob[]>

/** More pieces than this are not worth the look. */
const piecesMax = 64

/**
 * Whether each piece of what all conditions take is in one of the boxes.
 * @param isMany parts that can be there several times: conditions on them may be met by different occurrences, so they are no pieces
 */
export function areCovered (conditions: Box, boxes: readonly Box[], isMany: (part: string) => boolean, budget: Budget): boolean {
  const single = conditions.filter(({ part }) => !isMany(part))
  if (boxes.length === 0 || single.some(({ language }) => language.marks.length > 0)) return false
  let pieces: readonly Piece[] = [new Map()]
  for (const { part, language } of single) {
    pieces = pieces.flatMap(piece => language.globs.flatMap(glob => added(piece, part, glob)))
    if (pieces.length > piecesMax) return false
  }
  return pieces.every(piece => {
    const takes = ({ part, language }: Atom): boolean => {
      const own = piece.get(part)
      return own !== undefined && language.globs.some(glob => own.some(one => covers(glob, one)))
    }
    const at = boxes.findIndex(box => box.every(takes))
    budget.spend(at < 0 ? boxes.length : 1 + at)
    return at >= 0
  })
}

function added (piece: Piece, part: string, glob: Glob): readonly Piece[] {
  const old = piece.get(part) ?? []
  return old.every(other => mayMeet(glob, other)) ? [new Map([...piece, [part, [...old, glob]]])] : []
}
