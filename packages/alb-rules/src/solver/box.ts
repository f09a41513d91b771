/** What the solver is asked about: conditions, boxes of requests that meet several, and the requests that it finds. */
import type { Choice, Language } from './range.js'

/** One condition: some value of a part of the request is in a language. */
export interface Atom {
  /** As `dimensionOf` names it. */
  readonly part: string
  readonly language: Language
}

/** The requests that meet every one of some conditions. */
export type Box = readonly Atom[]

/** A request, as far as some boxes look at it: the values of its parts. */
export type Point = ReadonlyMap<string, readonly Choice[]>
