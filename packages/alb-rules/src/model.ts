/** The rules of a load balancer as values: listeners, rules and actions, and the one text that names where a rule sends a request. */
import { conditionUnknowns, type Condition } from './conditions.js'

export interface RuleSet {
  readonly listeners: readonly Listener[]
  /** What a reader should know about the document, a sentence each. */
  readonly notes: readonly string[]
  /** The rules are to be made, and no load balancer has them yet. */
  readonly isPlan?: true
}

export interface Listener {
  /** The name, else `PROTOCOL:PORT`, else null. */
  readonly label: string | null
  readonly name: string | undefined
  readonly protocol: 'HTTP' | 'HTTPS' | undefined
  readonly port: number | undefined
  /** Its ARN, where that is known. */
  readonly arn?: string
  /** What tells the load balancers of one document apart. */
  readonly balancer: string
  /** In the order in which they are tried; the last one is the default. */
  readonly rules: readonly Rule[]
  /** Other rules of it, or its default, stand in another document. */
  readonly isPart?: true
  /** Stands for one rule alone, whose listener is known only when the plan is applied. */
  readonly isUnplaced?: true
}

export interface Rule {
  /** A number in decimal, or `default`; the name of a rule whose number is not known yet. */
  readonly priority: string
  /** Set where the number is not known yet: after all that have one, or anywhere among them. */
  readonly place?: 'last' | 'anywhere'
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
  /** What comes before the action: authentication, or a kind that is not known. */
  readonly steps: readonly Step[]
  readonly action: Action
  readonly transforms: readonly Transform[]
  /** Some of what the actions are told is known only when the plan is applied; the target is known all the same. */
  readonly isOpen?: true
}

export interface Step {
  /** `oidc`, `cognito`, `jwt`, or the type itself where it is not known. */
  readonly name: string
  readonly isKnown: boolean
  /** Everything that it is told, in one spelling. */
  readonly text: string
}

export interface Transform {
  readonly type: string
  readonly text: string
}

export type Action =
  | Forward
  | Redirect
  | { readonly kind: 'fixed-response', readonly status: string, readonly contentType: string, readonly body: string }
  | { readonly kind: 'unknown', readonly type: string, readonly text: string }
  | { readonly kind: 'none' }

export interface Forward {
  readonly kind: 'forward'
  readonly groups: readonly Group[]
  /** How callers stay at a group, as JSON. */
  readonly stickiness?: string
}

export interface Group {
  readonly name: string
  readonly weight: number
}

/** The parts of the URL may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`. */
export interface Redirect {
  readonly kind: 'redirect'
  readonly status: '301' | '302'
  readonly protocol: string
  readonly host: string
  readonly port: string
  readonly path: string
  readonly query: string
}

/**
 * Where the rule sends what it takes, in a word or two: `mlflow`, `a:90,b:10`, `redirect:302 URL`, `fixed:404`,
 * `oidc>mlflow`, `mlflow ~rewrite`.
 */
export function targetOf (rule: Rule): string {
  return rule.steps.map(step => step.name + '>').join('') + actionText(rule.action) + (rule.transforms.length > 0 ? ' ~rewrite' : '')
}

/** Equal for two rules exactly where they do the same to a request: weights count as shares, groups without their order. */
export function targetKey ({ steps, action, transforms }: Rule): string {
  const acts = action.kind === 'forward' ? sharesOf(action.groups, action.stickiness ?? '') : action
  return JSON.stringify([steps.map(step => [step.name, step.text]), acts, transforms.map(transform => transform.text).sort()])
}

/** The URL that a redirect sends to, as a template. */
export function redirectUrl ({ protocol, host, port, path, query }: Redirect): string {
  return `${protocol.toLowerCase()}://${host}:${port}${path}${query === '' ? '' : '?' + query}`
}

/** What of the rule is of a kind that is not known. */
export function unknownsOf (rule: Rule): readonly string[] {
  return [...rule.conditions.flatMap(conditionUnknowns), ...actionUnknowns(rule)]
}

const rewrites = new Set(['url-rewrite', 'host-header-rewrite'])

/** The same of what happens to a request that the rule takes. */
export function actionUnknowns (rule: Rule): readonly string[] {
  return [
    ...rule.steps.filter(step => !step.isKnown).map(step => `the action type ${step.name}`),
    ...(rule.action.kind === 'unknown' ? [`the action type ${rule.action.type}`] : []),
    ...rule.transforms.filter(({ type }) => !rewrites.has(type)).map(({ type }) => `the transform ${type}`)
  ]
}

/** Every host pattern that some of the rules name, as it is written. */
export function hostsNamed (rules: ReadonlyArray<Pick<Rule, 'conditions'>>): readonly string[] {
  return rules.flatMap(({ conditions }) => conditions).flatMap(condition => condition.kind === 'host-header' ? condition.values : [])
}

/** Header names that the rules look at, in lower case. */
export function headersRead (ruleSet: Pick<RuleSet, 'listeners'>): readonly string[] {
  const conditions = rulesOf(ruleSet).flatMap(rule => rule.conditions)
  return conditions.flatMap(condition => condition.kind === 'http-header' ? condition.name.toLowerCase() : [])
}

/** The rules of all listeners. */
export function rulesOf ({ listeners }: Pick<RuleSet, 'listeners'>): readonly Rule[] {
  return listeners.flatMap(({ rules }) => rules)
}

export function isDefault (rule: Rule): boolean {
  return rule.priority === 'default'
}

/** Whether the first of two rules of a listener is tried before the second; undefined where that is not known yet. */
export function isTriedBefore (one: Rule, other: Rule, rules: readonly Rule[]): boolean | undefined {
  if (isDefault(one) || isDefault(other)) return isDefault(other)
  const isOpen = one.place === 'anywhere' || other.place === 'anywhere' || (one.place === 'last' && other.place === 'last')
  return isOpen ? undefined : rules.indexOf(one) < rules.indexOf(other)
}

/** Whether the default of the listener stands in another document. */
export function isDefaultUnseen ({ rules }: Pick<Listener, 'rules'>): boolean {
  return rules.at(-1)?.action.kind === 'none'
}

function actionText (action: Action): string {
  switch (action.kind) {
    case 'forward': return forwardText(action.groups)
    case 'redirect': return `redirect:${action.status} ${redirectUrl(action)}`
    case 'fixed-response': return `fixed:${action.status}`
    case 'unknown': return `unknown:${action.type}`
    case 'none': return 'none'
  }
}

function forwardText (groups: readonly Group[]): string {
  const used = usedGroups(groups)
  return used.length === 1 ? used.map(group => group.name).join() : used.map(({ name, weight }) => `${name}:${weight}`).join()
}

function sharesOf (groups: readonly Group[], stickiness: string): unknown {
  const used = usedGroups(groups)
  const unit = used.map(group => group.weight).reduce(divisor, 0)
  return ['forward', used.map(({ name, weight }) => [name, unit === 0 ? 0 : weight / unit]), used.length > 1 ? stickiness : '']
}

/** By name, each once, without those that get nothing; where none gets anything, all of them. */
function usedGroups (groups: readonly Group[]): readonly Group[] {
  const weights = new Map<string, number>()
  for (const { name, weight } of groups) weights.set(name, (weights.get(name) ?? 0) + weight)
  const all = [...weights].map(([name, weight]) => ({ name, weight })).sort((one, other) => one.name < other.name ? -1 : 1)
  const used = all.filter(group => group.weight > 0)
  return used.length > 0 ? used : all
}

function divisor (one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other)
}
