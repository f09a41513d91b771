/** Reads rules out of Terraform's plans and states, child modules too. */
import { complain, listOf, member, numberOf, objectOf, optionalText, type Cursor } from '../cursor.js'
import { isDefaultUnseen, type Listener, type Rule, type RuleSet } from '../model.js'
import { checkCount, labelOf, orderRules, readDefault, readRule, ruleSet, type Placed } from './aws.js'
import { actionsOf, conditionsOf, holdsTrue, isOpen, transformsOf, type Naming } from './blocks.js'
import { withoutKeys, type Found } from './references.js'
import { isStateFile, readPlan, readPrior, type Plan, type Resource } from './resources.js'

/** @throws InputError that names the resource */
export function readTerraform (document: Cursor): RuleSet {
  const found = ruleSetOf(readPlan(document), document)
  return found.listeners.length > 0
    ? found
    : complain(document, 'there is no aws_lb_listener_rule and no aws_lb_listener in it')
}

/** What a plan would change: the rules before and after it, either of which can be none.
 *  @throws InputError that names the resource */
export function readTerraformChange (document: Cursor): readonly [before: RuleSet, after: RuleSet] {
  return [ruleSetOf(readPrior(document), document), ruleSetOf(readPlan(document), document)]
}

export function isTerraform (document: Cursor): boolean {
  const object = objectOf(document)
  return ['format_version', 'planned_values', 'values'].some(name => name in object) || isStateFile(document)
}

export function isTerraformPlan (document: Cursor): boolean {
  return 'planned_values' in objectOf(document)
}

/** Where a rule belongs: the address or name of a listener; one of its own where the listener is not known yet. */
interface Home {
  readonly name: string
  readonly isUnplaced?: true
}

function ruleSetOf (plan: Plan, document: Cursor): RuleSet {
  const found = plan.resources.filter(({ type, isData }) => /^aws_a?lb_listener_rule$/.test(type) && !isData)
  checkCount(found.length, document)
  const rules = found.map(rule => ({ rule, home: homeOf(rule, plan) }))
  const named = new Set(rules.map(({ home }) => home.name))
  const listeners = plan.resources.filter(resource => /^aws_a?lb_listener$/.test(resource.type) && isWeb(resource))
  const own = listeners.filter(({ isData, address }) => !isData || named.has(address))
  const rulesOf = (name: string): readonly Resource[] => rules.filter(({ home }) => home.name === name).map(({ rule }) => rule)
  const foreign = [...named].filter(name => !own.some(({ address }) => address === name))
  const isUnplaced = (name: string): boolean => rules.some(({ home }) => home.name === name && home.isUnplaced === true)
  const set = ruleSet([
    ...own.map(resource => readListener(resource, own, rulesOf(resource.address), plan)),
    ...foreign.map(name => readForeign(name, isUnplaced(name), rulesOf(name), plan))
  ])
  return plan.isPlan ? { ...set, isPlan: true } : set
}

/** A listener of which nothing is known but some rules. */
function readForeign (name: string, isUnplaced: boolean, rules: readonly Resource[], plan: Plan): Listener {
  const known = { label: name, name, protocol: undefined, port: undefined, balancer: name }
  const base = { ...known, rules: readRules(rules, [], plan), isPart: true } as const
  return isUnplaced ? { ...base, isUnplaced } : base
}

function readListener (resource: Resource, all: readonly Resource[], resources: readonly Resource[], plan: Plan): Listener {
  const { protocol, port } = endpointOf(resource)
  const isShared = all.some(other => other !== resource && endpointOf(other).protocol === protocol && endpointOf(other).port === port)
  // Listeners of two load balancers can share protocol and port: then the address tells them apart.
  const name = isShared || protocol === undefined || port === undefined ? resource.address : undefined
  const balancer = optionalText(member(resource.values, 'load_balancer_arn')) ?? referred(resource, 'load_balancer_arn', plan)?.name ?? ''
  const blocks = member(resource.values, 'default_action')
  const unknown = plan.pending.get(resource.address)?.['default_action']
  const actions = actionsOf(blocks, unknown, naming(resource, 'default_action', plan))
  const standard = { value: actions, place: `${resource.address}.default_action` }
  const isTold = !resource.isData || listOf(blocks).length > 0
  const standards = isTold ? [{ rule: opened(readDefault(standard), unknown), cursor: standard }] : []
  const rules = readRules(resources, standards, plan)
  const isPart = resource.isData || isDefaultUnseen({ rules })
  const arn = optionalText(member(resource.values, 'arn'))
  return {
    label: labelOf(name, protocol, port),
    name,
    protocol,
    port,
    balancer,
    rules,
    ...arn === undefined ? {} : { arn },
    ...isPart ? { isPart } : {}
  }
}

function endpointOf ({ values }: Resource): { readonly protocol: 'HTTP' | 'HTTPS' | undefined, readonly port: number | undefined } {
  const protocol = optionalText(member(values, 'protocol'))?.toUpperCase()
  const port = member(values, 'port')
  return {
    protocol: protocol === 'HTTP' || protocol === 'HTTPS' ? protocol : undefined,
    port: port.value === undefined ? undefined : numberOf(port)
  }
}

function readRules (resources: readonly Resource[], defaults: readonly Placed[], plan: Plan): Listener['rules'] {
  const rules = resources.map(resource => {
    const { values, address } = resource
    const unknown = plan.pending.get(address) ?? {}
    const pending = holdsTrue(unknown['condition']) ? `${address}, known after apply` : undefined
    const place = placeOf(resource, plan)
    const others = Object.entries(objectOf(values)).filter(([name]) => !attributes.has(name))
    const cursor = {
      value: {
        ...Object.fromEntries(others),
        Priority: place === undefined ? member(values, 'priority').value : address,
        Conditions: unknown['condition'] === true
          ? [{ Field: pending }]
          : listOf(member(values, 'condition')).flatMap(block => conditionsOf(block, pending)),
        Actions: actionsOf(member(values, 'action'), unknown['action'], naming(resource, 'action', plan)),
        Transforms: holdsTrue(unknown['transform']) ? [{ Type: 'known after apply' }] : transformsOf(member(values, 'transform'))
      },
      place: address
    }
    return { rule: opened(readRule(cursor, place), unknown['action']), cursor }
  })
  return orderRules([...rules, ...defaults])
}

/** What the provider knows of a rule; what else a later one has may decide too. */
const attributes = new Set([
  'id', 'arn', 'listener_arn', 'priority', 'condition', 'action', 'transform', 'tags', 'tags_all', 'region', 'timeouts'
])

function opened (rule: Rule, unknown: unknown): Rule {
  return isOpen(unknown) ? { ...rule, isOpen: true } : rule
}

/**
 * Where a rule without a number stands: the provider gives it the next one after the highest where none is asked for. One that
 * something else in the plan has to tell first can be any.
 */
function placeOf (resource: Resource, { configuration, isPlan }: Plan): Rule['place'] {
  const priority = member(resource.values, 'priority')
  if (priority.value !== undefined) return undefined
  if (!isPlan) complain(priority, 'the priority is missing')
  const references = configuration.referencesOf(withoutKeys(resource.module), resource.type, resource.name, ['priority'])
  return references.every(name => /^(each|var|local|count|path|terraform)\b/.test(name)) ? 'last' : 'anywhere'
}

/** The address of the listener of a rule, or a name for one that is not in the document. */
function homeOf (rule: Resource, plan: Plan): Home {
  const cursor = member(rule.values, 'listener_arn')
  const arn = optionalText(cursor)
  if (arn !== undefined) return { name: byArn(arn, plan)?.address ?? arn }
  if (!plan.isPlan) complain(cursor, 'the listener is missing')
  const reference = referred(rule, 'listener_arn', plan)
  const listener = reference === undefined ? undefined : instanceOf(reference, rule, plan)
  if (listener !== undefined) return { name: listener.address }
  // Nothing tells which one it will be, or which of several instances.
  return reference === undefined || hasInstances(reference, plan)
    ? { name: rule.address, isUnplaced: true }
    : { name: reference.name + reference.index }
}

function naming (resource: Resource, argument: string, plan: Plan): Naming {
  const at = [withoutKeys(resource.module), resource.type, resource.name] as const
  return {
    nameGroup (path, arn) {
      if (arn !== undefined) {
        const group = byArn(arn, plan)
        return group === undefined ? arn : groupName(group, plan)
      }
      const reference = plan.configuration.find(...at, [argument, ...path])
      if (reference === undefined) return undefined
      const group = instanceOf(reference, resource, plan)
      if (group !== undefined) return groupName(group, plan)
      return hasInstances(reference, plan) ? undefined : reference.name + reference.index
    },
    nameValue (path) {
      const references = plan.configuration.referencesOf(...at, [argument, ...path])
      return references.length === 0 ? `${resource.address} ${argument}.${path.join('.')}` : [...at.slice(0, 1), ...references].join(' ')
    }
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
