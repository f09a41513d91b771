/**
 * Reads the model that aws-load-balancer-controller makes of an Ingress or a Gateway, and writes into its log: AWS's words in
 * Go's spelling, with references to what is made along with them.
 */
import { member, objectOf, optionalText, type Cursor } from '../cursor.js'
import type { RuleSet } from '../model.js'
import { readTemplate, type Resource } from './template.js'

const family = 'AWS::ElasticLoadBalancingV2::'

export function isControllerModel (document: Cursor): boolean {
  const resources = member(document, 'resources').value
  return typeof resources === 'object' && resources !== null && Object.keys(resources).some(type => type.startsWith('AWS::'))
}

/** @throws InputError with the place */
export function readControllerModel (document: Cursor): RuleSet {
  const resources = member(document, 'resources')
  const ofType = (type: string): readonly Resource[] => {
    const all = member(resources, family + type)
    if (all.value === undefined) return []
    return Object.keys(objectOf(all)).flatMap(id => {
      const resource = member(all, id)
      const { value, place } = resource.value === undefined ? resource : member(resource, 'spec')
      return value === undefined ? [] : [{ id, properties: { value: respelled(value), place } }]
    })
  }
  const names = new Map<string, string>(['TargetGroup', 'LoadBalancer'].flatMap(type => ofType(type).map(({ id, properties }) => {
    return [`${family}${type}/${id}`, optionalText(member(properties, 'Name')) ?? id] as const
  })))
  return readTemplate({
    listeners: ofType('Listener'),
    rules: ofType('ListenerRule'),
    nameOf (value) {
      const key = referenceOf(value)
      return key === undefined ? undefined : names.get(key) ?? key.replace(/^[^/]*\//, '')
    }
  }, document)
}

/** `TYPE/ID` of a reference such as `#/resources/TYPE/ID/status/targetGroupARN`; an id may hold slashes. */
function referenceOf (value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('$ref' in value) || typeof value.$ref !== 'string') return undefined
  return /^#\/resources\/(.*)\/status\/\w+$/.exec(value.$ref)?.[1] ?? value.$ref
}

/** `targetGroupARN` as `TargetGroupArn`. */
function respelled (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respelled)
  if (typeof value !== 'object' || value === null || '$ref' in value) return value
  const spell = (name: string): string => {
    const word = name.replace(/(ARN|ID|IP)(?=[A-Z][a-z]|$)/g, ([first = '', ...rest]) => first + rest.join('').toLowerCase())
    return word.charAt(0).toUpperCase() + word.slice(1)
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [spell(name), respelled(part)]))
}
