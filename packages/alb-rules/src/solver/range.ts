/** What one part of a request may still be, after some conditions were taken and others ruled out. */
import { matches, mayMeet, samplesOf, type Glob } from './pattern.js'
import type { Dimension } from './shapes.js'
import { fitsShape, type Shape, type Walk } from './walk.js'

/**
 * The values of one part that meet a condition: those that a pattern matches, and those that carry a mark.
 * A mark stands for something that cannot be read, such as a regular expression: any value may carry it or not.
 */
export interface Language {
  /** The same for the same language. */
  readonly key: string
  readonly globs: readonly Glob[]
  readonly marks: readonly string[]
}

/** One value of a part of a request, with the marks that it carries. */
export interface Choice {
  readonly text: string
  readonly marks: readonly string[]
}

export interface Range {
  /** Conditions on a part that can be there several times may be met by different occurrences. */
  readonly isMany: boolean
  /** Whether any value is left. */
  readonly isPossible: () => boolean
  /** Whether some of it is in the language too. */
  readonly meets: (language: Language) => boolean
  /** Whether some of it is not in the language. */
  readonly leaves: (language: Language) => boolean
  readonly narrowed: (required: readonly Language[], forbidden: readonly Language[]) => Range
  /** Values for a request in this range; none where a part that may be absent need not be there. */
  readonly choose: () => readonly Choice[]
  /** The same, of values that were met already where there are some, however they look. */
  readonly some: () => readonly Choice[]
}

export function createLanguage (globs: readonly Glob[], marks: readonly string[] = []): Language {
  const [sortedGlobs, sortedMarks] = [[...new Set(globs)].sort(), [...new Set(marks)].sort()]
  return { key: JSON.stringify([sortedGlobs, sortedMarks]), globs: sortedGlobs, marks: sortedMarks }
}

export function includes ({ globs, marks }: Language, choice: Choice): boolean {
  return globs.some(glob => matches(glob, choice.text)) || marks.some(mark => choice.marks.includes(mark))
}

/** How many values a range remembers. */
const samplesMax = 24

/** A range of a part; of a part that can be there several times, each required language has an occurrence of its own. */
export function createRange (
  dimension: Dimension,
  walk: Walk,
  required: readonly Language[] = [],
  forbidden: readonly Language[] = [],
  known: readonly string[] = []
): Range {
  const samples = [...known, ...known.length < samplesMax ? fresh(required, dimension.shape) : []]
  const { find, shortest } = createFinder(dimension, walk, samples)
  const met = new Map<string, boolean>()
  const left = new Map<string, boolean>()

  function isPossible (): boolean {
    return dimension.many ? required.every(language => find([language], forbidden) !== undefined) : find(required, forbidden) !== undefined
  }

  function meets (language: Language): boolean {
    return remembered(met, language.key, () => {
      if (!dimension.many && required.some(other => areApart(other, language))) return false
      if (dimension.joins !== undefined && isMetByJoined(language, dimension.joins)) return true
      return find(dimension.many ? [language] : [...required, language], forbidden) !== undefined
    })
  }

  /** Most patterns that meet at all do so in what one of them takes followed by what the other takes. */
  function isMetByJoined (language: Language, start: string): boolean {
    const inside = [...required, language]
    const isMet = (joined: string): boolean => {
      const text = joined.startsWith(start) ? joined : start + joined
      return fits(text, inside, forbidden) && fitsShape(text, dimension.shape)
    }
    const others = shortOf(language)
    return required.some(one => shortOf(one).some(text => others.some(other => isMet(text + other) || isMet(other + text))))
  }

  function leaves (language: Language): boolean {
    return remembered(left, language.key, () => {
      if (dimension.many) return required.every(other => find([other], [...forbidden, language]) !== undefined)
      return find(required, [...forbidden, language]) !== undefined
    })
  }

  function narrowed (more: readonly Language[], less: readonly Language[]): Range {
    return createRange(dimension, walk, [...required, ...more], [...forbidden, ...less], samples.filter(text => fits(text, more, less)))
  }

  let chosen: readonly Choice[] | undefined
  let quick: readonly Choice[] | undefined

  function choose (): readonly Choice[] {
    return (chosen ??= choicesOf(dimension, required, forbidden, languages => fineText(dimension, languages, forbidden, shortest)))
  }

  function some (): readonly Choice[] {
    return (quick ??= choicesOf(dimension, required, forbidden, languages => find(languages, forbidden) ?? ''))
  }

  return { isMany: dimension.many, isPossible, meets, leaves, narrowed, choose, some }
}

/** A value that meets all required languages; where there can be several values, as many as it takes. */
function choicesOf (
  { many }: Dimension,
  required: readonly Language[],
  forbidden: readonly Language[],
  textOf: (languages: readonly Language[]) => string
): readonly Choice[] {
  const marksOf = (languages: readonly Language[]): string[] => languages.flatMap(language => freeMark(language, forbidden) ?? [])
  const choice = (languages: readonly Language[]): Choice => ({ text: textOf(languages), marks: marksOf(languages) })
  if (!many) return [choice(required)]
  const choices: Choice[] = []
  for (const language of required) {
    if (!choices.some(one => includes(language, one))) choices.push(choice([language]))
  }
  return choices
}

/** A value that people like to read. */
function fineText (
  { examples, fine, shape, polish }: Dimension,
  languages: readonly Language[],
  forbidden: readonly Language[],
  shortest: Finder['shortest']
): string {
  const isGood = (text: string | undefined): text is string => text !== undefined && fits(text, languages, forbidden)
  const short = (within: Shape): string | undefined => shortest(languages, forbidden, within)
  const text = examples.find(isGood) ?? short(fine ?? shape) ?? short(shape) ?? ''
  const polished = polish?.(text)
  return isGood(polished) ? polished : text
}

interface Finder {
  /** Some value in all of the first languages and none of the second. */
  readonly find: (inside: readonly Language[], outside: readonly Language[]) => string | undefined
  /** The shortest one of a shape. */
  readonly shortest: (inside: readonly Language[], outside: readonly Language[], shape: Shape) => string | undefined
}

/** @param samples values that are known; most questions are answered by one of them, and what is found is added */
function createFinder (dimension: Dimension, walk: Walk, samples: string[]): Finder {
  function shortest (inside: readonly Language[], outside: readonly Language[], shape: Shape): string | undefined {
    const groups = inside.filter(language => freeMark(language, outside) === undefined).map(language => language.globs)
    return walk({ required: groups, forbidden: outside.map(language => language.globs), shape })
  }

  function find (inside: readonly Language[], outside: readonly Language[]): string | undefined {
    const sample = samples.find(text => fits(text, inside, outside))
    if (sample !== undefined) return sample
    const found = shortest(inside, outside, dimension.shape)
    if (found !== undefined && samples.length < samplesMax) samples.push(found)
    return found
  }

  return { find, shortest }
}

/** Texts that may answer a question without a walk. */
function fresh (required: readonly Language[], shape: Shape): readonly string[] {
  const texts = required.flatMap(({ globs }) => globs.slice(0, 5).flatMap(samplesOf))
  return [...new Set(texts)].filter(text => fitsShape(text, shape))
}

const shortSamples = new WeakMap<Language, readonly string[]>()

/** The shortest texts of a few of its patterns. */
function shortOf (language: Language): readonly string[] {
  const known = shortSamples.get(language) ?? language.globs.slice(0, 5).flatMap(glob => samplesOf(glob).slice(0, 1))
  shortSamples.set(language, known)
  return known
}

function fits (text: string, inside: readonly Language[], outside: readonly Language[]): boolean {
  const has = ({ globs }: Language): boolean => globs.some(glob => matches(glob, text))
  return inside.every(language => freeMark(language, outside) !== undefined || has(language)) && !outside.some(has)
}

/** A mark that the value may carry: then the patterns of the language need not match. */
function freeMark ({ marks }: Language, forbidden: readonly Language[]): string | undefined {
  return marks.find(mark => !forbidden.some(other => other.marks.includes(mark)))
}

/** A quick no, before anything is computed. */
function areApart (one: Language, other: Language): boolean {
  return one.marks.length === 0 && other.marks.length === 0 && !one.globs.some(glob => other.globs.some(second => mayMeet(glob, second)))
}

function remembered (answers: Map<string, boolean>, key: string, ask: () => boolean): boolean {
  const known = answers.get(key)
  if (known !== undefined) return known
  const answer = ask()
  answers.set(key, answer)
  return answer
}
