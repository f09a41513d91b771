/**
 * Reads regular expressions of the plain subset, which mean the same in every dialect: whole texts (`^…$`), literals, `.`, classes,
 * groups, alternation and `*`, `+`, `?`, `{n,m}`.
 */
import { charsOf, choice, empty, repeat, sequence, type Expression } from './expression.js'

/** So many parts an expression may have once its repetitions are written out; AWS takes 128 characters. */
const partsMax = 500

const digits = '0123456789'
const letters = 'abcdefghijklmnopqrstuvwxyz'
const shorthands: Readonly<Record<string, string>> = { d: digits, w: digits + letters + letters.toUpperCase() + '_' }

/** The expression says something that dialects read in different ways, or that is not read here. */
class NotPlain extends Error {}

/** How far the text is read, and how many parts it has so far. */
interface Reader {
  readonly text: string
  at: number
  parts: number
}

/** Undefined for an expression that is not of the plain subset. */
export function parseRegex (text: string): Expression | undefined {
  if (!/^\^[ -~]*\$$/.test(text) || text.length > partsMax) return undefined
  const reader: Reader = { text: text.slice(1, -1), at: 0, parts: 0 }
  try {
    const expression = branch(reader)
    // An alternative beside the anchors would be anchored at one end only.
    return reader.at === reader.text.length ? expression : undefined
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

function fail (): never {
  throw new NotPlain()
}

function peek ({ text, at }: Reader): string {
  return text.charAt(at)
}

function next (reader: Reader): string {
  const char = peek(reader)
  if (char === '') fail()
  reader.at++
  return char
}

function take (reader: Reader, char: string): boolean {
  if (peek(reader) !== char) return false
  reader.at++
  return true
}

function alternatives (reader: Reader): Expression {
  let expression = branch(reader)
  while (take(reader, '|')) expression = choice(expression, branch(reader))
  return expression
}

function branch (reader: Reader): Expression {
  const pieces: Expression[] = []
  while (!['', '|', ')'].includes(peek(reader))) pieces.push(quantified(reader))
  return pieces.reduceRight((rest, piece) => sequence(piece, rest), empty)
}

function quantified (reader: Reader): Expression {
  const before = reader.parts
  const inner = atom(reader)
  const bounds = boundsOf(reader)
  if (bounds === undefined) return inner
  // A lazy one takes the same texts; a possessive one does not.
  take(reader, '?')
  if (/[*+?{]/.test(peek(reader))) fail()
  const [least, most] = bounds
  reader.parts += (reader.parts - before) * (most ?? least + 1)
  if (reader.parts > partsMax) fail()
  let expression = most === undefined ? repeat(inner) : empty
  for (let done = most ?? least; done > least; done--) expression = choice(empty, sequence(inner, expression))
  for (let done = 0; done < least; done++) expression = sequence(inner, expression)
  return expression
}

/** How often something may come: undefined where nothing is said, and for an end that is open. */
function boundsOf (reader: Reader): readonly [least: number, most: number | undefined] | undefined {
  if (take(reader, '*')) return [0, undefined]
  if (take(reader, '+')) return [1, undefined]
  if (take(reader, '?')) return [0, 1]
  if (peek(reader) !== '{') return undefined
  const [found, least = '', comma, most = ''] = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(reader.text.slice(reader.at)) ?? []
  if (found === undefined) return fail()
  reader.at += found.length
  const bounds = [Number(least), comma === undefined ? Number(least) : most === '' ? undefined : Number(most)] as const
  return bounds[1] !== undefined && bounds[1] < bounds[0] ? fail() : bounds
}

function atom (reader: Reader): Expression {
  if (++reader.parts > partsMax) fail()
  const char = next(reader)
  switch (char) {
    case '.': return charsOf('', true)
    case '[': return characterClass(reader)
    case '(': return group(reader)
    case '\\': return charsOf(escaped(reader))
    case '^': case '$': case '*': case '+': case '?': case '{': case '}': case ']': return fail()
    default: return charsOf(char)
  }
}

function group (reader: Reader): Expression {
  // Other groups with a question mark look around or set flags.
  if (take(reader, '?') && !take(reader, ':')) fail()
  const inner = alternatives(reader)
  return take(reader, ')') ? inner : fail()
}

/** What stands after a backslash: a class of its own, or a character that is no letter or digit. */
function escaped (reader: Reader): string {
  const char = next(reader)
  if (Object.hasOwn(shorthands, char)) return shorthands[char] ?? ''
  return /^[ -/:-@[-`{-~]$/.test(char) ? char : fail()
}

function characterClass (reader: Reader): Expression {
  const isNegated = take(reader, '^')
  let members = ''
  while (members === '' || !take(reader, ']')) {
    const first = classMember(reader)
    const isRange = peek(reader) === '-' && reader.text[reader.at + 1] !== ']'
    members += isRange ? range(first, reader) : first
  }
  return charsOf(members, isNegated)
}

/** One member of a class; what some dialects read as a class within a class, or as an intersection, is none. */
function classMember (reader: Reader): string {
  const char = next(reader)
  if (char === '[' || char === ']' || (char === '&' && peek(reader) === '&')) fail()
  return char === '\\' ? escaped(reader) : char
}

function range (first: string, reader: Reader): string {
  next(reader)
  const last = classMember(reader)
  const [low, high] = [first.charCodeAt(0), last.charCodeAt(0)]
  if (first.length !== 1 || last.length !== 1 || low > high) fail()
  return String.fromCharCode(...Array.from({ length: high - low + 1 }, (_, step) => low + step))
}
