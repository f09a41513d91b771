/** Reads CloudFormation templates, as they are written or as `cdk synth` prints them. Intrinsic functions stay opaque names. */
import type { ScalarTag, CollectionTag } from 'yaml'
import { canonical, complain, member, objectOf, optionalText, type Cursor } from '../cursor.js'
import type { RuleSet } from '../model.js'
import { readTemplate, type Resource } from './template.js'

const family = 'AWS::ElasticLoadBalancingV2::'

export function isCloudFormation (document: Cursor): boolean {
  const resources = member(document, 'Resources').value
  return typeof resources === 'object' && resources !== null && !Array.isArray(resources)
}

/** @throws InputError with the place */
export function readCloudFormation (document: Cursor): RuleSet {
  const resources = member(document, 'Resources')
  const ids = Object.keys(objectOf(resources))
  const groups = new Map<string, string>()
  const ofType = (type: string): readonly Resource[] => ids.flatMap(id => {
    const resource = member(resources, id)
    if (optionalText(member(resource, 'Type')) !== family + type) return []
    const properties = member(resource, 'Properties')
    // A rule that is made under a condition may not be there.
    const condition = type === 'ListenerRule' ? member(resource, 'Condition').value : undefined
    const more = condition === undefined ? {} : { Condition: condition }
    return [{ id, properties: { value: { ...numbersAsTexts(properties.value) as object, ...more }, place: properties.place } }]
  })
  for (const { id, properties } of ofType('TargetGroup')) {
    const name = member(properties, 'Name').value
    if (typeof name === 'string') groups.set(id, name)
  }
  const [listeners, rules] = [ofType('Listener'), ofType('ListenerRule')]
  if (listeners.length + rules.length === 0) complain(resources, `there is no ${family}Listener and no ${family}ListenerRule in it`)
  return readTemplate({
    listeners,
    rules,
    nameOf (value) {
      const id = referenceOf(value)
      return id === undefined ? intrinsicOf(value) : groups.get(id) ?? id
    }
  }, document)
}

/** The logical id that `Ref`, `Fn::GetAtt` or a `Fn::Sub` of nothing else refers to. */
function referenceOf (value: unknown): string | undefined {
  const [name, argument] = functionOf(value) ?? []
  if (name === 'Ref' && typeof argument === 'string') return argument
  if (name === 'Fn::GetAtt') return Array.isArray(argument) ? String(argument[0]) : String(argument).split('.')[0]
  if (name !== 'Fn::Sub' || typeof argument !== 'string') return undefined
  return /^\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}$/.exec(argument)?.[1]
}

/** What any other function is, as a name. */
function intrinsicOf (value: unknown): string | undefined {
  const [name, argument] = functionOf(value) ?? []
  if (name === undefined) return undefined
  if (name === 'Fn::Sub') return typeof argument === 'string' ? argument : canonical(argument)
  return `${name.replace('Fn::', '')} ${typeof argument === 'string' ? argument : canonical(argument)}`
}

function functionOf (value: unknown): readonly [name: string, argument: unknown] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const [entry, ...more] = Object.entries(value)
  return entry !== undefined && more.length === 0 && /^(Ref|Condition|Fn::\w+)$/.test(entry[0]) ? entry : undefined
}

/** YAML reads `404` as a number where AWS's words are texts. */
function numbersAsTexts (value: unknown): unknown {
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return value.map(numbersAsTexts)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, numbersAsTexts(part)]))
}

const functions = [
  'And', 'Base64', 'Cidr', 'Equals', 'FindInMap', 'GetAZs', 'GetAtt', 'If', 'ImportValue', 'Join', 'Length', 'Not', 'Or', 'Select', 'Split',
  'Sub', 'ToJsonString', 'Transform'
]

/** The short forms of functions that templates in YAML are written with, such as `!Ref`. */
export const shortForms: ReadonlyArray<ScalarTag | CollectionTag> = [...functions, 'Ref', 'Condition'].flatMap(name => {
  const long = name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`
  return [
    { tag: `!${name}`, resolve: (text: string) => ({ [long]: text }) },
    { tag: `!${name}`, collection: 'seq' as const, resolve: (list: { toJSON: () => unknown }) => ({ [long]: list.toJSON() }) },
    { tag: `!${name}`, collection: 'map' as const, resolve: (map: { toJSON: () => unknown }) => ({ [long]: map.toJSON() }) }
  ]
})
