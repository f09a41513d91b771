/** Which rule takes one request: yes, no, or not to be told from what is given. */
import { conditionHolds, conditionText, partSeen, type Condition } from './conditions.js'
import type { Listener, Rule } from './model.js'
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
}

export function decide (rules: readonly Rule[], request: Request): Decision {
  const candidates: Rule[] = []
  const passedOver: Array<{ rule: Rule, condition: Condition }> = []
  const open: Condition[] = []
  for (const rule of rules) {
    const failing = rule.conditions.find(condition => conditionHolds(condition, request) === false)
    if (failing !== undefined) {
      passedOver.push({ rule, condition: failing })
      continue
    }
    candidates.push(rule)
    const unsure = rule.conditions.filter(condition => conditionHolds(condition, request) === undefined)
    if (unsure.length === 0) break
    open.push(...unsure)
  }
  return { rule: open.length === 0 ? candidates[0] : undefined, candidates, passedOver, open }
}

/** Why the rule takes the request, a line for each condition. */
export function reasons (rule: Rule, request: Request): readonly string[] {
  if (rule.conditions.length === 0) return ['no other rule takes it']
  return rule.conditions.map(condition => `${conditionText(condition)}: ${partSeen(condition, request)}`)
}

/** The listeners that a request of this protocol and port reaches; one that does not say takes any. */
export function listenersFor (listeners: readonly Listener[], { protocol, port }: Request): readonly Listener[] {
  return listeners.filter(listener => (listener.protocol ?? protocol) === protocol && (listener.port ?? port) === port)
}
