/** The table of checks. A check is a row here, a function in checks/, and a page in docs/checks/. */
import { createAnalysis, createView, type AnalysisOptions, type Answer, type Place } from './analysis/analysis.js'
import type { Check, Finding, Severity, Undecided } from './check.js'
import { checkLimits } from './checks/limit-exceeded.js'
import { checkDivergence, checkHosts } from './checks/listener-divergence.js'
import { checkLoops } from './checks/redirect-loop.js'
import { checkBarePaths, checkPrefixes } from './checks/prefix-overreach.js'
import { checkMethods } from './checks/redirect-drops-method.js'
import { checkShadows } from './checks/partly-shadowed-rule.js'
import { checkUnknowns } from './checks/unanalysable.js'
import { checkUnreachable } from './checks/unreachable-rule.js'
import type { RuleSet } from './model.js'

/** The last one reports what the others could not decide. */
export const checks: readonly Check[] = [
  { name: 'unreachable-rule', title: 'no request ever gets to the rule', run: checkUnreachable },
  { name: 'partly-shadowed-rule', title: 'an earlier rule with another target takes some of its requests', run: checkShadows },
  { name: 'prefix-overreach', title: 'a pattern takes more than the paths below it', run: checkPrefixes },
  { name: 'bare-path-missing', title: 'the path itself goes elsewhere than what is below it', run: checkBarePaths },
  { name: 'host-falls-to-default', title: 'a host has requests that only the default rule takes', run: checkHosts },
  { name: 'listener-divergence', title: 'HTTP and HTTPS decide a request differently', run: checkDivergence },
  { name: 'redirect-loop', title: 'a redirect leads back to itself', run: checkLoops },
  { name: 'redirect-drops-method', title: 'a redirect turns a POST into a GET', run: checkMethods },
  { name: 'limit-exceeded', title: 'AWS would not accept it', run: checkLimits },
  { name: 'unanalysable', title: 'something could not be decided', run: checkUnknowns }
]

const severities: readonly Severity[] = ['error', 'warning', 'info']

/** Everything that the checks find, the worst first. */
export function runChecks (ruleSet: RuleSet, options: AnalysisOptions = {}): readonly Finding[] {
  const analysis = createAnalysis([ruleSet], options)
  const views = ruleSet.listeners.map(createView)
  const notes: Undecided[] = []
  const reached = new Map<Place, Answer>()
  const isReached = (place: Place): Answer => {
    const answer = reached.get(place) ?? analysis.ask([place], place.earlier)
    reached.set(place, answer)
    return answer
  }
  const findings = checks.flatMap(({ name, run }) => {
    return run({ ruleSet, views, analysis, isReached, notes, undecided: note => notes.push(note) }).map(finding => ({ check: name, ...finding }))
  })
  return findings.toSorted((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity))
}

/** Whether a finding is at least as bad as that. */
export function isAtLeast (severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(least)
}
