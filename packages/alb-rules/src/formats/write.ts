/** Writes rules: as AWS prints them, as Terraform JSON, and as a table for people. */
import { writeCondition } from '../conditions.js'
import { redirectUrl, targetOf, type Action, type Listener, type Rule, type RuleSet, type Step } from '../model.js'

export type Format = 'alb' | 'terraform' | 'markdown'

/** @param reasons why each rule is there, by priority */
export function writeRules (ruleSet: RuleSet, format: Format, reasons: ReadonlyMap<string, string> = new Map()): string {
  switch (format) {
    case 'alb': return json(albDocument(ruleSet))
    case 'terraform': return json(terraform(ruleSet, reasons))
    case 'markdown': return markdown(ruleSet, reasons)
  }
}

function json (value: unknown): string {
  return JSON.stringify(value, null, 2) + '\n'
}

/** One listener of which nothing is known is written as it is read. */
function albDocument ({ listeners }: RuleSet): object {
  const [first, ...more] = listeners
  return first?.label === null && more.length === 0 ? albListener(first) : { Listeners: listeners.map(albListener) }
}

function albListener ({ name, protocol, port, rules }: Listener): object {
  return { ...(name === undefined ? {} : { Name: name }), ...(protocol === undefined ? {} : { Protocol: protocol }), ...(port === undefined ? {} : { Port: port }), Rules: rules.filter(({ action }) => action.kind !== 'none').map(albRule) }
}

function albRule (rule: Rule): object {
  return {
    Priority: rule.priority,
    Conditions: rule.conditions.map(writeCondition),
    Actions: [...rule.steps.map(albStep), albAction(rule.action)].map((action, at, { length }) => length === 1 ? action : { ...action, Order: at + 1 }),
    IsDefault: rule.priority === 'default',
    ...(rule.transforms.length === 0 ? {} : { Transforms: rule.transforms.map(({ text }): unknown => JSON.parse(text)) })
  }
}

const stepTypes: Readonly<Record<string, readonly [type: string, config: string]>> = {
  oidc: ['authenticate-oidc', 'AuthenticateOidcConfig'],
  cognito: ['authenticate-cognito', 'AuthenticateCognitoConfig'],
  jwt: ['jwt-validation', 'JwtValidationConfig']
}

function albStep ({ name, text }: Step): object {
  const known = Object.hasOwn(stepTypes, name) ? stepTypes[name] : undefined
  return known === undefined ? JSON.parse(text) : { Type: known[0], [known[1]]: JSON.parse(text) }
}

function albAction (action: Action): object {
  switch (action.kind) {
    case 'forward': return { Type: 'forward', ForwardConfig: { TargetGroups: action.groups.map(({ name, weight }) => ({ TargetGroupArn: arnOf(name), Weight: weight })), ...action.stickiness === undefined ? {} : { TargetGroupStickinessConfig: JSON.parse(action.stickiness) as unknown } } }
    case 'redirect': return { Type: 'redirect', RedirectConfig: { Protocol: action.protocol, Host: action.host, Port: action.port, Path: action.path, Query: action.query, StatusCode: `HTTP_${action.status}` } }
    case 'fixed-response': return { Type: 'fixed-response', FixedResponseConfig: { StatusCode: action.status, ContentType: action.contentType, MessageBody: action.body } }
    case 'unknown': return JSON.parse(action.text)
    case 'none': return {}
  }
}

/** Region and account are the reader's; the name is what counts. */
function arnOf (name: string): string {
  return name.startsWith('arn:') || !/^[^/]+$/.test(name) ? name : `arn:aws:elasticloadbalancing:region:account:targetgroup/${name}/id`
}

function terraform ({ listeners }: RuleSet, reasons: ReadonlyMap<string, string>): object {
  const resources = listeners.flatMap(listener => listener.rules.filter(rule => rule.priority !== 'default').map(rule => [`${nameOf(listener)}_${rule.priority}`, terraformRule(listener, rule, reasons)]))
  return {
    '//': 'The rules of the load balancer. The default actions belong to the listeners and are not in here.',
    variable: {
      listener_arns: { description: `ARNs of the listeners ${listeners.map(nameOf).join(' and ')}, by name`, type: 'map(string)' },
      target_group_arns: { description: 'ARNs of the target groups, by name', type: 'map(string)' }
    },
    resource: { aws_lb_listener_rule: Object.fromEntries(resources) }
  }
}

function terraformRule (listener: Listener, { priority, conditions, action }: Rule, reasons: ReadonlyMap<string, string>): object {
  const reason = reasons.get(priority)
  return {
    ...(reason === undefined ? {} : { '//': reason }),
    listener_arn: `\${var.listener_arns["${nameOf(listener)}"]}`,
    priority: Number(priority),
    condition: conditions.flatMap(condition => condition.kind === 'host-header' || condition.kind === 'path-pattern' ? [{ [condition.kind.replace('-', '_')]: { values: condition.values } }] : []),
    action: action.kind === 'forward' ? action.groups.map(({ name }) => ({ type: 'forward', target_group_arn: `\${var.target_group_arns["${name}"]}` })) : []
  }
}

function nameOf ({ label }: Listener): string {
  return (label ?? 'listener').toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
}

/** Listeners with the same rules share a table. */
function markdown ({ listeners }: RuleSet, reasons: ReadonlyMap<string, string>): string {
  const groups = new Map<string, Listener[]>()
  for (const listener of listeners) {
    const key = JSON.stringify(listener.rules)
    groups.set(key, [...groups.get(key) ?? [], listener])
  }
  return [...groups.values()].map(group => [
    `## ${group.length === 1 ? 'Listener' : 'Listeners'} ${group.map(titleOf).join(' and ')}`,
    '',
    '| priority | host | path | goes to | why |',
    '|---|---|---|---|---|',
    ...(group[0]?.rules ?? []).map(rule => `| ${[rule.priority, cell(rule, 'host-header'), cell(rule, 'path-pattern'), goesTo(rule), reasons.get(rule.priority) ?? ''].join(' | ')} |`),
    ''
  ].join('\n')).join('\n')
}

function titleOf ({ label, protocol, port }: Listener): string {
  return protocol === undefined || label === `${protocol}:${port}` ? label ?? '' : `${label} (${protocol}, port ${port})`
}

function cell ({ conditions }: Rule, kind: 'host-header' | 'path-pattern'): string {
  const values = conditions.flatMap(condition => condition.kind === kind ? condition.values : [])
  return values.length === 0 ? 'any' : values.map(value => `\`${value.replaceAll('|', '\\|')}\``).join(', ')
}

function goesTo (rule: Rule): string {
  return rule.action.kind === 'redirect' ? `redirect ${rule.action.status} \`${redirectUrl(rule.action)}\`` : `\`${targetOf(rule)}\``
}
