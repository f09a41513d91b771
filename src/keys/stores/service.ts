/** The platform's auth service as a key verifier: one validation call, each way in which it can fail mapped on its meaning. */
import type { Agent } from 'undici'
import type { KeysConfig } from '../../core/settings/config.js'
import { toScopes } from '../../access/scopes.js'
import { NotAcceptedError, StoreBusyError, StoreUnavailableError, type KeyVerifier, type Verdict } from '../contract.js'
import { askFar, connectionsFar } from '../far.js'
import { environmentOf, hashKey, hintOf } from '../key.js'
import { limited } from '../limiter.js'
import { shareCheck } from '../shared-check.js'
import { createVerdictCache } from '../verdict-cache.js'

const retryMaxSeconds = 60
const name = 'The auth service'

/** The auth service behind a verdict cache. Opens no connection yet. */
export function openRemote (config: KeysConfig, url: URL, now: () => number = Date.now): KeyVerifier {
  const { cacheMs, staleMs } = config
  const { verify: ask, check, close } = openService(config, url, now)
  const { verify, recall } = createVerdictCache(limited(ask, now, config.sharedBy), { cacheMs, staleMs, now })
  return { verify, recall, check, close }
}

/** The bare service: every call asks it. */
export function openService (config: KeysConfig, url: URL, now: () => number = Date.now): KeyVerifier {
  const agent = connectionsFar()
  const base = url.origin + url.pathname.replace(/\/+$/, '')
  return {
    verify: async (key, address) => {
      const { status, headers, body } = await askFar(agent, `${base}/api/v1/keys/validate`, name, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ service_id: config.serviceId, client_ip: address })
      })
      if (status === 401 || status === 403 || status === 404) return { valid: false, reason: 'unknown' }
      if (status === 429) throw new StoreBusyError('The auth service limits this API key: try again later.', retryAfterSeconds(headers['retry-after']))
      if (status === 400) throw new NotAcceptedError()
      if (status !== 200) throw new StoreUnavailableError(`The auth service answered with status ${status}.`)
      return toVerdict(body, key, config.emptyScopes, now())
    },
    // Any path will do: an answer that is no failure shows that the service is there.
    check: shareCheck(async () => await reach(agent, `${base}/health`), now),
    close: () => agent.destroy()
  }
}

async function reach (agent: Agent, url: string): Promise<void> {
  const { status } = await askFar(agent, url, name, { method: 'GET' })
  if (status >= 500) throw new StoreUnavailableError(`The auth service answered with status ${status}.`)
}

/** Ways in which services that answer 200 to every question say no. */
const flags = ['valid', 'is_valid', 'is_active', 'active']

/** What the service says of a key that it knows. A no needs neither scopes nor a user. */
function toVerdict (text: string, key: string, emptyScopes: KeysConfig['emptyScopes'], at: number): Verdict {
  const answer = parse(text)
  if (flags.some(flag => answer[flag] === false)) return { valid: false, reason: 'revoked' }
  const expiresAt = toTime(answer['expires_at'])
  if (expiresAt !== undefined && at >= expiresAt) return { valid: false, reason: 'expired' }
  const names = answer['scopes']
  if (!isTextList(names)) throw new StoreUnavailableError('The auth service sent a response without scopes.')
  const userId = toId(answer['user_id']) ?? toId(isObject(answer['user']) ? answer['user']['id'] : undefined)
  if (userId === undefined) throw new StoreUnavailableError('The auth service sent a response without a user.')
  const roles = isTextList(answer['roles']) ? answer['roles'] : []
  const granted = toScopes([...names, ...roles], answer['is_admin'] === true)
  const rate = answer['rate_limit_per_hour']
  const caller = {
    keyId: toId(answer['key_id']) ?? `key_${hashKey(key).slice(0, 16)}`,
    userId,
    name: typeof answer['email'] === 'string' ? answer['email'] : userId,
    hint: hintOf(key),
    environment: environmentOf(key),
    scopes: names.length === 0 && granted.size === 0 && emptyScopes === 'read' ? toScopes(['mlflow:read']) : granted,
    workspaces: [],
    ratePerHour: typeof rate === 'number' && rate > 0 && Number.isFinite(rate) ? rate : undefined,
    expiresAt
  }
  return answer['has_sufficient_balance'] === false ? { valid: false, reason: 'balance', caller } : { valid: true, caller }
}

function parse (text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {}
  throw new StoreUnavailableError('The auth service sent a response that is not JSON.')
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextList (value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

/** Ids are text or numbers and go into headers: anything that does not fit there is none. */
function toId (value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(text) ? text : undefined
}

const isoTime = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/**
 * A moment in milliseconds since 1970: a number of seconds or milliseconds, or a text as of ISO 8601, which is UTC where it names no zone
 * (Python's `utcnow().isoformat()`). Undefined where there is none.
 * @throws StoreUnavailableError where it cannot be read, for that may be in the past
 */
function toTime (value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const [iso, date, time = '00:00', zone = 'Z'] = typeof value === 'string' ? isoTime.exec(value) ?? [] : []
  const at = iso === undefined
    ? fromEpoch(typeof value === 'string' && /^\d{1,16}(\.\d+)?$/.test(value) ? Number(value) : value)
    : Date.parse(`${date ?? ''}T${time}${zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = '00') => `${hours}:${minutes}`)}`)
  if (Number.isNaN(at)) throw new StoreUnavailableError('The auth service sent a response with an invalid expires_at.')
  return at
}

/** Seconds reach 100 billion in the year 5138, milliseconds did in 1973. */
function fromEpoch (value: unknown): number {
  if (typeof value !== 'number') return NaN
  return value < 1e11 ? value * 1000 : value
}

/** RFC 9110, section 10.2.3: seconds or a date. MLflow's client gives up after some minutes, so never more than one. */
function retryAfterSeconds (header: string | string[] | undefined): number {
  const text = String(header ?? '1')
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
  return Number.isNaN(seconds) ? 1 : Math.min(retryMaxSeconds, Math.max(1, Math.ceil(seconds)))
}
