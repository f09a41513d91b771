/** What a call names: taken from its path, its query and, where the facade has held the body whole anyway, its body. */
import type { FastifyRequest } from 'fastify'
import type { Operation } from '../access/classes.js'
import { decode } from '../access/readings.js'
import type { RequestOperation } from '../http/context.js'
import type { RequestHead } from '../http/connection/request-head.js'
import type { Resource } from './event.js'

/** Fields of MLflow's messages that say what a call is about; what they hold is no secret. */
const named: readonly string[] = [
  'workspace_name', 'experiment_id', 'run_id', 'run_uuid', 'name', 'new_name', 'version', 'alias', 'model_id', 'trace_id', 'request_id',
  'assessment_id', 'dataset_id', 'job_id', 'job_name', 'webhook_id', 'issue_id', 'schema_id', 'queue_id', 'item_id', 'scorer_id', 'endpoint_id',
  'model_definition_id', 'mapping_id', 'guardrail_id', 'budget_policy_id', 'secret_id', 'secret_name', 'resource_id', 'gateway_path', 'path'
]

/** Of a value, and of values in one event. */
export const valueMaxLength = 256
const valuesMax = 12
/** A query or a body that is longer says nothing: reading it would take time that others wait for. */
const queryMaxLength = 8 * 1024
export const bodyMaxBytes = 16 * 1024

/** Undefined: nothing that is known. */
export function resourceOf (request: FastifyRequest): Resource | undefined {
  const { operation, audited, context: { head, target } } = request
  const found = new Map<string, string>(Object.entries(audited?.resource ?? {}))
  if (operation?.match !== undefined) {
    addFrom(found, Object.fromEntries(target.query.length > queryMaxLength ? [] : new URLSearchParams(target.query)))
    addFrom(found, messageIn(request))
    const rest = restOf(operation)
    if (rest !== undefined) found.set('path', rest)
  } else if (request.routeOptions.config?.operation !== undefined) {
    for (const [name, value] of Object.entries(request.params as Record<string, string> | null ?? {})) found.set(name, value)
  }
  if (found.size === 0) return undefined
  const safe = redaction(head)
  return Object.fromEntries([...found].slice(0, valuesMax).map(([name, value]) => [name, safe(value)]))
}

function addFrom (found: Map<string, string>, message: Readonly<Record<string, unknown>>): void {
  for (const name of named) {
    const value = Object.hasOwn(message, name) ? message[name] : undefined
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') found.set(name, String(value))
  }
}

/** The message in a body that went out whole; an empty one where there is none, or none that can be read quickly. */
function messageIn ({ transfer }: FastifyRequest): Readonly<Record<string, unknown>> {
  const body = transfer?.body
  if (!Buffer.isBuffer(body) || body.length > bodyMaxBytes || body[0] !== 0x7b) return {}
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** What follows the fixed part of the operation's path, as people read it; the whole path where nobody knows the operation. */
function restOf ({ path, match }: RequestOperation): string | undefined {
  const read = decode(path, '/')
  const known = match?.operation
  const fixed = known === undefined ? '' : beginnings(known).find(beginning => read.startsWith(beginning))
  const rest = fixed === undefined ? undefined : read.slice(fixed.length)
  return rest === undefined || rest === '' ? undefined : Buffer.from(rest, 'latin1').toString()
}

const beginningsOf = new WeakMap<Operation, readonly string[]>()

/** Of the operation's templates that hold a parameter, all that stands before it. */
function beginnings (operation: Operation): readonly string[] {
  let found = beginningsOf.get(operation)
  if (found === undefined) {
    const templates = [operation.path, ...operation.aliases ?? []].filter(path => path.includes('{'))
    found = templates.map(path => decode(path.slice(0, path.indexOf('{')), '/'))
    beginningsOf.set(operation, found)
  }
  return found
}

/** What looks like a key of ours, however it is spelt. */
const keyLike = /hk_(live|test)_\w+/gi

type Credentials = Pick<RequestHead, 'authorization' | 'apiKey' | 'gatewayKey'>

/** Makes texts fit for an event: bounded, and without keys, whether they look like ours or came with this request. */
export function redaction ({ authorization, apiKey, gatewayKey }: Credentials): (text: string) => string {
  const bare = authorization.map(value => value.slice(value.lastIndexOf(' ') + 1))
  const secrets = [...bare, ...apiKey, ...gatewayKey].filter(secret => secret.length >= 8)
  return text => {
    let safe = text.slice(0, 8 * valueMaxLength).replace(keyLike, 'hk_$1_***').replaceAll('\0', '\ufffd')
    for (const secret of secrets) safe = safe.replaceAll(secret, '***')
    return safe.length > valueMaxLength ? `${safe.slice(0, valueMaxLength)}…` : safe
  }
}
