/** What the conditions of a rule say about the parts of a request, in the words of the solver. */
import { atomOf } from '../conditions.js'
import type { Rule } from '../model.js'
import { everything } from '../solver/pattern.js'
import { createLanguage } from '../solver/range.js'
import type { Box } from '../solver/box.js'

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
