/**
 * Tokens of service accounts: a JWT of the company's identity provider in place of a key (RFC 9068, RFC 8725). Nothing of it is kept but
 * what it allows, by its hash.
 */
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type ProtectedHeaderParameters } from 'jose'
import type { KeysConfig } from '../../core/settings/config.js'
import type { OidcConfig } from '../../core/settings/oidc.js'
import { StoreUnavailableError, type KeyVerifier, type Verdict } from '../contract.js'
import { isJwt } from '../key.js'
import { createVerdictCache } from '../verdict-cache.js'
import { callerOf, identityOf, nothing } from './identity.js'
import { freshMs, openIssuerKeys } from './issuer-keys.js'
import { grantsOf } from './roles.js'

/** With a secret of two, whoever can check a token can make one: with the public key as the secret, anybody. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** How far the issuer's clock may be ahead. A token that has expired has expired. */
export const toleranceSeconds = 30
/** More than any provider puts into one, groups included. */
const tokenMaxLength = 16 * 1024

export type TokensConfig = OidcConfig & { readonly audience: string }

interface Options extends Pick<KeysConfig, 'staleMs'> {
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
}

/** A verifier that takes tokens besides the keys of another one, or of a store. @throws KeyInputError where a role cannot be granted */
export function acceptTokens<Verifier extends KeyVerifier> (
  verifier: Verifier,
  config: TokensConfig,
  { staleMs, now = Date.now }: Options
): Verifier {
  const keys = openIssuerKeys(config.issuer, { staleMs, now })
  const grantOf = grantsOf(config.roles)

  async function judge (token: string): Promise<Verdict> {
    try {
      const refusal = refusalBefore(token, config.issuer, now())
      if (refusal !== undefined) return { valid: false, reason: refusal }
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms,
        issuer: config.issuer,
        audience: config.audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: toleranceSeconds,
        currentDate: new Date(now())
      })
      const grant = grantOf(payload)
      const caller = callerOf(identityOf(payload, payload.sub ?? '', config), grant ?? nothing, (payload.exp ?? 0) * 1000)
      return grant === undefined ? { valid: false, reason: 'roles', caller } : { valid: true, caller }
    } catch (error) {
      return refusalOf(error)
    }
  }

  const isPlausible = (token: string): boolean => token.length <= tokenMaxLength
  const tokens = createVerdictCache({ ask: judge, isPlausible }, { cacheMs: freshMs, staleMs, now })
  const { recall } = verifier
  return {
    ...verifier, // what a store of our own can do beyond this, too
    verify: (key, address) => isJwt(key) ? tokens.verify(key, address) : verifier.verify(key, address),
    ...recall === undefined ? {} : { recall: key => isJwt(key) ? tokens.recall(key) : recall(key) },
    close: async () => {
      await keys.close()
      await verifier.close()
    }
  }
}

/** What refuses a token whatever its signature: the issuer is not asked about it. @throws jose's errors where it cannot be read */
function refusalBefore (token: string, issuer: string, at: number): 'token' | 'expired' | undefined {
  const header = decodeProtectedHeader(token)
  const { iss, exp, cnf } = decodeJwt(token)
  // One that is bound to a key of its holder (RFC 7800) is no bearer token, and the proof is not asked for here.
  if (iss !== issuer || !isForCalls(header) || !algorithms.includes(header.alg ?? '') || cnf !== undefined) return 'token'
  return exp !== undefined && exp * 1000 <= at ? 'expired' : undefined
}

/** Tokens for other purposes, such as a sign-out, say so by their type (RFC 8725, section 3.11). */
function isForCalls ({ typ = 'JWT' }: ProtectedHeaderParameters): boolean {
  return ['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'].includes(typ.toLowerCase())
}

/** @throws StoreUnavailableError where it is no fault of the token's */
function refusalOf (error: unknown): Verdict {
  if (error instanceof errors.JWTExpired) return { valid: false, reason: 'expired' }
  if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid)) return { valid: false, reason: 'token' }
  throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError('A token cannot be checked with the keys of its issuer.', { cause: error })
}
