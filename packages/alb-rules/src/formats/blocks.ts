/** Turns the blocks of Terraform's listener rules into what AWS prints for the same rule, so that one reader understands both. */
import { blockList, capitalised, isFilled, single, type Block } from '../block.js'
import { conditionOfBlock } from '../conditions.js'
import { complain, listOf, member, objectOf, optionalText, type Cursor } from '../cursor.js'

/** Names the target group of a forward action whose ARN is not known yet; undefined where that cannot be told. */
export type NameGroup = (argument: ReadonlyArray<string | number>, arn: string | undefined) => string | undefined

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

/** Which group it is, a reference may tell; the order is that of the blocks where nothing else is said. */
const toldElsewhere = new Set(['arn', 'target_group_arn', 'order', 'id'])

/**
 * The actions of the blocks `action` or `default_action`.
 * @param unknown what of them is not known before the plan is applied, in Terraform's form; such an action is of no kind that is known
 */
export function actionsOf (blocks: Cursor, unknown: unknown, nameGroup: NameGroup): readonly unknown[] {
  const later = (place: string): object => ({ Type: 'action with values that are known after apply', Place: place })
  if (unknown === true) return [later(blocks.place)]
  return listOf(blocks).map((block, at) => {
    if (holdsTrue(Array.isArray(unknown) ? unknown[at] : undefined, toldElsewhere)) return later(block.place)
    const type = optionalText(member(block, 'type'))
    const order = member(block, 'order').value
    const base = { Type: type, ...(typeof order === 'number' && order > 0 ? { Order: order } : {}) }
    if (type === 'forward') return { ...base, ...forwardOf(block, at, nameGroup) }
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

function forwardOf (block: Cursor, at: number, nameGroup: NameGroup): object {
  const groups = blockList(single(member(block, 'forward').value)?.['target_group'])
  const named = groups.length > 0
    ? groups.map(({ arn, weight }, group) => ({ name: nameGroup([at, 'forward', 0, 'target_group', group, 'arn'], known(arn)), weight }))
    : [{ name: nameGroup([at, 'target_group_arn'], known(member(block, 'target_group_arn').value)), weight: 1 }]
  // Which group it is cannot be told: then the action is of no kind that is known.
  if (named.some(({ name }) => name === undefined)) return { Type: 'forward to a target group that is not known yet', Place: block.place }
  return { ForwardConfig: { TargetGroups: named.map(({ name, weight }) => ({ TargetGroupArn: name, Weight: weight })) } }
}

function known (arn: unknown): string | undefined {
  return typeof arn === 'string' && arn !== '' ? arn : undefined
}

/** Whether something in it is not known yet, apart from members of these names. */
export function holdsTrue (value: unknown, but: ReadonlySet<string> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return value === true
  return Object.entries(value).some(([name, part]) => !but.has(name) && holdsTrue(part, but))
}
