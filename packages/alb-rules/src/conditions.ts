/** The table of the kinds of conditions, and what is asked of a condition whatever its kind. */
import { isFilled, type Block } from './block.js'
import { hostHeader, type HostHeader } from './conditions/host-header.js'
import { httpHeader, type HttpHeader } from './conditions/http-header.js'
import { httpRequestMethod, type HttpRequestMethod } from './conditions/http-request-method.js'
import type { Behaviour, Counted, Kind, Refused, Unknown } from './conditions/kind.js'
import { pathPattern, type PathPattern } from './conditions/path-pattern.js'
import { queryString, type QueryString } from './conditions/query-string.js'
import { sourceIp, type SourceIp } from './conditions/source-ip.js'
import { unknown, unknownCondition, unknownMember } from './conditions/unknown.js'
import { filledListOf, hasOther, listOf, member, objectOf, textOf, type Cursor } from './cursor.js'
import type { Request } from './request.js'
import type { Atom } from './solver/box.js'

type Known = HostHeader | PathPattern | HttpRequestMethod | HttpHeader | QueryString | SourceIp

/** One of its values must match. */
export type Condition = Known | Unknown

/** By `Field`, as AWS calls them. */
const kinds: { readonly [K in Known['kind']]: Kind<Extract<Known, { readonly kind: K }>> } = {
  'host-header': hostHeader,
  'path-pattern': pathPattern,
  'http-request-method': httpRequestMethod,
  'http-header': httpHeader,
  'query-string': queryString,
  'source-ip': sourceIp
}

/** What a person calls the condition. */
export function conditionText (condition: Condition): string {
  return behaviourOf(condition).text(condition)
}

/** What of the condition cannot be decided, in words. */
export function conditionUnknowns (condition: Condition): readonly string[] {
  return behaviourOf(condition).unknowns(condition)
}

/** What the condition asks of a request, in the words of the solver. */
export function atomOf (condition: Condition): Atom {
  return behaviourOf(condition).atom(condition)
}

/** Undefined where it cannot be told. */
export function conditionHolds (condition: Condition, request: Request): boolean | undefined {
  return behaviourOf(condition).holds(condition, request)
}

/** What of the request the condition looks at. */
export function partSeen (condition: Condition, request: Request): string {
  return behaviourOf(condition).seen(condition, request)
}

/** The values of the condition, as AWS counts them. */
export function countedValuesOf (condition: Condition): readonly Counted[] {
  return behaviourOf(condition).limits(condition)
}

/** The values of the condition that AWS does not take. */
export function refusedValuesOf (condition: Condition): readonly Refused[] {
  return behaviourOf(condition).refused(condition)
}

/** Whether the condition has values that are known only when the rules are made, so that nothing else can be made of it. */
export function isOpenCondition (condition: Condition): boolean {
  return 'open' in condition && condition.open !== undefined
}

/** The condition as AWS prints it. */
export function writeCondition (condition: Condition): unknown {
  return behaviourOf(condition).write(condition)
}

/** The condition as Terraform writes it; undefined where it is of no known kind. */
export function writeConditionBlock (condition: Condition): Block | undefined {
  if (condition.kind === 'unknown') return undefined
  const kind = knownKind(condition)
  return { [kind.block]: kind.toBlock(condition) }
}

/** Reads a condition as AWS prints it.
 *  @throws InputError */
export function readCondition (condition: Cursor): Condition {
  const field = textOf(member(condition, 'Field'))
  const kind = Object.hasOwn(kinds, field) ? kinds[field as Known['kind']] : undefined
  // What is told in words that are not known could change the meaning of those that are.
  const lists = ['Values', 'RegexValues', 'OpenValues'].filter(name => kind?.words.includes(name) === true)
  if (kind === undefined || hasOther(condition, ['Field', 'Values', kind.config, ...lists])) return unknownCondition(field, condition)
  const given = member(condition, kind.config)
  const config = given.value === undefined ? { value: {}, place: given.place } : given
  if (hasOther(config, kind.words)) return unknownCondition(field, condition)
  const named = (name: string): readonly Cursor[] => {
    return lists.includes(name) ? [...listOf(member(config, name)), ...listOf(member(condition, name))] : []
  }
  const [values, regexes, open] = [named('Values'), named('RegexValues'), named('OpenValues')]
  if (values.length + regexes.length + open.length === 0) filledListOf(member(given.value === undefined ? condition : given, 'Values'))
  return kind.read({ condition, config, values, regexes, open })
}

/** What stands in a rule beside the members of these names: what is not known may decide too. */
export function readMembers (rule: Cursor, known: readonly string[]): readonly Condition[] {
  const others = Object.entries(objectOf(rule)).filter(([name, value]) => !known.includes(name) && isFilled(value) && value !== undefined)
  return others.map(([name, value]) => unknownMember(name, value))
}

/**
 * One block of those within a `condition` block of Terraform's, as AWS prints the same condition.
 * @param block its value; `name` is what it is called
 * @param pending what to call a value that is known only when the plan is applied; undefined where all are known
 */
export function conditionOfBlock (name: string, block: Cursor, pending: string | undefined): unknown {
  const [field, kind] = Object.entries(kinds).find(([, one]) => one.block === name) ?? []
  if (kind === undefined) return { Field: name.replaceAll('_', '-'), Config: block.value }
  const config = kind.fromBlock(block, pending)
  return config === undefined ? { Field: pending } : { Field: field, [kind.config]: config }
}

function behaviourOf (condition: Condition): Behaviour<Condition> {
  return condition.kind === 'unknown' ? unknown as Behaviour<Condition> : knownKind(condition) as unknown as Behaviour<Condition>
}

/** The row of a condition takes that condition: what the compiler cannot see of a table with a type for each row. */
function knownKind (condition: Known): Kind<Known> {
  return kinds[condition.kind] as unknown as Kind<Known>
}
