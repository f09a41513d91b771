/** Questions about whole rule sets: is there a request that these rules match and those do not, and if so which? */
import { decide } from '../match.js'
import { isDefault, isTriedBefore, targetKey, targetOf, type Listener, type Rule, type RuleSet } from '../model.js'
import { createRequest, defaultPort, type Witness } from '../request.js'
import { addressText } from '../solver/address.js'
import { createBudget, LimitReached, type Budget } from '../solver/budget.js'
import { separator } from '../solver/pattern.js'
import type { Atom, Point } from '../solver/box.js'
import { createLanguage } from '../solver/range.js'
import { createSolver, type Solver } from '../solver/solver.js'
import { extentOf, type Extent } from './extent.js'

export type Answer =
  | { readonly is: 'yes', readonly point: Point }
  | { readonly is: 'no' }
  /** It hangs on something that cannot be read, or took too much work. The point shows what it hangs on. */
  | { readonly is: 'unknown', readonly why: 'unreadable' | 'limit', readonly point?: Point }

/** A rule with what the analysis knows about it. */
export interface Entry extends Extent {
  readonly rule: Rule
  readonly target: string
  readonly key: string
  /** The rules that are tried before it. */
  readonly earlier: readonly Entry[]
}

/** A listener with its rules in order. */
export interface ListenerView {
  readonly listener: Listener
  readonly entries: readonly Entry[]
}

export interface Analysis {
  readonly solver: Pick<Solver, 'find' | 'holds' | 'shareValue' | 'valuesOf'>
  /** False only where no request lies in both; a quick first look. */
  readonly mayMeet: (one: Extent, other: Extent) => boolean
  /** Is there a request in all of the first and in none of the second? */
  readonly ask: (inside: readonly Extent[], outside: readonly Extent[]) => Answer
  /** Runs something within the work that one question may take; undefined where that is not enough. */
  readonly tried: <T>(work: () => T) => T | undefined
  /** Counts work that is done outside of the solver. */
  readonly spend: Budget['spend']
  /** The request as it is sent to the listener; what others would decide about it is to be told from it as well. */
  readonly witness: (point: Point, listener: Listener, ...others: readonly Listener[]) => Witness
}

export interface AnalysisOptions {
  /** Host names that witnesses should have where they fit. */
  readonly hosts?: readonly string[]
  /** Steps of the walks over patterns: of one question, and of all together. */
  readonly questionStepsMax?: number
  readonly stepsMax?: number
}

/** Real rules take up to a few millions in all; hostile ones end after some ten seconds. */
const defaultSteps = { question: 1_000_000, all: 10_000_000 }

export function createAnalysis (ruleSets: readonly RuleSet[], options: AnalysisOptions = {}): Analysis {
  const budget = createBudget(options.questionStepsMax ?? defaultSteps.question, options.stepsMax ?? defaultSteps.all)
  const solver = createSolver(budget, [...options.hosts ?? [], ...namedHosts(ruleSets), 'example.com', 'example.org', 'www.example.net'])
  const headerNames = spelledNames(ruleSets)

  function tried <T> (work: () => T): T | undefined {
    if (!budget.begin()) return undefined
    try {
      return work()
    } catch (error) {
      if (error instanceof LimitReached) return undefined
      throw error
    }
  }

  function mayMeet (one: Extent, other: Extent): boolean {
    return tried(() => solver.mayMeet(one.box, other.box)) ?? true
  }

  function ask (inside: readonly Extent[], outside: readonly Extent[]): Answer {
    const answer = tried((): Answer => {
      const point = solver.find(inside.map(extent => extent.box), outside.map(extent => extent.box))
      if (point === undefined) return { is: 'no' }
      if ([...inside, ...outside].every(extent => extent.isCertain)) return { is: 'yes', point }
      const certain = solver.find(inside.map(extent => extent.certain), outside.map(extent => extent.possible))
      return certain === undefined ? { is: 'unknown', why: 'unreadable', point } : { is: 'yes', point: certain }
    })
    return answer ?? { is: 'unknown', why: 'limit' }
  }

  function witness (point: Point, listener: Listener, ...others: readonly Listener[]): Witness {
    const one = (part: string): string => solver.valuesOf(point, part)[0]?.text ?? ''
    const protocol = listener.protocol ?? 'HTTP'
    const port = listener.port === undefined || listener.port === defaultPort(protocol) ? '' : `:${listener.port}`
    const query = (point.get('query') ?? []).map(pair => pair.text.replace(separator, '=')).join('&')
    const nameOf = (part: string): string => headerNames.get(part.slice('header:'.length)) ?? part.slice('header:'.length)
    const headers = [...point].filter(([part, values]) => part.startsWith('header:') && values.length > 0)
    const shown: Witness = {
      method: one('method'),
      url: `${protocol.toLowerCase()}://${one('host')}${port}${one('path')}${query === '' ? '' : '?' + query}`,
      headers: Object.fromEntries(headers.map(([part, values]) => [nameOf(part), values.map(({ text }) => text)]))
    }
    const asked = createRequest(shown)
    const isOpen = ({ rules }: Listener): boolean => decide(rules, asked).open.some(({ kind }) => kind === 'source-ip')
    return point.has('source') || [listener, ...others].some(isOpen) ? { ...shown, sourceIp: addressText(one('source')) } : shown
  }

  return { solver, mayMeet, ask, tried, spend: budget.spend, witness }
}

export function createView (listener: Listener): ListenerView {
  const { rules } = listener
  const entries = rules.map(rule => {
    return { ...extentOf(rule), rule, target: targetOf(rule), key: targetKey(rule), earlier: new Array<Entry>() }
  })
  const isOrdered = rules.every(({ place }) => place === undefined)
  for (const [at, entry] of entries.entries()) {
    entry.earlier.push(...isOrdered ? entries.slice(0, at) : entries.flatMap(other => seenBefore(other, entry, rules)))
  }
  return { listener, entries }
}

/** Another rule as one that is tried before: where the order is not known yet, it takes what it takes, or nothing. */
function seenBefore (other: Entry, entry: Entry, rules: readonly Rule[]): readonly Entry[] {
  const isBefore = other === entry ? false : isTriedBefore(other.rule, entry.rule, rules)
  if (isBefore !== undefined) return isBefore ? [other] : []
  const order = `${other.rule.priority} before ${entry.rule.priority}`
  const atom = (marks: readonly string[]): Atom => ({ part: `unknown:${order}`, language: createLanguage([], marks) })
  return [{ ...other, box: [...other.box, atom([order])], certain: [...other.certain, atom([])], isCertain: false }]
}

/** Whether two rules do different things to a request; undefined where all that may differ is not known yet. */
export function doDiffer (one: Entry, other: Entry): boolean | undefined {
  if (one.key === other.key) return false
  return one.target === other.target && [one, other].some(({ rule }) => rule.isOpen) ? undefined : true
}

/** All rules but the default. */
export function numbered ({ entries }: ListenerView): readonly Entry[] {
  return entries.filter(entry => !isDefault(entry.rule))
}

/** Names that stand in the rules without a wildcard, and are good examples therefore. */
function namedHosts (ruleSets: readonly RuleSet[]): readonly string[] {
  const conditions = allConditions(ruleSets)
  const names = conditions.flatMap(condition => condition.kind === 'host-header' ? condition.values : [])
  return [...new Set(names)].filter(name => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.[a-z]+$/.test(name) && !name.includes('..'))
}

/** Header names as the rules spell them. */
function spelledNames (ruleSets: readonly RuleSet[]): ReadonlyMap<string, string> {
  const names = allConditions(ruleSets).flatMap(condition => condition.kind === 'http-header' ? [condition.name] : [])
  return new Map(names.reverse().map(name => [name.toLowerCase(), name]))
}

function allConditions (ruleSets: readonly RuleSet[]): ReadonlyArray<Rule['conditions'][number]> {
  return ruleSets.flatMap(({ listeners }) => listeners).flatMap(({ rules }) => rules).flatMap(({ conditions }) => conditions)
}
