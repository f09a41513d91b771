/** Finds patterns that end in `*` right after a letter or digit: `/api*` takes `/apis` as well. */
import type { Answer } from '../analysis/analysis.js'
import { pathProposals } from '../analysis/proposals.js'
import { pathValues, withPaths } from '../analysis/path-values.js'
import type { Found, Subject } from '../check.js'
import type { Point } from '../solver/box.js'

const lettersAndDigits = [...'sabcdefghijklmnopqrtuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789']

export function checkPrefixOverreach (subject: Subject): Found {
  return pathValues(subject).filter(({ value }) => /[a-z0-9]\*$/i.test(value)).map(given => {
    const { view, entry, condition, value } = given
    const stem = value.slice(0, -1)
    const { rule, target } = entry
    const { analysis } = subject
    const shortest = withPaths(rule, condition, [stem + 's'])
    const longer = withPaths(rule, condition, lettersAndDigits.map(letter => stem + letter + '*'))
    const point = firstYes(
      () => analysis.ask([shortest], entry.earlier),
      () => analysis.ask([longer], entry.earlier),
      () => analysis.ask([shortest], [])
    )
    return {
      severity: 'warning',
      listener: view.listener.label,
      rule: rule.priority,
      message: `Rule ${rule.priority} (${target}): ${value} takes every path that begins with ${stem}, ` +
        `such as ${stem}s, not only ${stem} and the paths below it.`,
      fix: `Replace ${value} by ${stem} and ${stem}/*, and check again: other rules then get requests that it takes now.`,
      proposals: pathProposals(given, [stem, `${stem}/*`], `Replace ${value} by the two values ${stem} and ${stem}/*.`, subject),
      witness: point === undefined ? null : analysis.witness(point, view.listener)
    }
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
