/**
 * The company's identity provider, as it signs people in: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0,
 * RFC 7636, RFC 9207), by openid-client.
 */
import * as client from 'openid-client'
import type { ClientConfig } from '../../core/settings/oidc.js'
import { UserError } from '../../core/user-error.js'
import { StoreUnavailableError } from '../contract.js'
import { connectionsFar } from '../far.js'
import { readDocument } from '../tokens/issuer-keys.js'
import type { Claims } from '../tokens/roles.js'
import { isWithin } from '../verdict-memory.js'

/** The provider, or what came in its name, does not sign this person in. */
export class SignInError extends UserError {
  override readonly name = 'SignInError'
}

/** What has to be known again when a person comes back from the provider. */
export interface Transaction {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

export interface Person {
  /** `sub` among them. */
  readonly claims: Claims
  readonly sub: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** How long the provider lets its access token count, milliseconds. */
  readonly expiresInMs: number
}

/** All throw StoreUnavailableError where the provider cannot say. */
export interface Provider {
  begin: (redirectUri: string) => Promise<{ readonly url: URL, readonly transaction: Transaction }>
  /** @param callback the address by which the person came back. @throws SignInError */
  finish: (callback: URL, transaction: Transaction) => Promise<Person>
  /** Who a person is by now. @throws SignInError where the provider knows the session no longer */
  refresh: (refreshToken: string, sub: string) => Promise<Person>
  /** Ends the refresh token. @returns where the browser ends its session at the provider; undefined: it offers no such page */
  leave: (tokens: Pick<Person, 'idToken' | 'refreshToken'>, returnTo: string) => Promise<URL | undefined>
}

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

const name = 'The identity provider'
const waitSeconds = 5
/** So long what the provider says of itself counts, and so long it is not asked again where it failed. */
const keptMs = 3_600_000
const cooldownMs = 10_000

export function openProvider (issuer: string, { id, secret, scope }: ClientConfig, now: () => number = Date.now): Provider {
  let known: { readonly at: number, readonly answer: Promise<client.Configuration> } | undefined
  let failed: { readonly at: number, readonly fault: unknown } | undefined

  async function discover (): Promise<client.Configuration> {
    const agent = connectionsFar()
    try {
      const configuration = new client.Configuration(await readDocument(agent, issuer) as unknown as client.ServerMetadata, id, secret)
      configuration.timeout = waitSeconds
      client.enableNonRepudiationChecks(configuration) // the signature of an ID token, too, though it comes straight from the provider
      if (issuer.startsWith('http:')) client.allowInsecureRequests(configuration) // on a loopback address alone: see settings/oidc.ts
      return configuration
    } finally {
      await agent.destroy()
    }
  }

  async function configured (): Promise<client.Configuration> {
    if (known !== undefined && isWithin(keptMs, known.at, now())) return await known.answer
    if (failed !== undefined && isWithin(cooldownMs, failed.at, now())) throw failed.fault
    known = { at: now(), answer: discover() }
    try {
      return await known.answer
    } catch (fault) {
      known = undefined
      failed = { at: now(), fault }
      throw fault
    }
  }

  /** Claims as the provider has them now: an ID token may have been made earlier, and say less. */
  async function personOf (configuration: client.Configuration, tokens: Tokens, sub: string | undefined): Promise<Person> {
    const inToken = tokens.claims()
    const subject = sub ?? inToken?.sub
    if (subject === undefined || (inToken !== undefined && inToken.sub !== subject)) throw new SignInError(`${name} speaks of somebody else.`)
    const { userinfo_endpoint: userinfo } = configuration.serverMetadata()
    const told = userinfo === undefined ? undefined : await client.fetchUserInfo(configuration, tokens.access_token, subject)
    if (inToken === undefined && told === undefined) throw new SignInError(`${name} says nothing of the person.`)
    return {
      claims: { ...inToken, ...told },
      sub: subject,
      refreshToken: tokens.refresh_token,
      idToken: tokens.id_token,
      expiresInMs: (tokens.expires_in ?? 0) * 1000
    }
  }

  return {
    begin: async redirectUri => {
      const configuration = await configured()
      const transaction = { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() }
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope,
        state: transaction.state,
        nonce: transaction.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(transaction.verifier),
        code_challenge_method: 'S256'
      })
      return { url, transaction }
    },
    finish: async (callback, { state, nonce, verifier }) => {
      const configuration = await configured()
      try {
        const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
        return await personOf(configuration, await client.authorizationCodeGrant(configuration, callback, checks), undefined)
      } catch (error) {
        throw isOutage(error) ? outage(error) : refusal(error)
      }
    },
    refresh: async (refreshToken, sub) => {
      const configuration = await configured()
      try {
        const tokens = await client.refreshTokenGrant(configuration, refreshToken)
        const person = await personOf(configuration, tokens, sub)
        return { ...person, refreshToken: person.refreshToken ?? refreshToken }
      } catch (error) {
        // Whatever is not a plain no may be a fault of the moment
        throw isNo(error) ? refusal(error) : outage(error)
      }
    },
    leave: async ({ idToken, refreshToken }, returnTo) => {
      const configuration = await configured()
      const { revocation_endpoint: revocation, end_session_endpoint: end } = configuration.serverMetadata()
      // The browser forgets the session in any case, and the provider's page ends it there
      if (revocation !== undefined && refreshToken !== undefined) await client.tokenRevocation(configuration, refreshToken).catch(() => {})
      if (end === undefined) return undefined
      const hint: Record<string, string> = idToken === undefined ? {} : { id_token_hint: idToken }
      return client.buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo, ...hint })
    }
  }
}

const outages = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_PARSE_ERROR', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON']

/** What is no word on the person: the provider did not answer, or not as the protocol has it, or will not talk to us at all. */
function isOutage (error: unknown): boolean {
  if (error instanceof client.ResponseBodyError) return error.error !== 'invalid_grant'
  if (error instanceof client.AuthorizationResponseError) return ['server_error', 'temporarily_unavailable'].includes(error.error)
  if (error instanceof SignInError) return false
  if (error instanceof client.ClientError) return outages.includes(error.code ?? '')
  return true
}

function isNo (error: unknown): boolean {
  return error instanceof SignInError || (error instanceof client.ResponseBodyError && error.error === 'invalid_grant')
}

function outage (cause: unknown): StoreUnavailableError {
  return cause instanceof StoreUnavailableError ? cause : new StoreUnavailableError(`${name} did not answer as it should.`, { cause })
}

function refusal (cause: unknown): SignInError {
  return cause instanceof SignInError ? cause : new SignInError(`${name} did not sign the person in.`, { cause })
}
