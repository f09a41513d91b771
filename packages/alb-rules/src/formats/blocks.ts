/** Turns the blocks of Terraform's listener rules into what AWS prints for the same rule, so that one reader understands both. */
import { blockList, capitalised, isFilled, single, type Block } from '../block.js'
import { conditionOfBlock } from '../conditions.js'
import { complain, listOf, member, objectOf, optionalText, type Cursor } from '../cursor.js'

/** Names for what is known only when the plan is applied, by its path in the list of actions. */
export interface Naming {
  /** The target group of a forward action; undefined where that cannot be told. */
  readonly nameGroup: (path: ReadonlyArray<string | number>, arn: string | undefined) => string | undefined
  /** A value, the same name for what is made of the same. */
  readonly nameValue: (path: ReadonlyArray<string | number>) => string
}

const actionConfigs: Readonly<Record<string, string>> = {
  redirect: 'RedirectConfig',
  fixed_response: 'FixedResponseConfig',
  authenticate_oidc: 'AuthenticateOidcConfig',
  authenticate_cognito: 'AuthenticateCognitoConfig',
  jwt_validation: 'JwtValidationConfig'
}

/** The conditions of one `condition` block.
 *  @param pending what to call a value that is known only when the plan is applied; undefined where all are known */
export function conditionsOf (block: Cursor, pending: string | undefined): readonly unknown[] {
  const field = optionalText(member(block, 'field'))
  if (field !== undefined) return [{ Field: field, Values: member(block, 'values').value }]
  const used = Object.entries(objectOf(block)).filter(([name, value]) => name !== 'field' && name !== 'values' && isFilled(value))
  if (used.length === 0 && pending === undefined) complain(block, 'the condition is empty')
  if (used.length === 0) return [{ Field: pending }]
  return used.map(([name]) => conditionOfBlock(name, member(block, name), pending))
}

/** What does not hide the target of an action: it stays open, and what hangs on it alone is undecided. */
const openMembers = ['authenticate_oidc', 'authenticate_cognito', 'jwt_validation', 'message_body', 'content_type', 'stickiness']

/** Which group it is, a reference may tell; the order is that of the blocks where nothing else is said. */
const leaves = ['arn', 'target_group_arn', 'order', 'id']

const toldElsewhere = new Set([...leaves, ...openMembers])

/**
 * The actions of the blocks `action` or `default_action`.
 * @param unknown what of them is not known before the plan is applied, in Terraform's form; such an action is of no kind that is known
 */
export function actionsOf (blocks: Cursor, unknown: unknown, naming: Naming): readonly unknown[] {
  const later = (place: string): object => ({ Type: 'action with values that are known after apply', Place: place })
  if (unknown === true) return [later(blocks.place)]
  return listOf(blocks).map((given, at) => {
    const open: unknown = Array.isArray(unknown) ? unknown[at] : undefined
    if (holdsTrue(open, toldElsewhere)) return later(given.place)
    const block = { value: filled(given.value, open, [at], naming), place: given.place }
    const type = optionalText(member(block, 'type'))
    const order = member(block, 'order').value
    const base = { Type: type, ...(typeof order === 'number' && order > 0 ? { Order: order } : {}) }
    if (type === 'forward') return { ...base, ...forwardOf(block, at, naming) }
    const configs = Object.entries(actionConfigs).flatMap(([name, config]) => {
      return blockList(member(block, name).value).map(value => [config, actionConfig(value)] as const)
    })
    return { ...base, ...Object.fromEntries(configs) }
  })
}

/** The transforms of `transform` blocks. */
export function transformsOf (blocks: Cursor): readonly unknown[] {
  return listOf(blocks).map(block => {
    const rewrites = (name: string): object => {
      const config = single(member(block, name).value)
      return config === undefined ? {} : { Rewrites: blockList(config['rewrite']).map(capitalised) }
    }
    const type = member(block, 'type').value
    return type === 'host-header-rewrite'
      ? { Type: type, HostHeaderRewriteConfig: rewrites('host_header_rewrite_config') }
      : { Type: type, UrlRewriteConfig: rewrites('url_rewrite_config') }
  })
}

/** An empty query is said: the redirect drops the query. */
function actionConfig (block: Block): Block {
  return { ...capitalised(block), ...block['query'] === '' ? { Query: '' } : {} }
}

function forwardOf (block: Cursor, at: number, { nameGroup }: Naming): object {
  const forward = single(member(block, 'forward').value)
  const groups = blockList(forward?.['target_group'])
  const named = groups.length > 0
    ? groups.map(({ arn, weight }, group) => ({ name: nameGroup([at, 'forward', 0, 'target_group', group, 'arn'], known(arn)), weight }))
    : [{ name: nameGroup([at, 'target_group_arn'], known(member(block, 'target_group_arn').value)), weight: 1 }]
  // Which group it is cannot be told: then the action is of no kind that is known.
  if (named.some(({ name }) => name === undefined)) return { Type: 'forward to a target group that is not known yet', Place: block.place }
  return {
    ForwardConfig: {
      TargetGroups: named.map(({ name, weight }) => ({ TargetGroupArn: name, Weight: weight })),
      ...stickinessOf(single(forward?.['stickiness']))
    }
  }
}

/** Callers who stay at a group, where they do. */
function stickinessOf (block: Block | undefined): object {
  if (block === undefined) return {}
  return { TargetGroupStickinessConfig: { Enabled: block['enabled'] ?? false, DurationSeconds: block['duration'] } }
}

/** The value with names for those of its open members that are known only when the plan is applied. */
function filled (value: unknown, unknown: unknown, path: ReadonlyArray<string | number>, naming: Naming): unknown {
  if (unknown === true) return `known after apply: ${naming.nameValue(path)}`
  if (typeof unknown !== 'object' || unknown === null) return value
  if (Array.isArray(unknown)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : []
    return unknown.length === 0 ? value : unknown.map((part, at) => filled(list[at], part, [...path, at], naming))
  }
  const isOpen = path.some(name => openMembers.includes(String(name)))
  const known = typeof value === 'object' && value !== null ? { ...value } as Record<string, unknown> : {}
  const parts = Object.entries(unknown).filter(([name, part]) => holdsTrue(part) && (isOpen || !leaves.includes(name)))
  return { ...known, ...Object.fromEntries(parts.map(([name, part]) => [name, filled(known[name], part, [...path, name], naming)])) }
}

/** Whether some of what actions are told, apart from the target, is known only when the plan is applied. */
export function isOpen (unknown: unknown): boolean {
  if (typeof unknown !== 'object' || unknown === null) return false
  return Object.entries(unknown).some(([name, part]) => openMembers.includes(name) ? holdsTrue(part) : isOpen(part))
}

function known (arn: unknown): string | undefined {
  return typeof arn === 'string' && arn !== '' ? arn : undefined
}

/** Whether something in it is not known yet, apart from members of these names. */
export function holdsTrue (value: unknown, but: ReadonlySet<string> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return value === true
  return Object.entries(value).some(([name, part]) => !but.has(name) && holdsTrue(part, but))
}
