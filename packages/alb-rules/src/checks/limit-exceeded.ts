/** Finds what is over the limits that AWS sets: rules of a load balancer, values and wildcards of a rule, characters of a value. */
import { numbered } from '../analysis/analysis.js'
import { valuesMax } from '../analysis/proposals.js'
import type { Found, Severity, Subject } from '../check.js'
import { countedValuesOf, refusedValuesOf } from '../conditions.js'
import type { Rule } from '../model.js'

const charactersMax = 128

/** AWS's page on conditions gives the first, its page on quotas the second. */
const wildcardsMax = [5, 6] as const

interface Excess {
  readonly severity: Severity
  readonly message: string
  readonly fix: string
}

export function checkLimitExceeded ({ views, ruleSet, rulesMax }: Subject): Found {
  const balancers = [...new Set(views.map(({ listener }) => listener.balancer))]
  const counts = balancers.map(balancer => views.filter(({ listener }) => listener.balancer === balancer).flatMap(numbered).length)
  const tooMany = counts.filter(count => count > rulesMax).map(count => ({
    listener: null,
    rule: null,
    witness: null,
    // What is there was allowed: its quota has been raised.
    severity: ruleSet.isPlan === true ? 'warning' as const : 'info' as const,
    message: `The load balancer has ${count} rules over all its listeners, the default rules not counted; ` +
      `${rulesMax} are allowed unless the quota has been raised.`,
    fix: 'Say how many are allowed (--max-rules), have the quota raised, delete rules that are never reached, ' +
      'or put values of rules with one target together.'
  }))
  const large = views.flatMap(view => numbered(view).flatMap(({ rule }) => {
    return excesses(rule).map(excess => ({ listener: view.listener.label, rule: rule.priority, witness: null, ...excess }))
  }))
  return [...tooMany, ...large]
}

function excesses (rule: Rule): readonly Excess[] {
  const values = rule.conditions.flatMap(countedValuesOf)
  const count = values.length
  const long = values.flatMap(({ parts }) => parts).filter(part => part.length > charactersMax)
  const name = `Rule ${rule.priority}`
  const error = 'error' as const
  return [
    ...count > valuesMax
      ? [{ severity: error, message: `${name} has ${count} values in its conditions; ${valuesMax} are allowed.`, fix: split(rule) }]
      : [],
    ...wildcardExcess(rule, values.reduce((sum, value) => sum + value.wildcards, 0)),
    ...long.map(part => ({
      severity: error,
      message: `${name} has a value of ${part.length} characters (${part.slice(0, 40)}…); ${charactersMax} are allowed.`,
      fix: 'Shorten the value, with a wildcard if need be.'
    })),
    ...rule.conditions.flatMap(condition => refusedValuesOf(condition).map(({ value, why }) => ({
      severity: error,
      message: `${name} has the ${condition.kind} value ${value.slice(0, charactersMax)}, which AWS refuses: ${why}.`,
      fix: 'Say it with the wildcards * and ?, or as a regular expression in RegexValues.'
    })))
  ]
}

function wildcardExcess (rule: Rule, count: number): readonly Excess[] {
  const [least, most] = wildcardsMax
  if (count <= least) return []
  const message = count > most
    ? `${most} are allowed at most.`
    : `AWS's page on conditions allows ${least}, its page on quotas ${most}.`
  return [{
    severity: count > most ? 'error' : 'warning',
    message: `Rule ${rule.priority} has ${count} wildcards in its conditions; ${message}`,
    fix: split(rule)
  }]
}

function split ({ priority }: Rule): string {
  return `Split rule ${priority} into several with the same target.`
}
