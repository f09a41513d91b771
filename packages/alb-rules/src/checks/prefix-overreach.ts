/** Finds path patterns that take more than they say, and paths that lack their bare form. */
import { numbered, type Answer, type Place, type View } from '../analysis/analysis.js'
import { extentOf, type Extent } from '../analysis/extent.js'
import type { Condition, Rule } from '../model.js'
import type { Point } from '../solver/solver.js'
import type { Found, Subject } from '../check.js'

const lettersAndDigits = [...'sabcdefghijklmnopqrtuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789']

/** Patterns that end in `*` right after a letter or digit: `/api*` takes `/apis` as well. */
export function checkPrefixes (subject: Subject): Found {
  return eachPath(subject).filter(({ value }) => /[a-z0-9]\*$/i.test(value)).map(({ view, place, condition, value }) => {
    const stem = value.slice(0, -1)
    const { analysis } = subject
    const shortest = withPaths(place.rule, condition, [stem + 's'])
    const longer = withPaths(place.rule, condition, lettersAndDigits.map(letter => stem + letter + '*'))
    const point = firstYes(() => analysis.ask([shortest], place.earlier), () => analysis.ask([longer], place.earlier), () => analysis.ask([shortest], []))
    return {
      severity: 'warning',
      listener: view.listener.label,
      rule: place.rule.priority,
      message: `Rule ${place.rule.priority} (${place.target}): ${value} takes every path that begins with ${stem}, such as ${stem}s, not only ${stem} and what is below it.`,
      fix: `Replace ${value} by the two values ${stem} and ${stem}/*.`,
      witness: point === undefined ? null : analysis.witness(point, view.listener)
    }
  })
}

/** Patterns such as `/x/*` where `/x` itself goes to another target. */
export function checkBarePaths (subject: Subject): Found {
  return eachPath(subject).flatMap(({ view, place, condition, value }) => {
    const bare = value.slice(0, -2)
    if (!value.endsWith('/*') || bare === '' || bare.endsWith('*') || subject.isReached(place).is === 'no') return []
    const asked = withPaths(place.rule, condition, [bare])
    const others = view.places.filter(other => other.key !== place.key && !leadsThere(other.rule, bare) && subject.analysis.mayMeet(asked, other))
    for (const other of others) {
      const answer = subject.analysis.ask([asked, other], other === place ? [] : [...other.earlier, place])
      if (answer.is === 'unknown' && answer.why === 'limit') subject.undecided({ listener: view.listener.label, rule: place.rule.priority, about: `where ${bare} goes`, why: 'limit', by: [] })
      if (answer.is !== 'yes') continue
      return [{
        severity: 'warning' as const,
        listener: view.listener.label,
        rule: place.rule.priority,
        message: `Rule ${place.rule.priority} (${place.target}) takes ${value} but not ${bare}: rule ${other.rule.priority} takes it, and it goes to ${other.target}.`,
        fix: `Add the value ${bare} to the path-pattern condition of rule ${place.rule.priority}.`,
        witness: subject.analysis.witness(answer.point, view.listener)
      }]
    }
    return []
  })
}

/** The best example is a request that the rule really takes. */
function firstYes (...questions: ReadonlyArray<() => Answer>): Point | undefined {
  for (const question of questions) {
    const answer = question()
    if (answer.is === 'yes') return answer.point
  }
  return undefined
}

interface PathValue {
  readonly view: View
  readonly place: Place
  readonly condition: Condition
  readonly value: string
}

function eachPath ({ views }: Subject): readonly PathValue[] {
  return views.flatMap(view => numbered(view).flatMap(place => place.rule.conditions.flatMap(condition => {
    return condition.kind === 'path-pattern' ? condition.values.map(value => ({ view, place, condition, value })) : []
  })))
}

/** What the rule would take if one of its path conditions had other values. */
function withPaths (rule: Rule, condition: Condition, values: readonly string[]): Extent {
  const conditions = rule.conditions.map(other => other === condition ? { kind: 'path-pattern' as const, values, regexes: [] } : other)
  return extentOf({ ...rule, conditions })
}

/** A redirect from `/x` to `/x/` arrives where it should. */
function leadsThere ({ action }: Rule, bare: string): boolean {
  return action.kind === 'redirect' && action.host === '#{host}' && (action.path === bare + '/' || action.path === '/#{path}/')
}
