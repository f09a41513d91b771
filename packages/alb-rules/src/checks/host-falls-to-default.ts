/** Finds hosts that some rule names and that have requests which no rule but the default takes. */
import { numbered, type ListenerView } from '../analysis/analysis.js'
import { extentOf } from '../analysis/extent.js'
import type { Found, Subject } from '../check.js'
import { hostsNamed, isDefaultUnseen } from '../model.js'
import { compile, everything, fold } from '../solver/pattern.js'

export function checkHostFallsToDefault ({ views, analysis, undecided }: Subject): Found {
  return views.flatMap(view => hostsOf(view).flatMap(([host, priority]) => {
    const answer = analysis.ask([extentOf({ conditions: [{ kind: 'host-header', values: [host], regexes: [] }] })], numbered(view))
    const base = { listener: view.listener.label, rule: priority }
    if (answer.is === 'unknown' && answer.why === 'limit') {
      undecided({ ...base, about: `whether the host ${host} falls to the default rule`, why: 'limit', by: [] })
    }
    if (answer.is !== 'yes') return []
    const isUnseen = isDefaultUnseen(view.listener)
    const target = isUnseen ? 'not seen here' : view.entries.at(-1)?.target ?? 'none'
    const right = isUnseen ? 'the default, or a rule that stands elsewhere, is' : `${target} is`
    return [{
      ...base,
      severity: 'info' as const,
      message: `Rule ${priority} names the host ${host}, and some requests for it are left to the default rule (${target}).`,
      fix: `Nothing, if ${right} right for them; else a rule with the host ${host} alone after the others.`,
      witness: analysis.witness(answer.point, view.listener)
    }]
  }))
}

/** Each host value with the first rule that names it; what matches every host names none. */
function hostsOf (view: ListenerView): ReadonlyArray<readonly [host: string, priority: string]> {
  const hosts = new Map<string, string>()
  for (const { rule } of numbered(view)) {
    for (const host of hostsNamed([rule]).map(fold)) {
      if (compile(host) !== everything && !hosts.has(host)) hosts.set(host, rule.priority)
    }
  }
  return [...hosts]
}
