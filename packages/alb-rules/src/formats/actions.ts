/** Reads the actions and transforms of a rule as AWS prints them. */
import { isFilled } from '../block.js'
import {
  canonical, complain, filledListOf, hasOther, listOf, member, numberOf, objectOf, optionalText, textOf, type Cursor
} from '../cursor.js'
import type { Action, Group, Redirect, Step, Transform } from '../model.js'

const stepNames: Readonly<Record<string, { readonly name: string, readonly config: string }>> = {
  'authenticate-oidc': { name: 'oidc', config: 'AuthenticateOidcConfig' },
  'authenticate-cognito': { name: 'cognito', config: 'AuthenticateCognitoConfig' },
  'jwt-validation': { name: 'jwt', config: 'JwtValidationConfig' }
}

const routing = new Set(['forward', 'redirect', 'fixed-response'])

/** What AWS puts in where nothing is said. */
const loginDefaults = {
  OnUnauthenticatedRequest: 'authenticate',
  Scope: 'openid',
  SessionCookieName: 'AWSELBAuthSessionCookie',
  SessionTimeout: 604800
}

/** The action that takes the request is the last by its order; what stands before it are steps on the way.
 *  @throws InputError */
export function readActions (list: Cursor): { readonly steps: readonly Step[], readonly action: Action } {
  const cursors = inOrder(filledListOf(list))
  const last = cursors.at(-1) ?? list
  for (const cursor of cursors.slice(0, -1)) {
    if (routing.has(typeOf(cursor))) complain(cursor, `${typeOf(cursor)} must be the last action`)
  }
  if (Object.hasOwn(stepNames, typeOf(last))) complain(last, 'a forward, redirect or fixed-response action must come last')
  return { steps: cursors.slice(0, -1).map(readStep), action: readAction(last) }
}

/** The transforms of a rule. */
export function readTransforms (list: Cursor): readonly Transform[] {
  return listOf(list).map(cursor => ({ type: textOf(member(cursor, 'Type')), text: canonical(cursor.value) }))
}

function inOrder (cursors: readonly Cursor[]): readonly Cursor[] {
  const orders = cursors.map((cursor, at) => {
    const order = member(cursor, 'Order')
    return { cursor, order: order.value === undefined ? at + 1 : numberOf(order) }
  })
  return orders.sort((one, other) => one.order - other.order).map(({ cursor }) => cursor)
}

function typeOf (cursor: Cursor): string {
  return textOf(member(cursor, 'Type'))
}

function readStep (cursor: Cursor): Step {
  const type = typeOf(cursor)
  const known = Object.hasOwn(stepNames, type) ? stepNames[type] : undefined
  if (known === undefined) return { name: type, isKnown: false, text: canonical(cursor.value) }
  // A secret does not route, and AWS never shows it.
  const { ClientSecret, UseExistingClientSecret, ...given } = objectOf(member(cursor, known.config))
  const config = Object.fromEntries(Object.entries(given).filter(([, value]) => isFilled(value)))
  const timeout = Number(config['SessionTimeout'] ?? loginDefaults.SessionTimeout)
  const filled = known.name === 'jwt' ? config : { ...loginDefaults, ...config, SessionTimeout: timeout }
  return { name: known.name, isKnown: true, text: canonical(filled) }
}

/** The members that are understood, of each action and of its configuration. */
const understood: Readonly<Record<string, readonly [members: readonly string[], config: string, configMembers: readonly string[]]>> = {
  forward: [['TargetGroupArn'], 'ForwardConfig', ['TargetGroups', 'TargetGroupStickinessConfig']],
  redirect: [[], 'RedirectConfig', ['Protocol', 'Port', 'Host', 'Path', 'Query', 'StatusCode']],
  'fixed-response': [[], 'FixedResponseConfig', ['StatusCode', 'ContentType', 'MessageBody']]
}

/** Words that are not known could change the meaning of those that are. */
function hasUnknownWords (cursor: Cursor): boolean {
  const [members, config, configMembers] = understood[typeOf(cursor)] ?? [[], '', []]
  if (hasOther(cursor, ['Type', 'Order', ...members, config])) return true
  const inside = member(cursor, config)
  return inside.value !== undefined && hasOther(inside, configMembers)
}

function readAction (cursor: Cursor): Action {
  const type = routing.has(typeOf(cursor)) && hasUnknownWords(cursor) ? `${typeOf(cursor)} with words that are not known` : typeOf(cursor)
  switch (type) {
    case 'forward': return { kind: 'forward', groups: readGroups(cursor), ...readStickiness(cursor) }
    case 'redirect': return readRedirect(member(cursor, 'RedirectConfig'))
    case 'fixed-response': return readFixed(member(cursor, 'FixedResponseConfig'))
    default: return { kind: 'unknown', type, text: canonical(cursor.value) }
  }
}

function readGroups (cursor: Cursor): readonly Group[] {
  const config = member(cursor, 'ForwardConfig')
  if (config.value === undefined) return [{ name: groupName(textOf(member(cursor, 'TargetGroupArn'))), weight: 1 }]
  return filledListOf(member(config, 'TargetGroups')).map(group => {
    const weight = member(group, 'Weight')
    return { name: groupName(textOf(member(group, 'TargetGroupArn'))), weight: weight.value === undefined ? 1 : weightOf(weight) }
  })
}

/** How callers are kept at the group that they met first, where they are. */
function readStickiness (cursor: Cursor): { readonly stickiness?: string } {
  const config = member(cursor, 'ForwardConfig')
  const stickiness = config.value === undefined ? undefined : member(config, 'TargetGroupStickinessConfig').value
  const { Enabled: enabled, DurationSeconds: seconds } = { ...stickiness as { Enabled?: unknown, DurationSeconds?: unknown } | undefined }
  // Templates write numbers and truths as texts too.
  if (String(enabled) !== 'true') return {}
  const isDigits = typeof seconds === 'string' && /^\d+$/.test(seconds)
  return { stickiness: canonical({ Enabled: true, DurationSeconds: isDigits ? Number(seconds) : seconds }) }
}

function weightOf (cursor: Cursor): number {
  const weight = numberOf(cursor)
  return weight >= 0 && weight <= 999 ? weight : complain(cursor, `${weight} is not a weight: use a number from 0 to 999`)
}

function groupName (arn: string): string {
  return /:targetgroup\/([^/]+)/.exec(arn)?.[1] ?? arn
}

function readRedirect (cursor: Cursor): Redirect {
  const status = member(cursor, 'StatusCode')
  const path = member(cursor, 'Path')
  const part = (name: string, allowed: RegExp): string => {
    const text = optionalText(member(cursor, name)) ?? `#{${name.toLowerCase()}}`
    return allowed.test(text) ? text : complain(member(cursor, name), `${canonical(text)} is not allowed here`)
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
    query: optionalText(member(cursor, 'Query')) ?? '#{query}'
  }
}

function readFixed (cursor: Cursor): Action {
  const status = member(cursor, 'StatusCode')
  if (!/^[245]\d\d$/.test(String(status.value))) complain(status, 'a fixed response has a status from 200 to 299 or 400 to 599')
  return {
    kind: 'fixed-response',
    status: String(status.value),
    contentType: optionalText(member(cursor, 'ContentType')) ?? 'text/plain',
    body: optionalText(member(cursor, 'MessageBody')) ?? ''
  }
}
