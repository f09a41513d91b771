/** Finds pairs of rules where the earlier one takes some of the requests of the later one and sends them elsewhere. */
import { numbered, type Place, type View } from '../analysis.js'
import type { Found, Subject } from './check.js'

export function checkShadows (subject: Subject): Found {
  return subject.views.flatMap(view => numbered(view).flatMap(place => {
    // A rule that is never reached is not partly shadowed: it has a finding of its own.
    if (place.earlier.length === 0 || subject.isReached(place).is === 'no') return []
    return place.earlier.filter(other => other.key !== place.key).flatMap(other => pairFinding(other, place, view, subject))
  }))
}

function pairFinding (earlier: Place, place: Place, { listener }: View, { analysis, undecided }: Subject): Found {
  if (!analysis.mayMeet(earlier, place)) return []
  const taken = analysis.ask([earlier, place], earlier.earlier)
  const [first, second] = [earlier.rule.priority, place.rule.priority]
  const base = { listener: listener.label, rule: second }
  if (taken.is === 'unknown' && taken.why === 'limit') undecided({ ...base, about: `whether rule ${first} takes requests of rule ${second}`, why: 'limit', by: [first] })
  if (taken.is !== 'yes') return []
  const outside = analysis.ask([earlier], [place])
  const isNarrower = outside.is === 'no'
  const what = `Rule ${first} (${earlier.target}) comes first and takes some requests that rule ${second} (${place.target}) matches too`
  return [{
    ...base,
    severity: isNarrower ? 'info' : 'warning',
    by: [first],
    differentTarget: true,
    message: isNarrower
      ? `${what}. It is the narrower one, as it is with a special case before a general rule.`
      : `${what}, and neither is a special case of the other: the order of the two alone decides.`,
    fix: isNarrower
      ? 'Nothing, if it is meant so.'
      : `If rule ${first} is right, nothing; if rule ${second} should have them, give it a priority before ${first}; better, tell the two apart by a condition (a host, say).`,
    witness: analysis.witness(taken.point, listener)
  }]
}
