/**
 * Sessions of people who signed in at the identity provider: their cookie holds, sealed, who they are, what they may do, and the token by
 * which the provider is asked again after a while.
 */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ClientConfig, OidcConfig } from '../../core/settings/oidc.js'
import { toScopes, withoutAdmin } from '../../access/scopes.js'
import { StoreUnavailableError, type Caller, type Verdict } from '../contract.js'
import { createSeal } from '../sessions/seal.js'
import { lag, lasts, type Lifetimes, type Sessions } from '../sessions/sessions.js'
import { callerOf, identityOf, nothing } from '../tokens/identity.js'
import { grantsOf, type Grant } from '../tokens/roles.js'
import { isWithin } from '../verdict-memory.js'
import { openProvider, SignInError, type Person, type Provider, type Transaction } from './provider.js'

/** No value of a cookie for a key's session begins so: a dot is in none of them. */
export const prefix = 'p.'
/** Browsers keep cookies of 4096 characters, attributes included (RFC 6265, section 6.1). */
const tokenMaxLength = 3800
const remembered = 10_000
const rememberedEnds = 100_000
/** So long a person has for the provider's pages. */
export const transactionMs = 600_000
/** Between two questions about a session while the provider fails. */
const retryMs = 10_000

interface Content {
  readonly id: string
  readonly sub: string
  readonly user: string
  readonly keyId: string
  readonly scopes: readonly string[]
  readonly workspaces: readonly string[]
  /** Not there: sealed by a version that knew none. */
  readonly permissions?: readonly string[]
  readonly rate: number | null
  readonly refresh: string | null
  readonly createdAt: number
  readonly seenAt: number
  /** When the provider is asked again; without a token for that, the end. */
  readonly dueAt: number
}

/** What this process knows of a session beyond its cookie, or sooner. */
interface Known {
  readonly content: Content
  readonly caller: Caller
  readonly idToken: string | undefined
  failedAt: number | undefined
}

interface Begun extends Transaction {
  readonly next: string
  readonly redirectUri: string
  readonly at: number
}

interface Away {
  readonly url: URL
  readonly cookie: string
  readonly keptMs: number
}

interface Entered {
  readonly verdict: Verdict
  /** The value of the cookie; only of a valid verdict it is worth anything. */
  readonly token: string
}

export interface People {
  /** What the provider is called on the sign-in page. */
  readonly name: string
  /** Judge, renew and end; only `begin` is for keys alone. */
  readonly sessions: Omit<Sessions, 'begin'>
  /**
   * @param next where to go in the end
   * @returns the provider's page, and what the browser has to bring back. @throws StoreUnavailableError
   */
  begin: (redirectUri: string, next: string) => Promise<Away>
  /**
   * @param query of the address by which the person came back @param cookie what the browser brought back
   * @throws SignInError, StoreUnavailableError
   */
  finish: (query: string, cookie: string | undefined) => Promise<Entered & { readonly next: string }>
  /** Ends a session here. @returns where the browser ends it at the provider, if that can be; never fails for the provider's sake */
  leave: (token: string, returnTo: string) => Promise<URL | undefined>
}

export interface PeopleOptions extends Lifetimes {
  readonly secret: () => string
  /** How long a session goes on while the provider does not answer, milliseconds. */
  readonly staleMs: number
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

export type PeopleConfig = OidcConfig & { readonly client: ClientConfig }

/** @throws KeyInputError where a role cannot be granted */
export function openPeople (config: PeopleConfig, options: PeopleOptions): People {
  const { secret, now = Date.now } = options
  const provider = openProvider(config.issuer, config.client, now)
  const held = holdSessions(config, provider, options)
  const transactions = createSeal(secret, 'hokusai-mlflow sign-in')
  const used = new LRUCache<string, true>({ max: remembered, ttl: transactionMs })
  return {
    name: config.client.name,
    sessions: held.sessions,
    leave: held.leave,
    begin: async (redirectUri, next) => {
      const { url, transaction } = await provider.begin(redirectUri)
      const begun: Begun = { ...transaction, next, redirectUri, at: now() }
      return { url, cookie: transactions.seal(begun), keptMs: transactionMs }
    },
    finish: async (query, cookie) => {
      const begun = cookie === undefined ? undefined : transactions.open(cookie) as Begun | undefined
      if (begun === undefined || !isWithin(transactionMs, begun.at, now()) || used.has(begun.state)) {
        throw new SignInError('This sign-in was not begun here, or too long ago.')
      }
      used.set(begun.state, true)
      const person = await provider.finish(new URL(begun.redirectUri + query), begun)
      return { ...held.begin(person), next: begun.next }
    }
  }
}

function holdSessions (
  config: PeopleConfig,
  provider: Provider,
  { secret, staleMs, now = Date.now, ...lifetimes }: PeopleOptions
) {
  const { client: { refreshMs } } = config
  const grantOf = grantsOf(config.roles)
  const sealed = createSeal(secret, 'hokusai-mlflow person')
  const known = new LRUCache<string, Known>({ max: remembered })
  const ended = new LRUCache<string, true>({ max: rememberedEnds })
  const questions = new Map<string, Promise<Verdict | undefined>>()

  const seal = (content: Content): string => prefix + sealed.seal(content)

  /** What a cookie holds, and what is known of its session by now. */
  function read (token: string): { readonly shown: Content, readonly found: Known } | undefined {
    if (!token.startsWith(prefix) || token.length > tokenMaxLength) return undefined
    const content = sealed.open(token.slice(prefix.length)) as Content | undefined // only what the facade has sealed comes so far
    if (content === undefined || !lasts(content, lifetimes, now())) return undefined
    if (ended.has(content.id) || ended.has(versionOf(content))) return undefined
    const before = known.get(content.id)
    const isNewer = before !== undefined && before.content.dueAt >= content.dueAt
    return { shown: content, found: isNewer ? before : keep(content, before?.idToken) }
  }

  const find = (token: string): Known | undefined => read(token)?.found

  function keep (content: Content, idToken: string | undefined): Known {
    const { workspaces, permissions = [], rate } = content
    const grant: Grant = { scopes: toScopes(content.scopes), workspaces, permissions, ratePerHour: rate ?? undefined }
    const caller = { ...callerOf({ keyId: content.keyId, userId: content.user }, grant, undefined), session: true as const }
    const found = { content, caller, idToken, failedAt: undefined }
    known.set(content.id, found)
    return found
  }

  /** What a session holds of a person from now on. */
  function contentOf (person: Person, grant: Grant, since: Pick<Content, 'id' | 'createdAt'>): Content {
    const { keyId, userId } = identityOf(person.claims, person.sub, config)
    const { refreshToken } = person
    return {
      ...since,
      sub: person.sub,
      user: userId,
      keyId,
      scopes: [...withoutAdmin(grant.scopes)],
      workspaces: grant.workspaces,
      permissions: grant.permissions,
      rate: grant.ratePerHour ?? null,
      refresh: refreshToken ?? null,
      seenAt: now(),
      dueAt: now() + (refreshToken === undefined ? Math.max(refreshMs, person.expiresInMs) : refreshMs)
    }
  }

  async function ask (found: Known): Promise<Verdict | undefined> {
    const { content } = found
    try {
      const person = await provider.refresh(content.refresh ?? '', content.sub)
      const grant = grantOf(person.claims)
      if (ended.has(content.id)) return undefined
      if (grant === undefined) {
        ended.set(content.id, true)
        return undefined
      }
      const { caller } = keep(contentOf(person, grant, content), person.idToken ?? found.idToken)
      return { valid: true, caller }
    } catch (error) {
      if (!(error instanceof SignInError)) {
        found.failedAt = now()
        return outlast(found, error)
      }
      // Not the session: another replica may have got the token that took the place of this one
      ended.set(versionOf(content), true)
      known.delete(content.id)
      return undefined
    }
  }

  function outlast (found: Known, fault: unknown): Verdict {
    if (fault instanceof StoreUnavailableError && now() - found.content.dueAt < staleMs) return { valid: true, caller: found.caller }
    throw fault
  }

  function verify (token: string): Verdict | undefined | Promise<Verdict | undefined> {
    const found = find(token)
    if (found === undefined) return undefined
    const { content: { id, dueAt, refresh }, caller, failedAt } = found
    if (now() < dueAt) return { valid: true, caller }
    if (refresh === null) return undefined
    if (failedAt !== undefined && isWithin(retryMs, failedAt, now())) {
      return outlast(found, new StoreUnavailableError('The identity provider does not answer.'))
    }
    const shared = questions.get(id)
    if (shared !== undefined) return shared
    const question = ask(found).finally(() => questions.delete(id))
    questions.set(id, question)
    return question
  }

  return {
    sessions: {
      verify,
      renew: (token: string) => {
        const held = read(token)
        if (held === undefined) return undefined
        const { shown, found: { content } } = held
        const isDue = content.dueAt !== shown.dueAt || now() - shown.seenAt >= lag(lifetimes)
        return isDue ? seal({ ...content, seenAt: now() }) : undefined
      },
      end: async (token: string) => {
        const found = find(token)
        if (found !== undefined) ended.set(found.content.id, true)
      }
    },
    begin (person: Person): Entered {
      const grant = grantOf(person.claims)
      const content = contentOf(person, grant ?? nothing, { id: randomUUID(), createdAt: now() })
      const { caller } = keep(content, person.idToken)
      const token = seal(content)
      if (token.length > tokenMaxLength) throw new SignInError('The provider\'s refresh token and what the roles allow are too long for a cookie.')
      return { verdict: grant === undefined ? { valid: false, reason: 'roles', caller } : { valid: true, caller }, token }
    },
    async leave (token: string, returnTo: string): Promise<URL | undefined> {
      const found = find(token)
      if (found === undefined) return undefined
      ended.set(found.content.id, true)
      known.delete(found.content.id)
      try {
        return await provider.leave({ idToken: found.idToken, refreshToken: found.content.refresh ?? undefined }, returnTo)
      } catch {
        return undefined
      }
    }
  }
}

/** A session as it was between two answers of the provider. */
function versionOf ({ id, dueAt }: Content): string {
  return `${id} ${dueAt}`
}
