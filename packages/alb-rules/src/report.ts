/** Findings, changes and explanations as text for people. */
import type { Finding, Severity } from './check.js'
import { openReasons, type Change } from './diff.js'
import { stringify } from 'yaml'
import type { Proposal, TestResult } from './expectations.js'
import type { Explanation } from './explain.js'
import { headersRead, type RuleSet } from './model.js'
import { curlLine } from './request.js'

/** Puts a colour on a text, or leaves it as it is where there is no terminal. */
export type Paint = (colour: 'red' | 'yellow' | 'cyan' | 'green' | 'bold' | 'dim', text: string) => string

const colours: Readonly<Record<Severity, 'red' | 'yellow' | 'cyan'>> = { error: 'red', warning: 'yellow', info: 'cyan' }

/** Findings that say the same of several listeners are said once; of notes about one rule only the first is told in full. */
export function findingsText (findings: readonly Finding[], ruleSet: RuleSet, paint: Paint): string {
  const read = headersRead(ruleSet)
  const groups = grouped(findings, ({ check, severity, rule, message, by }) => {
    return JSON.stringify(severity === 'info' ? [check, rule] : [check, rule, message, by])
  })
  const blocks = groups.map(([first, ...others]) => {
    const listeners = new Set([first, ...others].flatMap(({ listener }) => listener ?? []))
    const also = new Set(others.flatMap(({ by = [] }) => by).filter(priority => first.by?.includes(priority) !== true))
    const where = listeners.size === 0 ? '' : paint('dim', `  (${[...listeners].join(', ')})`)
    return [
      `${paint(colours[first.severity], first.severity)}  ${paint('bold', first.check)}${where}`,
      `  ${first.message}`,
      ...(also.size === 0 ? [] : [`  The same holds for ${also.size === 1 ? 'rule' : 'rules'} ${[...also].join(', ')}.`]),
      ...(first.witness === null ? [] : [`  ${paint('dim', 'try:')}  ${curlLine(first.witness, read)}`]),
      `  ${paint('dim', 'fix:')} ${first.fix}`,
      `  ${paint('dim', `more: docs/checks/${first.check}.md`)}`,
      ''
    ].join('\n')
  })
  return [...blocks, summaryLine(findings, ruleSet, paint)].join('\n') + '\n'
}

export function changesText (changes: readonly Change[], ruleSets: readonly RuleSet[], paint: Paint): string {
  if (changes.length === 0) return `${paint('green', 'No request changes its target.')}\n`
  const read = ruleSets.flatMap(headersRead)
  const groups = grouped(changes, ({ before, after, rules, undecided }) => JSON.stringify([before, after, rules, undecided]))
  const blocks = groups.map(([first, ...others]) => {
    const listeners = [first, ...others].flatMap(({ listener }) => listener ?? [])
    const name = (rule: string | null): string => rule === null ? 'no rule' : `rule ${rule}`
    const where = [...listeners, `${name(first.rules.before)} before, ${name(first.rules.after)} after`].join('; ')
    return [
      `${paint('red', first.before)} ${paint('dim', '→')} ${paint('green', first.after)}  ${paint('dim', `(${where})`)}`,
      ...(first.differs === undefined ? [] : [`  They differ in ${first.differs.join(', ')}.`]),
      ...(first.undecided === undefined ? [] : [`  ${paint('yellow', `Not decided: ${openReasons[first.undecided]}.`)}`]),
      ...(first.witness === null ? [] : [`  ${paint('dim', 'try:')}  ${curlLine(first.witness, read)}`]),
      ''
    ].join('\n')
  })
  const count = `${groups.length} ${groups.length === 1 ? 'pair of rules has' : 'pairs of rules have'}`
  return [...blocks, `${count} requests that change their target.`].join('\n') + '\n'
}

export function explanationText ({ listener, rule, target, because, passedOver, candidates }: Explanation, paint: Paint): string {
  const head = rule === null
    ? `${paint('yellow', 'unknown')}: one of the rules ${candidates?.join(', ') ?? ''}`
    : `${paint('bold', target)}, by rule ${rule}${listener === null ? '' : ` of ${listener}`}`
  const passed = passedOver.map(other => `  ${paint('dim', `rule ${other.rule}: not ${other.condition}`)}`)
  return [
    head,
    ...because.map(reason => `  ${reason}`),
    ...(passed.length === 0 ? [] : ['', 'passed over:', ...passed])
  ].join('\n') + '\n'
}

export function testText ({ passed, missed, unreached }: TestResult, paint: Paint): string {
  return [
    ...missed.map(({ url, expected, actual, rule, place }) => {
      const by = rule === null ? '' : ` by rule ${rule}`
      return `${paint('red', 'miss')}  ${url}\n  expected ${expected}, goes to ${actual}${by} (${place})`
    }),
    ...unreached.map(({ listener, rule, target }) => {
      const where = listener === null ? '' : ` of ${listener}`
      return `${paint('red', 'not reached')}  rule ${rule}${where} (${target}): no expectation gets to it`
    }),
    `${passed} of ${passed + missed.length} expectations met, ${unreached.length} ${unreached.length === 1 ? 'rule' : 'rules'} not reached`
  ].join('\n') + '\n'
}

/** Expectations as they are read again, an object a line, and a comment for each rule without one. */
export function expectationsText ({ expectations, skipped }: Proposal): string {
  const lines = expectations.map(({ request: { url, method, headers, sourceIp }, listener, target }) => stringify([{
    url,
    ...method === 'GET' ? {} : { method },
    ...Object.keys(headers).length === 0 ? {} : { headers },
    ...sourceIp === undefined ? {} : { sourceIp },
    ...listener === undefined ? {} : { listener },
    target
  }], { lineWidth: 0, singleQuote: true }))
  const comments = skipped.map(({ listener, rule, why }) => `# rule ${rule}${listener === null ? '' : ` of ${listener}`}: ${why}\n`)
  return [...lines, ...comments].join('')
}

function summaryLine (findings: readonly Finding[], { listeners }: RuleSet, paint: Paint): string {
  const counts = (['error', 'warning', 'info'] as const).map(severity => {
    const count = findings.filter(finding => finding.severity === severity).length
    return count === 0 ? '' : paint(colours[severity], `${count} ${severity}${count === 1 || severity === 'info' ? '' : 's'}`)
  }).filter(text => text !== '')
  const rules = listeners.reduce((sum, listener) => sum + listener.rules.length, 0)
  const found = counts.length === 0 ? paint('green', 'nothing found') : counts.join(', ')
  return `${rules} rules of ${listeners.length} ${listeners.length === 1 ? 'listener' : 'listeners'}: ${found}`
}

function grouped<T> (values: readonly T[], keyOf: (value: T) => string): ReadonlyArray<readonly [T, ...T[]]> {
  const groups = new Map<string, [T, ...T[]]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return [...groups.values()]
}
