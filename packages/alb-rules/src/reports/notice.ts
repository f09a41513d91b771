/** What commands found, in the one form that reports for other programs are written from. */
import { checks } from '../checks.js'
import type { Finding, Severity } from '../check.js'
import { openReasons, type Change } from '../diff.js'
import { headersRead, type RuleSet } from '../model.js'
import { curlLine, type Witness } from '../request.js'

export interface Notice {
  /** A check, or `target-change`. */
  readonly id: string
  readonly severity: Severity
  /** Where in the rules it is, such as `HTTPS:443, rule 20`; empty where no one rule is meant. */
  readonly place: string
  readonly message: string
  /** What to do about it, where something is to be done. */
  readonly fix?: string
  /** A command that shows it. */
  readonly command?: string
}

/** What each kind of notice is about, in half a sentence. */
export const noticeTitles: ReadonlyMap<string, string> = new Map([
  ...checks.map(({ name, title }) => [name, title] as const),
  ['target-change', 'requests go elsewhere after a change']
])

export function findingNotices (findings: readonly Finding[], ruleSet: RuleSet): readonly Notice[] {
  return findings.map(({ check, severity, listener, rule, message, fix, witness }) => {
    return { id: check, severity, place: placeOf(listener, rule), message, fix, ...commandOf(witness, [ruleSet]) }
  })
}

export function changeNotices (changes: readonly Change[], ruleSets: readonly RuleSet[]): readonly Notice[] {
  return changes.map(({ listener, before, after, rules, witness, undecided, differs }) => {
    const name = (rule: string | null): string => rule === null ? 'no rule' : `rule ${rule}`
    const details = differs === undefined ? '' : ` They differ in ${differs.join(', ')}.`
    const open = undecided === undefined ? '' : ` This is not decided: ${openReasons[undecided]}.`
    return {
      id: 'target-change',
      severity: 'warning' as const,
      place: placeOf(listener, rules.after ?? rules.before),
      message: `Requests go from ${before} (${name(rules.before)}) to ${after} (${name(rules.after)}).${details}${open}`,
      ...commandOf(witness, ruleSets)
    }
  })
}

/** Such as `1 error, 2 warnings`. */
export function countsOf (notices: readonly Notice[]): string {
  const counts = (['error', 'warning', 'info'] as const).flatMap(severity => {
    const count = notices.filter(notice => notice.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}${count === 1 || severity === 'info' ? '' : 's'}`]
  })
  return counts.length === 0 ? 'nothing found' : counts.join(', ')
}

function placeOf (listener: string | null, rule: string | null): string {
  return [...listener === null ? [] : [listener], ...rule === null ? [] : [`rule ${rule}`]].join(', ')
}

function commandOf (witness: Witness | null, ruleSets: readonly RuleSet[]): Pick<Notice, 'command'> {
  return witness === null ? {} : { command: curlLine(witness, ruleSets.flatMap(headersRead)) }
}
