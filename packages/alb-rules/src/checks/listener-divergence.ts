/** Finds HTTP and HTTPS listeners of one load balancer that send a request to different targets. */
import type { ListenerView } from '../analysis/analysis.js'
import type { Found, Subject } from '../check.js'
import { diffViews, type Change } from '../diff.js'

export function checkListenerDivergence ({ views, analysis, undecided }: Subject): Found {
  const open = views.filter(({ listener }) => listener.protocol === 'HTTP').filter(view => !onlyRedirects(view))
  const secure = views.filter(({ listener }) => listener.protocol === 'HTTPS')
  return open.flatMap(plain => secure.filter(({ listener }) => listener.balancer === plain.listener.balancer).flatMap(other => {
    const changes = diffViews(plain, other, analysis)
    const [first, ...more] = changes.filter(change => change.undecided === undefined).toSorted(byDefault)
    const [one, two] = [plain.listener.label, other.listener.label]
    if (changes.some(change => change.undecided === 'limit')) {
      undecided({ listener: one, rule: 'default', about: `whether ${two} decides alike`, why: 'limit', by: [] })
    }
    if (first === undefined) return []
    const { before, after, rules, witness } = first
    const isUnseen = [plain, other].some(({ listener }) => listener.isPart) && [rules.before, rules.after].includes('default')
    return [{
      severity: isUnseen ? 'info' as const : 'warning' as const,
      listener: one,
      rule: rules.before,
      message: `${one} sends this request to ${before} (rule ${rules.before}), ` +
        `${two} to ${after} (rule ${rules.after}).${rest(more.length)}`,
      fix: `Give both listeners the same rules, or let ${one} only redirect to HTTPS.`,
      witness
    }]
  }))
}

/** A difference between rules that are seen is a better example than one that hangs on a default. */
function byDefault (one: Change, other: Change): number {
  const rank = ({ rules }: Change): number => Number([rules.before, rules.after].includes('default'))
  return rank(one) - rank(other)
}

function rest (count: number): string {
  if (count === 0) return ''
  return count === 1 ? ' One more pair of rules differs.' : ` ${count} more pairs of rules differ.`
}

function onlyRedirects ({ entries }: ListenerView): boolean {
  return entries.every(({ rule }) => rule.action.kind === 'redirect' && rule.action.protocol === 'HTTPS')
}
