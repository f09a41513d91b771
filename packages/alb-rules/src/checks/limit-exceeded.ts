/** Finds what is over the limits that AWS sets: rules of a load balancer, values and wildcards of a rule, characters of a value. */
import { numbered } from '../analysis/analysis.js'
import type { Found, Subject } from '../check.js'
import { countedValuesOf } from '../conditions.js'
import type { Rule } from '../model.js'

const rulesMax = 100
const valuesMax = 5
const wildcardsMax = 5
const charactersMax = 128

export function checkLimitExceeded ({ views }: Subject): Found {
  const balancers = [...new Set(views.map(({ listener }) => listener.balancer))]
  const counts = balancers.map(balancer => views.filter(({ listener }) => listener.balancer === balancer).flatMap(numbered).length)
  const tooMany = counts.filter(count => count > rulesMax).map(count => ({
    ...base(null, null),
    message: `The load balancer has ${count} rules over all its listeners; ${rulesMax} are allowed, the default rules not counted.`,
    fix: 'Delete rules that are never reached, put values of rules with one target together, or have the quota raised.'
  }))
  const large = views.flatMap(view => numbered(view).flatMap(({ rule }) => {
    return overLimits(rule).map(({ message, fix }) => ({ ...base(view.listener.label, rule.priority), message, fix }))
  }))
  return [...tooMany, ...large]
}

function base (listener: string | null, rule: string | null) {
  return { severity: 'error' as const, listener, rule, witness: null }
}

function overLimits (rule: Rule): ReadonlyArray<{ readonly message: string, readonly fix: string }> {
  const values = rule.conditions.flatMap(countedValuesOf)
  const count = values.length
  const wildcards = values.reduce((sum, value) => sum + value.wildcards, 0)
  const long = values.flatMap(({ parts }) => parts).filter(part => part.length > charactersMax)
  const name = `Rule ${rule.priority}`
  const split = `Split rule ${rule.priority} into several with the same target.`
  return [
    ...(count > valuesMax ? [{ message: `${name} has ${count} values in its conditions; ${valuesMax} are allowed.`, fix: split }] : []),
    ...(wildcards > wildcardsMax
      ? [{ message: `${name} has ${wildcards} wildcards in its conditions; ${wildcardsMax} are allowed.`, fix: split }]
      : []),
    ...long.map(part => ({
      message: `${name} has a value of ${part.length} characters (${part.slice(0, 40)}…); ${charactersMax} are allowed.`,
      fix: 'Shorten the value, with a wildcard if need be.'
    }))
  ]
}
