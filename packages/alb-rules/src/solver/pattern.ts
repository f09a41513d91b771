/** The patterns of a load balancer: their reading, matching, and what is left of one after some characters. */

import {
  afterChar, backwards, expressionOf, ignoresCase, literalOf, mayEnd, namedNext, prefixOf, sequence, takes, type Expression
} from './expression.js'
import { parseRegex } from './regex.js'

/**
 * A compiled pattern: literal characters and two stand-ins for the wildcards, or the number of a regular expression. What is left
 * of one after some characters is one again, or a few.
 */
export type Glob = string

const star = '\u0000'
/** Stands for any one character in a compiled pattern. */
export const any = '\u0001'
/** Stands between the key and the value of a query pair; no request can hold it. */
export const separator = '\u0002'

/** The pattern that everything matches. */
export const everything: Glob = star

/** Stands before the number of a regular expression. */
const regexSign = '\u0004'

/** Characters that this file uses for itself; no request can hold them. */
const reserved = new RegExp(`[${star}-\u0004]`, 'g')

const wildcards = new RegExp(`[${star}${any}]+`, 'g')

/** Reads a pattern as AWS writes it; `escapes` is the `\*` and `\?` of query strings. */
export function compile (text: string, escapes = false): Glob {
  const tokens = escapes ? /\\([*?])|[*?]/g : /[*?]/g
  const read = (token: string, escaped: unknown): string => typeof escaped === 'string' ? escaped : token === '*' ? star : any
  return ordered(literal(text).replace(tokens, read))
}

const compiledRegexes = new Map<string, Glob | undefined>()

/**
 * Reads a regular expression; undefined for one that is not of the plain subset, or whose case matters where the text is
 * compared without it.
 */
export function compileRegex (text: string, isFolded: boolean): Glob | undefined {
  const key = `${isFolded} ${text}`
  if (compiledRegexes.has(key)) return compiledRegexes.get(key)
  const expression = parseRegex(text)
  const glob = expression === undefined || (isFolded && !ignoresCase(expression)) ? undefined : globOf(expression)
  compiledRegexes.set(key, glob)
  return glob
}

export function isRegex (glob: Glob): boolean {
  return glob.startsWith(regexSign)
}

function regexOf (glob: Glob): Expression {
  return expressionOf(Number(glob.slice(1)))
}

/** The expression as a pattern; what is plain text or takes everything is one without a number. */
function globOf (expression: Expression): Glob {
  const { text, isAll } = prefixOf(expression)
  if (isAll) return literal(text)
  const isEverything = expression.kind === 'repeat' && expression.inner.kind === 'chars' && expression.inner.chars.isNegated &&
    expression.inner.chars.members === ''
  return isEverything ? everything : regexSign + String(expression.id)
}

/** The pattern of a text followed by what another pattern matches. */
export function prefixed (text: string, glob: Glob): Glob {
  return isRegex(glob) ? globOf(sequence(literalOf(text), regexOf(glob))) : literal(text) + glob
}

/** The pattern that one text matches. */
export function literal (text: string): Glob {
  return text.replace(reserved, '\uFFFD')
}

/** A to Z as a to z; other letters stay, for HTTP folds no others. */
export function fold (text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

export function matches (glob: Glob, text: string): boolean {
  if (isRegex(glob)) return takes(regexOf(glob), text)
  return fits(glob, text, (token, char) => token === any || token === char)
}

function fits (glob: Glob, text: string, isSame: (token: string | undefined, char: string | undefined) => boolean): boolean {
  let at = 0
  let from = 0
  let starAt = -1
  let starFrom = 0
  while (from < text.length) {
    if (glob[at] === star) {
      starAt = at++
      starFrom = from
    } else if (isSame(glob[at], text[from])) {
      at++
      from++
    } else if (starAt >= 0) {
      at = starAt + 1
      from = ++starFrom
    } else {
      return false
    }
  }
  return isDone(glob.slice(at))
}

/**
 * True only where every text that the other pattern matches is matched: told by reading the other as a text, in which
 * only a star takes a star.
 */
export function covers (glob: Glob, other: Glob): boolean {
  if (glob === other || glob === everything) return true
  if (isRegex(glob)) return !isRegex(other) && !hasWildcard(other) && matches(glob, other)
  if (isRegex(other)) return glob.endsWith(star) && covers(glob, prefixOf(regexOf(other)).text + star)
  return fits(glob, other, (token, char) => token === char || (token === any && char !== star))
}

/** False only where no text can match both, told from how they begin and end. */
export function mayMeet (one: Glob, other: Glob): boolean {
  if (isRegex(one) || isRegex(other)) return agree(outlineOf(one), outlineOf(other), at => at)
  return agree(one, other, at => at) && agree(one, other, at => -1 - at)
}

/** A pattern that takes all that the other takes, and perhaps more. */
function outlineOf (glob: Glob): Glob {
  return isRegex(glob) ? prefixOf(regexOf(glob)).text + star : glob
}

function hasWildcard (glob: Glob): boolean {
  return glob.includes(star) || glob.includes(any)
}

/** Whether two patterns agree from one end on, up to the first star. */
function agree (one: Glob, other: Glob, position: (at: number) => number): boolean {
  for (let at = 0; ; at++) {
    const [left, right] = [one.at(position(at)), other.at(position(at))]
    if (left === star || right === star) return true
    if (left === undefined || right === undefined) return left === right
    if (left !== right && left !== any && right !== any) return false
  }
}

/** What is left of a pattern after a text that may stand before the rest: again patterns, any of which the rest has to match. */
export function after (glob: Glob, text: string): readonly Glob[] {
  let rests = new Set([glob])
  for (const char of text.split('')) rests = new Set([...rests].flatMap(rest => steps(rest, char)))
  return [...rests]
}

/** The same from the other end. */
export function before (glob: Glob, text: string): readonly Glob[] {
  return after(reversed(glob), reversed(text)).map(reversed)
}

/** A few texts that the pattern matches. */
export function samplesOf (glob: Glob): readonly string[] {
  if (isRegex(glob)) return []
  return ['', 'a', 'zq'].map(filler => glob.replaceAll(star, filler).replaceAll(any, 'a'))
}

/** What is left of a pattern after one character: of one that begins with a star, itself too. */
export function steps (glob: Glob, char: string): readonly Glob[] {
  if (isRegex(glob)) return afterChar(regexOf(glob), char).map(globOf)
  const { startsWithStar, head } = headOf(glob)
  const rest = head === char || head === any ? [glob.slice(startsWithStar ? 2 : 1)] : []
  return startsWithStar ? [glob, ...rest] : rest
}

/** The first token that is not a star: a character, the stand-in for any, or nothing. */
export function headOf (glob: Glob): { readonly startsWithStar: boolean, readonly head: string | undefined } {
  const startsWithStar = glob[0] === star
  return { startsWithStar, head: startsWithStar ? glob[1] : glob[0] }
}

/** The characters that a pattern names next; all others lead to the same. */
export function namedBy (glob: Glob): string {
  if (isRegex(glob)) return namedNext(regexOf(glob))
  const { head } = headOf(glob)
  return head === undefined || head === any ? '' : head
}

/** Whether nothing more has to come. */
export function isDone (glob: Glob): boolean {
  if (isRegex(glob)) return mayEnd(regexOf(glob))
  return glob === '' || glob === star
}

/** Of a run of wildcards the single characters first: one spelling for one language. */
function ordered (glob: Glob): Glob {
  return glob.replace(wildcards, run => any.repeat(run.split(any).length - 1) + (run.includes(star) ? star : ''))
}

function reversed (glob: Glob): Glob {
  if (isRegex(glob)) return globOf(backwards(regexOf(glob)))
  return ordered(glob.split('').reverse().join(''))
}
