/** The table of checks. A check is a row here, and a file, a page in docs/checks and fixtures of its name. */
import { createAnalysis, createView, type AnalysisOptions, type Answer, type Entry } from './analysis/analysis.js'
import { createTrial } from './analysis/trial.js'
import type { Check, Draft, Finding, Severity, Subject, Undecided } from './check.js'
import { checkBarePathMissing } from './checks/bare-path-missing.js'
import { checkHostFallsToDefault } from './checks/host-falls-to-default.js'
import { checkLimitExceeded } from './checks/limit-exceeded.js'
import { checkListenerDivergence } from './checks/listener-divergence.js'
import { checkPartlyShadowedRule } from './checks/partly-shadowed-rule.js'
import { checkPrefixOverreach } from './checks/prefix-overreach.js'
import { checkRedirectDropsMethod } from './checks/redirect-drops-method.js'
import { checkRedirectLoop } from './checks/redirect-loop.js'
import { checkUnanalysable } from './checks/unanalysable.js'
import { checkUnreachableRule } from './checks/unreachable-rule.js'
import type { RuleSet } from './model.js'

/** The last one reports what the others could not decide. */
export const checks: readonly Check[] = [
  { name: 'unreachable-rule', title: 'no request ever gets to the rule', run: checkUnreachableRule },
  { name: 'partly-shadowed-rule', title: 'an earlier rule with another target takes some of its requests', run: checkPartlyShadowedRule },
  { name: 'prefix-overreach', title: 'a pattern takes more than the paths below it', run: checkPrefixOverreach },
  { name: 'bare-path-missing', title: 'the path itself goes elsewhere than what is below it', run: checkBarePathMissing },
  { name: 'host-falls-to-default', title: 'a host has requests that only the default rule takes', run: checkHostFallsToDefault },
  { name: 'listener-divergence', title: 'HTTP and HTTPS decide a request differently', run: checkListenerDivergence },
  { name: 'redirect-loop', title: 'a redirect leads back to itself', run: checkRedirectLoop },
  { name: 'redirect-drops-method', title: 'a redirect turns a POST into a GET', run: checkRedirectDropsMethod },
  { name: 'limit-exceeded', title: 'AWS would not accept it', run: checkLimitExceeded },
  { name: 'unanalysable', title: 'something could not be decided', run: checkUnanalysable }
]

const severities: readonly Severity[] = ['error', 'warning', 'info']

export interface CheckOptions extends AnalysisOptions {
  /** The quota of rules for each load balancer, where it is not the usual one. */
  readonly rulesMax?: number
}

/** Application Load Balancers, rules per load balancer, the default rules not counted: AWS's quota before it is raised. */
const usualRulesMax = 100

/** Everything that the checks find, the worst first. An edit that is proposed was tried: it makes no other finding above info. */
export function runChecks (ruleSet: RuleSet, options: CheckOptions = {}): readonly Finding[] {
  const drafts = draftsOf(ruleSet, options)
  const trial = createTrial(ruleSet, drafts, edited => draftsOf(edited, options))
  const findings = drafts.map(({ proposals = [], ...finding }) => {
    const good = proposals.find(({ edit, isSafe }) => isSafe === true || trial.isGood(edit, finding))
    return good === undefined ? finding : { ...finding, fix: good.fix, edit: good.edit }
  })
  return findings.toSorted((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity))
}

function draftsOf (ruleSet: RuleSet, options: CheckOptions): ReadonlyArray<Draft & { readonly check: string }> {
  const analysis = createAnalysis([ruleSet], options)
  const views = ruleSet.listeners.map(createView)
  const notes: Undecided[] = []
  const reached = new Map<Entry, Answer>()
  const isReached = (entry: Entry): Answer => {
    const answer = reached.get(entry) ?? analysis.ask([entry], entry.earlier)
    reached.set(entry, answer)
    return answer
  }
  const subject: Subject = {
    ruleSet,
    views,
    analysis,
    rulesMax: options.rulesMax ?? usualRulesMax,
    isReached,
    notes,
    undecided: note => { notes.push(note) }
  }
  return checks.flatMap(({ name, run }) => run(subject).map(draft => ({ check: name, ...draft })))
}

/** Whether a finding is at least as bad as that. */
export function isAtLeast (severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(least)
}
