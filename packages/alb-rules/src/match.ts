/** Which rule takes one request: yes, no, or not to be told from what is given. */
import { conditionHolds, conditionText, partSeen, type Condition } from './conditions.js'
import { isTriedBefore, type Listener, type Rule } from './model.js'
import type { Request } from './request.js'

export interface Decision {
  /** Undefined where it hangs on something that is not given or cannot be read. */
  readonly rule: Rule | undefined
  /** Every rule that may be the one, in order; just the one where it is certain. */
  readonly candidates: readonly Rule[]
  /** The earlier rules that are not it, each with a condition that fails. */
  readonly passedOver: ReadonlyArray<{ readonly rule: Rule, readonly condition: Condition }>
  /** What it hangs on, of the candidates. */
  readonly open: readonly Condition[]
  /** Set where it hangs on the order of the candidates, which is not known yet. */
  readonly isOrderOpen?: true
}

export function decide (rules: readonly Rule[], request: Request): Decision {
  const candidates: Rule[] = []
  const passedOver: Array<{ rule: Rule, condition: Condition }> = []
  const open: Condition[] = []
  let settled: Rule | undefined
  let isOrderOpen = false
  const isOrdered = rules.every(({ place }) => place === undefined)
  for (const rule of rules) {
    if (settled !== undefined && isTriedBefore(rule, settled, rules) !== undefined) continue
    const failing = rule.conditions.find(condition => conditionHolds(condition, request) === false)
    if (failing !== undefined) {
      if (settled === undefined) passedOver.push({ rule, condition: failing })
      continue
    }
    candidates.push(rule)
    const unsure = rule.conditions.filter(condition => conditionHolds(condition, request) === undefined)
    isOrderOpen ||= settled !== undefined
    open.push(...unsure)
    if (unsure.length > 0) continue
    settled ??= rule
    if (isOrdered) break
  }
  const rule = open.length === 0 && !isOrderOpen ? candidates[0] : undefined
  return { rule, candidates, passedOver, open, ...isOrderOpen ? { isOrderOpen } : {} }
}

/** Why the rule takes the request, a line for each condition. */
export function reasons (rule: Rule, request: Request): readonly string[] {
  if (rule.conditions.length === 0) return ['no other rule takes it']
  return rule.conditions.map(condition => `${conditionText(condition)}: ${partSeen(condition, request)}`)
}

/** The listeners that a request of this protocol and port reaches; one that does not say takes any, where no other one is meant. */
export function listenersFor (listeners: readonly Listener[], { protocol, port }: Request): readonly Listener[] {
  const found = listeners.filter(listener => (listener.protocol ?? protocol) === protocol && (listener.port ?? port) === port)
  const placed = found.filter(({ isUnplaced }) => isUnplaced === undefined)
  return placed.length > 0 ? placed : found
}
