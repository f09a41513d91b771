/** Requests with the target that each should go to, checked against rules: the rules' own tests. */
import { parseDocument } from 'yaml'
import { createAnalysis, createView } from './analysis/analysis.js'
import { complain, InputError, listOf, member, objectOf, optionalText, textOf, type Cursor } from './cursor.js'
import { explain } from './explain.js'
import { isDefault, isDefaultUnseen, targetOf, type RuleSet } from './model.js'
import { createRequest, RequestError, type Witness } from './request.js'

export interface Expectation {
  readonly place: string
  readonly request: Witness
  /** The label or ARN of the listener, where the URL does not tell it. */
  readonly listener?: string
  readonly target: string
}

export interface TestResult {
  readonly passed: number
  readonly missed: readonly Miss[]
  /** Rules that no expectation reaches. */
  readonly unreached: ReadonlyArray<{ readonly listener: string | null, readonly rule: string, readonly target: string }>
}

export interface Miss {
  readonly place: string
  readonly url: string
  readonly expected: string
  /** The target, or why there is none. */
  readonly actual: string
  readonly listener: string | null
  readonly rule: string | null
}

const members = new Set(['url', 'method', 'headers', 'sourceIp', 'listener', 'target'])

/** Reads YAML or JSON.
 *  @throws InputError with the place */
export function readExpectations (text: string): readonly Expectation[] {
  const document = parseDocument(text.replace(/^\uFEFF/, ''))
  const [problem] = document.errors
  if (problem !== undefined) throw new InputError(`the expectations are neither YAML nor JSON: ${problem.message.split('\n')[0]}`)
  const root: Cursor = { value: valueOf(document), place: '' }
  const cursors = listOf(root)
  if (cursors.length === 0) complain(root, 'a list of expectations belongs here, and it is empty')
  return cursors.map(readExpectation)
}

/** Aliases that lead nowhere, or grow without an end, show only here. */
function valueOf (document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new InputError(`the expectations cannot be read: ${(error as Error).message}`)
  }
}

export function testRuleSet (ruleSet: RuleSet, expectations: readonly Expectation[]): TestResult {
  const results = expectations.map(expectation => outcome(ruleSet, expectation))
  const reached = new Set(results.map(({ listener, rule }) => `${rule} ${listener}`))
  const missed = results.filter(({ expected, actual }) => normal(expected) !== normal(actual))
  const rules = ruleSet.listeners.flatMap(({ label, rules: all }) => {
    return all.filter(rule => !isDefault(rule)).map(rule => ({ listener: label, rule: rule.priority, target: targetOf(rule) }))
  })
  const unreached = rules.filter(({ listener, rule }) => !reached.has(`${rule} ${listener}`))
  return { passed: results.length - missed.length, missed, unreached }
}

/** A first set of expectations, and the rules that there can be none for. */
export interface Proposal {
  readonly expectations: ReadonlyArray<Omit<Expectation, 'place'>>
  readonly skipped: ReadonlyArray<{ readonly listener: string | null, readonly rule: string, readonly why: string }>
}

/** A request for each rule that takes some, as the rules are now: what they do is written down, not what they should do. */
export function proposeExpectations (ruleSet: RuleSet): Proposal {
  const analysis = createAnalysis([ruleSet])
  const expectations: Array<Omit<Expectation, 'place'>> = []
  const skipped: Array<Proposal['skipped'][number]> = []
  for (const { listener, entries } of ruleSet.listeners.map(createView)) {
    const named = ruleSet.listeners.length > 1 && listener.label !== null ? { listener: listener.label } : {}
    const seen = entries.filter(entry => !isDefault(entry.rule) || !isDefaultUnseen(listener))
    for (const { rule, target, earlier, ...extent } of seen) {
      const answer = analysis.ask([extent], earlier)
      const skip = (why: string): void => { skipped.push({ listener: listener.label, rule: rule.priority, why }) }
      if (answer.is === 'yes') expectations.push({ ...named, request: analysis.witness(answer.point, listener), target })
      else skip(answer.is === 'no' ? 'no request gets to it' : 'what it takes is not decided')
    }
  }
  return { expectations, skipped }
}

function outcome (ruleSet: RuleSet, { place, request, listener: label, target }: Expectation): Miss {
  const base = { place, url: request.url, expected: target }
  try {
    const { listener, rule, target: actual, because } = explain(ruleSet, request, label)
    return { ...base, actual: rule === null ? `${actual}: ${because.join('; ')}` : actual, listener, rule }
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    return { ...base, actual: error.message, listener: null, rule: null }
  }
}

function readExpectation (cursor: Cursor): Expectation {
  const unknown = Object.keys(objectOf(cursor)).find(name => !members.has(name))
  if (unknown !== undefined) complain(member(cursor, unknown), `an expectation has ${[...members].join(', ')} only`)
  const headers = member(cursor, 'headers')
  const names = headers.value === undefined ? [] : Object.keys(objectOf(headers))
  const sourceIp = optionalText(member(cursor, 'sourceIp'))
  const request: Witness = {
    url: textOf(member(cursor, 'url')),
    method: optionalText(member(cursor, 'method')) ?? 'GET',
    headers: Object.fromEntries(names.map(name => [name, headerValues(member(headers, name))])),
    ...(sourceIp === undefined ? {} : { sourceIp })
  }
  try {
    createRequest(request)
  } catch (error) {
    if (error instanceof RequestError) complain(cursor, error.message)
    throw error
  }
  const listener = optionalText(member(cursor, 'listener'))
  const base = { place: cursor.place, request, target: textOf(member(cursor, 'target')) }
  return listener === undefined ? base : { ...base, listener }
}

/** YAML reads `1` and `true` as no text, but as the value of a header they are meant as one. */
function headerValues (cursor: Cursor): readonly string[] {
  const list = Array.isArray(cursor.value) ? listOf(cursor) : [cursor]
  return list.map(one => typeof one.value === 'number' || typeof one.value === 'boolean' ? String(one.value) : textOf(one))
}

/** Weighted groups in any order are the same target. */
function normal (target: string): string {
  return /^[^ /]+:\d+(,[^ /]+:\d+)+$/.test(target.trim()) ? target.trim().split(',').sort().join() : target.trim()
}
