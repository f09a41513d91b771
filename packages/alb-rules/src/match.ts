/** Which rule takes one request: yes, no, or not to be told from what is given. */
import { addressBits, rangeBits } from './solver/address.js'
import { pairGlob } from './analysis/extent.js'
import { compile, fold, matches, separator } from './solver/pattern.js'
import { pairsOf, type Request } from './request.js'
import { conditionText, type Condition, type Listener, type Pair, type Rule } from './model.js'

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

/** Undefined where it cannot be told. */
export function conditionHolds (condition: Condition, request: Request): boolean | undefined {
  switch (condition.kind) {
    case 'unknown': return undefined
    case 'host-header': return either(condition.values.some(value => matches(compile(fold(value)), fold(request.host))), condition.regexes)
    case 'path-pattern': return either(condition.values.some(value => matches(compile(value), request.path)), condition.regexes)
    case 'http-request-method': return condition.values.includes(request.method)
    case 'source-ip': return request.sourceIp === undefined ? undefined : isFrom(condition.values, request.sourceIp)
    case 'query-string': return condition.pairs.map(pair => pairHolds(pair, request.query)).reduce(anyOf, false)
    case 'http-header': {
      const sent = request.headers.get(fold(condition.name)) ?? []
      const matched = sent.some(text => condition.values.some(value => matches(compile(fold(value)), fold(text))))
      return either(matched, sent.length === 0 ? [] : condition.regexes)
    }
  }
}

/** Why the rule takes the request, a line for each condition. */
export function reasons (rule: Rule, request: Request): readonly string[] {
  if (rule.conditions.length === 0) return ['no other rule takes it']
  return rule.conditions.map(condition => `${conditionText(condition)}: ${partText(condition, request)}`)
}

/** The listeners that a request of this protocol and port reaches; one that does not say takes any. */
export function listenersFor (listeners: readonly Listener[], { protocol, port }: Request): readonly Listener[] {
  return listeners.filter(listener => (listener.protocol ?? protocol) === protocol && (listener.port ?? port) === port)
}

function either (matched: boolean, regexes: readonly string[]): boolean | undefined {
  return matched ? true : regexes.length > 0 ? undefined : false
}

function anyOf (one: boolean | undefined, other: boolean | undefined): boolean | undefined {
  if (one === true || other === true) return true
  return one === undefined || other === undefined ? undefined : false
}

function isFrom (ranges: readonly string[], address: string): boolean {
  const bits = addressBits(address) ?? ''
  return ranges.some(range => bits.startsWith(rangeBits(range) ?? ' '))
}

/** A pair with a character that can only come encoded may match what is encoded: whether it is decoded first is not documented. */
function pairHolds (pair: Pair, query: string): boolean | undefined {
  const glob = pairGlob(pair)
  if (pairsOf(fold(query)).some(({ key, value }) => matches(glob, key + separator + value))) return true
  return /[^!-~]|[&#]/.test((pair.key ?? '') + pair.value) && /[%+]/.test(query) ? undefined : false
}

function partText (condition: Condition, request: Request): string {
  switch (condition.kind) {
    case 'host-header': return request.host
    case 'path-pattern': return request.path
    case 'http-request-method': return request.method
    case 'source-ip': return request.sourceIp ?? 'unknown'
    case 'query-string': return request.query
    case 'http-header': return (request.headers.get(fold(condition.name)) ?? []).join(', ')
    case 'unknown': return 'unknown'
  }
}
