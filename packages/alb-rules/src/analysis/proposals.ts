/** Edits that checks propose: of the paths of a rule, and of the order of rules. */
import type { Proposal, Subject } from '../check.js'
import { countedValuesOf } from '../conditions.js'
import { isDefault } from '../model.js'
import type { Analysis, Entry, ListenerView } from './analysis.js'
import type { PathValue } from './path-values.js'

/** Values of a rule, its conditions together. */
export const valuesMax = 5

/** So many rules that are never reached are put in order together. */
const togetherMax = 12

/**
 * Other values in place of one of a path condition; what has no room in the rule gets a second one.
 * @param by the first stays in the rule
 * @param fix what the edit is called where there is room
 */
export function pathProposals (
  { view, entry, value }: PathValue,
  by: readonly [kept: string, moved: string],
  fix: string,
  { views }: Pick<Subject, 'views'>
): readonly Proposal[] {
  const rule = entry.rule.priority
  const alike = views.filter(other => isOfOne(other, view) && other.entries.some(one => isAlike(one, entry)))
  const listeners = alike.map(({ listener }) => listener.label)
  const count = entry.rule.conditions.flatMap(countedValuesOf).length - 1 + by.length
  if (count <= valuesMax) return [{ fix, edit: { listeners, steps: [{ do: 'replace-path', rule, value, by }] } }]
  const priority = String(Number(rule) + 1)
  const isFree = entry.rule.place === undefined && !alike.some(({ entries }) => entries.some(one => one.rule.priority === priority))
  if (!isFree) return []
  const [kept, moved] = by
  const stays = kept === value ? '' : `leave ${kept} in place of ${value} in it, and `
  return [{
    fix: `Rule ${rule} has no room for another value (${valuesMax} are allowed): ${stays}give ${moved} a rule of its own, ` +
      `number ${priority}, with the same other conditions and the same target.`,
    edit: { listeners, steps: [{ do: 'replace-path', rule, value, by: [kept] }, { do: 'add-rule', priority, like: rule, paths: [moved] }] }
  }]
}

/** A move of a rule that is never reached to where some request is free again. */
export interface Move {
  readonly entry: Entry
  /** The rule that it has to stand before. */
  readonly before: Entry
}

/** The least move that helps: before the last of the earlier rules in front of which some request is still free. */
export function moveOf (entry: Entry, order: readonly Entry[], { ask }: Pick<Analysis, 'ask'>): Move | undefined {
  const earlier = order.slice(0, order.indexOf(entry))
  const before = earlier.findLast((_, at) => ask([entry], earlier.slice(0, at)).is === 'yes')
  return before === undefined ? undefined : { entry, before }
}

/** The rules of a listener whose place is known, in their order. */
export function placedEntries ({ entries }: ListenerView): readonly Entry[] {
  return entries.filter(({ rule }) => rule.place === undefined && !isDefault(rule))
}

/** A number between two rules for the one that moves, or the numbers that there are in another order. */
export function moveProposal ({ entry, before }: Move, view: ListenerView, views: readonly ListenerView[]): Proposal {
  const order = placedEntries(view)
  const [rule, top] = [entry.rule.priority, Number(before.rule.priority)]
  const below = Number(order[order.indexOf(before) - 1]?.rule.priority ?? 0)
  if (below < top - 1) {
    return {
      fix: `Give rule ${rule} the priority ${top - 1}, before rule ${top}.`,
      edit: { listeners: sameListeners(view, views), steps: [{ do: 'renumber', priorities: { [rule]: String(top - 1) } }] }
    }
  }
  return orderProposal(moved(order, { entry, before }), view, views, `Rule ${rule} then comes before rule ${top}.`)
}

/** One order for all rules whose moves would get in each other's way; undefined where none do. */
export function togetherProposal (
  moves: readonly Move[],
  view: ListenerView,
  { analysis, views }: Pick<Subject, 'analysis' | 'views'>
): Proposal | undefined {
  if (moves.length < 2 || moves.length > togetherMax) return undefined
  let order = placedEntries(view)
  for (const { entry } of moves) {
    const move = moveOf(entry, order, analysis)
    const isReached = analysis.ask([entry], order.slice(0, order.indexOf(entry))).is === 'yes'
    if (move !== undefined && !isReached) order = moved(order, move)
  }
  const names = moves.map(({ entry }) => entry.rule.priority)
  return orderProposal(order, view, views, `It fixes the rules ${names.join(', ')} together.`)
}

/** Moves over some of the same rules. */
export function touching (moves: readonly Move[], move: Move): readonly Move[] {
  const place = ({ earlier }: Entry): number => earlier.length
  const isNear = (one: Move, other: Move): boolean => place(one.before) <= place(other.entry) && place(other.before) <= place(one.entry)
  let group: readonly Move[] = [move]
  for (;;) {
    const wider = moves.filter(one => group.some(other => isNear(one, other)))
    if (wider.length === group.length) return wider
    group = wider
  }
}

function moved (order: readonly Entry[], { entry, before }: Move): readonly Entry[] {
  return order.flatMap(one => one === entry ? [] : one === before ? [entry, one] : [one])
}

/** The numbers that there are, in their order, for the rules in theirs. */
function orderProposal (order: readonly Entry[], view: ListenerView, views: readonly ListenerView[], why: string): Proposal {
  const numbers = placedEntries(view).map(({ rule }) => rule.priority)
  const changed = order.flatMap(({ rule }, at) => rule.priority === numbers[at] ? [] : [[rule.priority, numbers[at] ?? ''] as const])
  return {
    fix: `Renumber the rules at once (set-rule-priorities): ${changed.map(([old, next]) => `${old} to ${next}`).join(', ')}. ${why}`,
    edit: { listeners: sameListeners(view, views), steps: [{ do: 'renumber', priorities: Object.fromEntries(changed) }] }
  }
}

/** Listeners with the same rules get the same edit, so that they go on to decide alike. */
function sameListeners (view: ListenerView, views: readonly ListenerView[]): ReadonlyArray<string | null> {
  const isSame = ({ entries }: ListenerView): boolean => {
    return entries.length === view.entries.length && entries.every((one, at) => isDefault(one.rule) || isAlike(one, view.entries[at]))
  }
  return views.filter(other => isOfOne(other, view) && isSame(other)).map(({ listener }) => listener.label)
}

function isOfOne ({ listener }: ListenerView, other: ListenerView): boolean {
  return listener.balancer === other.listener.balancer
}

/** The same number, conditions and target. */
function isAlike (one: Entry, other: Entry | undefined): boolean {
  const keyOf = ({ box }: Entry): string => box.map(({ part, language }) => `${part} ${language.key}`).join()
  return other !== undefined && one.rule.priority === other.rule.priority && one.key === other.key && keyOf(one) === keyOf(other)
}
