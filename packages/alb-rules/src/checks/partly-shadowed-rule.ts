/** Finds pairs of rules where the earlier one takes some of the requests of the later one and sends them elsewhere. */
import { numbered, type Answer, type Place, type View } from '../analysis/analysis.js'
import type { Point } from '../solver/solver.js'
import type { Found, Subject } from '../check.js'

/** So many requests of a rule are kept. */
const examplesMax = 50

export function checkShadows (subject: Subject): Found {
  const examples = createExamples(subject)
  return subject.views.flatMap(view => numbered(view).flatMap(place => {
    // A rule that is never reached is not partly shadowed: it has a finding of its own.
    if (place.earlier.length === 0 || subject.isReached(place).is === 'no') return []
    return place.earlier.filter(other => other.key !== place.key).flatMap(other => pairFinding(other, place, view, subject, examples))
  }))
}

/** What rules are known to take: most pairs are answered by a request that another pair showed. */
interface Examples {
  readonly ask: (earlier: Place, place: Place) => Answer
}

function createExamples ({ analysis, isReached }: Subject): Examples {
  const points = new Map<Place, Point[]>()

  function pointsOf (place: Place): Point[] {
    const known = points.get(place)
    if (known !== undefined) return known
    const first = isReached(place)
    const list = first.is === 'yes' ? [first.point] : []
    points.set(place, list)
    return list
  }

  return {
    ask (earlier, place) {
      if (isReached(earlier).is === 'no') return { is: 'no' }
      const list = pointsOf(earlier)
      const isPlain = place.isCertain && earlier.isCertain && earlier.earlier.every(other => other.isCertain)
      const shown = isPlain ? list.find(point => analysis.solver.holds(place.box, point)) : undefined
      // What the later rule looks at stands in the request too, although nothing had to be asked of it.
      if (shown !== undefined) return { is: 'yes', point: new Map([...place.box.map(({ part }) => [part, analysis.solver.valuesOf(shown, part)] as const), ...shown]) }
      const answer = analysis.ask([earlier, place], earlier.earlier)
      if (answer.is === 'yes' && list.length < examplesMax) list.push(answer.point)
      return answer
    }
  }
}

function pairFinding (earlier: Place, place: Place, { listener }: View, { analysis, undecided }: Subject, examples: Examples): Found {
  if (!analysis.mayMeet(earlier, place)) return []
  const taken = examples.ask(earlier, place)
  const [first, second] = [earlier.rule.priority, place.rule.priority]
  const base = { listener: listener.label, rule: second }
  if (taken.is === 'unknown' && taken.why === 'limit') undecided({ ...base, about: `whether rule ${first} takes requests of rule ${second}`, why: 'limit', by: [first] })
  if (taken.is !== 'yes') return []
  const outside = analysis.ask([earlier], [place])
  const isNarrower = outside.is === 'no'
  if (outside.is === 'unknown') undecided({ ...base, about: `whether rule ${first} is a special case of rule ${second}`, why: outside.why, by: [first, second].filter((_, at) => [earlier, place][at]?.isCertain === false) })
  const what = `Rule ${first} (${earlier.target}) comes first and takes some requests that rule ${second} (${place.target}) matches too`
  return [{
    ...base,
    severity: isNarrower ? 'info' : 'warning',
    by: [first],
    differentTarget: true,
    message: isNarrower
      ? `${what}. It is the narrower one, as it is with a special case before a general rule.`
      : `${what}${outside.is === 'yes' ? ', and is no special case of it' : ''}: the order of the two alone decides.`,
    fix: isNarrower
      ? 'Nothing, if it is meant so.'
      : `If rule ${first} is right, nothing; if rule ${second} should have them, give it a priority before ${first}; better, tell the two apart by a condition (a host, say).`,
    witness: analysis.witness(taken.point, listener)
  }]
}
