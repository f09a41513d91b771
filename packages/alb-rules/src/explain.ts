/** Tells which rule takes one request and why, and which rules were passed over. */
import { possibleTakers } from './candidates.js'
import { conditionText } from './conditions.js'
import { decide, listenersFor, reasons, type Decision } from './match.js'
import { actionUnknowns, targetOf, type Listener, type RuleSet } from './model.js'
import { createRequest, RequestError, type Request, type Witness } from './request.js'

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
  const request = createRequest(asked)
  const listener = listenerFor(ruleSet, request, label)
  return explained(listener, narrowed(listener, decide(listener.rules, request), request), request)
}

/** The listener of that label, else the one that the protocol and port of the request lead to.
 *  @throws RequestError where there is none, or more than one */
export function listenerFor ({ listeners }: RuleSet, request: Request, label?: string): Listener {
  const found = label === undefined ? listenersFor(listeners, request) : listeners.filter(listener => listener.label === label)
  const [listener, ...more] = found
  const labels = listeners.map(one => one.label ?? 'without a name').join(', ')
  if (listener === undefined) throw new RequestError(`no listener ${label ?? `for ${request.protocol} on port ${request.port}`}; there are: ${labels}`)
  if (more.length > 0) throw new RequestError(`several listeners take ${request.protocol} on port ${request.port}: name one of ${found.map(one => one.label).join(', ')}`)
  return listener
}

/** The decision with only those candidates that some request of this kind can really get to; one alone is certain. */
function narrowed ({ rules }: Listener, decision: Decision, request: Request): Decision {
  if (decision.rule !== undefined) return decision
  const candidates = possibleTakers(rules, request)
  if (candidates === undefined) return decision
  const [only] = candidates
  if (only === undefined || candidates.length > 1) return { ...decision, candidates, open: decision.open.filter(condition => candidates.some(({ conditions }) => conditions.includes(condition))) }
  // What stood open before it can never hold, whatever it hangs on.
  const never = rules.slice(0, rules.indexOf(only)).filter(rule => decision.candidates.includes(rule))
  const passedOver = [...decision.passedOver, ...never.flatMap(rule => rule.conditions.filter(condition => decision.open.includes(condition)).slice(0, 1).map(condition => ({ rule, condition })))]
  return { rule: only, candidates, passedOver: passedOver.filter(one => rules.indexOf(one.rule) < rules.indexOf(only)).sort((one, other) => rules.indexOf(one.rule) - rules.indexOf(other.rule)), open: [] }
}

function explained (listener: Listener, { rule, candidates, passedOver, open }: Decision, request: Request): Explanation {
  const base = { listener: listener.label, passedOver: passedOver.map(({ rule: other, condition }) => ({ rule: other.priority, condition: conditionText(condition) })) }
  if (rule !== undefined) {
    const unknown = actionUnknowns(rule)
    return { ...base, rule: rule.priority, target: targetOf(rule), because: [...reasons(rule, request), ...unknown.map(name => `${name} is not known here`)], ...unknown.length === 0 ? {} : { undecided: true } }
  }
  return {
    ...base,
    rule: null,
    target: 'unknown',
    because: open.map(condition => `it hangs on ${conditionText(condition)}${condition.kind === 'source-ip' ? ', and no source address is given' : ', which cannot be analysed'}`),
    candidates: candidates.map(candidate => candidate.priority),
    undecided: true
  }
}
