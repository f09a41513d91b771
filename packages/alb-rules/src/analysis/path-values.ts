/** The path patterns of rules one by one, and what a rule would take if one of its path conditions said something else. */
import type { Subject } from '../check.js'
import type { Condition } from '../conditions.js'
import type { Rule } from '../model.js'
import { numbered, type Entry, type ListenerView } from './analysis.js'
import { extentOf, type Extent } from './extent.js'

/** One value of a path condition, with where it stands. */
export interface PathValue {
  readonly view: ListenerView
  readonly entry: Entry
  readonly condition: Condition
  readonly value: string
}

export function pathValues ({ views }: Pick<Subject, 'views'>): readonly PathValue[] {
  return views.flatMap(view => numbered(view).flatMap(entry => entry.rule.conditions.flatMap(condition => {
    return condition.kind === 'path-pattern' ? condition.values.map(value => ({ view, entry, condition, value })) : []
  })))
}

/** What the rule would take if one of its path conditions had other values. */
export function withPaths (rule: Rule, condition: Condition, values: readonly string[]): Extent {
  const conditions = rule.conditions.map(other => other === condition ? { kind: 'path-pattern' as const, values, regexes: [] } : other)
  return extentOf({ ...rule, conditions })
}
