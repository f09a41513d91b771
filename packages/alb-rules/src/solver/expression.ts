/** Regular expressions as values. What is left of one after a character is a few of them again (Antimirov's partial derivatives). */

/** A set of characters; those of requests are printable ASCII and, in headers, more. */
interface Chars {
  readonly members: string
  readonly isNegated: boolean
}

/** Equal expressions are the same object. */
export type Expression =
  | { readonly id: number, readonly kind: 'empty' }
  | { readonly id: number, readonly kind: 'chars', readonly chars: Chars }
  | { readonly id: number, readonly kind: 'sequence', readonly first: Expression, readonly rest: Expression }
  | { readonly id: number, readonly kind: 'choice', readonly one: Expression, readonly other: Expression }
  | { readonly id: number, readonly kind: 'repeat', readonly inner: Expression }

type Shape = Expression extends infer Kind ? Kind extends Expression ? Omit<Kind, 'id'> : never : never

const known = new Map<string, Expression>()
const all: Expression[] = []

export function expressionOf (id: number): Expression {
  return all[id] ?? empty
}

function made (key: string, shape: Shape): Expression {
  const old = known.get(key)
  if (old !== undefined) return old
  const expression = { ...shape, id: all.length } as Expression
  all.push(expression)
  known.set(key, expression)
  return expression
}

export const empty = made('', { kind: 'empty' })

export function charsOf (members: string, isNegated = false): Expression {
  const sorted = [...new Set(members)].sort().join('')
  return made(`chars ${isNegated} ${sorted}`, { kind: 'chars', chars: { members: sorted, isNegated } })
}

export function sequence (first: Expression, rest: Expression): Expression {
  if (first === empty) return rest
  if (rest === empty) return first
  if (first.kind === 'sequence') return sequence(first.first, sequence(first.rest, rest))
  return made(`sequence ${first.id} ${rest.id}`, { kind: 'sequence', first, rest })
}

export function choice (one: Expression, other: Expression): Expression {
  if (one === other) return one
  const [low, high] = one.id < other.id ? [one, other] : [other, one]
  return made(`choice ${low.id} ${high.id}`, { kind: 'choice', one: low, other: high })
}

export function repeat (inner: Expression): Expression {
  if (inner === empty || inner.kind === 'repeat') return inner
  return made(`repeat ${inner.id}`, { kind: 'repeat', inner })
}

export function literalOf (text: string): Expression {
  return text.split('').reduceRight((rest, char) => sequence(charsOf(char), rest), empty)
}

/** Whether nothing more has to come. */
export function mayEnd (expression: Expression): boolean {
  switch (expression.kind) {
    case 'empty': case 'repeat': return true
    case 'chars': return false
    case 'sequence': return mayEnd(expression.first) && mayEnd(expression.rest)
    case 'choice': return mayEnd(expression.one) || mayEnd(expression.other)
  }
}

const rests = new WeakMap<Expression, Map<string, readonly Expression[]>>()

/** What may be left after one character, each once. */
export function afterChar (expression: Expression, char: string): readonly Expression[] {
  const own = rests.get(expression) ?? new Map<string, readonly Expression[]>()
  rests.set(expression, own)
  const old = own.get(char)
  if (old !== undefined) return old
  const found = [...new Set(derived(expression, char))]
  own.set(char, found)
  return found
}

function derived (expression: Expression, char: string): readonly Expression[] {
  switch (expression.kind) {
    case 'empty': return []
    case 'chars': return expression.chars.members.includes(char) === expression.chars.isNegated ? [] : [empty]
    case 'choice': return [...afterChar(expression.one, char), ...afterChar(expression.other, char)]
    case 'repeat': return afterChar(expression.inner, char).map(rest => sequence(rest, expression))
    case 'sequence': {
      const { first, rest } = expression
      const within = afterChar(first, char).map(left => sequence(left, rest))
      return mayEnd(first) ? [...within, ...afterChar(rest, char)] : within
    }
  }
}

/** What may be left of an expression after some text, and where each character leads from there. */
interface State {
  readonly left: readonly Expression[]
  readonly isEnd: boolean
  readonly steps: Map<string, State>
}

/** So many states are kept; a text that meets more of them is read without. */
const statesMax = 2000

const states = new Map<string, State>()

function stateOf (left: readonly Expression[]): State {
  const key = left.map(({ id }) => id).sort((one, other) => one - other).join()
  const old = states.get(key)
  if (old !== undefined) return old
  if (states.size >= statesMax) states.clear()
  const state: State = { left, isEnd: left.some(mayEnd), steps: new Map() }
  states.set(key, state)
  return state
}

/** Whether the whole text matches. */
export function takes (expression: Expression, text: string): boolean {
  let state = stateOf([expression])
  for (const char of text.split('')) {
    const { left, steps } = state
    const next = steps.get(char) ?? stateOf([...new Set(left.flatMap(one => afterChar(one, char)))])
    steps.set(char, next)
    state = next
  }
  return state.isEnd
}

/** The characters that are named next; all others lead to the same. */
export function namedNext (expression: Expression): string {
  switch (expression.kind) {
    case 'empty': return ''
    case 'chars': return expression.chars.members
    case 'choice': return namedNext(expression.one) + namedNext(expression.other)
    case 'repeat': return namedNext(expression.inner)
    case 'sequence': return namedNext(expression.first) + (mayEnd(expression.first) ? namedNext(expression.rest) : '')
  }
}

/** The text that all that match begin with, and whether it is all of it. */
export function prefixOf (expression: Expression): { readonly text: string, readonly isAll: boolean } {
  let [text, left] = ['', expression]
  for (;;) {
    const first = left.kind === 'sequence' ? left.first : left
    if (first.kind !== 'chars' || first.chars.isNegated || first.chars.members.length !== 1) return { text, isAll: left === empty }
    text += first.chars.members
    left = left.kind === 'sequence' ? left.rest : empty
  }
}

/** The expression of the texts read from their ends. */
export function backwards (expression: Expression): Expression {
  switch (expression.kind) {
    case 'empty': case 'chars': return expression
    case 'repeat': return repeat(backwards(expression.inner))
    case 'choice': return choice(backwards(expression.one), backwards(expression.other))
    case 'sequence': return sequence(backwards(expression.rest), backwards(expression.first))
  }
}

/** Whether it takes the capital and the small form of a letter alike, wherever it takes one. */
export function ignoresCase (expression: Expression): boolean {
  switch (expression.kind) {
    case 'empty': return true
    case 'repeat': return ignoresCase(expression.inner)
    case 'choice': return ignoresCase(expression.one) && ignoresCase(expression.other)
    case 'sequence': return ignoresCase(expression.first) && ignoresCase(expression.rest)
    case 'chars': {
      const { members } = expression.chars
      return [...members].every(char => members.includes(char.toLowerCase()) && members.includes(char.toUpperCase()))
    }
  }
}
