/**
 * Tells MLflow whose key a call came with, so that it can believe it: a JWT (RFC 7519, HS256) that is good for this one call and half a
 * minute. `deploy/mlflow/hokusai_identity.py` reads it.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'

/** Of a caller the edge drops every header that begins so (`http/connection/request-head.ts`). */
export const identityHeader = 'x-hokusai-identity'

/** For a connection to MLflow that is waited for, and clocks that differ. */
const lifeSeconds = 30
const head = segment({ alg: 'HS256', typ: 'JWT' })

/** Who calls as far as MLflow shall know; the facade itself where nobody does. */
export interface SignedCaller {
  readonly userId: string
  readonly keyId: string
  readonly scopes: ReadonlySet<string>
  readonly workspaces: readonly string[]
}

export interface SignedCall {
  readonly method: string
  /** As it is sent, with its query. */
  readonly path: string
  /** Undefined: a question of the facade's own. */
  readonly caller: SignedCaller | undefined
  /** Of the facade's making, so that it comes once; undefined: a new one. */
  readonly requestId?: string | undefined
}

export type SignIdentity = (call: SignedCall) => string

/** The user that MLflow sees where the facade asks for itself. */
const ownUser = 'hokusai-mlflow'

/** @param now the clock, milliseconds since 1970 */
export function identitySigner (secret: string, now: () => number = Date.now): SignIdentity {
  return ({ method, path, caller, requestId }) => {
    const iat = Math.floor(now() / 1000)
    const claims = {
      iss: ownUser,
      aud: 'mlflow',
      sub: caller?.userId ?? ownUser,
      jti: requestId ?? randomUUID(),
      iat,
      exp: iat + lifeSeconds,
      call: callHash(method, path),
      ...caller === undefined ? {} : { key: caller.keyId, scopes: [...caller.scopes], workspaces: caller.workspaces }
    }
    const signed = `${head}.${segment(claims)}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
}

function segment (value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/**
 * What a token is bound to: method, path and query. MLflow's auth app sees some paths decoded once and others twice, and cut at a `?` or
 * `#` that was encoded, so that is done here as often as it can be.
 */
function callHash (method: string, target: string): string {
  const [path = '', ...query] = target.split('?')
  const seen = Buffer.from(decodeFully(path), 'latin1').toString().split(/[?#]/, 1)[0] ?? ''
  return createHash('sha256').update(`${method}\n${seen}\n${query.join('?')}`).digest('hex')
}

const isHex = /^[\da-f]{2}$/i

/** Decodes what is percent-encoded until nothing is, in time linear in the text: what comes of one code may be the end of another. */
function decodeFully (text: string): string {
  if (!text.includes('%')) return text
  const characters: string[] = []
  for (const character of text) {
    characters.push(character)
    while (characters.at(-3) === '%' && isHex.test(`${characters.at(-2) ?? ''}${characters.at(-1) ?? ''}`)) {
      const [, ...code] = characters.splice(-3)
      characters.push(String.fromCharCode(Number.parseInt(code.join(''), 16)))
    }
  }
  return characters.join('')
}
