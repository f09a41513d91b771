/**
 * Where members and entries stand in a JSON text: values are cut out of it and left as they are written, so that no integer of 64 bits
 * loses a digit, and a name that stands twice is seen. In time linear in the text.
 */

/** From the first character of a value to the one behind its last. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What is read has one meaning only, or is refused. The message is for the caller. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

/** Python's reader fails on longer integers (4300 digits), and MLflow takes the body for an empty one then. */
const maxDigits = 4000
/** An object of a request with more members is none of MLflow's. */
const maxMembers = 10_000

const quote = 0x22
const backslash = 0x5c

/**
 * Checks that a text is JSON for Python as it is for us.
 * @throws UnreadableError
 */
export function checkJson (text: string): void {
  try { JSON.parse(text) } catch { throw new UnreadableError('The body is not JSON.') }
  let digits = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    digits = code >= 0x30 && code <= 0x39 ? digits + 1 : 0
    if (digits > maxDigits) throw new UnreadableError(`The body holds a number of more than ${maxDigits} digits.`)
  }
}

/**
 * The members of an object by their names.
 * @param text valid JSON
 * @param at where the object begins
 * @throws UnreadableError where it is no object, or a name stands twice
 */
export function membersOf (text: string, at: number = skipBlank(text, 0)): ReadonlyMap<string, Span> {
  if (text[at] !== '{') throw new UnreadableError('The body holds something else where a JSON object is expected.')
  const members = new Map<string, Span>()
  let next = skipBlank(text, at + 1)
  while (text[next] !== '}') {
    const nameEnd = endOfString(text, next)
    const name = JSON.parse(text.slice(next, nameEnd)) as string
    const start = skipBlank(text, skipBlank(text, nameEnd) + 1)
    const end = endOfValue(text, start)
    if (members.has(name)) throw new UnreadableError(`The body holds ${JSON.stringify(name.slice(0, 100))} twice.`)
    if (members.size === maxMembers) throw new UnreadableError('The body holds an object of too many members.')
    members.set(name, { start, end })
    next = skipBlank(text, end)
    if (text[next] === ',') next = skipBlank(text, next + 1)
  }
  return members
}

/**
 * The entries of an array.
 * @param text valid JSON
 * @param at where the array begins
 * @throws UnreadableError where it is none
 */
export function entriesOf (text: string, at: number): readonly Span[] {
  if (text[at] !== '[') throw new UnreadableError('The body holds something else where a JSON array is expected.')
  const entries: Span[] = []
  let start = skipBlank(text, at + 1)
  while (text[start] !== ']') {
    const end = endOfValue(text, start)
    entries.push({ start, end })
    start = skipBlank(text, end)
    if (text[start] === ',') start = skipBlank(text, start + 1)
  }
  return entries
}

function skipBlank (text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

function endOfString (text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === backslash) at++
    else if (code === quote) return at + 1
  }
  return text.length
}

function endOfValue (text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const char = text[at]
    if (char === '"') at = endOfString(text, at)
    else if (char === '{' || char === '[') { depth++; at++ } else if (char === '}' || char === ']') {
      if (depth === 0) return at
      depth--
      at++
    } else if (depth === 0 && (char === ',' || text.charCodeAt(at) <= 0x20)) return at
    else at++
    if (depth === 0 && (char === '"' || char === '}' || char === ']')) return at
  }
  return at
}

/** How deep a value may be nested that is read whole. */
const maxDepth = 30

/**
 * A value, read so that no name stands twice in it.
 * @throws UnreadableError
 */
export function readValue (text: string, { start, end }: Span, depth: number = 0): unknown {
  if (depth > maxDepth) throw new UnreadableError(`The body is nested deeper than ${maxDepth} levels.`)
  if (text[start] === '{') return Object.fromEntries([...membersOf(text, start)].map(([name, span]) => [name, readValue(text, span, depth + 1)]))
  if (text[start] === '[') return entriesOf(text, start).map(span => readValue(text, span, depth + 1))
  return JSON.parse(text.slice(start, end)) as unknown
}
