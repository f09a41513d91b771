/** Finds rules that no request ever gets to. */
import { numbered, type Answer, type Place, type View } from '../analysis/analysis.js'
import { smallestCover } from '../analysis/cover.js'
import { conditionText } from '../model.js'
import type { Found, Subject } from '../check.js'

export function checkUnreachable (subject: Subject): Found {
  return subject.views.flatMap(view => numbered(view).flatMap(place => {
    const answer = subject.isReached(place)
    if (answer.is === 'no') return [findingOf(place, view, subject)]
    if (answer.is === 'unknown') noteUndecided(place, view, answer.why, subject)
    return []
  }))
}

function findingOf (place: Place, { listener }: View, { analysis, undecided }: Subject): Found[number] {
  const { rule, target } = place
  const base = { listener: listener.label, rule: rule.priority }
  const own = analysis.ask([place], [])
  if (own.is === 'no') {
    return { ...base, severity: 'warning', by: [], differentTarget: false, message: `Rule ${rule.priority} (${target}) matches no request at all: ${contradiction(place)}.`, fix: `Correct the conditions of rule ${rule.priority}, or delete it.`, witness: null }
  }
  const { by, isSmallest } = smallestCover(place, analysis)
  if (!isSmallest) undecided({ ...base, about: `which is the smallest set of rules that covers rule ${rule.priority}`, why: 'limit', by: [] })
  const { answer: elsewhere, thief } = lost(place, analysis)
  if (elsewhere.is === 'unknown') undecided({ ...base, about: `whether rule ${rule.priority} loses requests to another target`, why: elsewhere.why, by: by.filter(other => other.key !== place.key).map(other => other.rule.priority) })
  const isDifferent = elsewhere.is === 'yes'
  const blockers = by.map(other => `rule ${other.rule.priority} (${other.target})`).join(' and ')
  const shown = isDifferent ? elsewhere : own
  return {
    ...base,
    severity: isDifferent ? 'error' : 'warning',
    by: by.map(other => other.rule.priority),
    differentTarget: isDifferent,
    message: `Rule ${rule.priority} (${target}) is never reached: ${blockers} ${by.length === 1 ? 'takes' : 'together take'} every request that it matches${outcome(elsewhere, thief, target)}.`,
    fix: elsewhere.is === 'no' ? `Delete rule ${rule.priority}: nothing changes.` : renumbering(place, by, analysis),
    witness: shown.is === 'yes' ? analysis.witness(shown.point, listener) : null
  }
}

/** Whether some request of a rule that is never reached goes to another target, and to which where that is certain. */
function lost (place: Place, { ask }: Subject['analysis']): { readonly answer: Answer, readonly thief?: string } {
  let undecided: Answer | undefined
  for (const other of place.earlier.filter(one => one.key !== place.key)) {
    const answer = ask([place, other], other.earlier)
    if (answer.is === 'yes') return { answer, thief: other.target }
    if (answer.is === 'unknown') undecided ??= answer
  }
  if (undecided === undefined) return { answer: { is: 'no' } }
  // Whoever takes it: what no rule with the same target can take is lost.
  const outside = ask([place], place.earlier.filter(one => one.key === place.key))
  return { answer: outside.is === 'yes' ? outside : undecided }
}

function outcome (elsewhere: Answer, thief: string | undefined, target: string): string {
  if (elsewhere.is === 'no') return ', with the same result'
  if (elsewhere.is === 'unknown') return ''
  return thief === undefined ? `; some go elsewhere than to ${target}` : `; some go to ${thief} instead of ${target}`
}

/** The least move that helps: before the last of the earlier rules in front of which some request is still free. */
function renumbering (place: Place, by: readonly Place[], { ask }: Subject['analysis']): string {
  const { priority } = place.rule
  const twin = by.find(other => takesTheSame(other, place))
  if (twin !== undefined) return `Rules ${twin.rule.priority} and ${priority} ask for the same: delete the wrong one, or tell them apart by a condition.`
  const first = place.earlier.findLast((_, at) => ask([place], place.earlier.slice(0, at)).is === 'yes') ?? by[0] ?? place
  const top = Number(first.rule.priority)
  const isFree = Number(first.earlier.at(-1)?.rule.priority ?? 0) < top - 1
  return isFree
    ? `Give rule ${priority} the priority ${top - 1}, before rule ${top}.`
    : `Move rule ${priority} before rule ${top}; no number is free there, so move the rules from ${top} on first.`
}

function takesTheSame (one: Place, other: Place): boolean {
  const keyOf = ({ box }: Place): string => box.map(({ part, language }) => `${part} ${language.key}`).sort().join()
  return keyOf(one) === keyOf(other)
}

/** The condition that nothing can meet, or that nothing can meet together with the others. */
function contradiction ({ rule }: Place): string {
  const impossible = rule.conditions.map(conditionText)
  return impossible.length === 1 ? `nothing can meet ${impossible.join()}` : `nothing can meet ${impossible.join(' and ')} together`
}

function noteUndecided (place: Place, { listener }: View, why: 'unreadable' | 'limit', { analysis, undecided }: Subject): void {
  const unsure = [...place.earlier, place].filter(other => !other.isCertain && analysis.mayMeet(other, place))
  undecided({
    listener: listener.label,
    rule: place.rule.priority,
    about: `whether rule ${place.rule.priority} (${place.target}) is ever reached`,
    why,
    by: unsure.map(other => other.rule.priority)
  })
}
