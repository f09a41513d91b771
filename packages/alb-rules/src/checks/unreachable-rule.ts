/** Finds rules that no request ever gets to. */
import { doDiffer, numbered, type Answer, type Entry, type ListenerView } from '../analysis/analysis.js'
import { smallestCover, type Cover } from '../analysis/cover.js'
import { moveOf, moveProposal, placedEntries, togetherProposal, touching, type Move } from '../analysis/proposals.js'
import type { Extent } from '../analysis/extent.js'
import type { Draft, Found, Subject, Undecided } from '../check.js'
import { conditionText } from '../conditions.js'

export function checkUnreachableRule (subject: Subject): Found {
  return subject.views.flatMap(view => {
    const found = numbered(view).flatMap(entry => {
      const answer = subject.isReached(entry)
      if (answer.is === 'no') return [{ entry, ...findingOf(entry, view, subject) }]
      if (answer.is === 'unknown') noteUndecided(entry, view, answer.why, subject)
      return []
    })
    const moves = found.flatMap(({ entry, isMovable }) => isMovable ? moveOf(entry, placedEntries(view), subject.analysis) ?? [] : [])
    return found.map(({ entry, draft }) => {
      const move = moves.find(one => one.entry === entry)
      return move === undefined ? draft : withMoves(draft, move, moves, view, subject)
    })
  })
}

/** Moves that get in each other's way are proposed as one order. */
function withMoves (draft: Draft, move: Move, moves: readonly Move[], view: ListenerView, subject: Subject): Draft {
  const together = togetherProposal(touching(moves, move), view, subject)
  const [rule, top] = [move.entry, move.before].map(entry => entry.rule.priority)
  return {
    ...draft,
    fix: `Move rule ${rule} before rule ${top} if it should have these requests, and check again: others then lose some.`,
    proposals: [...together === undefined ? [] : [together], moveProposal(move, view, subject.views)]
  }
}

interface DeadRule {
  readonly draft: Draft
  /** It loses requests to another target, and its place is why. */
  readonly isMovable: boolean
}

function findingOf (entry: Entry, { listener }: ListenerView, { analysis, undecided }: Subject): DeadRule {
  const { rule, target } = entry
  const base = { listener: listener.label, rule: rule.priority }
  const own = analysis.ask([entry], [])
  if (own.is === 'no') {
    const message = `Rule ${rule.priority} (${target}) matches no request at all: ${contradiction(entry)}.`
    const fix = `Correct the conditions of rule ${rule.priority}, or delete it.`
    return {
      isMovable: false,
      draft: { ...base, severity: 'warning', by: [], differentTarget: false, message, fix, witness: null }
    }
  }
  const cover = smallestCover(entry, analysis)
  const { isSmallest } = cover
  const open = (about: string, why: Undecided['why'], others: readonly Entry[]): void => {
    undecided({ ...base, about, why, by: others.map(other => other.rule.priority) })
  }
  if (!isSmallest) open(`which is the smallest set of rules that covers rule ${rule.priority}`, 'limit', [])
  const { answer: elsewhere, taker } = lost(entry, cover.by, analysis)
  const isAllLost = elsewhere.is === 'unknown' && losesAll(entry, analysis)
  const by = taker === undefined ? cover.by : coverWith(taker, cover, entry, analysis)
  if (elsewhere.is === 'unknown' && !isAllLost) {
    open(`whether rule ${rule.priority} loses requests to another target`, elsewhere.why, by.filter(other => other.key !== entry.key))
  }
  const isDifferent = elsewhere.is === 'yes' || isAllLost
  const blockers = by.map(other => `rule ${other.rule.priority} (${other.target})`).join(' and ')
  const shown = isDifferent ? elsewhere : takenBy(by, entry, analysis) ?? own
  const duplicate = by.find(other => takesTheSame(other, entry))
  const draft: Draft = {
    ...base,
    severity: isDifferent ? 'error' : 'warning',
    by: by.map(other => other.rule.priority),
    differentTarget: isDifferent,
    message: `Rule ${rule.priority} (${target}) is never reached: ` +
      `${blockers} ${by.length === 1 ? 'takes' : 'together take'} every request that it matches` +
      `${outcome(isAllLost ? 'yes' : elsewhere.is, taker?.target, target)}.`,
    ...fixOf(entry, duplicate, elsewhere.is === 'no', listener.label),
    witness: shown.is === 'yes' ? analysis.witness(shown.point, listener) : null
  }
  return { draft, isMovable: elsewhere.is !== 'no' && duplicate === undefined }
}

type Fix = Pick<Draft, 'fix' | 'proposals'>

function fixOf ({ rule: { priority } }: Entry, duplicate: Entry | undefined, isIdle: boolean, listener: string | null): Fix {
  if (isIdle) {
    const fix = `Delete rule ${priority}: nothing changes.`
    return { fix, proposals: [{ fix, edit: { listeners: [listener], steps: [{ do: 'delete', rule: priority }] }, isSafe: true }] }
  }
  return {
    fix: duplicate === undefined
      ? `Move rule ${priority} before those that take its requests.`
      : `Rules ${duplicate.rule.priority} and ${priority} ask for the same: delete the wrong one, or tell them apart by a condition.`
  }
}

/** A cover of the same size with the rule that the example goes to, where there is one. */
function coverWith (taker: Entry, { by, isSmallest }: Cover, entry: Entry, analysis: Subject['analysis']): readonly Entry[] {
  if (by.includes(taker)) return by
  const rest = isSmallest ? smallestCover(entry, analysis, [taker]) : undefined
  if (rest?.isSmallest !== true || rest.by.length + 1 !== by.length) return by
  return [taker, ...rest.by].toSorted((one, other) => one.earlier.length - other.earlier.length)
}

/** A request of the rule that one of these takes. */
function takenBy (by: readonly Entry[], entry: Entry, { ask }: Subject['analysis']): Answer | undefined {
  return by.map(other => ask([entry, other], other.earlier)).find(({ is }) => is === 'yes')
}

/** Whether everything goes elsewhere that a rule could take, whatever stands for what of it cannot be read. */
function losesAll (entry: Entry, { ask }: Subject['analysis']): boolean {
  if (entry.isCertain) return false
  const whatever: Extent = { ...entry, box: entry.possible, certain: entry.possible, isCertain: true }
  return entry.earlier.every(other => doDiffer(entry, other) === true || ask([whatever, other], other.earlier).is === 'no')
}

/** Whether some request of a rule that is never reached goes to another target, and which rule takes it where that is certain. */
function lost (entry: Entry, by: readonly Entry[], { ask }: Subject['analysis']): { readonly answer: Answer, readonly taker?: Entry } {
  let undecided: Answer | undefined
  const others = [...by, ...entry.earlier.filter(one => !by.includes(one))]
  for (const other of others.filter(one => one.key !== entry.key)) {
    const answer = ask([entry, other], other.earlier)
    const isOpen = doDiffer(entry, other) === undefined
    if (answer.is === 'yes' && !isOpen) return { answer, taker: other }
    if (answer.is === 'yes') undecided ??= { is: 'unknown', why: 'unreadable', point: answer.point }
    if (answer.is === 'unknown') undecided ??= answer
  }
  if (undecided === undefined) return { answer: { is: 'no' } }
  // Whoever takes it: what no rule with the same target can take is lost.
  const outside = ask([entry], entry.earlier.filter(one => doDiffer(entry, one) !== true))
  return { answer: outside.is === 'yes' ? outside : undecided }
}

function outcome (elsewhere: Answer['is'], taker: string | undefined, target: string): string {
  if (elsewhere === 'no') return ', with the same result'
  if (elsewhere === 'unknown') return ''
  return taker === undefined ? `; some go elsewhere than to ${target}` : `; some go to ${taker} instead of ${target}`
}

function takesTheSame (one: Entry, other: Entry): boolean {
  const keyOf = ({ box }: Entry): string => box.map(({ part, language }) => `${part} ${language.key}`).sort().join()
  return keyOf(one) === keyOf(other)
}

/** The condition that nothing can meet, or that nothing can meet together with the others. */
function contradiction ({ rule }: Entry): string {
  const impossible = rule.conditions.map(conditionText)
  return impossible.length === 1 ? `nothing can meet ${impossible.join()}` : `nothing can meet ${impossible.join(' and ')} together`
}

function noteUndecided (entry: Entry, { listener }: ListenerView, why: 'unreadable' | 'limit', { analysis, undecided }: Subject): void {
  const unsure = [...entry.earlier, entry].filter(other => !other.isCertain && analysis.mayMeet(other, entry))
  undecided({
    listener: listener.label,
    rule: entry.rule.priority,
    about: `whether rule ${entry.rule.priority} (${entry.target}) is ever reached`,
    why,
    by: unsure.map(other => other.rule.priority)
  })
}
