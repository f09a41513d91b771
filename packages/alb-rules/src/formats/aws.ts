/** Reads rules as `aws elbv2 describe-rules` prints them, one listener or several. */
import { readCondition, readMembers } from '../conditions.js'
import { complain, filledListOf, listOf, member, numberOf, objectOf, optionalText, textOf, type Cursor } from '../cursor.js'
import { isDefaultUnseen, type Listener, type Rule, type RuleSet } from '../model.js'
import { readActions, readTransforms } from './actions.js'

/** More than this is no load balancer's (100 by default, a few hundred at most), the default not counted. */
const rulesMax = 2000

/** @throws InputError that names the place */
export function readAws (document: Cursor): RuleSet {
  checkWhole(document)
  const several = member(document, 'Listeners')
  if (several.value === undefined) return ruleSet([readListener(document)])
  if ('Rules' in objectOf(document)) complain(document, 'either Rules or Listeners, not both')
  const cursors = filledListOf(several)
  const listeners = distinct(cursors.map(readListener), cursors)
  const isBare = cursors.some(cursor => member(cursor, 'Rules').value === undefined)
  const set = ruleSet(listeners)
  return isBare ? { ...set, notes: [...set.notes, bareNote] } : set
}

const bareNote = 'describe-listeners prints the default rules alone: aws elbv2 describe-rules --listener-arn ARN prints all rules of one ' +
  'listener, and the command fetch --load-balancer ARN tells how to get those of all'

/** Listeners of several load balancers can share protocol and port: then those are called after the load balancer too.
 *  @throws InputError where nothing tells them apart */
function distinct (listeners: readonly Listener[], cursors: readonly Cursor[]): readonly Listener[] {
  const isShared = ({ label }: Listener): boolean => listeners.filter(other => other.label === label).length > 1
  const renamed = listeners.map(listener => isShared(listener) ? named(listener, balancerName(listener)) : listener)
  const isStillShared = ({ label }: Listener): boolean => renamed.filter(other => other.label === label).length > 1
  const told = renamed.map((listener, at) => isStillShared(listener) ? named(listeners[at] ?? listener, listener.arn) : listener)
  for (const [at, cursor] of cursors.entries()) {
    const listener = told[at]
    if (listener !== undefined) checkLabel(listener, told.slice(0, at), told.length > 1, cursor)
  }
  return told
}

function named (listener: Listener, name: string | undefined): Listener {
  return name === undefined ? listener : { ...listener, label: name, name }
}

/** Such as `edge/HTTPS:443`, of an ARN that ends in `loadbalancer/app/edge/ID`. */
function balancerName ({ label, balancer }: Listener): string | undefined {
  const name = /:loadbalancer\/(?:app|net|gwy)\/([^/]+)\//.exec(balancer)?.[1]
  return name === undefined || label === null ? undefined : `${name}/${label}`
}

/** The rules of one listener in their order, with a default where the document names none.
 *  @throws InputError */
export function orderRules (rules: readonly Placed[]): readonly Rule[] {
  const places = new Map<string, string>()
  for (const { rule, cursor } of rules) {
    const other = places.get(rule.priority)
    if (other !== undefined) complain(member(cursor, 'Priority'), `${rule.priority} is the priority of ${other} too`)
    places.set(rule.priority, cursor.place)
  }
  const numbered = rules.map(({ rule }) => rule).sort((one, other) => rank(one) - rank(other))
  const hasDefault = numbered.at(-1)?.priority === 'default'
  return hasDefault ? numbered : [...numbered, { priority: 'default', conditions: [], steps: [], action: { kind: 'none' }, transforms: [] }]
}

/** What is said of every document: its listeners, and what is missing in it. */
export function ruleSet (listeners: readonly Listener[]): RuleSet {
  const parts = listeners.filter(({ isPart, isUnplaced }) => isPart !== undefined && isUnplaced === undefined)
  const [bare, told] = [parts.filter(isDefaultUnseen), parts.filter(listener => !isDefaultUnseen(listener))]
  return {
    listeners,
    notes: [
      ...bare.length === 0 ? [] : [`${listed(bare)} no default rule here: it and other rules that stand elsewhere are not seen${open}`],
      ...told.length === 0 ? [] : [`${listed(told)} rules elsewhere, perhaps, which are not seen${open}`]
    ]
  }
}

const open = '; findings that rest on them are told as info'

function listed (listeners: readonly Listener[]): string {
  const labels = listeners.flatMap(({ label }) => label ?? [])
  if (labels.length === 0) return 'the listener has'
  return labels.length === 1 ? `listener ${labels.join()} has` : `listeners ${labels.join(', ')} have`
}

/** What AWS prints of a rule. */
const ruleMembers = ['RuleArn', 'Priority', 'Conditions', 'Actions', 'IsDefault', 'Transforms']

/** @param place set for a rule whose number is not known yet: it has a name in its place */
export function readRule (cursor: Cursor, place?: Rule['place']): Rule {
  const priority = place === undefined ? priorityOf(member(cursor, 'Priority')) : textOf(member(cursor, 'Priority'))
  const conditions = member(cursor, 'Conditions')
  if (priority === 'default' && listOf(conditions).length > 0) {
    complain(conditions, 'the default rule takes what no other rule takes: it has no conditions')
  }
  return {
    priority,
    ...place === undefined ? {} : { place },
    conditions: [...priority === 'default' ? [] : filledListOf(conditions).map(readCondition), ...readMembers(cursor, ruleMembers)],
    ...readActions(member(cursor, 'Actions')),
    transforms: readTransforms(member(cursor, 'Transforms'))
  }
}

export function labelOf (name: string | undefined, protocol: string | undefined, port: number | undefined): string | null {
  return name ?? (protocol === undefined || port === undefined ? null : `${protocol}:${port}`)
}

function readListener (cursor: Cursor): Listener {
  checkWhole(cursor)
  const rules = member(cursor, 'Rules')
  const standard = member(cursor, 'DefaultActions')
  if (rules.value === undefined && standard.value === undefined) {
    complain(rules, 'there are no rules here: give what aws elbv2 describe-rules or terraform show -json prints')
  }
  const cursors = rules.value === undefined ? [] : filledListOf(rules)
  const [protocol, port] = [protocolOf(member(cursor, 'Protocol')), portOf(member(cursor, 'Port'))]
  const needsDefault = standard.value !== undefined && !cursors.some(rule => member(rule, 'Priority').value === 'default')
  return {
    ...identityOf(cursor, protocol, port ?? (protocol === undefined ? undefined : protocol === 'HTTP' ? 80 : 443)),
    ...rulesAs([
      ...cursors.map(ruleCursor => ({ rule: readRule(ruleCursor), cursor: ruleCursor })),
      ...needsDefault ? [{ rule: readDefault(standard), cursor: standard }] : []
    ], rules, rules.value === undefined)
  }
}

function identityOf (cursor: Cursor, protocol: Listener['protocol'], port: number | undefined): Omit<Listener, 'rules'> {
  const name = optionalText(member(cursor, 'Name'))
  const arn = optionalText(member(cursor, 'ListenerArn'))
  const balancer = optionalText(member(cursor, 'LoadBalancerArn')) ?? ''
  return { label: labelOf(name, protocol, port), name, protocol, port, balancer, ...arn === undefined ? {} : { arn } }
}

/** A rule and where it stands. */
export interface Placed {
  readonly rule: Rule
  readonly cursor: Cursor
}

/** The rules of a listener in their order. @param isPart whether others stand elsewhere for certain */
export function rulesAs (placed: readonly Placed[], list: Cursor, isPart: boolean): Pick<Listener, 'rules' | 'isPart'> {
  checkCount(placed.filter(({ rule }) => rule.priority !== 'default').length, list)
  const rules = orderRules(placed)
  return { rules, ...isPart || isDefaultUnseen({ rules }) ? { isPart: true } : {} }
}

/** The default rule that the default actions of a listener are.
 *  @throws InputError */
export function readDefault (actions: Cursor): Rule {
  return { priority: 'default', conditions: [], ...readActions(actions), transforms: [] }
}

/** The service pages by NextMarker, its command line with --max-items by NextToken. */
function checkWhole (cursor: Cursor): void {
  for (const name of ['NextMarker', 'NextToken']) {
    const marker = member(cursor, name)
    if (marker.value === undefined || marker.value === '') continue
    complain(marker, 'the answer is one page of several, and rules that are missing decide too: ' +
      'ask for all of them (without --no-paginate or --max-items)')
  }
}

/** @throws InputError for more rules than any load balancer has */
export function checkCount (count: number, cursor: Cursor): void {
  if (count > rulesMax) complain(cursor, `${count} rules; at most ${rulesMax} are read`)
}

function checkLabel (listener: Listener, others: readonly Listener[], isOneOfSeveral: boolean, cursor: Cursor): void {
  if (listener.label === null && isOneOfSeveral) complain(cursor, 'among several listeners each needs a Name, or a Protocol and a Port')
  const duplicate = others.find(other => other.label === listener.label)
  if (duplicate !== undefined) complain(cursor, `a second listener called ${listener.label}`)
}

function priorityOf (cursor: Cursor): string {
  if (cursor.value === 'default') return 'default'
  if (cursor.value === undefined) complain(cursor, 'the priority is missing')
  const text = typeof cursor.value === 'number' ? String(cursor.value) : textOf(cursor)
  if (!/^[1-9]\d{0,8}$/.test(text)) complain(cursor, `${JSON.stringify(cursor.value)} is not a priority: use a number from 1, or default`)
  return text
}

/** Rules without a number stand after those that have one, as they come in the document. */
function rank ({ priority, place }: Rule): number {
  if (priority === 'default') return Infinity
  return place === undefined ? Number(priority) : Number.MAX_SAFE_INTEGER
}

export function protocolOf (cursor: Cursor): 'HTTP' | 'HTTPS' | undefined {
  const text = optionalText(cursor)?.toUpperCase()
  if (text === undefined || text === 'HTTP' || text === 'HTTPS') return text
  return complain(cursor, `${text} has no rules to analyse: HTTP or HTTPS`)
}

export function portOf (cursor: Cursor): number | undefined {
  if (cursor.value === undefined) return undefined
  const port = numberOf(cursor)
  return port >= 1 && port <= 65535 ? port : complain(cursor, `${port} is not a port`)
}
