/** Reads rules out of `terraform show -json`: a plan or a state, child modules too. */
import { complain, listOf, member, numberOf, objectOf, optionalText, type Cursor } from '../cursor.js'
import type { Listener, RuleSet } from '../model.js'
import { checkCount, labelOf, orderRules, readRule, ruleSet } from './aws.js'
import { actionsOf, conditionsOf, holdsTrue, transformsOf } from './blocks.js'
import { createConfiguration, withoutKeys, type Configuration, type Found } from './references.js'

/** An instance of a resource. */
interface Resource {
  readonly address: string
  /** Address of its module, empty for the root. */
  readonly module: string
  readonly type: string
  readonly name: string
  /** Such as `["https"]`, empty where there is none. */
  readonly index: string
  /** Its values; the place is its address. */
  readonly values: Cursor
}

interface Plan {
  readonly resources: readonly Resource[]
  readonly configuration: Configuration
  /** What of a resource is not known before the plan is applied (`after_unknown`), by address. */
  readonly pending: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

/** @throws InputError that names the resource */
export function readTerraform (document: Cursor): RuleSet {
  const plan = readPlan(document)
  const found = plan.resources.filter(({ type }) => /^aws_a?lb_listener_rule$/.test(type))
  checkCount(found.length, document)
  const rules = found.map(rule => ({ rule, listener: listenerOf(rule, plan) }))
  const own = plan.resources.filter(resource => /^aws_a?lb_listener$/.test(resource.type) && isWeb(resource))
  if (rules.length + own.length === 0) complain(document, 'there is no aws_lb_listener_rule and no aws_lb_listener in it')
  const rulesOf = (listener: string): readonly Resource[] => rules.filter(one => one.listener === listener).map(({ rule }) => rule)
  const foreign = new Set(rules.map(({ listener }) => listener).filter(listener => !own.some(({ address }) => address === listener)))
  return ruleSet([
    ...own.map(resource => readListener(resource, own, rulesOf(resource.address), plan)),
    ...[...foreign].map(name => {
      return { label: name, name, protocol: undefined, port: undefined, balancer: name, rules: readRules(rulesOf(name), [], plan) }
    })
  ])
}

export function isTerraform (document: Cursor): boolean {
  const object = objectOf(document)
  return ['format_version', 'terraform_version', 'planned_values', 'values'].some(name => name in object)
}

function readPlan (document: Cursor): Plan {
  const planned = member(document, 'planned_values')
  const values = planned.value === undefined ? member(document, 'values') : planned
  if (values.value === undefined) {
    complain(document, 'it has neither planned_values nor values: an empty state, or not what terraform show -json prints')
  }
  const configuration = member(document, 'configuration')
  return {
    resources: resourcesOf(member(values, 'root_module'), ''),
    configuration: createConfiguration(configuration.value === undefined ? undefined : member(configuration, 'root_module').value),
    pending: new Map(listOf(member(document, 'resource_changes')).flatMap(pendingOf))
  }
}

function resourcesOf (module: Cursor, path: string): readonly Resource[] {
  const own = listOf(member(module, 'resources')).flatMap(cursor => {
    if (optionalText(member(cursor, 'mode')) === 'data') return []
    const [address, type, name] = ['address', 'type', 'name'].map(field => optionalText(member(cursor, field)) ?? '')
    if (address === undefined || type === undefined || name === undefined) return []
    const index = /\[[^\]]*\]$/.exec(address)?.[0] ?? ''
    return [{ address, module: path, type, name, index, values: { value: member(cursor, 'values').value ?? {}, place: address } }]
  })
  const children = listOf(member(module, 'child_modules'))
  return [...own, ...children.flatMap(child => resourcesOf(child, optionalText(member(child, 'address')) ?? ''))]
}

function readListener (resource: Resource, all: readonly Resource[], rules: readonly Resource[], plan: Plan): Listener {
  const { protocol, port } = endpointOf(resource)
  const isShared = all.some(other => other !== resource && endpointOf(other).protocol === protocol && endpointOf(other).port === port)
  // Listeners of two load balancers can share protocol and port: then the address tells them apart.
  const name = isShared || protocol === undefined || port === undefined ? resource.address : undefined
  const balancer = optionalText(member(resource.values, 'load_balancer_arn')) ?? referred(resource, 'load_balancer_arn', plan)?.name ?? ''
  const unknown = plan.pending.get(resource.address)?.['default_action']
  const actions = actionsOf(member(resource.values, 'default_action'), unknown, groupNamer(resource, 'default_action', plan))
  const standard = { value: { Priority: 'default', Actions: actions }, place: `${resource.address}.default_action` }
  return { label: labelOf(name, protocol, port), name, protocol, port, balancer, rules: readRules(rules, [standard], plan) }
}

function endpointOf ({ values }: Resource): { readonly protocol: 'HTTP' | 'HTTPS' | undefined, readonly port: number | undefined } {
  const protocol = optionalText(member(values, 'protocol'))?.toUpperCase()
  const port = member(values, 'port')
  return {
    protocol: protocol === 'HTTP' || protocol === 'HTTPS' ? protocol : undefined,
    port: port.value === undefined ? undefined : numberOf(port)
  }
}

function readRules (resources: readonly Resource[], defaults: readonly Cursor[], plan: Plan): Listener['rules'] {
  const cursors = resources.map(resource => {
    const { values, address } = resource
    const unknown = plan.pending.get(address) ?? {}
    const pending = holdsTrue(unknown['condition']) ? `${address}, known after apply` : undefined
    const priority = member(values, 'priority')
    if (priority.value === undefined) complain(priority, 'the priority is missing, or not known before the plan is applied')
    return {
      value: {
        Priority: priority.value,
        Conditions: unknown['condition'] === true
          ? [{ Field: pending }]
          : listOf(member(values, 'condition')).flatMap(block => conditionsOf(block, pending)),
        Actions: actionsOf(member(values, 'action'), unknown['action'], groupNamer(resource, 'action', plan)),
        Transforms: holdsTrue(unknown['transform']) ? [{ Type: 'known after apply' }] : transformsOf(member(values, 'transform'))
      },
      place: address
    }
  })
  return orderRules([...cursors, ...defaults].map(cursor => ({ rule: readRule(cursor), cursor })))
}

/** The address of the listener of a rule, or a name for one that is not in the document. */
function listenerOf (rule: Resource, plan: Plan): string {
  const arn = optionalText(member(rule.values, 'listener_arn'))
  if (arn !== undefined) return byArn(arn, plan)?.address ?? arn
  const reference = referred(rule, 'listener_arn', plan)
  const cursor = member(rule.values, 'listener_arn')
  if (reference === undefined) return complain(cursor, 'the listener is not known yet, and nothing tells which one it will be')
  const listener = instanceOf(reference, rule, plan)
  if (listener === undefined && hasInstances(reference, plan)) {
    complain(cursor, `the listener is not known yet, and nothing tells which of the instances of ${reference.name} it will be`)
  }
  return listener?.address ?? reference.name + reference.index
}

function groupNamer (resource: Resource, argument: string, plan: Plan) {
  return (path: ReadonlyArray<string | number>, arn: string | undefined): string | undefined => {
    if (arn !== undefined) {
      const group = byArn(arn, plan)
      return group === undefined ? arn : groupName(group, plan)
    }
    const reference = plan.configuration.find(withoutKeys(resource.module), resource.type, resource.name, [argument, ...path])
    if (reference === undefined) return undefined
    const group = instanceOf(reference, resource, plan)
    if (group !== undefined) return groupName(group, plan)
    return hasInstances(reference, plan) ? undefined : reference.name + reference.index
  }
}

function groupName (group: Resource, { resources }: Plan): string {
  const name = optionalText(member(group.values, 'name'))
  if (name !== undefined) return name
  const own = group.name + group.index
  return resources.some(other => other !== group && other.type === group.type && other.name + other.index === own) ? group.address : own
}

function byArn (arn: string, { resources }: Plan): Resource | undefined {
  return resources.find(({ values }) => member(values, 'arn').value === arn || member(values, 'id').value === arn)
}

/** The instance meant: the only one, the one whose key is written, or the one with the key of who refers to it. */
function instanceOf (reference: Found, from: Resource, { resources }: Plan): Resource | undefined {
  const all = resources.filter(one => isMeant(one, reference))
  const near = all.filter(one => one.module === from.module)
  const candidates = near.length > 0 ? near : all
  if (reference.index !== '') return candidates.find(one => one.index === reference.index)
  if (candidates.length === 1) return candidates[0]
  return reference.isKeyed ? candidates.find(one => one.index !== '' && one.index === from.index) : undefined
}

function hasInstances (reference: Found, { resources }: Plan): boolean {
  return resources.some(one => isMeant(one, reference))
}

function isMeant (resource: Resource, { module, type, name }: Found): boolean {
  return withoutKeys(resource.module) === module && resource.type === type && resource.name === name
}

/** What an argument of a resource refers to. */
function referred ({ module, type, name }: Resource, argument: string, { configuration }: Plan): Found | undefined {
  return configuration.find(withoutKeys(module), type, name, [argument])
}

/** Network load balancers have listeners too, but no rules. */
function isWeb ({ values }: Resource): boolean {
  const protocol = optionalText(member(values, 'protocol'))?.toUpperCase()
  return protocol === undefined || protocol === 'HTTP' || protocol === 'HTTPS'
}

function pendingOf (change: Cursor): ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>]> {
  const after = member(change, 'change')
  const unknown = after.value === undefined ? undefined : member(after, 'after_unknown').value
  return typeof unknown === 'object' && unknown !== null ? [[optionalText(member(change, 'address')) ?? '', { ...unknown }]] : []
}
