/** Writes rules as Terraform's JSON: a resource for each rule but the default one, which belongs to its listener. */
import { conditionText, isOpenCondition, writeConditionBlock } from '../conditions.js'
import { WriteError } from './write-error.js'
import { isDefault, type Action, type Group, type Listener, type Rule, type RuleSet } from '../model.js'

/** @throws WriteError for logins, rewrites, kinds that are not known, and listeners that would get one name */
export function terraformDocument (ruleSet: RuleSet, reasons: ReadonlyMap<string, string>): object {
  const { listeners } = ruleSet
  const problems = [...sharedNames(listeners), ...listeners.flatMap(unsayable)]
  if (problems.length > 0) throw new WriteError(`Terraform's form cannot say all of this: ${problems.join('; ')}.`)
  const resources = listeners.flatMap(listener => numbered(listener).map(rule => {
    return [`${nameOf(listener)}_${rule.priority}`, ruleResource(listener, rule, reasons.get(rule.priority))]
  }))
  return {
    '//': 'The rules of the load balancer. The default actions belong to the listeners and are not in here.',
    variable: {
      listener_arns: { description: `ARNs of the listeners ${listeners.map(nameOf).join(' and ')}, by name`, type: 'map(string)' },
      target_group_arns: { description: 'ARNs of the target groups, by name', type: 'map(string)' }
    },
    resource: { aws_lb_listener_rule: Object.fromEntries(resources) as unknown }
  }
}

function ruleResource (listener: Listener, { priority, place, conditions, action }: Rule, reason: string | undefined): object {
  return {
    ...reason === undefined ? {} : { '//': reason },
    listener_arn: `\${var.listener_arns["${nameOf(listener)}"]}`,
    ...place === undefined ? { priority: Number(priority) } : {},
    condition: conditions.map(condition => escaped(writeConditionBlock(condition))),
    action: [actionBlock(action)]
  }
}

function actionBlock (action: Action): object | undefined {
  switch (action.kind) {
    case 'forward': return { type: 'forward', ...forwardBlock(action.groups, action.stickiness) }
    case 'redirect': {
      const { kind, status, ...url } = action
      return { type: 'redirect', redirect: { ...escaped(url), status_code: `HTTP_${status}` } }
    }
    case 'fixed-response': {
      const { status, contentType, body } = action
      return {
        type: 'fixed-response',
        fixed_response: { content_type: escaped(contentType), message_body: escaped(body), status_code: status }
      }
    }
    case 'unknown': case 'none': return undefined
  }
}

function forwardBlock (groups: readonly Group[], stickiness: string | undefined): object {
  const [only, ...more] = groups
  if (only !== undefined && more.length === 0) return { target_group_arn: arnOf(only) }
  return {
    forward: {
      target_group: groups.map(group => ({ arn: arnOf(group), weight: group.weight })),
      ...stickiness === undefined ? {} : { stickiness: stickinessBlock(stickiness) }
    }
  }
}

/** Callers who stay at a group do so only among several, and for a time that is told. */
function stickinessBlock (text: string): object {
  const { DurationSeconds: duration } = JSON.parse(text) as { DurationSeconds?: number }
  return { enabled: true, duration }
}

function arnOf ({ name }: Group): string {
  return `\${var.target_group_arns["${name}"]}`
}

/** What of a listener's rules has no words here. The secret of a login is never shown, so no login can be written. */
function unsayable (listener: Listener): readonly string[] {
  return numbered(listener).flatMap(rule => {
    const parts = [
      ...rule.conditions.filter(one => one.kind === 'unknown' || isOpenCondition(one)).map(conditionText),
      ...rule.steps.map(({ name }) => `the ${name} action`),
      ...rule.action.kind === 'unknown' ? [`the ${rule.action.type} action`] : [],
      ...rule.transforms.map(({ type }) => `the ${type} transform`)
    ]
    return parts.map(part => `${part} of rule ${rule.priority}${listener.label === null ? '' : ` of ${listener.label}`}`)
  })
}

function sharedNames (listeners: readonly Listener[]): readonly string[] {
  const names = listeners.map(nameOf)
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))].map(name => `several listeners would be called ${name}`)
}

function numbered ({ rules }: Listener): readonly Rule[] {
  return rules.filter(rule => !isDefault(rule))
}

function nameOf ({ label }: Listener): string {
  return (label ?? 'listener').toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
}

/** Terraform reads `${` and `%{` in any text as the beginning of a template. */
function escaped<T> (value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => typeof part === 'string' ? part.replace(/[$%](?=\{)/g, '$&$&') : part) as T
}
