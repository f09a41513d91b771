/** Finds patterns such as `/x/*` where `/x` itself goes to another target. */
import { doDiffer, type Entry } from '../analysis/analysis.js'
import { pathProposals } from '../analysis/proposals.js'
import { pathValues, withPaths } from '../analysis/path-values.js'
import type { Found, Subject } from '../check.js'
import { isDefault, type Rule } from '../model.js'

export function checkBarePathMissing (subject: Subject): Found {
  const { analysis, isReached, undecided } = subject
  return pathValues(subject).flatMap(given => {
    const { view, entry, condition, value } = given
    const bare = value.slice(0, -2)
    if (!value.endsWith('/*') || bare === '' || bare.endsWith('*') || isReached(entry).is === 'no') return []
    const asked = withPaths(entry.rule, condition, [bare])
    const base = { listener: view.listener.label, rule: entry.rule.priority }
    const isOther = (other: Entry): boolean => doDiffer(other, entry) === true && !leadsThere(other.rule, bare)
    const others = view.entries.filter(other => isOther(other) && analysis.mayMeet(asked, other))
    for (const other of others) {
      const answer = analysis.ask([asked, other], other === entry ? [] : [...other.earlier, entry])
      if (answer.is === 'unknown' && answer.why === 'limit') undecided({ ...base, about: `where ${bare} goes`, why: 'limit', by: [] })
      if (answer.is !== 'yes') continue
      const isUnseen = isDefault(other.rule) && view.listener.isPart !== undefined
      const isQuiet = isUnseen || isRefusal(other.rule) || namesPath(other.rule, bare)
      return [{
        severity: isQuiet ? 'info' as const : 'warning' as const,
        ...base,
        message: `Rule ${base.rule} (${entry.target}) takes ${value} but not ${bare}: ` + (isUnseen
          ? 'no other rule here takes it, and those elsewhere are not seen.'
          : `rule ${other.rule.priority} takes it, and it goes to ${other.target}.`),
        fix: namesPath(other.rule, bare)
          ? `Nothing, if rule ${other.rule.priority} is meant to have it.`
          : `Give ${bare} to rule ${base.rule} too, and check again: it then takes requests of other rules.`,
        ...namesPath(other.rule, bare) ? {} : { proposals: pathProposals(given, [value, bare], addText(bare, base.rule), subject) },
        witness: analysis.witness(answer.point, view.listener)
      }]
    }
    return []
  })
}

/** Nobody is led astray: who asks for it is told that it is not there. */
function isRefusal ({ action }: Rule): boolean {
  return action.kind === 'fixed-response' && action.status.startsWith('4')
}

function addText (bare: string, rule: string): string {
  return `Add the value ${bare} to the path-pattern condition of rule ${rule}.`
}

/** Whoever writes down the path itself means it. */
function namesPath ({ conditions }: Rule, bare: string): boolean {
  return conditions.some(condition => condition.kind === 'path-pattern' && condition.values.includes(bare))
}

/** A redirect from `/x` to `/x/` arrives where it should. */
function leadsThere ({ action }: Rule, bare: string): boolean {
  return action.kind === 'redirect' && action.host === '#{host}' && (action.path === bare + '/' || action.path === '/#{path}/')
}
