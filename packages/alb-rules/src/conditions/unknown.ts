/** A condition of a kind that is not known, or that says something in words that are not: true or false, and nobody can say when. */
import { canonical, type Cursor } from '../cursor.js'
import { createLanguage } from '../solver/range.js'
import type { Behaviour, Unknown } from './kind.js'

export const unknown: Behaviour<Unknown> = {
  text: ({ field, isMember }) => `${field} (unknown ${isMember === true ? 'member' : 'kind'})`,
  unknowns: ({ field, isMember }) => [`the ${isMember === true ? 'member' : 'condition'} ${field}`],
  atom: ({ text }) => ({ part: `unknown:${text}`, language: createLanguage([], [text]) }),
  holds: () => undefined,
  seen: () => 'unknown',
  limits: () => [],
  refused: () => [],
  write: ({ text }) => JSON.parse(text) as unknown
}

/** A member of a rule; as the condition that it may be, its text is an object with that member alone. */
export function unknownMember (name: string, value: unknown): Unknown {
  return { kind: 'unknown', field: name, text: canonical({ [name]: value }), isMember: true }
}

/** @param cursor the condition */
export function unknownCondition (field: string, cursor: Cursor): Unknown {
  return { kind: 'unknown', field, text: canonical(cursor.value) }
}
