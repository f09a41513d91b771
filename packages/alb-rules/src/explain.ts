/** Tells which rule takes one request and why, and which rules were passed over. */
import { possibleTakers } from './candidates.js'
import { conditionText, type Condition } from './conditions.js'
import { decide, listenersFor, reasons, type Decision } from './match.js'
import { actionUnknowns, isDefault, isDefaultUnseen, targetOf, type Listener, type Rule, type RuleSet } from './model.js'
import { createRequest, mayBeNormalized, RequestError, type Request, type Witness } from './request.js'

export interface Explanation {
  readonly listener: string | null
  /** Null where it hangs on something that is not given or cannot be analysed. */
  readonly rule: string | null
  readonly target: string
  readonly because: readonly string[]
  readonly passedOver: ReadonlyArray<{ readonly rule: string, readonly condition: string }>
  /** The rules that may take it, where that cannot be decided. */
  readonly candidates?: readonly string[]
  /** Set where the rule, or what it does, cannot be told. */
  readonly undecided?: true
}

/** @throws RequestError for what is no request, or where no listener takes it */
export function explain (ruleSet: RuleSet, asked: Witness, label?: string): Explanation {
  const sent = createRequest(asked)
  const request: Request = mayBeNormalized(sent.path) ? { ...sent, isPathOpen: true } : sent
  const listener = listenerFor(ruleSet, request, label)
  const decision = narrowed(listener, decide(listener.rules, request), request)
  return explained(listener, seen(listener, decision), request)
}

/** The listener of that label or ARN, else the one that the protocol and port of the request lead to.
 *  @throws RequestError where there is none, or more than one */
export function listenerFor ({ listeners }: RuleSet, request: Request, label?: string): Listener {
  const isAsked = (listener: Listener): boolean => listener.label === label || listener.arn === label
  const found = label === undefined ? listenersFor(listeners, request) : listeners.filter(isAsked)
  const [listener, ...more] = found
  const asked = `${request.protocol} on port ${request.port}`
  const labels = listeners.map(one => one.label ?? 'without a name').join(', ')
  if (listener === undefined) throw new RequestError(`no listener ${label ?? `for ${asked}`}; there are: ${labels}`)
  if (more.length > 0) throw new RequestError(`several listeners take ${asked}: name one of ${found.map(one => one.label).join(', ')}`)
  return listener
}

/** What falls to a default that stands in another document, or to a rule there, cannot be told. */
function seen (listener: Listener, decision: Decision): Decision {
  const isUnseen = decision.rule !== undefined && isDefault(decision.rule) && isDefaultUnseen(listener)
  return isUnseen ? { ...decision, rule: undefined } : decision
}

/** The decision with only those candidates that some request of this kind can really get to; one alone is certain. */
function narrowed ({ rules }: Listener, decision: Decision, request: Request): Decision {
  if (decision.rule !== undefined) return decision
  const candidates = possibleTakers(rules, request)
  if (candidates === undefined) return decision
  const [only] = candidates
  if (only === undefined || candidates.length > 1) {
    const isTheirs = (condition: Condition): boolean => candidates.some(({ conditions }) => conditions.includes(condition))
    return { ...decision, candidates, open: decision.open.filter(isTheirs) }
  }
  // What stood open before it can never hold, whatever it hangs on.
  const never = rules.slice(0, rules.indexOf(only)).filter(rule => decision.candidates.includes(rule))
  const failing = never.flatMap(rule => {
    const condition = rule.conditions.find(one => decision.open.includes(one))
    return condition === undefined ? [] : [{ rule, condition }]
  })
  const orderOf = (one: { readonly rule: Rule }): number => rules.indexOf(one.rule)
  const passedOver = [...decision.passedOver, ...failing].filter(one => orderOf(one) < rules.indexOf(only))
  return { rule: only, candidates, passedOver: passedOver.sort((one, other) => orderOf(one) - orderOf(other)), open: [] }
}

function explained (listener: Listener, decision: Decision, request: Request): Explanation {
  const { rule, candidates, passedOver } = decision
  const passed = passedOver.map(({ rule: other, condition }) => ({ rule: other.priority, condition: conditionText(condition) }))
  const base = { listener: listener.label, passedOver: passed }
  if (rule !== undefined) {
    const unknown = actionUnknowns(rule)
    const because = [...reasons(rule, request), ...unknown.map(name => `${name} is not known here`)]
    return { ...base, rule: rule.priority, target: targetOf(rule), because, ...unknown.length === 0 ? {} : { undecided: true } }
  }
  return {
    ...base,
    rule: null,
    target: 'unknown',
    because: whyOpen(decision, request),
    candidates: candidates.map(candidate => candidate.priority),
    undecided: true
  }
}

function whyOpen ({ candidates, open, isOrderOpen }: Decision, { isPathOpen }: Request): readonly string[] {
  const conditions = open.map(condition => {
    return `it hangs on ${conditionText(condition)}, ${openWhy(condition, isPathOpen)}`
  })
  const names = candidates.map(({ priority }) => priority).join(', ')
  return [
    ...conditions,
    ...isOrderOpen === true ? [`it hangs on the order of the rules ${names}, which is not known before the plan is applied`] : [],
    ...conditions.length === 0 && isOrderOpen === undefined
      ? ['no rule of this document takes it; the default and other rules of the listener are not in it']
      : []
  ]
}

function openWhy ({ kind }: Condition, isPathOpen: true | undefined): string {
  if (kind === 'source-ip') return 'and no source address is given'
  if (kind === 'path-pattern' && isPathOpen) return 'and AWS normalizes the URI of a request before it evaluates rules, without telling how'
  return 'which cannot be analysed'
}
