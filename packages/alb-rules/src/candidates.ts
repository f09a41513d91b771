/**
 * The rules that may take a request of which not everything is known: exactly those for which some source address, and
 * some meaning of what cannot be read, makes them the one.
 */
import { atomOf, conditionHolds, type Condition } from './conditions.js'
import type { Rule } from './model.js'
import type { Request } from './request.js'
import { addressText, rangeBits } from './solver/address.js'

/** Whether each thing that cannot be read matches; the same text in two rules matches alike. */
type Marks = ReadonlyMap<string, boolean>

/** So many combinations are tried; real rules have a handful of regular expressions. */
const combinationsMax = 20_000

/** In the order of the rules; undefined where that or the path is not known, or where there are too many combinations to tell. */
export function possibleTakers (rules: readonly Rule[], request: Request): readonly Rule[] | undefined {
  if (request.isPathOpen === true || rules.some(({ place }) => place !== undefined)) return undefined
  const found = new Set<Rule>()
  let left = combinationsMax

  /** Follows the rules from one of them on, one way for each meaning of what is met on it. */
  function follow (from: number, asked: Request, marks: Marks): boolean {
    if (left-- <= 0) return false
    for (let at = from; at < rules.length; at++) {
      const rule = rules[at]
      if (rule === undefined) return true
      const states = rule.conditions.map(condition => stateOf(condition, asked, marks))
      if (states.includes(false)) continue
      const open = states.find(state => typeof state === 'string')
      if (typeof open === 'string') return [true, false].every(meaning => follow(at, asked, new Map([...marks, [open, meaning]])))
      found.add(rule)
      return true
    }
    return true
  }

  const sources = request.sourceIp === undefined ? sourcesOf(rules) : [request.sourceIp]
  const isWhole = sources.every(sourceIp => follow(0, { ...request, sourceIp }, new Map()))
  return isWhole ? rules.filter(rule => found.has(rule)) : undefined
}

/** Whether a condition holds, or the first mark that it hangs on. */
function stateOf (condition: Condition, request: Request, marks: Marks): boolean | string {
  const holds = conditionHolds(condition, request)
  if (holds !== undefined) return holds
  const own = marksOf(condition)
  if (own.some(mark => marks.get(mark) === true)) return true
  return own.find(mark => !marks.has(mark)) ?? false
}

function marksOf (condition: Condition): readonly string[] {
  const { part, language } = atomOf(condition)
  return language.marks.map(mark => `${part} ${mark}`)
}

/** An address for each set of ranges that some address lies in: of every range, one that lies in no narrower one. */
function sourcesOf (rules: readonly Rule[]): readonly string[] {
  const ranges = rules.flatMap(({ conditions }) => conditions).flatMap(condition => condition.kind === 'source-ip' ? condition.values : [])
  const prefixes = [...new Set(['4', '6', ...ranges.map(range => rangeBits(range) ?? '4')])]
  return prefixes.flatMap(prefix => {
    const bits = outside(prefix, prefixes.filter(other => other !== prefix && other.startsWith(prefix)))
    return bits === undefined ? [] : [addressText(bits)]
  })
}

/** The first address that begins with these bits and with none of the others; undefined where there is none. */
function outside (prefix: string, others: readonly string[]): string | undefined {
  if (others.includes(prefix)) return undefined
  if (others.length === 0) return prefix.padEnd(prefix.startsWith('4') ? 33 : 129, '0')
  const within = (longer: string): string | undefined => outside(longer, others.filter(other => other.startsWith(longer)))
  return within(prefix + '0') ?? within(prefix + '1')
}
