/** Writes rules as AWS prints them. Region and account of a target group are the reader's: its name is what counts. */
import { conditionText, isOpenCondition, writeCondition, type Condition } from '../conditions.js'
import { WriteError } from './write-error.js'
import type { Action, Listener, Rule, RuleSet, Step } from '../model.js'

/** One listener of which nothing is known is written as it is read. */
export function albDocument ({ listeners }: RuleSet): object {
  const [first, ...more] = listeners
  return first?.label === null && more.length === 0 ? albListener(first) : { Listeners: listeners.map(albListener) }
}

function albListener ({ name, arn, protocol, port, balancer, rules }: Listener): object {
  return {
    ...name === undefined ? {} : { Name: name },
    ...protocol === undefined ? {} : { Protocol: protocol },
    ...port === undefined ? {} : { Port: port },
    ...arn === undefined ? {} : { ListenerArn: arn },
    ...balancer === '' ? {} : { LoadBalancerArn: balancer },
    Rules: rules.filter(({ action }) => action.kind !== 'none').map(albRule)
  }
}

/** @throws WriteError for a rule whose number or values are not known yet */
function albRule (rule: Rule): object {
  if (rule.place !== undefined) throw new WriteError(`AWS's form cannot say all of this: the rule ${rule.priority} has no priority yet.`)
  const open = rule.conditions.find(isOpenCondition)
  if (open !== undefined) throw new WriteError(`AWS's form cannot say all of this: ${conditionText(open)} of rule ${rule.priority}.`)
  const actions = [...rule.steps.map(albStep), albAction(rule.action)]
  return {
    Priority: rule.priority,
    Conditions: rule.conditions.filter(condition => !isMember(condition)).map(writeCondition),
    Actions: actions.length === 1 ? actions : actions.map((action, at) => ({ ...action, Order: at + 1 })),
    IsDefault: rule.priority === 'default',
    ...Object.assign({}, ...rule.conditions.filter(isMember).map(writeCondition)),
    ...rule.transforms.length === 0 ? {} : { Transforms: rule.transforms.map(({ text }): unknown => JSON.parse(text)) }
  }
}

function isMember (condition: Condition): boolean {
  return condition.kind === 'unknown' && condition.isMember === true
}

const stepTypes: Readonly<Record<string, readonly [type: string, config: string]>> = {
  oidc: ['authenticate-oidc', 'AuthenticateOidcConfig'],
  cognito: ['authenticate-cognito', 'AuthenticateCognitoConfig'],
  jwt: ['jwt-validation', 'JwtValidationConfig']
}

function albStep ({ name, text, isKnown }: Step): object {
  const known = isKnown ? stepTypes[name] : undefined
  return known === undefined ? JSON.parse(text) as object : { Type: known[0], [known[1]]: JSON.parse(text) }
}

function albAction (action: Action): object {
  switch (action.kind) {
    case 'forward': {
      const groups = action.groups.map(({ name, weight }) => ({ TargetGroupArn: arnOf(name), Weight: weight }))
      const stickiness = action.stickiness === undefined ? {} : { TargetGroupStickinessConfig: JSON.parse(action.stickiness) as unknown }
      return { Type: 'forward', ForwardConfig: { TargetGroups: groups, ...stickiness } }
    }
    case 'redirect': {
      const { protocol, host, port, path, query, status } = action
      return {
        Type: 'redirect',
        RedirectConfig: { Protocol: protocol, Host: host, Port: port, Path: path, Query: query, StatusCode: `HTTP_${status}` }
      }
    }
    case 'fixed-response': {
      const { status, contentType, body } = action
      return { Type: 'fixed-response', FixedResponseConfig: { StatusCode: status, ContentType: contentType, MessageBody: body } }
    }
    case 'unknown': return JSON.parse(action.text) as object
    case 'none': return {}
  }
}

function arnOf (name: string): string {
  return name.startsWith('arn:') || !/^[^/]+$/.test(name) ? name : `arn:aws:elasticloadbalancing:region:account:targetgroup/${name}/id`
}
