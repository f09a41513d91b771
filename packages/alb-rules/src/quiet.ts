/** Findings that somebody has looked at and leaves as they are: named one by one with a reason, or all those of an earlier check. */
import type { Finding, Severity } from './check.js'
import { checks } from './checks.js'
import { complain, InputError, listOf, member, optionalText, textOf } from './cursor.js'

/** One that is left as it is. */
export interface Known {
  readonly check: string
  /** A priority, or `*` for any. */
  readonly rule: string | null
  /** Undefined: of any listener. */
  readonly listener?: string | null
  /** Undefined: whatever the cause. */
  readonly by?: readonly string[]
  /** No worse than this. */
  readonly severity?: Severity
  readonly reason?: string
}

/** Reads `CHECK:RULE=REASON`.
 *  @throws InputError */
export function readIgnored (text: string): Known {
  const [, check = '', rule = '', reason] = /^([a-z-]+):([^=\s]+)(?:[=\s]\s*(.+))?$/.exec(text) ?? []
  if (!checks.some(({ name }) => name === check)) {
    throw new InputError(`--ignore takes CHECK:RULE=REASON, such as prefix-overreach:10='ids follow', not ${text}`)
  }
  return { check, rule, ...reason === undefined ? {} : { reason } }
}

/** Reads what `check --json` printed.
 *  @throws InputError with the place */
export function readBaseline (text: string): readonly Known[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InputError('the baseline is not JSON: it is what check --json prints')
  }
  const findings = member({ value, place: '' }, 'findings')
  if (findings.value === undefined) complain(findings, 'the list is missing: a baseline is what check --json prints')
  return listOf(findings).map(cursor => {
    const severity = textOf(member(cursor, 'severity'))
    if (severity !== 'error' && severity !== 'warning' && severity !== 'info') complain(member(cursor, 'severity'), `${severity} is none`)
    const [rule = null, listener = null, reason] = ['rule', 'listener', 'reason'].map(name => optionalText(member(cursor, name)))
    const by = listOf(member(cursor, 'by')).map(textOf)
    return { check: textOf(member(cursor, 'check')), rule, listener, by, severity, ...reason === undefined ? {} : { reason } }
  })
}

/** The findings that are left, those that are known, and what is known of none. */
export function withoutKnown (findings: readonly Finding[], known: readonly Known[]): {
  readonly left: readonly Finding[]
  readonly hidden: readonly Finding[]
  readonly unused: readonly Known[]
} {
  const isHidden = (finding: Finding): boolean => known.some(one => isThat(finding, one))
  return {
    left: findings.filter(finding => !isHidden(finding)),
    hidden: findings.filter(isHidden),
    unused: known.filter(one => !findings.some(finding => isThat(finding, one)))
  }
}

const severities: readonly Severity[] = ['info', 'warning', 'error']

function isThat (finding: Finding, { check, rule, listener, by, severity }: Known): boolean {
  return finding.check === check && (rule === '*' || rule === finding.rule) &&
    (listener === undefined || listener === finding.listener) &&
    (by === undefined || by.join() === (finding.by ?? []).join()) &&
    (severity === undefined || severities.indexOf(finding.severity) <= severities.indexOf(severity))
}
