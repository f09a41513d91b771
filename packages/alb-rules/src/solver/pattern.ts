/** The patterns of a load balancer: their reading, matching, and what is left of one after some characters. */

/** A compiled pattern: literal characters and two stand-ins for the wildcards. What is left of one after some characters is one again. */
export type Glob = string

const star = '\u0000'
/** Stands for any one character in a compiled pattern. */
export const any = '\u0001'
/** Stands between the key and the value of a query pair; no request can hold it. */
export const separator = '\u0002'

/** The pattern that everything matches. */
export const everything: Glob = star

/** Characters that this file uses for itself; no request can hold them. */
const reserved = new RegExp(`[${star}-\u0004]`, 'g')

const wildcards = new RegExp(`[${star}${any}]+`, 'g')

/** Reads a pattern as AWS writes it; `escapes` is the `\*` and `\?` of query strings. */
export function compile (text: string, escapes = false): Glob {
  const tokens = escapes ? /\\([*?])|[*?]/g : /[*?]/g
  const read = (token: string, escaped: unknown): string => typeof escaped === 'string' ? escaped : token === '*' ? star : any
  return ordered(literal(text).replace(tokens, read))
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
  return fits(glob, other, (token, char) => token === char || (token === any && char !== star))
}

/** False only where no text can match both, told from how they begin and end. */
export function mayMeet (one: Glob, other: Glob): boolean {
  return agree(one, other, at => at) && agree(one, other, at => -1 - at)
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
  return ['', 'a', 'zq'].map(filler => glob.replaceAll(star, filler).replaceAll(any, 'a'))
}

/** What is left of a pattern after one character: of one that begins with a star, itself too. */
function steps (glob: Glob, char: string): readonly Glob[] {
  const { startsWithStar, head } = headOf(glob)
  const rest = head === char || head === any ? [glob.slice(startsWithStar ? 2 : 1)] : []
  return startsWithStar ? [glob, ...rest] : rest
}

/** The first token that is not a star: a character, the stand-in for any, or nothing. */
export function headOf (glob: Glob): { readonly startsWithStar: boolean, readonly head: string | undefined } {
  const startsWithStar = glob[0] === star
  return { startsWithStar, head: startsWithStar ? glob[1] : glob[0] }
}

/** Whether nothing more has to come. */
export function isDone (glob: Glob): boolean {
  return glob === '' || glob === star
}

/** Of a run of wildcards the single characters first: one spelling for one language. */
function ordered (glob: Glob): Glob {
  return glob.replace(wildcards, run => any.repeat(run.split(any).length - 1) + (run.includes(star) ? star : ''))
}

function reversed (glob: Glob): Glob {
  return ordered(glob.split('').reverse().join(''))
}
