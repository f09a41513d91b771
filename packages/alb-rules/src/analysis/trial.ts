/** Tries edits before they are told: one that fixes a finding and makes another is none to propose. */
import type { Finding } from '../check.js'
import { applyEdit, originOf, type Edit } from '../edit.js'
import { rulesOf, type RuleSet } from '../model.js'

/** An edit is tried by checking everything again, which takes too long for more rules than this, and for more edits. */
const rulesMax = 60
const trialsMax = 12

export interface Trial {
  /** Whether the edit fixes the finding and makes none above info that was not there; false too where it was not tried. */
  readonly isGood: (edit: Edit, finding: Finding) => boolean
}

/** @param found the findings of the rules as they are
 *  @param check finds those of other rules */
export function createTrial (ruleSet: RuleSet, found: readonly Finding[], check: (ruleSet: RuleSet) => readonly Finding[]): Trial {
  const known = new Set(loud(found).map(finding => keyOf(finding)))
  const trials = new Map<string, readonly Finding[]>()
  const isSmall = rulesOf(ruleSet).length <= rulesMax

  /** The findings after an edit; undefined where it is not tried. */
  function tried (edit: Edit): readonly Finding[] | undefined {
    const key = JSON.stringify(edit)
    const old = trials.get(key)
    if (old !== undefined || !isSmall || trials.size >= trialsMax) return old
    const after = check(applyEdit(ruleSet, edit))
    trials.set(key, after)
    return after
  }

  return {
    isGood (edit, finding) {
      const after = tried(edit)
      if (after === undefined) return false
      const isSame = (one: Finding): boolean => finding.check === 'unreachable-rule' || one.message === finding.message
      const isLeft = after.some(one => keyOf(one, edit) === keyOf(finding) && isSame(one))
      return !isLeft && loud(after).every(one => known.has(keyOf(one, edit)))
    }
  }
}

function loud (findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity !== 'info')
}

/** What a finding is about, in the numbers that the rules had before an edit. */
function keyOf ({ check, listener, rule, by = [], severity }: Finding, edit?: Edit): string {
  const name = (priority: string): string => edit === undefined ? priority : originOf(priority, edit)
  const causes = check === 'partly-shadowed-rule' ? by.map(name).sort() : []
  return JSON.stringify([check, listener, rule === null ? null : name(rule), causes, check === 'unreachable-rule' ? '' : severity])
}
