/** What the conditions of a rule say about the parts of a request, in the words of the solver. */
import { rangeBits } from '../solver/address.js'
import { compile, everything, fold, literal, separator, type Glob } from '../solver/pattern.js'
import { createLanguage } from '../solver/range.js'
import { isSendable, type Condition, type Pair, type Rule } from '../model.js'
import type { Atom, Box } from '../solver/solver.js'

/** What a rule takes. Where something in it cannot be read, what it takes for certain and what it may take differ. */
export interface Extent {
  /** With marks for what cannot be read. */
  readonly box: Box
  /** What it takes whatever the marks stand for. */
  readonly certain: Box
  /** What it could take. */
  readonly possible: Box
  readonly isCertain: boolean
}

export function extentOf ({ conditions }: Pick<Rule, 'conditions'>): Extent {
  const box = conditions.map(atomOf)
  if (box.every(({ language }) => language.marks.length === 0)) return { box, certain: box, possible: box, isCertain: true }
  return {
    box,
    certain: box.map(({ part, language }) => ({ part, language: createLanguage(language.globs) })),
    possible: box.map(({ part, language }) => ({ part, language: language.marks.length === 0 ? language : createLanguage([everything]) })),
    isCertain: false
  }
}

export function atomOf (condition: Condition): Atom {
  switch (condition.kind) {
    case 'host-header': return atom('host', condition.values.map(value => compile(fold(value))), condition.regexes)
    case 'path-pattern': return atom('path', condition.values.map(value => compile(value)), condition.regexes)
    case 'http-request-method': return atom('method', condition.values.map(literal), condition.regexes)
    case 'http-header': return atom(`header:${fold(condition.name)}`, condition.values.map(value => compile(fold(value))), condition.regexes)
    case 'source-ip': return atom('source', condition.values.map(value => (rangeBits(value) ?? '') + everything), condition.regexes)
    case 'query-string': return atom('query', condition.pairs.filter(isSendable).map(pairGlob), condition.pairs.filter(pair => !isSendable(pair)).map(pair => JSON.stringify(pair)))
    case 'unknown': return atom(`unknown:${condition.text}`, [], [condition.text])
  }
}

/** The pattern of a query pair; a key that is not told can be any. */
export function pairGlob ({ key, value }: Pair): Glob {
  return (key === undefined ? everything : compile(fold(key), true)) + separator + compile(fold(value), true)
}

function atom (part: string, globs: readonly Glob[], marks: readonly string[]): Atom {
  return { part, language: createLanguage(globs, marks) }
}
