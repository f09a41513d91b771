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
  return views.flatMap(({ listener, entries }) => entries.flatMap(({ rule, target }) => {
    const unknowns = unknownsOf(rule)
    const unplaced = unplacedText(rule, target, listener)
    const own = notesByRule.get(`${rule.priority} ${listener.label}`) ?? []
    if (unknowns.length + own.length + unplaced.length === 0) return []
    const hangsOn = [...new Set(own.flatMap(note => note.by))].filter(priority => priority !== rule.priority)
    const unreadable = `Rule ${rule.priority} (${target}) has ${unknowns.join(' and ')}, which cannot be analysed: ` +
      'what hangs on it is not decided here.'
    const told = own.slice(0, notesMax).map(note => sentence(note, rule.priority))
    return [{
      severity: 'warning' as const,
      listener: listener.label,
      rule: rule.priority,
      by: hangsOn,
      message: [...unplaced, ...unknowns.length === 0 ? [] : [unreadable], ...told, ...rest(own.length - notesMax)].join(' '),
      fix: unknowns.length > 0
        ? `Look at rule ${rule.priority} yourself, or say the same with wildcards.`
        : hangsOn.length > 0 ? `Look at ${listed(hangsOn)} yourself.` : unplaced.length > 0 ? placing(listener) : simplify,
      witness: null
    }]
  }))
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
