/** Reads the actions and transforms of a rule as AWS prints them. */
import type { Action, Group, Redirect, Step, Transform } from '../model.js'
import { canonical, complain, filledListOf, hasOther, listOf, member, numberOf, objectOf, optionalText, textOf, type Spot } from '../cursor.js'

const stepNames: Readonly<Record<string, { readonly name: string, readonly config: string }>> = {
  'authenticate-oidc': { name: 'oidc', config: 'AuthenticateOidcConfig' },
  'authenticate-cognito': { name: 'cognito', config: 'AuthenticateCognitoConfig' },
  'jwt-validation': { name: 'jwt', config: 'JwtValidationConfig' }
}

const routing = new Set(['forward', 'redirect', 'fixed-response'])

/** What AWS puts in where nothing is said. */
const loginDefaults = { OnUnauthenticatedRequest: 'authenticate', Scope: 'openid', SessionCookieName: 'AWSELBAuthSessionCookie', SessionTimeout: 604800 }

/** The action that takes the request is the last by its order; what stands before it are steps on the way.
 *  @throws InputError */
export function readActions (list: Spot): { readonly steps: readonly Step[], readonly action: Action } {
  const spots = inOrder(filledListOf(list))
  const last = spots.at(-1) ?? list
  for (const spot of spots.slice(0, -1)) {
    if (routing.has(typeOf(spot))) complain(spot, `${typeOf(spot)} must be the last action`)
  }
  if (Object.hasOwn(stepNames, typeOf(last))) complain(last, 'a forward, redirect or fixed-response action must come last')
  return { steps: spots.slice(0, -1).map(readStep), action: readAction(last) }
}

/** The transforms of a rule. */
export function readTransforms (list: Spot): readonly Transform[] {
  return listOf(list).map(spot => ({ type: textOf(member(spot, 'Type')), text: canonical(spot.value) }))
}

function inOrder (spots: readonly Spot[]): readonly Spot[] {
  const orders = spots.map((spot, at) => {
    const order = member(spot, 'Order')
    return { spot, order: order.value === undefined ? at + 1 : numberOf(order) }
  })
  return orders.sort((one, other) => one.order - other.order).map(({ spot }) => spot)
}

function typeOf (spot: Spot): string {
  return textOf(member(spot, 'Type'))
}

function readStep (spot: Spot): Step {
  const type = typeOf(spot)
  const known = Object.hasOwn(stepNames, type) ? stepNames[type] : undefined
  if (known === undefined) return { name: type, isKnown: false, text: canonical(spot.value) }
  // A secret does not route, and AWS never shows it.
  const { ClientSecret, UseExistingClientSecret, ...config } = objectOf(member(spot, known.config))
  const filled = known.name === 'jwt' ? config : { ...loginDefaults, ...config, SessionTimeout: Number(config['SessionTimeout'] ?? loginDefaults.SessionTimeout) }
  return { name: known.name, isKnown: true, text: canonical(filled) }
}

/** The members that are understood, of each action and of its configuration. */
const understood: Readonly<Record<string, readonly [members: readonly string[], config: string, configMembers: readonly string[]]>> = {
  forward: [['TargetGroupArn'], 'ForwardConfig', ['TargetGroups', 'TargetGroupStickinessConfig']],
  redirect: [[], 'RedirectConfig', ['Protocol', 'Port', 'Host', 'Path', 'Query', 'StatusCode']],
  'fixed-response': [[], 'FixedResponseConfig', ['StatusCode', 'ContentType', 'MessageBody']]
}

/** Words that are not known could change the meaning of those that are. */
function hasUnknownWords (spot: Spot): boolean {
  const [members, config, configMembers] = understood[typeOf(spot)] ?? [[], '', []]
  if (hasOther(spot, ['Type', 'Order', ...members, config])) return true
  const inside = member(spot, config)
  return inside.value !== undefined && hasOther(inside, configMembers)
}

function readAction (spot: Spot): Action {
  const type = routing.has(typeOf(spot)) && hasUnknownWords(spot) ? `${typeOf(spot)} with words that are not known` : typeOf(spot)
  switch (type) {
    case 'forward': return { kind: 'forward', groups: readGroups(spot), ...readStickiness(spot) }
    case 'redirect': return readRedirect(member(spot, 'RedirectConfig'))
    case 'fixed-response': return readFixed(member(spot, 'FixedResponseConfig'))
    default: return { kind: 'unknown', type, text: canonical(spot.value) }
  }
}

function readGroups (spot: Spot): readonly Group[] {
  const config = member(spot, 'ForwardConfig')
  if (config.value === undefined) return [{ name: groupName(textOf(member(spot, 'TargetGroupArn'))), weight: 1 }]
  return filledListOf(member(config, 'TargetGroups')).map(group => {
    const weight = member(group, 'Weight')
    return { name: groupName(textOf(member(group, 'TargetGroupArn'))), weight: weight.value === undefined ? 1 : weightOf(weight) }
  })
}

/** How callers are kept at the group that they met first, where they are. */
function readStickiness (spot: Spot): { readonly stickiness?: string } {
  const config = member(spot, 'ForwardConfig')
  const stickiness = config.value === undefined ? undefined : member(config, 'TargetGroupStickinessConfig').value
  return typeof stickiness === 'object' && stickiness !== null && 'Enabled' in stickiness && stickiness.Enabled === true ? { stickiness: canonical(stickiness) } : {}
}

function weightOf (spot: Spot): number {
  const weight = numberOf(spot)
  return weight >= 0 && weight <= 999 ? weight : complain(spot, `${weight} is no weight: a number from 0 to 999`)
}

function groupName (arn: string): string {
  return /:targetgroup\/([^/]+)/.exec(arn)?.[1] ?? arn
}

function readRedirect (spot: Spot): Redirect {
  const status = member(spot, 'StatusCode')
  const path = member(spot, 'Path')
  const part = (name: string, allowed: RegExp): string => {
    const text = optionalText(member(spot, name)) ?? `#{${name.toLowerCase()}}`
    return allowed.test(text) ? text : complain(member(spot, name), `${canonical(text)} cannot stand there`)
  }
  const code = /^HTTP_(301|302)$/.exec(textOf(status))?.[1]
  if (path.value !== undefined && !textOf(path).startsWith('/')) complain(path, 'a path begins with /')
  return {
    kind: 'redirect',
    status: code === '301' || code === '302' ? code : complain(status, 'a load balancer redirects with HTTP_301 or HTTP_302 only'),
    protocol: part('Protocol', /^(HTTPS?|#\{protocol\})$/i).toUpperCase().replace('#{PROTOCOL}', '#{protocol}'),
    host: part('Host', /./),
    port: part('Port', /^([1-9]\d{0,4}|#\{port\})$/),
    path: optionalText(path) ?? '/#{path}',
    query: optionalText(member(spot, 'Query')) ?? '#{query}'
  }
}

function readFixed (spot: Spot): Action {
  const status = member(spot, 'StatusCode')
  if (!/^[245]\d\d$/.test(String(status.value))) complain(status, 'a fixed response has a status from 200 to 299 or 400 to 599')
  return {
    kind: 'fixed-response',
    status: String(status.value),
    contentType: optionalText(member(spot, 'ContentType')) ?? 'text/plain',
    body: optionalText(member(spot, 'MessageBody')) ?? ''
  }
}
