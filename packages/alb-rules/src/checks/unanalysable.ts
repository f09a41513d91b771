/** Reports what could not be decided: kinds of conditions and actions that are not known, and questions that took too much work. */
import type { Found, Subject, Undecided } from '../check.js'
import { isDefault, unknownsOf, type Listener, type Rule } from '../model.js'

/** So many open questions about a rule are told in words. */
const notesMax = 3

export function checkUnanalysable ({ views, notes }: Subject): Found {
  const notesByRule = new Map<string, Undecided[]>()
  for (const note of notes) {
    const key = `${note.rule} ${note.listener}`
    const list = notesByRule.get(key) ?? []
    list.push(note)
    notesByRule.set(key, list)
  }
  return views.flatMap(({ listener, entries }) => {
    const own = (rule: Rule): readonly Undecided[] => notesByRule.get(`${rule.priority} ${listener.label}`) ?? []
    const causes = new Set(entries.map(({ rule }) => rule).filter(rule => unknownsOf(rule).length > 0).map(({ priority }) => priority))
    const rules = entries.map(({ rule, target }) => ({ rule, target, notes: own(rule) }))
    return rules.flatMap(({ rule, target, notes: ownNotes }): Found => {
      const unplaced = unplacedText(rule, target, listener)
      const unknowns = unknownsOf(rule)
      if (unknowns.length + ownNotes.length + unplaced.length === 0) return []
      const hangsOn = [...new Set(ownNotes.flatMap(note => note.by))].filter(priority => priority !== rule.priority)
      const hanging = unknowns.length === 0 ? [] : rules.filter(other => other.rule !== rule && hangOn(rule.priority, other.notes))
      // What hangs on a rule that is told of is told with it.
      const isTold = unknowns.length + unplaced.length === 0 && ownNotes.every(({ why, by }) => {
        return why === 'unreadable' && by.some(priority => causes.has(priority))
      })
      return [{
        severity: isTold ? 'info' : 'warning',
        listener: listener.label,
        rule: rule.priority,
        by: hangsOn,
        message: [
          ...unplaced,
          ...unknowns.length === 0 ? [] : [unreadable(rule, target, unknowns, hanging.map(other => other.rule.priority))],
          ...ownNotes.slice(0, notesMax).map(note => sentence(note, rule.priority)),
          ...rest(ownNotes.length - notesMax)
        ].join(' '),
        fix: fixOf(rule, unknowns.length > 0, hangsOn, unplaced.length > 0 ? placing(listener) : simplify),
        witness: null
      }]
    })
  })
}

function hangOn (priority: string, notes: readonly Undecided[]): boolean {
  return notes.some(({ by }) => by.includes(priority))
}

function unreadable ({ priority }: Rule, target: string, unknowns: readonly string[], hanging: readonly string[]): string {
  const hang = hanging.length === 1 ? 'hangs' : 'hang'
  const open = hanging.length === 0 ? 'what hangs on it is not decided here.' : `${listed(hanging)} ${hang} on it.`
  return `Rule ${priority} (${target}) has ${unknowns.join(' and ')}, which cannot be analysed: ${open}`
}

function fixOf ({ priority }: Rule, isUnreadable: boolean, hangsOn: readonly string[], otherwise: string): string {
  if (isUnreadable) return `Look at rule ${priority} yourself, or say the same with wildcards or a plain regular expression (^…$).`
  return hangsOn.length > 0 ? `Look at ${listed(hangsOn)} yourself.` : otherwise
}

const simplify = 'Make the patterns simpler, or analyse fewer rules at once.'

/** What of the place of a rule is known only when the plan is applied. */
function unplacedText (rule: Rule, target: string, { isUnplaced }: Listener): readonly string[] {
  const { priority, place } = rule
  const where = place === 'anywhere'
    ? 'where it stands among the others is not decided here'
    : 'it stands after those that have one, and which of several like it comes first is not decided here'
  return [
    ...isUnplaced === true && !isDefault(rule)
      ? [`Rule ${priority} (${target}) belongs to a listener that is known only when the plan is applied: it is looked at alone.`]
      : [],
    ...place === undefined ? [] : [`Rule ${priority} (${target}) has no priority before the plan is applied: ${where}.`]
  ]
}

function placing ({ isUnplaced }: Listener): string {
  return isUnplaced === true ? 'Check the rules again when they are made (describe-rules).' : 'Give the rule a priority.'
}

function rest (count: number): readonly string[] {
  return count > 0 ? [`${count} more ${count === 1 ? 'question' : 'questions'} about it could not be decided.`] : []
}

function sentence ({ about, why, by }: Undecided, rule: string): string {
  const others = by.filter(priority => priority !== rule)
  const cause = others.length > 0 ? `it hangs on ${listed(others)}` : 'it hangs on what cannot be analysed'
  const reason = why === 'limit' ? 'the limit of work was reached' : cause
  return `It could not be decided ${about}: ${reason}.`
}

function listed (priorities: readonly string[]): string {
  return `${priorities.length === 1 ? 'rule' : 'rules'} ${priorities.join(', ')}`
}
