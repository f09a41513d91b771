/** Compares what the listeners of a load balancer do, and finds hosts for which only the default rule is left. */
import { numbered, type View } from '../analysis/analysis.js'
import { extentOf } from '../analysis/extent.js'
import { compile, everything, fold } from '../solver/pattern.js'
import { diffViews } from '../diff.js'
import type { Found, Subject } from '../check.js'

/** Hosts that some rule names and that have requests which no rule but the default takes. */
export function checkHosts ({ views, analysis, undecided }: Subject): Found {
  return views.flatMap(view => hostsOf(view).flatMap(([host, priority]) => {
    const asked = extentOf({ priority, conditions: [{ kind: 'host-header', values: [host], regexes: [] }], steps: [], action: { kind: 'none' }, transforms: [] })
    const answer = analysis.ask([asked], numbered(view))
    const base = { listener: view.listener.label, rule: priority }
    if (answer.is === 'unknown' && answer.why === 'limit') undecided({ ...base, about: `whether the host ${host} falls to the default rule`, why: 'limit', by: [] })
    if (answer.is !== 'yes') return []
    const target = view.places.at(-1)?.target ?? 'none'
    return [{
      ...base,
      severity: 'info' as const,
      message: `Rule ${priority} names the host ${host}, and some requests for it are left to the default rule (${target}).`,
      fix: `Nothing, if ${target} is right for them; else a rule with the host ${host} alone after the others.`,
      witness: analysis.witness(answer.point, view.listener)
    }]
  }))
}

/** HTTP and HTTPS listeners of one load balancer that send a request to different targets. */
export function checkDivergence ({ views, analysis, undecided }: Subject): Found {
  const open = views.filter(({ listener }) => listener.protocol === 'HTTP').filter(view => !onlyRedirects(view))
  const secure = views.filter(({ listener }) => listener.protocol === 'HTTPS')
  return open.flatMap(plain => secure.filter(({ listener }) => listener.balancer === plain.listener.balancer).flatMap(other => {
    const changes = diffViews(plain, other, analysis)
    const [first, ...more] = changes.filter(change => change.undecided === undefined)
    if (changes.some(change => change.undecided === 'limit')) undecided({ listener: plain.listener.label, rule: 'default', about: `whether ${other.listener.label} decides alike`, why: 'limit', by: [] })
    if (first === undefined) return []
    const rest = more.length === 0 ? '' : more.length === 1 ? ' One more pair of rules differs.' : ` ${more.length} more pairs of rules differ.`
    return [{
      severity: 'warning' as const,
      listener: plain.listener.label,
      rule: first.rules.before,
      message: `${plain.listener.label} sends this request to ${first.before} (rule ${first.rules.before}), ${other.listener.label} to ${first.after} (rule ${first.rules.after}).${rest}`,
      fix: `Give both listeners the same rules, or let ${plain.listener.label} only redirect to HTTPS.`,
      witness: first.witness
    }]
  }))
}

/** Each host value with the first rule that names it; what matches every host names none. */
function hostsOf (view: View): ReadonlyArray<readonly [host: string, priority: string]> {
  const hosts = new Map<string, string>()
  for (const { rule } of numbered(view)) {
    const values = rule.conditions.flatMap(condition => condition.kind === 'host-header' ? condition.values : [])
    for (const host of values.map(fold)) {
      if (compile(host) !== everything && !hosts.has(host)) hosts.set(host, rule.priority)
    }
  }
  return [...hosts]
}

function onlyRedirects ({ places }: View): boolean {
  return places.every(({ rule }) => rule.action.kind === 'redirect' && rule.action.protocol === 'HTTPS')
}
