/** A condition of a kind that is not known, or that says something in words that are not: true or false, and nobody can say when. */
import { canonical, type Cursor } from '../cursor.js'
import { createLanguage } from '../solver/range.js'
import type { Behaviour, Unknown } from './kind.js'

export const unknown: Behaviour<Unknown> = {
  text: ({ field }) => `${field} (unknown kind)`,
  unknowns: ({ field }) => [`the condition ${field}`],
  atom: ({ text }) => ({ part: `unknown:${text}`, language: createLanguage([], [text]) }),
  holds: () => undefined,
  seen: () => 'unknown',
  limits: () => [],
  write: ({ text }) => JSON.parse(text) as unknown
}

/** @param cursor the condition */
export function unknownCondition (field: string, cursor: Cursor): Unknown {
  return { kind: 'unknown', field, text: canonical(cursor.value) }
}
