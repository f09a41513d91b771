/** Finds redirects that lead back to themselves, through other redirects and listeners of the load balancer too. */
import type { Entry, ListenerView } from '../analysis/analysis.js'
import { extentOf } from '../analysis/extent.js'
import { firstLocation, redirected, seenFromFirst, type Location, type Sent, type Template } from '../analysis/rewrite.js'
import type { Found, Subject } from '../check.js'
import type { Listener, Redirect } from '../model.js'
import { defaultPort } from '../request.js'
import { compile, everything, fold, matches, mayMeet } from '../solver/pattern.js'
import type { Box, Point } from '../solver/box.js'

/** Browsers give up after so many: what goes on longer does not end for them. */
const redirectsMax = 20

/** So many combinations of rules are followed from one redirect. */
const followedMax = 2000

/** A client asks again with GET after a POST, so a loop that a POST gets into is one of GET. */
const posts = extentOf({ conditions: [{ kind: 'http-request-method', values: ['POST'], regexes: [] }] }).box

interface Step {
  readonly view: ListenerView
  readonly entry: Entry
  readonly location: Location
}

interface Chain {
  readonly steps: readonly Step[]
  /** What the first request must and must not be for the chain to come about. */
  readonly inside: readonly Box[]
  readonly outside: readonly Box[]
}

/** A request in all of the first boxes and in none of the second. */
type Find = (inside: readonly Box[], outside: readonly Box[]) => Point | undefined

interface Loop {
  readonly steps: readonly Step[]
  readonly point: Point
}

export function checkRedirectLoop (subject: Subject): Found {
  const reported = new Set<string>()
  return subject.views.flatMap(view => view.entries.flatMap(entry => {
    if (entry.rule.action.kind !== 'redirect') return []
    const loop = findLoop(view, entry, subject)
    if (loop === undefined) return []
    const key = [...new Set(loop.steps.map(nameOf))].sort().join()
    if (reported.has(key)) return []
    reported.add(key)
    const endless = loop.steps.length > 5 ? ' and so on without end' : ''
    const way = [...loop.steps, ...loop.steps.slice(0, 1)].slice(0, 6).map(nameOf).join(', then ')
    return [{
      severity: 'error' as const,
      listener: view.listener.label,
      rule: entry.rule.priority,
      message: `Rule ${entry.rule.priority} (${entry.target}) redirects in a loop: ${way}${endless}.`,
      fix: `Add a condition to rule ${entry.rule.priority} that its own target does not meet, or correct the target.`,
      witness: subject.analysis.witness(loop.point, view.listener)
    }]
  }))
}

function findLoop (view: ListenerView, entry: Entry, subject: Subject): Loop | undefined {
  const { analysis, views } = subject
  let followed = 0
  const rule = entry.rule.priority
  const undecided = (why: 'unreadable' | 'limit', what: string): void => {
    subject.undecided({ listener: view.listener.label, rule, about: `whether the redirect of rule ${rule}${what}`, why, by: [] })
  }
  const own = views.filter(({ listener }) => listener.balancer === view.listener.balancer)

  function follow ({ steps, inside, outside }: Chain): Loop | undefined {
    const last = steps.at(-1)
    const redirect = last?.entry.rule.action
    if (last === undefined || redirect?.kind !== 'redirect') return undefined
    const sent = redirected(last.location, redirect)
    const { location, untold } = sent
    const next = own.find(({ listener }) => isAt(listener, location))
    if (next === undefined || (!untold.includes('host') && leadsAway(location.host, own))) return undefined
    if (untold.length > 0) {
      // What is made of several parts could lead to another redirect, or to the same: then nobody can say whether it ends.
      const redirecting = next.entries.filter(other => other.rule.action.kind === 'redirect')
      const isOpen = redirecting.some(other => mayGetTo(other, sent, redirect, { steps, inside, outside }, find))
      if (isOpen) undecided('unreadable', ' ends: it makes one part of a URL of another')
      return undefined
    }
    const circle = circleOf(steps, { view: next, location })
    if (circle !== undefined) {
      // A circle that others make is theirs to report.
      const point = circle.some(step => step.entry === entry) ? find(inside, outside) : undefined
      return point === undefined ? undefined : { steps: fromEntry(circle, entry), point }
    }
    for (const other of next.entries) {
      const chain = longer({ steps, inside, outside }, { view: next, entry: other, location })
      const loop = chain === undefined || find(chain.inside, chain.outside) === undefined ? undefined : follow(chain)
      if (loop !== undefined) return loop
    }
    return undefined
  }

  function find (inside: readonly Box[], outside: readonly Box[]): Point | undefined {
    const point = followed++ < followedMax ? analysis.tried(() => analysis.solver.find(inside, outside) ?? 'none') : undefined
    if (point === undefined) undecided('limit', ' ends')
    return point === 'none' ? undefined : point
  }

  const { protocol, port } = endpointOf(view.listener)
  const chain: Chain = {
    steps: [{ view, entry, location: firstLocation(protocol, port) }],
    inside: [entry.certain],
    outside: [posts, ...entry.earlier.map(one => one.possible)]
  }
  return find(chain.inside, chain.outside) === undefined ? undefined : follow(chain)
}

/** The chain with one more rule in it; undefined where what it asks can never hold. */
function longer ({ steps, inside, outside }: Chain, step: Step): Chain | undefined {
  const { entry, location } = step
  const box = seenFromFirst(entry.certain, location)
  return box && {
    steps: [...steps, step],
    inside: [...inside, box],
    outside: [...outside, ...entry.earlier.flatMap(one => seenBox(one.possible, location))]
  }
}

/** Whether some request of the chain may get to that rule, when parts of where it is sent are not told. */
function mayGetTo (other: Entry, sent: Sent, redirect: Redirect, { inside, outside }: Chain, find: Find): boolean {
  const { location, untold } = sent
  // Of a part that is made of several, what stands before the first of them is known.
  const begins = ({ part, language }: Box[number]): boolean => {
    if ((part !== 'host' && part !== 'path') || !untold.includes(part)) return true
    const made = compile(`${redirect[part].split('#{')[0] ?? ''}*`)
    return language.globs.some(glob => mayMeet(glob, made)) || language.marks.length > 0
  }
  if (!other.possible.every(begins)) return false
  const box = seenFromFirst(other.possible.filter(({ part }) => !(untold as readonly string[]).includes(part)), location)
  return box !== undefined && find([...inside, box], outside) !== undefined
}

/** The steps that come again and again; all but the first where the way only grows longer and longer. */
function circleOf (steps: readonly Step[], next: Pick<Step, 'view' | 'location'>): readonly Step[] | undefined {
  const at = steps.findIndex(step => step.view === next.view && JSON.stringify(step.location) === JSON.stringify(next.location))
  if (at >= 0) return steps.slice(at)
  return steps.length > redirectsMax ? steps.slice(1) : undefined
}

function fromEntry (circle: readonly Step[], entry: Entry): readonly Step[] {
  const at = circle.findIndex(step => step.entry === entry)
  return [...circle.slice(at), ...circle.slice(0, at)]
}

/** Whether no rule here names the host, so that it is somebody else's. */
function leadsAway (host: Template, views: readonly ListenerView[]): boolean {
  if (host.part !== undefined && host.before === '' && host.after === '') return false
  const made = compile(fold(host.part === undefined ? host.before : `${host.before}*${host.after}`))
  const conditions = views.flatMap(({ entries }) => entries).flatMap(({ rule }) => rule.conditions)
  const globs = conditions.flatMap(condition => condition.kind === 'host-header' ? condition.values.map(value => compile(fold(value))) : [])
  return !globs.some(glob => glob !== everything && (host.part === undefined ? matches(glob, fold(host.before)) : mayMeet(glob, made)))
}

function seenBox (box: Box, location: Location): readonly Box[] {
  const seen = seenFromFirst(box, location)
  return seen === undefined ? [] : [seen]
}

function isAt (listener: Listener, { protocol, port }: Location): boolean {
  const own = endpointOf(listener)
  return own.protocol === protocol && own.port === port
}

/** A listener of which nothing is known is taken for plain HTTP. */
function endpointOf ({ protocol = 'HTTP', port = defaultPort(protocol) }: Listener): Pick<Location, 'protocol' | 'port'> {
  return { protocol, port }
}

function nameOf ({ view, entry }: Step): string {
  return `rule ${entry.rule.priority}${view.listener.label === null ? '' : ` of ${view.listener.label}`}`
}
