/** Finds pairs of rules where the earlier one takes some of the requests of the later one and sends them elsewhere. */
import { doDiffer, numbered, type Answer, type Entry, type ListenerView } from '../analysis/analysis.js'
import { comesTwice } from '../analysis/twice.js'
import type { Found, Subject } from '../check.js'
import type { Point } from '../solver/box.js'

/** More rules than this that one earlier rule crosses are told of once. */
const crossedMax = 3

/** So many requests of a rule are kept. */
const examplesMax = 50

export function checkPartlyShadowedRule (subject: Subject): Found {
  const examples = createExamples(subject)
  return subject.views.flatMap(view => toldOnce(numbered(view).flatMap(entry => {
    // A rule that is never reached is not partly shadowed: it has a finding of its own.
    if (entry.earlier.length === 0 || subject.isReached(entry).is === 'no') return []
    return entry.earlier.filter(other => other.key !== entry.key).flatMap(other => pairFinding(other, entry, view, subject, examples))
  })))
}

/** What rules are known to take: most pairs are answered by a request that another pair showed. */
interface Examples {
  readonly ask: (earlier: Entry, entry: Entry) => Answer
}

function createExamples ({ analysis, isReached }: Subject): Examples {
  const points = new Map<Entry, Point[]>()

  function pointsOf (entry: Entry): Point[] {
    const known = points.get(entry)
    if (known !== undefined) return known
    const first = isReached(entry)
    const list = first.is === 'yes' ? [first.point] : []
    points.set(entry, list)
    return list
  }

  return {
    ask (earlier, entry) {
      if (isReached(earlier).is === 'no') return { is: 'no' }
      const list = pointsOf(earlier)
      const isPlain = entry.isCertain && earlier.isCertain && earlier.earlier.every(other => other.isCertain)
      const shown = isPlain ? list.find(point => analysis.solver.holds(entry.box, point)) : undefined
      // What the later rule looks at stands in the request too, although nothing had to be asked of it.
      if (shown !== undefined) {
        const looked = entry.box.map(({ part }) => [part, analysis.solver.valuesOf(shown, part)] as const)
        return { is: 'yes', point: new Map([...looked, ...shown]) }
      }
      const answer = analysis.ask([earlier, entry], earlier.earlier)
      if (answer.is === 'yes' && list.length < examplesMax) list.push(answer.point)
      return answer
    }
  }
}

function pairFinding (earlier: Entry, entry: Entry, { listener }: ListenerView, subject: Subject, examples: Examples): Found {
  const { analysis, undecided } = subject
  if (!analysis.mayMeet(earlier, entry)) return []
  const taken = examples.ask(earlier, entry)
  const [first, second] = [earlier.rule.priority, entry.rule.priority]
  const base = { listener: listener.label, rule: second }
  if (taken.is === 'unknown' && taken.why === 'limit') {
    undecided({ ...base, about: `whether rule ${first} takes requests of rule ${second}`, why: 'limit', by: [first] })
  }
  if (taken.is !== 'yes') return []
  if (doDiffer(earlier, entry) === undefined) {
    undecided({ ...base, about: `whether rules ${first} and ${second} do the same`, why: 'unreadable', by: [first] })
    return []
  }
  const outside = analysis.ask([earlier], [entry])
  const isNarrower = outside.is === 'no'
  if (outside.is === 'unknown') {
    const by = [earlier, entry].filter(({ isCertain }) => !isCertain).map(({ rule }) => rule.priority)
    undecided({ ...base, about: `whether rule ${first} is a special case of rule ${second}`, why: outside.why, by })
  }
  const twice = isNarrower ? undefined : analysis.tried(() => comesTwice(earlier, entry, analysis))
  const what = `Rule ${first} (${earlier.target}) comes first and takes some requests that rule ${second} (${entry.target}) matches too`
  const shown = { ...base, by: [first], differentTarget: true, witness: analysis.witness(taken.point, listener) }
  if (isNarrower) {
    const message = `${what}. It is narrower, like a special case before a general rule.`
    return [{ ...shown, severity: 'info', message, fix: 'Nothing, if this is intended.' }]
  }
  if (twice !== undefined) {
    const message = `${what}, but only if ${twice} occurs twice, with two values.`
    return [{ ...shown, severity: 'info', message, fix: 'Nothing: no condition can tell these requests apart.' }]
  }
  return [{
    ...shown,
    severity: 'warning',
    message: `${what}${outside.is === 'yes' ? ', and is not a special case of it' : ''}: only the order of the two decides.`,
    fix: `Nothing, if rule ${first} is right; if rule ${second} should have them, give it a priority before ${first}; ` +
      'better, add a condition that tells the two apart (a host, say).'
  }]
}

/** Of the many rules that one earlier rule crosses, the first is told of as a warning, with the others named. */
function toldOnce (findings: Found): Found {
  const crossing = new Map<string, Found>()
  for (const finding of findings.filter(({ severity }) => severity === 'warning')) {
    const key = finding.by?.join() ?? ''
    crossing.set(key, [...crossing.get(key) ?? [], finding])
  }
  return findings.map(finding => {
    const all = crossing.get(finding.by?.join() ?? '') ?? []
    if (finding.severity !== 'warning' || all.length <= crossedMax) return finding
    const [first, ...others] = all
    return finding === first
      ? { ...finding, message: `${finding.message} It crosses ${all.length} rules, with ${others.map(({ rule }) => rule).join(', ')} too.` }
      : { ...finding, severity: 'info', message: `${finding.message} It is one of ${all.length} rules, reported with rule ${first?.rule}.` }
  })
}
