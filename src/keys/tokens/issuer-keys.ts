/** The public keys of the issuer of tokens: found by its discovery document, and asked for again when they are old or one is missing. */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Agent } from 'undici'
import { StoreUnavailableError } from '../contract.js'
import { askFar, connectionsFar, type FarAnswer } from '../far.js'
import { isWithin } from '../verdict-memory.js'

/** So long keys count without a question; what the issuer has withdrawn counts no longer. */
export const freshMs = 300_000
/** Between two questions, whatever the tokens say: names of keys cost nothing to make up. */
export const cooldownMs = 10_000

const name = 'The issuer of tokens'

export interface IssuerKeys {
  /** The key by which a token says that it was signed. @throws StoreUnavailableError where that cannot be told, and jose's errors */
  readonly find: JWTVerifyGetKey
  readonly close: () => Promise<void>
}

export interface IssuerOptions {
  /** How long after they were last heard of keys count while the issuer does not answer, milliseconds. */
  readonly staleMs: number
  /** The clock, milliseconds since 1970. */
  readonly now: () => number
}

interface Keys {
  readonly find: JWTVerifyGetKey
  readonly askedAt: number
}

/** Opens no connection yet. */
export function openIssuerKeys (issuer: string, { staleMs, now }: IssuerOptions): IssuerKeys {
  const agent = connectionsFar()
  let known: Keys | undefined
  let last: { readonly at: number, readonly fault: StoreUnavailableError | undefined } | undefined
  let running: Promise<void> | undefined

  async function ask (): Promise<void> {
    const at = now()
    try {
      const { keys } = await readIssuer(agent, issuer)
      known = { find: createLocalJWKSet(keys), askedAt: at }
      last = { at: now(), fault: undefined }
    } catch (error) {
      const fault = error instanceof StoreUnavailableError ? error : unreadable('keys', error)
      last = { at: now(), fault }
      throw fault
    }
  }

  /** Asks, unless that was done a moment ago. @throws what came of it */
  async function renew (): Promise<void> {
    if (running === undefined && last !== undefined && isWithin(cooldownMs, last.at, now())) {
      if (last.fault !== undefined) throw last.fault
      return
    }
    await (running ??= ask().finally(() => { running = undefined }))
  }

  async function current (): Promise<JWTVerifyGetKey> {
    if (known !== undefined && isWithin(freshMs, known.askedAt, now())) return known.find
    try {
      await renew()
    } catch (error) {
      if (known === undefined || !isWithin(freshMs + staleMs, known.askedAt, now())) throw error
    }
    if (known === undefined) throw new StoreUnavailableError(`${name} has not told its keys.`)
    return known.find
  }

  return {
    find: async (header, token) => {
      const find = await current()
      try {
        return await find(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        await renew() // it may be a new one
        return await (known?.find ?? find)(header, token)
      }
    },
    close: async () => await agent.destroy()
  }
}

/** What the issuer says of itself. */
export interface IssuerFacts {
  readonly keys: JSONWebKeySet
  /** Its clock, where it tells the time, milliseconds since 1970. */
  readonly clock: number | undefined
}

/**
 * The discovery document (OpenID Connect Discovery 1.0, section 4).
 * @throws StoreUnavailableError, also where it is not the issuer's own
 */
export async function readDocument (agent: Agent, issuer: string): Promise<Readonly<Record<string, unknown>>> {
  const url = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`
  const document = jsonIn(await askFar(agent, url, name, { method: 'GET', headers: { accept: 'application/json' } }), 'discovery document')
  if (document['issuer'] !== issuer) throw new StoreUnavailableError(`${name} names itself otherwise than OIDC_ISSUER.`)
  return document
}

/** Asks for that and the keys that it leads to. @throws StoreUnavailableError */
export async function readIssuer (agent: Agent, issuer: string): Promise<IssuerFacts> {
  const { jwks_uri: address } = await readDocument(agent, issuer)
  if (typeof address !== 'string' || !URL.canParse(address) || !(address.startsWith('https:') || issuer.startsWith('http:'))) throw unreadable('discovery document')
  const found = await askFar(agent, address, name, { method: 'GET', headers: { accept: 'application/json' } })
  const keys = jsonIn(found, 'keys') as unknown as JSONWebKeySet
  // What a cache on the way gives says when it was made, and how long ago that is (RFC 9111, section 5.1)
  const clock = Date.parse(String(found.headers.date)) + Number(found.headers.age ?? 0) * 1000
  return { keys, clock: Number.isNaN(clock) ? undefined : clock }
}

function jsonIn ({ status, body }: FarAnswer, what: string): Readonly<Record<string, unknown>> {
  if (status !== 200) throw new StoreUnavailableError(`${name} answered with status ${status}.`)
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {}
  throw unreadable(what)
}

function unreadable (what: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`${name} sent ${what === 'keys' ? 'keys' : `a ${what}`} that cannot be read.`, { cause })
}

/** Looks at the issuer once, and leaves no connection open. @throws StoreUnavailableError */
export async function inspectIssuer (issuer: string): Promise<IssuerFacts> {
  const agent = connectionsFar()
  try {
    const facts = await readIssuer(agent, issuer)
    createLocalJWKSet(facts.keys)
    return facts
  } catch (error) {
    throw error instanceof StoreUnavailableError ? error : unreadable('keys', error)
  } finally {
    await agent.destroy()
  }
}
