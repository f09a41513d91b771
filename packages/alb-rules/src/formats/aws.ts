/** Reads rules as `aws elbv2 describe-rules` prints them, one listener or several. */
import type { Listener, Rule, RuleSet } from '../model.js'
import { readActions, readTransforms } from './actions.js'
import { readCondition } from './conditions.js'
import { complain, filledListOf, listOf, member, numberOf, objectOf, optionalText, textOf, type Spot } from '../cursor.js'

/** More than this is no load balancer's (100 by default, a few hundred at most), the default not counted. */
const rulesMax = 2000

/** @throws InputError that names the place */
export function readAws (document: Spot): RuleSet {
  checkWhole(document)
  const several = member(document, 'Listeners')
  if (several.value === undefined) return ruleSet([readListener(document)])
  if ('Rules' in objectOf(document)) complain(document, 'either Rules or Listeners, not both')
  const spots = filledListOf(several)
  const listeners = spots.map(readListener)
  for (const [at, listener] of listeners.entries()) checkLabel(listener, listeners.slice(0, at), spots.length > 1, spots[at] ?? several)
  return ruleSet(listeners)
}

/** The rules of one listener in their order, with a default where the document names none.
 *  @throws InputError */
export function orderRules (rules: ReadonlyArray<{ readonly rule: Rule, readonly spot: Spot }>): readonly Rule[] {
  const places = new Map<string, string>()
  for (const { rule, spot } of rules) {
    const other = places.get(rule.priority)
    if (other !== undefined) complain(member(spot, 'Priority'), `${rule.priority} is the priority of ${other} too`)
    places.set(rule.priority, spot.place)
  }
  const numbered = rules.map(({ rule }) => rule).sort((one, other) => rank(one) - rank(other))
  const hasDefault = numbered.at(-1)?.priority === 'default'
  return hasDefault ? numbered : [...numbered, { priority: 'default', conditions: [], steps: [], action: { kind: 'none' }, transforms: [] }]
}

/** What is said of every document: its listeners, and what is missing in it. */
export function ruleSet (listeners: readonly Listener[]): RuleSet {
  const bare = listeners.filter(listener => listener.rules.at(-1)?.action.kind === 'none')
  return {
    listeners,
    notes: bare.map(({ label }) => `${label === null ? 'the document' : `listener ${label}`} has no default rule: what no other rule takes is shown as going to "none"`)
  }
}

export function readRule (spot: Spot): Rule {
  const priority = priorityOf(member(spot, 'Priority'))
  const conditions = member(spot, 'Conditions')
  if (priority === 'default' && listOf(conditions).length > 0) complain(conditions, 'the default rule takes what no other rule takes: it has no conditions')
  return {
    priority,
    conditions: priority === 'default' ? [] : filledListOf(conditions).map(readCondition),
    ...readActions(member(spot, 'Actions')),
    transforms: readTransforms(member(spot, 'Transforms'))
  }
}

export function labelOf (name: string | undefined, protocol: string | undefined, port: number | undefined): string | null {
  return name ?? (protocol === undefined || port === undefined ? null : `${protocol}:${port}`)
}

function readListener (spot: Spot): Listener {
  checkWhole(spot)
  const rules = member(spot, 'Rules')
  if (rules.value === undefined) complain(rules, 'there are no rules here: give what aws elbv2 describe-rules or terraform show -json prints')
  const spots = filledListOf(rules)
  checkCount(spots.filter(rule => member(rule, 'Priority').value !== 'default').length, rules)
  const protocol = protocolOf(member(spot, 'Protocol'))
  const port = portOf(member(spot, 'Port')) ?? (protocol === undefined ? undefined : protocol === 'HTTP' ? 80 : 443)
  const name = optionalText(member(spot, 'Name'))
  return {
    label: labelOf(name, protocol, port),
    name,
    protocol,
    port,
    balancer: optionalText(member(spot, 'LoadBalancerArn')) ?? '',
    rules: orderRules(spots.map(ruleSpot => ({ rule: readRule(ruleSpot), spot: ruleSpot })))
  }
}

/** The service pages by NextMarker, its command line with --max-items by NextToken. */
function checkWhole (spot: Spot): void {
  for (const name of ['NextMarker', 'NextToken']) {
    const marker = member(spot, name)
    if (marker.value !== undefined && marker.value !== '') complain(marker, 'the answer is one page of several, and rules that are missing decide too: ask for all of them (without --no-paginate or --max-items)')
  }
}

/** @throws InputError for more rules than any load balancer has */
export function checkCount (count: number, spot: Spot): void {
  if (count > rulesMax) complain(spot, `${count} rules; at most ${rulesMax} are read`)
}

function checkLabel (listener: Listener, others: readonly Listener[], isOneOfSeveral: boolean, spot: Spot): void {
  if (listener.label === null && isOneOfSeveral) complain(spot, 'among several listeners each needs a Name, or a Protocol and a Port')
  const twin = others.find(other => other.label === listener.label)
  if (twin !== undefined) complain(spot, `a second listener called ${listener.label}`)
}

function priorityOf (spot: Spot): string {
  if (spot.value === 'default') return 'default'
  if (spot.value === undefined) complain(spot, 'the priority is missing')
  const text = typeof spot.value === 'number' ? String(spot.value) : textOf(spot)
  if (!/^[1-9]\d{0,8}$/.test(text)) complain(spot, `${JSON.stringify(spot.value)} is no priority: a number from 1, or default`)
  return text
}

function rank ({ priority }: Rule): number {
  return priority === 'default' ? Infinity : Number(priority)
}

function protocolOf (spot: Spot): 'HTTP' | 'HTTPS' | undefined {
  const text = optionalText(spot)?.toUpperCase()
  return text === undefined || text === 'HTTP' || text === 'HTTPS' ? text : complain(spot, `${text} has no rules to analyse: HTTP or HTTPS`)
}

function portOf (spot: Spot): number | undefined {
  if (spot.value === undefined) return undefined
  const port = numberOf(spot)
  return port >= 1 && port <= 65535 ? port : complain(spot, `${port} is no port`)
}
