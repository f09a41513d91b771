/** Whether two rules can meet in a request only where it holds a header or a key of its query twice, with two values. */
import type { Condition } from '../conditions.js'
import { fold } from '../solver/pattern.js'
import type { Analysis, Entry } from './analysis.js'

/** What would have to come twice, in words; undefined where the two meet in other requests too. */
export function comesTwice (one: Entry, other: Entry, { solver }: Pick<Analysis, 'solver'>): string | undefined {
  for (const [at, condition] of one.rule.conditions.entries()) {
    for (const [otherAt, second] of other.rule.conditions.entries()) {
      const name = sharedName(condition, second)
      const [atom, otherAtom] = [one.box[at], other.box[otherAt]]
      if (name === undefined || atom === undefined || otherAtom === undefined) continue
      if (!solver.shareValue(atom, otherAtom)) return name
    }
  }
  return undefined
}

/** The one header, or the one key, that both conditions look at; undefined where they may look at two. */
function sharedName (one: Condition, other: Condition): string | undefined {
  if (one.kind === 'http-header' && other.kind === 'http-header') {
    return fold(one.name) === fold(other.name) ? `the header ${one.name}` : undefined
  }
  if (one.kind !== 'query-string' || other.kind !== 'query-string') return undefined
  const keys = new Set([...one.pairs, ...other.pairs].map(({ key }) => key === undefined ? undefined : fold(key)))
  const [key] = keys
  return keys.size === 1 && key !== undefined && !/[*?]/.test(key) ? `the key ${key} of the query` : undefined
}
