/** Which requests go elsewhere after a change of the rules, each with an example. */
import {
  createAnalysis, createView, doDiffer, type Analysis, type AnalysisOptions, type Entry, type ListenerView
} from './analysis/analysis.js'
import { differencesOf } from './differences.js'
import type { Listener, RuleSet } from './model.js'
import type { Witness } from './request.js'

export interface Change {
  readonly listener: string | null
  /** A target, `none` where there is no such listener, `unknown` where it could not be decided. */
  readonly before: string
  readonly after: string
  /** Null where no request could be computed. */
  readonly witness: Witness | null
  /** Null where the listener is missing, or where it could not be decided which rule takes the request. */
  readonly rules: { readonly before: string | null, readonly after: string | null }
  /** What of the targets differs, where they have one name: `stickiness`, say. */
  readonly differs?: readonly string[]
  /** Set where the change is possible and not certain. */
  readonly undecided?: 'unreadable' | 'limit'
}

/** Why something is not decided. */
export const openReasons = { limit: 'the limit of work was reached', unreadable: 'it hangs on something that cannot be analysed' }

/** One change for each pair of rules whose requests change their target; empty exactly where none does. */
export function diffRuleSets (before: RuleSet, after: RuleSet, options: AnalysisOptions = {}): readonly Change[] {
  const analysis = createAnalysis([before, after], options)
  const pairs = paired(before.listeners, after.listeners)
  const lost = before.listeners.filter(listener => !pairs.some(pair => pair[0] === listener))
  const gained = after.listeners.filter(listener => !pairs.some(pair => pair[1] === listener))
  return [
    ...pairs.flatMap(([one, other]) => diffViews(createView(one), createView(other), analysis)),
    ...lost.flatMap(listener => wholeListener(listener, analysis, lostSides)),
    ...gained.flatMap(listener => wholeListener(listener, analysis, gainedSides))
  ]
}

/** The same for two views of what should decide alike. */
export function diffViews (before: ListenerView, after: ListenerView, analysis: Analysis): readonly Change[] {
  const listeners = [before.listener, after.listener] as const
  return before.entries.flatMap(one => {
    return after.entries.filter(other => other.key !== one.key).flatMap(other => pairChange(one, other, listeners, analysis))
  })
}

function pairChange (one: Entry, other: Entry, listeners: readonly [Listener, Listener], analysis: Analysis): readonly Change[] {
  const answer = analysis.ask([one, other], [...one.earlier, ...other.earlier])
  if (answer.is === 'no') return []
  const rules = { before: one.rule.priority, after: other.rule.priority }
  const differs = one.target === other.target ? { differs: differencesOf(one.rule, other.rule) } : {}
  const base = { listener: listeners[0].label, before: one.target, after: other.target, rules, ...differs }
  if (answer.is === 'yes') {
    const change = { ...base, witness: analysis.witness(answer.point, ...listeners) }
    return [doDiffer(one, other) === true ? change : { ...change, undecided: 'unreadable' }]
  }
  return [{ ...base, witness: answer.point === undefined ? null : analysis.witness(answer.point, ...listeners), undecided: answer.why }]
}

/** The two sides of a change of which one is missing. */
interface Sides {
  readonly targets: (target: string) => Pick<Change, 'before' | 'after'>
  readonly rules: (priority: string) => Change['rules']
}

const lostSides: Sides = {
  targets: target => ({ before: target, after: 'none' }),
  rules: priority => ({ before: priority, after: null })
}

const gainedSides: Sides = {
  targets: target => ({ before: 'none', after: target }),
  rules: priority => ({ before: null, after: priority })
}

/** What every rule of a listener takes comes or goes with it. */
function wholeListener (listener: Listener, analysis: Analysis, { targets, rules }: Sides): readonly Change[] {
  return createView(listener).entries.flatMap(({ rule, target, earlier, ...extent }) => {
    const answer = analysis.ask([extent], earlier)
    if (answer.is === 'no') return []
    const witness = answer.is === 'yes' ? analysis.witness(answer.point, listener) : null
    const base = { listener: listener.label, ...targets(target), witness, rules: rules(rule.priority) }
    return [answer.is === 'unknown' ? { ...base, undecided: answer.why } : base]
  })
}

/** By ARN, then by name; what is left by protocol and port; a single listener of which nothing is known pairs with the single other one. */
function paired (before: readonly Listener[], after: readonly Listener[]): ReadonlyArray<readonly [Listener, Listener]> {
  const pairs: Array<readonly [Listener, Listener]> = []
  const pair = (isSame: (one: Listener, other: Listener) => boolean): void => {
    for (const one of before.filter(listener => !pairs.some(([taken]) => taken === listener))) {
      const other = after.find(listener => !pairs.some(([, taken]) => taken === listener) && isSame(one, listener))
      if (other !== undefined) pairs.push([one, other])
    }
  }
  pair((one, other) => one.arn !== undefined && one.arn === other.arn)
  pair((one, other) => one.name !== undefined && one.name === other.name)
  pair((one, other) => one.protocol !== undefined && one.protocol === other.protocol && one.port === other.port)
  pair((one, other) => before.length === 1 && after.length === 1 && (one.label === null || other.label === null))
  return pairs
}
