/**
 * Listeners and rules of a document that makes them (a CloudFormation template, the model of a Kubernetes controller): AWS's words,
 * with references in place of what is known only when they are made.
 */
import { listOf, member, objectOf, optionalText, type Cursor } from '../cursor.js'
import type { Listener, RuleSet } from '../model.js'
import { labelOf, portOf, protocolOf, readDefault, readRule, ruleSet, rulesAs } from './aws.js'

/** A listener or a rule, in AWS's words. */
export interface Resource {
  /** What the document calls it. */
  readonly id: string
  readonly properties: Cursor
}

/** How a document writes what is known only later. */
export interface References {
  /** A name for a value that is a reference; undefined for one that is told. */
  readonly nameOf: (value: unknown) => string | undefined
}

export interface Template extends References {
  readonly listeners: readonly Resource[]
  readonly rules: readonly Resource[]
}

/** @throws InputError with the place */
export function readTemplate (template: Template, document: Cursor): RuleSet {
  const home = ({ properties }: Resource): string => nameIn(member(properties, 'ListenerArn'), template) ?? 'without a listener'
  const web = template.listeners.filter(({ properties }) => isWeb(member(properties, 'Protocol').value))
  const known = new Set(template.listeners.map(({ id }) => id))
  const foreign = new Set(template.rules.map(home).filter(name => !known.has(name)))
  const rulesOf = (name: string): readonly Resource[] => template.rules.filter(rule => home(rule) === name)
  const listeners = [
    ...web.map(resource => readListener(resource, rulesOf(resource.id), template, document)),
    ...[...foreign].map(name => {
      const rules = rulesOf(name).map(rule => placed(rule, template))
      return { label: name, name, protocol: undefined, port: undefined, balancer: name, ...rulesAs(rules, document, true) }
    })
  ]
  return { ...ruleSet(distinct(listeners, web)), isPlan: true }
}

function readListener ({ properties }: Resource, rules: readonly Resource[], template: Template, document: Cursor): Listener {
  const told = (name: string): Cursor => {
    const cursor = member(properties, name)
    return template.nameOf(cursor.value) === undefined ? cursor : { ...cursor, value: undefined }
  }
  const protocol = protocolOf(told('Protocol'))
  const port = portOf(told('Port'))
  const actions = member(properties, 'DefaultActions')
  const standard = { rule: readDefault({ value: actionsOf(actions, template), place: actions.place }), cursor: actions }
  return {
    label: labelOf(undefined, protocol, port),
    name: undefined,
    protocol,
    port,
    balancer: nameIn(member(properties, 'LoadBalancerArn'), template) ?? '',
    ...rulesAs([...rules.map(rule => placed(rule, template)), standard], document, false)
  }
}

/** Where protocol and port do not tell listeners apart, the names of the document do. */
function distinct (listeners: readonly Listener[], web: readonly Resource[]): readonly Listener[] {
  return listeners.map((listener, at) => {
    const isShared = listener.label === null || listeners.filter(({ label }) => label === listener.label).length > 1
    const name = isShared ? web[at]?.id : undefined
    return name === undefined ? listener : { ...listener, label: name, name }
  })
}

function placed ({ id, properties }: Resource, template: Template) {
  const { ListenerArn, Tags, Priority: priority, Conditions, Actions, ...others } = objectOf(properties)
  const isLater = template.nameOf(priority) !== undefined
  const value = {
    ...others,
    Priority: isLater ? id : priority,
    Conditions: conditionsOf(member(properties, 'Conditions'), template),
    Actions: actionsOf(member(properties, 'Actions'), template)
  }
  const cursor = { value, place: properties.place }
  return { rule: readRule(cursor, isLater ? 'anywhere' : undefined), cursor }
}

function conditionsOf (list: Cursor, template: References): readonly unknown[] {
  const name = template.nameOf(list.value)
  if (name !== undefined) return [{ Field: `conditions of ${name}` }]
  return listOf(list).map(cursor => {
    const whole = template.nameOf(cursor.value)
    if (whole !== undefined) return { Field: `condition of ${whole}` }
    const { Values: values, ...others } = objectOf(cursor)
    const isPairs = member(cursor, 'Field').value === 'query-string'
    const split = isPairs ? openPairs : openConfig
    const configs = Object.entries(others).map(([key, config]) => [key, split(config, template)])
    return { ...Object.fromEntries(configs), ...values === undefined ? {} : openValues(values, template) }
  })
}

/** A configuration whose values are told apart from references to values. */
function openConfig (config: unknown, template: References): unknown {
  if (typeof config !== 'object' || config === null) return config
  const { Values: values, ...others } = config as Readonly<Record<string, unknown>>
  return hasReference(others, template.nameOf) ? { OpenConfig: config } : { ...others, ...openValues(values, template) }
}

/** A pair of which a part is not told says nothing for certain. */
function openPairs (config: unknown, { nameOf }: References): unknown {
  return hasReference(config, nameOf) ? { OpenConfig: config } : config
}

/** References become names in a list of their own, so that none is taken for what it says. */
function openValues (values: unknown, { nameOf }: References): object {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values]
  const open = list.flatMap(value => nameOf(value) ?? [])
  const told = list.filter(value => nameOf(value) === undefined && value !== undefined)
  return { Values: told, ...open.length === 0 ? {} : { OpenValues: open } }
}

/** What of actions is a reference stays a name; what decides the target of a redirect has to be told. */
function actionsOf (list: Cursor, template: References): readonly unknown[] | undefined {
  const name = template.nameOf(list.value)
  if (name !== undefined) return [{ Type: `action of ${name}` }]
  if (list.value === undefined) return undefined
  return listOf(list).map(cursor => {
    const whole = template.nameOf(cursor.value)
    if (whole !== undefined) return { Type: `action of ${whole}` }
    const redirect = member(cursor, 'RedirectConfig').value
    if (hasReference(redirect, template.nameOf)) return { Type: 'redirect with values that are not known yet', RedirectConfig: redirect }
    return named(cursor.value, template)
  })
}

/** The value with the names of its references in their places. */
function named (value: unknown, template: References): unknown {
  const name = template.nameOf(value)
  if (name !== undefined) return name
  if (Array.isArray(value)) return value.map(one => named(one, template))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, named(part, template)]))
}

function hasReference (value: unknown, nameOf: References['nameOf']): boolean {
  if (nameOf(value) !== undefined) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(part => hasReference(part, nameOf))
}

function nameIn (cursor: Cursor, { nameOf }: References): string | undefined {
  return nameOf(cursor.value) ?? optionalText(cursor)
}

/** Network load balancers have listeners too, but no rules. */
function isWeb (protocol: unknown): boolean {
  return typeof protocol !== 'string' || /^https?$/i.test(protocol)
}
